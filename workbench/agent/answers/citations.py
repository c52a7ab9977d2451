"""Checks every quote of an answer against the pages that were read, and names those that are on none.

Only documents make a quote verified. What the agent noted itself and what was said in the conversation may be cited too,
but as such: else a model could write a note, quote it, and pass for right.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from workbench.api.events import Citation
from workbench.text.quotes import fold, is_on_page
from workbench.text.stop_words import STOP_WORDS

NOT_FOUND = "Not found in the documents."
NOT_SURE = "Not sure. The nearest passages:"

_MARK = re.compile(r"[\[(]\s*(#[a-z]{1,3}\d{1,3}(?:\s*[,;]\s*#[a-z]{1,3}\d{1,3})*)\s*[\])]")
_OPEN, _CLOSE = '"“„«「', '"”“»」'
_LOOSE = re.compile(r'"([^"\n]{12,})"|“([^”\n]{12,})”|«([^»\n]{12,})»|「([^」\n]{6,})」')
_LONGEST_QUOTE_CHARS = 2_000
_NEAR_CHARS = 300
"""How much of the page on either side of a quote counts as near it: about two sentences."""
_LEAST_WORDS, _LEAST_VALUE_CHARS, _LEAST_UNSPACED = 3, 4, 4
_UNSPACED = 0x2E80
_PAGE_NUMBER = re.compile(r"\A\W*\d{1,4}\W*\n|\n\W*\d{1,4}\W*\Z")


@dataclass(frozen=True)
class Place:
    """A page where a quote may stand: the passage's handle, its document's path, the page and its whole text.

    `heading` stands over the passage itself, whose text is `own_text`; `next_text` looks up the page behind it. `origin` is
    "" for a page of a document, "note" for a note of the agent's, "pasted" for what the user pasted.
    """

    passage: int
    handle: str
    document: str
    page: int
    label: str | None
    text: str
    heading: str = ""
    own_text: str = ""
    next_text: Callable[[], str] = str
    origin: str = ""

    @property
    def across(self) -> str:
        """The end of the page and the beginning of the next as one text, without lines that only count pages."""
        following = self.next_text()
        end = _PAGE_NUMBER.sub("", self.text[-_LONGEST_QUOTE_CHARS:].rstrip())
        return f"{end}\n{_PAGE_NUMBER.sub('', following[:_LONGEST_QUOTE_CHARS].lstrip())}" if following else ""


@dataclass(frozen=True)
class Support:
    """The characters of an answer that hold a verified quote, and the text that stands near the quote on its page."""

    start: int
    end: int
    near: str = ""


@dataclass(frozen=True)
class Checked:
    """What became of an answer's quotes.

    `missing` are quotes that stand on no page that was read, `tiny` those that are too short to show anything; `support`
    are the verified ones. A citation of a note or of the conversation is in `citations` and supports nothing.
    """

    citations: tuple[Citation, ...]
    missing: tuple[str, ...]
    unquoted: bool
    support: tuple[Support, ...] = ()
    tiny: tuple[str, ...] = ()

    @property
    def sound(self) -> bool:
        """Whether nothing was quoted that is not there."""
        return not self.missing


Lookup = Callable[[str], Place | None]
Said = Callable[[], Iterable[str]]
_Hit = tuple[Citation, Place | None]


def check(answer: str, place_of: Lookup, read: Callable[[], Iterator[Place]], said: Said = tuple) -> Checked:
    """Check every quote of an answer.

    `"quote" [#a3]` is looked for on the page of that handle, then on the other pages read (a wrong handle is corrected), and
    then from one of these pages to the next; after all documents, in notes, and in what was `said` in the conversation. A
    quote without a handle is looked for on the pages read. One that is too short to show anything is not looked for.
    """
    citations: dict[tuple[str, int, str], Citation] = {}
    missing: list[str] = []
    tiny: list[str] = []
    support: list[Support] = []
    spans: list[tuple[int, int]] = []
    end = 0
    for mark in _MARK.finditer(answer):
        handles = re.findall(r"#[a-z]+\d+", mark[1])
        candidates = list(_quotes_before(answer, end, mark.start()))
        end = mark.end()
        if not candidates:
            continue
        spans.append((mark.start() - len(candidates[-1]) - 4, mark.end()))
        telling = [quote for quote in candidates if says_something(quote)]
        if not telling:
            tiny.append(candidates[-1])
            continue
        hit = _first_sound(telling, handles, place_of, read, said)
        if hit is None:
            missing.append(telling[-1])
            continue
        citation, place = hit
        start = max(0, answer.rfind(citation.quote, 0, mark.start()))
        if citation.verified and place:
            support.append(Support(start, mark.end(), _near(citation.quote, place)))
        spans.append((start - 1, mark.end()))  # with its opening mark, which the quotes without a handle begin at
        citations.setdefault((citation.document, citation.page, citation.quote), citation)
    for loose in _LOOSE.finditer(answer):
        quote = next(part for part in loose.groups() if part)
        if any(start <= loose.start() < stop for start, stop in spans) or not says_something(quote):
            continue
        if place := next((item for item in _documents_first(read) if is_on_page(quote, item.text)), None):
            citation = _citation(quote, place, "found")
            if citation.verified:
                support.append(Support(*loose.span(), _near(quote, place)))
            citations.setdefault((place.document, place.page, quote), citation)
    numbered = tuple(_numbered(citation, number) for number, citation in enumerate(citations.values(), 1))
    return Checked(numbered, tuple(missing), not citations and not missing, tuple(support), tuple(tiny))


def says_something(quote: str) -> bool:
    """Whether a quote is long enough to show anything: "a" or "of the" stands on every page.

    That is three words of which one carries meaning, two that do, a value of at least four characters with a digit in it,
    or four characters of a script without spaces.
    """
    plain = fold(quote)
    if sum(ord(letter) >= _UNSPACED for letter in plain if letter.isalnum()) >= _LEAST_UNSPACED:
        return True
    words = _WORD.findall(plain)
    telling = [word for word in words if word.casefold() not in STOP_WORDS and (len(word) > 2 or word.isdigit())]
    if any(map(str.isdigit, plain)) and sum(map(str.isalnum, plain)) >= _LEAST_VALUE_CHARS:
        return True
    return len(telling) > 1 or (len(words) >= _LEAST_WORDS and bool(telling))


def _near(quote: str, place: Place) -> str:
    """The quote with the page's text on either side of it, and what the page is called."""
    page, whole = fold(place.text), fold(quote)
    at = page.find(whole)
    around = page[max(0, at - _NEAR_CHARS) : at + len(whole) + _NEAR_CHARS] if at >= 0 else fold(place.own_text)
    return "\n".join((place.document, place.heading, whole, around))


def _documents_first(read: Callable[[], Iterator[Place]]) -> Iterator[Place]:
    """The places that were read, those of documents before all notes."""
    notes = []
    for place in read():
        if place.origin:
            notes.append(place)
        else:
            yield place
    yield from notes


def _quotes_before(answer: str, start: int, end: int) -> Iterator[str]:
    """What may be the quote that ends right before a mark, longest first: a quote may hold quotation marks itself."""
    head = answer[start:end].rstrip()
    if not head or head[-1] not in _CLOSE:
        # A full stop may stand between the quotation mark and the handle.
        head = head.rstrip(".,;: ")
        if not head or head[-1] not in _CLOSE:
            return
    body = head[:-1]
    for at in range(max(0, len(body) - _LONGEST_QUOTE_CHARS), len(body)):
        if body[at] in _OPEN:
            quote = body[at + 1 :].strip()
            if quote:
                yield quote


def _first_sound(
    candidates: list[str], handles: list[str], place_of: Lookup, read: Callable[[], Iterator[Place]], said: Said
) -> _Hit | None:
    cited = [place for handle in handles if (place := place_of(handle))]
    documents = [place for place in cited if not place.origin]
    for quote in candidates:
        for place in documents:
            if is_on_page(quote, place.text):
                return _citation(quote, place, "verified"), place
    for quote in candidates:
        for place in read():
            if not place.origin and is_on_page(quote, place.text):
                return _citation(quote, place, "corrected"), place
    for state, places in (("verified", documents), ("corrected", read())):
        for place in places:
            across = "" if place.origin else place.across
            if across and (quote := next((quote for quote in candidates if is_on_page(quote, across)), "")):
                return _citation(quote, place, state), place
    for place in (*cited, *read()):
        for quote in candidates if place.origin else ():
            if is_on_page(quote, place.text):
                return _citation(quote, place, "self-made"), place
    for text in said():
        for quote in candidates:
            if is_on_page(quote, text):
                return Citation("", 1, None, quote, False, state="self-made", origin="conversation"), None
    return None


def _citation(quote: str, place: Place, state: str) -> Citation:
    # The quote may stand elsewhere on the page, under another heading.
    heading = place.heading if place.heading and is_on_page(quote, place.own_text) else ""
    return Citation(
        place.document, place.page, place.label, quote, not place.origin, place.handle, place.passage,
        "self-made" if place.origin else state, heading=heading, origin=place.origin,
    )  # fmt: skip


def _numbered(citation: Citation, number: int) -> Citation:
    return replace(citation, number=number)


def notes_of(checked: Checked, answer: str) -> tuple[str, ...]:
    """Our own remarks about an answer, for people."""
    notes = [f'Not on any page that was read, so not shown as a citation: "{quote[:120]}"' for quote in checked.missing]
    notes += [
        f"Quote {item.number} carried another handle; it stands on {item.document} p.{item.page}."
        for item in checked.citations
        if item.state == "corrected"
    ]
    notes += [
        f"Quote {item.number} is {item.where}. That is no document, so it verifies nothing."
        for item in checked.citations
        if item.origin
    ]
    if checked.tiny:
        few = ", ".join(f'"{quote[:40]}"' for quote in dict.fromkeys(checked.tiny))
        notes.append(f"Too short to show anything: {few}.")
    if checked.unquoted and not says_not_found(answer):
        notes.append("This answer quotes nothing, so nothing could be checked.")
    return tuple(notes)


def says_not_found(answer: str) -> bool:
    """Whether an answer says that the documents do not answer."""
    return answer.strip().strip('"*_ ').lower().startswith(NOT_FOUND.lower().rstrip("."))


def says_not_sure(answer: str) -> bool:
    """Whether an answer only shows the nearest passages: they come close, and do not answer."""
    return answer.strip().strip('"*_ ').startswith(NOT_SURE)


def repair_request(checked: Checked) -> str:
    """What goes back to the model, once, when a quote is not on the page it cites."""
    quotes = "; ".join(f'"{quote[:200]}"' for quote in checked.missing)
    return (
        f"Not delivered: {quotes} is on no page you have read. Quote the exact words of the page with its handle, "
        "or leave that claim out, and send the message again."
    )


def citation_request(unquoted: int) -> str:
    """What goes back to the model, once, when its answer quotes nothing, or too little."""
    return (
        f"Not delivered yet: {unquoted} line{'s' * (unquoted != 1)} of it rest on no quote. Send the very same text again and "
        'add only quotes with handles behind the claims that pages you have read support: "exact words" [#a3], at least '
        "three words each. "
        "Change no other word: if the text changes, your first one is delivered as it is."
    )


# The one repair of an answer: whether the text that came back is the first one with nothing but citations added.

_HANDLE = r"#[a-z]{1,3}\d{1,3}"
_CITATION_MARK = rf"[\[(]\s*{_HANDLE}(?:\s*[,;]\s*{_HANDLE})*\s*[\])]"
_QUOTES = r'"[^"\n]{1,2000}?"|“[^”]{1,2000}?”|«[^»]{1,2000}?»|„[^“”]{1,2000}?[“”]|「[^」]{1,2000}?」'
_CITED = re.compile(rf"(?P<quote>{_QUOTES})[\s.,;:]*{_CITATION_MARK}")
_ANY_MARK = re.compile(_CITATION_MARK)
_WORD = re.compile(r"\w+")


def only_adds_citations(before: str, after: str) -> bool:
    """Whether `after` says what `before` says, word for word and in order, but for quotes with handles that were added.

    Words of the text may be put into quotation marks; punctuation, spacing and handles do not count.
    """
    wanted = _words(_ANY_MARK.sub(" ", before))
    reached = {0}
    at = 0
    for cited in _CITED.finditer(after):
        reached = _past(reached, wanted, _words(_ANY_MARK.sub(" ", after[at : cited.start()])))
        # A quote may be new, or the text's own words between new quotation marks.
        reached |= _past(reached, wanted, _words(cited["quote"]))
        at = cited.end()
    return len(wanted) in _past(reached, wanted, _words(_ANY_MARK.sub(" ", after[at:])))


def _past(reached: set[int], wanted: list[str], words: list[str]) -> set[int]:
    """Where the text can be once these words were read, from each place it can be at."""
    return {at + len(words) for at in reached if wanted[at : at + len(words)] == words}


def _words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", text))
