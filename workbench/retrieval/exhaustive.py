"""A sweep: reads candidate passages page after page, best first, until hardly any page is relevant any more.

Reports its progress every few pages, and ends with its findings: each passage with its best sentence.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import regex

from workbench.api.events import SweepProgress
from workbench.api.results import ResultPage
from workbench.retrieval.paging.cursors import NOBODY, Cursor, Reader
from workbench.retrieval.paging.pager import Budget
from workbench.retrieval.query import NO_RESTRICTION, Restriction
from workbench.retrieval.service import ArchivalSearch
from workbench.storage.rows import Passage
from workbench.text import phrases

if TYPE_CHECKING:
    from workbench.retrieval.candidate_set import Evidence

WINDOW_PAGES = 40
"""The share of pages that give something is taken over so many of the last ones."""

_TOLD_PAGES = 10
_BATCH = 100
_SENTENCE = regex.compile(r"[^\n.!?。！？]+[.!?。！？]*|\n")
_SPAN_CHARS = 200
_SENTENCES = 60


@dataclass(frozen=True)
class Swept:
    """What a sweep gave: positions in the evidence, and the characters of each passage's best sentence.

    `reason` is quiet (too few of the last pages gave something), all (no candidate is left) or user (it was stopped).
    """

    found: tuple[int, ...]
    spans: tuple[tuple[int, int], ...]
    read: int
    pages: int
    quiet: int
    late: int
    reason: str
    forecast: int

    @property
    def note(self) -> str:
        """The coverage in words: what was read, and why it ended."""
        read = f"; read {self.read:,} of {self.pages:,} pages (forecast {self.forecast:,})"
        if self.reason == "user":
            return f"{read}, stopped before the end"
        if self.reason == "all":
            return f"{read}, no other page is a candidate"
        if self.quiet > WINDOW_PAGES // 2:
            return f"{read}; the last {self.quiet} gave nothing"
        return f"{read}; only {self.late} of the last {WINDOW_PAGES} gave something"


def sweep(
    query: str,
    evidence: Evidence,
    pages: int,
    share: float,
    passages: Callable[[Sequence[int]], Mapping[int, Passage]],
    stopped: Callable[[], bool],
) -> Generator[SweepProgress, None, Swept]:
    """Read the candidate pages, best first, of `pages` in reach; end when less than `share` of the last 40 gave something.

    The forecast comes before anything but a first sample is read. `stopped` is asked before every page.
    """
    order: dict[tuple[int, int], list[int]] = {}
    for at, place in enumerate(evidence.places):
        order.setdefault(place, []).append(at)
    reader = _Reader(evidence, passages)
    promising = {place for at, place in enumerate(evidence.places) if evidence.promising(at)}
    forecast = min(len(order), len(promising) if evidence.exact else len(promising) + WINDOW_PAGES)
    told = SweepProgress(
        query=query, stage="forecast", pages=pages, forecast_pages=forecast,
        forecast_tokens=reader.tokens([at for place in list(order)[:forecast] for at in order[place]]),
    )  # fmt: skip
    yield told
    relevant: list[int] = []
    spans: list[tuple[int, int]] = []
    window: deque[bool] = deque(maxlen=WINDOW_PAGES)
    read, quiet, reason = 0, 0, "all"
    for positions in order.values():
        if stopped():
            reason = "user"
            break
        hits = [(at, text) for at in positions if (text := reader.text(at)) and evidence.relevant(at, text)]
        relevant += [at for at, _ in hits]
        spans += [best_sentence(text, evidence) for _, text in hits]
        read, quiet = read + 1, 0 if hits else quiet + 1
        window.append(bool(hits))
        if not evidence.exact and len(window) == WINDOW_PAGES and sum(window) < share * WINDOW_PAGES:
            reason = "quiet"
            break
        if read % _TOLD_PAGES == 0:
            yield _told(told, "reading", read, len(relevant), quiet)
    yield _told(told, "done", read, len(relevant), quiet, reason)
    return Swept(tuple(relevant), tuple(spans), read, pages, quiet, sum(window), reason, forecast)


def best_sentence(text: str, evidence: Evidence) -> tuple[int, int]:
    """The characters of the sentence that has most of the query, cut to a line."""
    best, chosen = -1.0, (0, min(len(text), _SPAN_CHARS))
    wanted = (*evidence.asked.phrases, *evidence.asked.boosted)
    for match in list(_SENTENCE.finditer(text))[:_SENTENCES]:
        sentence = match[0]
        if not sentence.strip():
            continue
        score = sum(phrases.contains(sentence, phrase) for phrase in wanted) + evidence.coverage(sentence)
        score += evidence.asked.is_otherwise_written_in(sentence)
        if score > best:
            start = match.start() + len(sentence) - len(sentence.lstrip())
            best, chosen = score, (start, min(match.end(), start + _SPAN_CHARS))
    return chosen


def _told(forecast: SweepProgress, stage: str, read: int, found: int, quiet: int, reason: str = "") -> SweepProgress:
    return SweepProgress(
        query=forecast.query, stage=stage, read=read, pages=forecast.pages, found=found, quiet=quiet,
        forecast_pages=forecast.forecast_pages, forecast_tokens=forecast.forecast_tokens, reason=reason,
    )  # fmt: skip


class _Reader:
    """Texts of candidates, fetched ahead in batches, in the order in which they will be wanted."""

    def __init__(self, evidence: Evidence, passages: Callable[[Sequence[int]], Mapping[int, Passage]]) -> None:
        self._ids = evidence.ids
        self._passages = passages
        self._known: dict[int, Passage] = {}
        self._asked: set[int] = set()

    def text(self, at: int) -> str:
        """The text of a candidate under its heading; empty when it is gone."""
        passage = self._get(at)
        return passage.text if passage else ""

    def tokens(self, positions: Sequence[int]) -> int:
        """About how many tokens these candidates have, from a sample of them."""
        sample = [passage.tokens for at in positions[:_BATCH] if (passage := self._get(at))]
        return round(len(positions) * sum(sample) / len(sample)) if sample else 0

    def _get(self, at: int) -> Passage | None:
        key = self._ids[at]
        if key not in self._asked:
            ahead = [item for item in self._ids[at : at + 4 * _BATCH] if item not in self._asked][:_BATCH]
            self._asked.update(ahead)
            self._known.update(self._passages(ahead))
        return self._known.get(key)


HITS = 100
"""Most findings on a page: each is a line, so the tokens decide."""


@dataclass(frozen=True)
class Sweeper:
    """Sweeps by one reader of what `sources` hold. `share` of the last pages must give something for it to go on."""

    search: ArchivalSearch
    sources: tuple[int, ...]
    reader: Reader = NOBODY
    beside: Reader | None = None
    share: float = 0.05

    @classmethod
    def of(cls, search: ArchivalSearch, sources: Iterable[int], **options: Any) -> Sweeper:
        """A sweeper of these sources."""
        return cls(search, tuple(sources), **options)

    def run(
        self,
        query: str,
        number: int,
        budget: Budget,
        handle_of: Callable[[int], str],
        *,
        restriction: Restriction = NO_RESTRICTION,
        stopped: Callable[[], bool] = lambda: False,
    ) -> Generator[SweepProgress, None, ResultPage]:
        """Page `number` (from 0) of the findings. Page 0 sweeps and tells how far it is; the others continue what it found.

        `stopped` ends the sweep before its next page; what was found so far is the result. Raises UsageError.
        """
        paths = self.search.archive.paths(self.sources)
        blank = ResultPage("archival_sweep", query, number, 0, 0, 0, True, extra=restriction.words)
        cursor = self.search.pager.continued(blank, self.reader, self.beside) if number else None
        fresh = cursor or (yield from self._sweep(paths, query, restriction, stopped))
        within = Budget(budget.page_tokens, HITS)
        pager = self.search.pager
        return pager.page(blank, within, self.reader, paths, handle_of, lambda: fresh, beside=self.beside)

    def _sweep(
        self,
        paths: Mapping[int, tuple[str, str]],
        query: str,
        restriction: Restriction,
        stopped: Callable[[], bool],
    ) -> Generator[SweepProgress, None, Cursor]:
        from workbench.retrieval.candidate_set import evidence

        view = self.search.view(paths)
        candidates = evidence(view, query, self.search.query_vector(view, paths, query), restriction)
        pages = self._pages(paths, restriction)
        swept = yield from sweep(query, candidates, pages, self.share, self.search.archive.passages, stopped)
        chosen = swept.found
        return Cursor(
            tuple(candidates.ids[at] for at in chosen), tuple(candidates.scores[at] for at in chosen), (), True, candidates.searched,
            tuple(candidates.why[at] for at in chosen), swept.spans, swept.note,
        )  # fmt: skip

    def _pages(self, paths: Mapping[int, Any], restriction: Restriction) -> int:
        """How many pages of documents are in reach."""
        sizes = self.search.archive.sizes(self.sources)
        within = restriction.documents if restriction.documents is not None else paths.keys()
        counts = [sizes[key][0] for key in within if key in sizes]
        if restriction.pages is None:
            return sum(counts)
        first, last = restriction.pages
        return sum(max(0, min(count, last) - first + 1) for count in counts)
