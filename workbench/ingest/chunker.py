"""Cuts pages into passages of as many whole paragraphs and sentences as the embedding model reads at once.

Every page is cut where the sum of prices is least (Knuth and Plass's way of breaking lines): each cut has the price of
its place, each passage the price of being shorter or longer than it should be. So there are no tiny tails, and a table
is cut between its rows.
"""

from __future__ import annotations

import functools
import itertools
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from loaders.document import Document, Heading, Page
from workbench.ingest.passage import PassageDraft, embedding_text
from workbench.ingest.table_head import TableHeads

# Places where a page may be cut, each with a price. The price says how bad it is to end a passage there: nothing at a
# paragraph, less than nothing before a heading, little after a sentence or a table row, much inside a sentence, most
# between a heading and the text under it.

BEFORE_HEADING = -0.6
PARAGRAPH = 0.0
SENTENCE_AT_LINE_END = 0.15
SENTENCE = 0.2
ROW = 0.25
SHORT_LINE = 0.35
WRAPPED_LINE = 0.8
WORD = 1.5
AFTER_HEADING = 2.0
ANYWHERE = 2.5


@dataclass(frozen=True)
class Break:
    """A place where a passage may end: the next one would begin at `position`."""

    position: int
    price: float


_CLOSING = "\"'”’»›)\\]」』）】〉》"
_SPACED_END = re.compile(rf"[.!?…؟۔।॥։׃።។။]+[{_CLOSING}]*\s+")
# A quoted sentence that goes on (「…。」と言った) ends none.
_CJK_END = re.compile(
    rf"(?:[。！？｡]|(?<!\d)．|…{{2,}}(?=[{_CLOSING}]))+(?:[{_CLOSING}]+(?![とっ、，])|(?![{_CLOSING}]))"
)
_ENDS_SENTENCE = re.compile(rf"[.!?…؟۔।॥։׃።។။。！？｡．:：;；][{_CLOSING}]*\s*$")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\[])(?:[A-Z]|Mr|Mrs|Ms|Dr|Prof|St|No|Nos|Fig|Figs|Eq|Sec|Ch|Art|Vol|vol|pp?|al|vs|cf|ca|Jr|Sr|Rev|Gen|Col|Capt|"
    r"Lt|Sgt|Hon|approx|dept|ed|eds|e\.g|i\.e|[A-Z](?:\.[A-Z])+)\.$"
)
_LIST_ITEM = re.compile(r"^\s*(?:[-*+•◦▪‣–·]|\(?\d{1,3}[.)]|\(?[a-zA-Z][.)]|\(?[ivxIVX]{1,5}[.)])\s+\S")
_TABLE = re.compile(r" \| |\|.*\||\t|\S {3,}\S.* {3,}\S")
_NUMBER = re.compile(r"^[^\w]*\d[\d.,:%/()$€£-]*$")


def breaks(text: str, heading_starts: Sequence[int]) -> list[Break]:
    """All places where `text` may be cut, in order, at least price one each; neither its start nor its end is one."""
    prices: dict[int, float] = {}
    lines = list(_lines(text))
    usual_chars = _usual_length([end - start for start, end, _ in lines])
    headings = set(heading_starts)
    previous: tuple[int, int] | None = None
    for start, end, gap in lines:
        if previous is not None:
            prices[start] = _between(text, previous, (start, end), gap, headings, usual_chars)
        line = text[start:end]
        if not is_row(line):
            for position in sentence_starts(line):
                prices.setdefault(start + position, SENTENCE)
        previous = (start, end)
    return [Break(position, price) for position, price in sorted(prices.items())]


def _lines(text: str) -> Iterator[tuple[int, int, bool]]:
    """Start, end and "a blank line came before" of every line that is not blank."""
    position, gap = 0, False
    for line in text.split("\n"):
        if line.strip():
            yield position, position + len(line), gap
            gap = False
        else:
            gap = True
        position += len(line) + 1


def _usual_length(lengths: list[int]) -> int:
    """What most full lines of the page have: the upper quartile; 0 for a page of a few lines."""
    return sorted(lengths)[len(lengths) * 3 // 4] if len(lengths) >= 4 else 0


def _between(
    text: str, previous: tuple[int, int], line: tuple[int, int], gap: bool, headings: set[int], usual_chars: int
) -> float:
    """The price of a cut between two lines that follow each other."""
    if previous[0] in headings:
        return AFTER_HEADING
    if line[0] in headings:
        return BEFORE_HEADING
    if gap:
        return PARAGRAPH
    before = text[previous[0] : previous[1]]
    if is_row(before) or is_row(text[line[0] : line[1]]):
        return ROW
    if _ENDS_SENTENCE.search(before):
        return SENTENCE_AT_LINE_END
    return SHORT_LINE if len(before) < 0.6 * usual_chars else WRAPPED_LINE


def is_row(line: str) -> bool:
    """Whether a line is a row of a table or an item of a list, which is kept whole."""
    if _LIST_ITEM.match(line) or _TABLE.search(line):
        return True
    words = line.split()
    return len(words) >= 2 and sum(bool(_NUMBER.match(word)) for word in words) * 5 >= len(words) * 2


def sentence_starts(line: str) -> list[int]:
    """Where a new sentence begins inside `line`, in order; abbreviations and initials end none."""
    starts = []
    for match in _SPACED_END.finditer(line):
        end = match.end()
        if end >= len(line) or line[end].islower():
            continue
        if line[match.start()] == "." and _ABBREVIATION.search(line, max(0, match.start() - 12), match.start() + 1):
            continue
        starts.append(end)
    starts += [match.end() for match in _CJK_END.finditer(line) if match.end() < len(line)]
    return sorted(starts)


HEADING_SEPARATOR = " > "


@dataclass(frozen=True)
class ChunkLimits:
    """Bounds of a passage. The embedder's tokens include the context line and the marks around a text."""

    embedder_tokens: int = 256
    mark_tokens: int = 2
    target_tokens: int = 180
    """The size aimed at, in the embedder's tokens, the context line not counted.

    Measured by tests/benchmarks/chunk_sizes.py with 90, 130, 180 and 212: what is found within 1,000 tokens of results is the
    same within half a point on English paragraphs (99.2-99.5 %) and Chinese ones (97.1-97.7 %), and best at 180 on reports
    (evidence page 82 %; 76 % and 71 % for smaller ones). Passages that overlap by 30 tokens find no more and cost a sixth more.
    """
    context_line_tokens: int = 40
    context_tokens: int = 350
    """Tokens of the main context (o200k)."""
    chars: int = 2_000


@dataclass(frozen=True)
class _Atom:
    """The smallest piece between two places where a page may be cut. `price` is that of cutting before it."""

    start: int
    end: int
    price: float
    embedder_tokens: int
    context_tokens: int


class Chunker:
    """Cuts documents into passages. The counters say how many tokens texts have, marks not counted."""

    def __init__(
        self,
        count_embedder: Callable[[list[str]], list[int]],
        count_context: Callable[[str], int],
        limits: ChunkLimits | None = None,
    ) -> None:
        self.count_embedder = count_embedder
        self.count_context = count_context
        self.limits = limits or ChunkLimits()

    @classmethod
    def for_local_model(cls) -> Chunker:
        """The chunker for the embedded embedding model."""
        from workbench.core import tokens
        from workbench.embedding import minilm

        return cls(minilm.count_tokens, functools.partial(tokens.count_once, name="o200k_base"))

    def passages(self, document: Document, fallback_title: str = "") -> Iterator[PassageDraft]:
        """The passages of `document`, page by page, in order. `fallback_title` stands in for a missing title."""
        title = document.title or _spoken(fallback_title)
        path: list[Heading] = []
        for page in document.pages:
            yield from self._page(page, title, path)
            path = _path_after(path, page.headings)

    def _page(self, page: Page, title: str, path: list[Heading]) -> Iterator[PassageDraft]:
        room = self.limits.embedder_tokens - self.limits.mark_tokens - self.limits.context_line_tokens
        atoms = self._atoms(page.text, [_line_start(page.text, heading) for heading in page.headings], room)
        heads = TableHeads(page.text, is_row, [_line_start(page.text, heading) for heading in page.headings])
        for start, end in self._spans(page.text, atoms, room):
            within = [heading for heading in page.headings if _line_start(page.text, heading) <= start]
            parts = [one.title for one in _path_after(path, within)]
            if head := heads.above(start) or heads.item_above(_start_of_line(page.text, start)):
                parts.append(head.replace(HEADING_SEPARATOR, " "))
            heading = HEADING_SEPARATOR.join(parts)
            context = self._context_line(title, heading)
            yield PassageDraft(page.number, start, end, page.text[start:end], heading, context)

    def _atoms(self, text: str, heading_starts: list[int], room: int) -> list[_Atom]:
        cuts = [Break(0, 0.0), *breaks(text, heading_starts)]
        ends = [cut.position for cut in cuts[1:]] + [len(text)]
        spans = [(cut.position, end, cut.price) for cut, end in zip(cuts, ends, strict=True)]
        spans = list(itertools.chain.from_iterable(_bounded(text, span, self.limits.chars) for span in spans))
        atoms: list[_Atom] = []
        while spans:
            counts = self.count_embedder([text[start:end] for start, end, _ in spans])
            too_long: list[tuple[int, int, float]] = []
            for (start, end, price), count in zip(spans, counts, strict=True):
                context_count = self.count_context(text[start:end])
                if (count > room or context_count > self.limits.context_tokens) and end - start > 1:
                    too_long += _bounded(text, (start, end, price), (end - start + 1) // 2)
                else:
                    atoms.append(_Atom(start, end, price, count, context_count))
            spans = too_long
        return sorted(atoms, key=lambda atom: atom.start)

    def _spans(self, text: str, atoms: Sequence[_Atom], room: int) -> Iterator[tuple[int, int]]:
        """Start and end of each passage, without the white space around it; what is over a limit is halved."""
        todo = list(reversed(self._cheapest(atoms, room)))
        while todo:
            group = todo.pop()
            piece = text[group[0].start : group[-1].end]
            start = group[0].start + len(piece) - len(piece.lstrip())
            end = group[-1].end - len(piece) + len(piece.rstrip())
            if end <= start:
                continue
            if len(group) > 1 and not self._fits(text[start:end], room):
                half = len(group) // 2
                todo += [group[half:], group[:half]]
            else:
                yield start, end

    def _fits(self, text: str, room: int) -> bool:
        if self.count_context(text) > self.limits.context_tokens or len(text) > self.limits.chars:
            return False
        return self.count_embedder([embedding_text(text, "")])[0] <= room

    def _cheapest(self, atoms: Sequence[_Atom], room: int) -> list[list[_Atom]]:
        """The atoms grouped so that the prices of all passages and cuts add up to the least."""
        best = [0.0] + [float("inf")] * len(atoms)
        came_from = [0] * (len(atoms) + 1)
        for end in range(1, len(atoms) + 1):
            tokens = context_tokens = 0
            for start in range(end - 1, -1, -1):
                atom = atoms[start]
                tokens += atom.embedder_tokens
                context_tokens += atom.context_tokens
                chars = atoms[end - 1].end - atom.start
                over = tokens > room or context_tokens > self.limits.context_tokens or chars > self.limits.chars
                if over and start < end - 1:
                    break
                price = best[start] + self._size_price(tokens, room) + (atom.price if start else 0.0)
                if price < best[end]:
                    best[end], came_from[end] = price, start
        groups = []
        end = len(atoms)
        while end:
            groups.append(list(atoms[came_from[end] : end]))
            end = came_from[end]
        return groups[::-1]

    def _size_price(self, tokens: int, room: int) -> float:
        target = min(self.limits.target_tokens, room)
        if tokens <= target:
            return (1 - tokens / target) ** 2
        return 0.5 * ((tokens - target) / max(1, room - target)) ** 2

    def _context_line(self, title: str, heading: str) -> str:
        """Title and headings on one line, shortened from the left: the nearest heading says most."""
        line = HEADING_SEPARATOR.join(part for part in (title, heading) if part)
        if heading == title or heading.startswith(title + HEADING_SEPARATOR):
            line = heading
        words = line.split()[-self.limits.context_line_tokens :]
        while words and self.count_embedder([" ".join(words)])[0] > self.limits.context_line_tokens:
            words = words[(len(words) + 3) // 4 :] if len(words) > 1 else []
        return " ".join(words)


def _spoken(file_name: str) -> str:
    """A file's name as words: "lease-2019.pdf" is "lease 2019"."""
    stem = file_name.rsplit(".", 1)[0] if "." in file_name[1:] else file_name
    return " ".join("".join(char if char.isalnum() else " " for char in stem).split())


def _path_after(path: Iterable[Heading], headings: Iterable[Heading]) -> list[Heading]:
    """The headings one stands under after reading `headings`, outermost first."""
    result = list(path)
    for heading in headings:
        result = [outer for outer in result if outer.level < heading.level]
        result.append(heading)
    return result


def _line_start(text: str, heading: Heading) -> int:
    return _start_of_line(text, heading.start_char)


def _start_of_line(text: str, position: int) -> int:
    return text.rfind("\n", 0, position) + 1


def _bounded(text: str, span: tuple[int, int, float], limit_chars: int) -> Iterator[tuple[int, int, float]]:
    """`span` as pieces of at most `limit_chars`, cut at white space if there is any, never before a combining mark."""
    start, end, price = span
    while end - start > limit_chars:
        cut, cost = start + limit_chars, ANYWHERE
        space = max(text.rfind(" ", start + limit_chars // 2, cut), text.rfind("\n", start + limit_chars // 2, cut))
        if space > start:
            cut, cost = space + 1, WORD
        else:
            while cut > start + 1 and unicodedata.combining(text[cut]):
                cut -= 1
        yield start, cut, price
        start, price = cut, cost
    yield start, end, price
