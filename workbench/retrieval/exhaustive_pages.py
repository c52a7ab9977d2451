"""Runs sweeps of the archive: reports their progress and pages their findings."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from workbench.api.events import SweepProgress
from workbench.retrieval.filters import NO_RESTRICTION, Restriction
from workbench.retrieval.paging.cursors import NOBODY, Cursor, Reader
from workbench.retrieval.paging.pager import Budget
from workbench.retrieval.paging.result_page import ResultPage
from workbench.retrieval.service import ArchivalSearch

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
        from workbench.retrieval.exhaustive import sweep

        embed = self.search.embed
        vector = embed([query])[0] if embed is not None and paths else None
        candidates = evidence(self.search.view(paths), query, vector, restriction)
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
