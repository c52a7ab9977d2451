"""Pages go in, passages come out: as many whole paragraphs and sentences as the embedder sees at once, never two pages.

Every page is cut where the sum of prices is least (Knuth and Plass's way of breaking lines): each cut has the price of
its place, each passage the price of being shorter or longer than it should be. So there are no tiny tails, and a table
is cut between its rows.
"""

from __future__ import annotations

import functools
import itertools
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from loaders.document import Document, Heading, Page
from workbench.ingest import breaks
from workbench.ingest.passage import PassageDraft, embedding_text

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
        from workbench import tokens
        from workbench.ingest import local_model

        return cls(local_model.count_tokens, functools.partial(tokens.count, name="o200k_base"))

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
        for start, end in self._spans(page.text, atoms, room):
            within = [heading for heading in page.headings if _line_start(page.text, heading) <= start]
            heading = HEADING_SEPARATOR.join(one.title for one in _path_after(path, within))
            context = self._context_line(title, heading)
            yield PassageDraft(page.number, start, end, page.text[start:end], heading, context)

    def _atoms(self, text: str, heading_starts: list[int], room: int) -> list[_Atom]:
        cuts = [breaks.Break(0, 0.0), *breaks.breaks(text, heading_starts)]
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
    return text.rfind("\n", 0, heading.start_char) + 1


def _bounded(text: str, span: tuple[int, int, float], limit_chars: int) -> Iterator[tuple[int, int, float]]:
    """`span` as pieces of at most `limit_chars`, cut at white space if there is any, never before a combining mark."""
    start, end, price = span
    while end - start > limit_chars:
        cut, cost = start + limit_chars, breaks.ANYWHERE
        space = max(text.rfind(" ", start + limit_chars // 2, cut), text.rfind("\n", start + limit_chars // 2, cut))
        if space > start:
            cut, cost = space + 1, breaks.WORD
        else:
            while cut > start + 1 and unicodedata.combining(text[cut]):
                cut -= 1
        yield start, cut, price
        start, price = cut, cost
    yield start, end, price
