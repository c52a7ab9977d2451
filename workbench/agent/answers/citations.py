"""Checks every quote of an answer against the pages that were read."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from workbench.api.events import Citation
from workbench.text.quotes import is_on_page

NOT_FOUND = "Not found in the documents."

_MARK = re.compile(r"[\[(]\s*(#[a-z]{1,3}\d{1,3}(?:\s*[,;]\s*#[a-z]{1,3}\d{1,3})*)\s*[\])]")
_OPEN, _CLOSE = '"“„«「', '"”“»」'
_LOOSE = re.compile(r'"([^"\n]{12,})"|“([^”\n]{12,})”|«([^»\n]{12,})»|「([^」\n]{6,})」')
_LONGEST_QUOTE_CHARS = 2_000
_PAGE_NUMBER = re.compile(r"\A\W*\d{1,4}\W*\n|\n\W*\d{1,4}\W*\Z")


@dataclass(frozen=True)
class Place:
    """A page where a quote may stand: the passage's handle, its document's path, the page and its whole text.

    `heading` stands over the passage itself, whose text is `own_text`; `next_text` looks up the page behind it.
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

    @property
    def across(self) -> str:
        """The end of the page and the beginning of the next as one text, without lines that only count pages."""
        following = self.next_text()
        end = _PAGE_NUMBER.sub("", self.text[-_LONGEST_QUOTE_CHARS:].rstrip())
        return f"{end}\n{_PAGE_NUMBER.sub('', following[:_LONGEST_QUOTE_CHARS].lstrip())}" if following else ""


@dataclass(frozen=True)
class Checked:
    """What became of an answer's quotes. `missing` are quotes that stand on no page that was read; `held` are the

    characters of the answer that hold quotes which were found.
    """

    citations: tuple[Citation, ...]
    missing: tuple[str, ...]
    unquoted: bool
    held: tuple[tuple[int, int], ...] = ()

    @property
    def sound(self) -> bool:
        """Whether nothing was quoted that is not there."""
        return not self.missing


Lookup = Callable[[str], Place | None]


def check(answer: str, place_of: Lookup, read: Callable[[], Iterator[Place]]) -> Checked:
    """Check every quote of an answer.

    `"quote" [#a3]` is looked for on the page of that handle, then on the other pages read (a wrong handle is corrected), and
    then from one of these pages to the next; a quote without a handle is looked for on the pages read.
    """
    found: dict[tuple[str, int, str], Citation] = {}
    missing: list[str] = []
    end = 0
    spans: list[tuple[int, int]] = []
    held: list[tuple[int, int]] = []
    for mark in _MARK.finditer(answer):
        handles = re.findall(r"#[a-z]+\d+", mark[1])
        candidates = list(_quotes_before(answer, end, mark.start()))
        end = mark.end()
        if not candidates:
            continue
        spans.append((mark.start() - len(candidates[-1]) - 4, mark.end()))
        citation = _first_sound(candidates, handles, place_of, read)
        if citation is None:
            missing.append(candidates[-1])
        else:
            held.append((max(0, answer.rfind(citation.quote, 0, mark.start())), mark.end()))
            spans.append((answer.find(citation.quote), mark.end()))
            found.setdefault((citation.document, citation.page, citation.quote), citation)
    for loose in _LOOSE.finditer(answer):
        quote = next(part for part in loose.groups() if part)
        if any(start <= loose.start() < stop for start, stop in spans):
            continue
        if place := next((item for item in read() if is_on_page(quote, item.text)), None):
            held.append(loose.span())
            found.setdefault((place.document, place.page, quote), _citation(quote, place, "found"))
    numbered = tuple(_numbered(citation, number) for number, citation in enumerate(found.values(), 1))
    return Checked(numbered, tuple(missing), not found and not missing, tuple(held))


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
    candidates: list[str], handles: list[str], place_of: Lookup, read: Callable[[], Iterator[Place]]
) -> Citation | None:
    cited = [place for handle in handles if (place := place_of(handle))]
    for quote in candidates:
        for place in cited:
            if is_on_page(quote, place.text):
                return _citation(quote, place, "verified")
    for quote in candidates:
        for place in read():
            if is_on_page(quote, place.text):
                return _citation(quote, place, "corrected")
    for state, places in (("verified", cited), ("corrected", read())):
        for place in places:
            across = place.across
            if quote := next((quote for quote in candidates if is_on_page(quote, across)), ""):
                return _citation(quote, place, state)
    return None


def _citation(quote: str, place: Place, state: str) -> Citation:
    # The quote may stand elsewhere on the page, under another heading.
    heading = place.heading if place.heading and is_on_page(quote, place.own_text) else ""
    return Citation(
        place.document, place.page, place.label, quote, True, place.handle, place.passage, state, heading=heading
    )


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
    if checked.unquoted and not says_not_found(answer):
        notes.append("This answer quotes nothing, so nothing could be checked.")
    return tuple(notes)


def says_not_found(answer: str) -> bool:
    """Whether an answer says that the documents do not answer."""
    return answer.strip().strip('"*_ ').lower().startswith(NOT_FOUND.lower().rstrip("."))


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
        'add only quotes with handles behind the claims that pages you have read support: "exact words" [#a3]. '
        "Change no other word: if the text changes, your first one is delivered as it is."
    )


# A repaired answer may add citations and nothing else.

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
