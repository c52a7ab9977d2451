"""Search of archival storage: answers a query over attached sources with a page of results and its true total.

The index is derived from what is attached, kept in memory and thrown away at exit; whatever was committed before a
search starts is found by it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from workbench.api.results import ResultPage
from workbench.core.errors import EmbedderError
from workbench.retrieval.index.cache import IndexStatus, LiveIndex
from workbench.retrieval.paging.cursors import NOBODY, Cursor, Cursors, Reader
from workbench.retrieval.paging.pager import PLAIN, Budget, Extras, Pager
from workbench.retrieval.query import NO_RESTRICTION, Restriction, misspelt
from workbench.retrieval.ranking.rerank import RERANKED, Reranker, reranked
from workbench.storage.archive import ArchivalStorage
from workbench.storage.database import Clock, utc_now
from workbench.storage.embedding_models import BUILT_IN
from workbench.text.spelling import corrected, remarks

if TYPE_CHECKING:
    import numpy as np

    from workbench.retrieval.index.mixed_vectors import ModelQuery, Query
    from workbench.retrieval.index.snapshot import View
    from workbench.retrieval.ranking.result import Ranking
    from workbench.retrieval.ranking.searcher import Searcher
    from workbench.retrieval.ranking.unread_links import Leads

log = logging.getLogger(__name__)

EmbedQueries = Callable[[Sequence[str]], "np.ndarray"]


class OtherModels(Protocol):
    """Embeds queries with the registered embedding models. Any thread may call."""

    def query(self, model: str, text: str) -> ModelQuery | None:
        """The query by a model; None where the model cannot be asked just now, which is never waited for again and again."""
        ...

    def fails(self, model: str) -> bool:
        """Whether the last query could not be asked of a model."""
        ...


class ArchivalSearch:
    """Searches the union of sources: no passage twice, and the order of attaching changes nothing. Thread-safe.

    `embed` turns queries into unit vectors (n, 384) of the built-in model; None searches by words alone. `others` asks the models
    of documents that have another.
    """

    def __init__(
        self,
        archive: ArchivalStorage,
        embed: EmbedQueries | None,
        clock: Clock = utc_now,
        *,
        index_bytes: int = 4 << 30,
        others: OtherModels | None = None,
    ) -> None:
        self.archive = archive
        self.embed = embed
        self.others = others
        self.index = LiveIndex(archive, index_bytes)
        self._built_in_fails = False
        self._last: tuple[Mapping[int, Any], frozenset[int]] = {}, frozenset()
        self._models: tuple[Mapping[int, Any], dict[str, int]] = {}, {}
        self.cursors = Cursors(archive.cursors, clock)
        self.pager = Pager(archive, self.cursors)

    def page(
        self,
        sources: Iterable[int],
        query: str,
        number: int,
        budget: Budget,
        handle_of: Callable[[int], str],
        *,
        reader: Reader = NOBODY,
        beside: Reader | None = None,
        restriction: Restriction = NO_RESTRICTION,
        reranker: Reranker | None = None,
        links: bool = False,
    ) -> ResultPage:
        """Page `number` (from 0) of the results. Further pages continue the ranking that `reader` saw on page 0,

        so that no hit comes twice or is missed while the archive changes underneath. With `links` each hit says how many
        passages belong to it. Raises UsageError when the query itself would fill the page, RerankerError.
        """
        paths = self.archive.paths(sources)
        note = f", the first {RERANKED} reranked" if reranker else ""
        blank = ResultPage("archival_memory_search", query, number, 0, 0, 0, False, extra=restriction.words, note=note)
        variant = f" reranked by {reranker.name}" if reranker else ""
        if not reader.name:
            variant += f" over {hash(self._documents(paths))}, {restriction.documents}"

        def look() -> Cursor:
            ranking = self.ranking(paths, query, restriction=restriction, reranker=reranker)
            exact = ranking.mode == "exact"
            unasked = "" if exact else ", ".join(self.unasked(paths))
            said = f"; {unasked} cannot be asked, so what it embedded is found by words alone" if unasked else ""
            said += remarks(ranking.read_as)
            return Cursor(ranking.ids, ranking.scores, (), exact, ranking.num_searched, ranking.why, note=said)

        counted = Extras(linked=lambda ids: self.linked_counts(paths, ids)) if links else PLAIN
        return self.pager.page(
            blank, budget, reader, paths, handle_of, look, variant=variant, extras=counted, beside=beside,
            at_hand=lambda: None if self.archive.search is not None else self.index.view(self._documents(paths)),
        )  # fmt: skip

    def follow(
        self,
        sources: Iterable[int],
        passage: int,
        called: str,
        number: int,
        budget: Budget,
        handle_of: Callable[[int], str],
        *,
        reader: Reader = NOBODY,
        beside: Reader | None = None,
    ) -> ResultPage:
        """Page `number` (from 0) of the passages that belong to `passage` by name, best first; `called` is its handle."""
        paths = self.archive.paths(sources)
        blank = ResultPage(
            "archival_follow", called, number, 0, 0, 0, True, key="passage", note=" that belong together by name"
        )

        def look() -> Cursor:
            ranking = self._searcher(paths).linked(passage)
            return Cursor(ranking.ids, ranking.scores, (), True, ranking.num_searched, ranking.why)

        via = Extras(via=lambda ids: self._searcher(paths).names_between(passage, ids))
        variant = f" of {passage}"
        return self.pager.page(
            blank, budget, reader, paths, handle_of, look, variant=variant, extras=via, beside=beside
        )

    def linked_counts(self, paths: Mapping[int, Any], ids: Sequence[int]) -> dict[int, int]:
        """How many passages belong to each of `ids` by name: what following them would give. None while there is no index."""
        return self._searcher(paths).linked_counts(ids) if self._is_quick(paths) else {}

    def leads(self, sources: Iterable[int], passages: Sequence[int], seen: Container[int], wanted: str) -> Leads | None:
        """Where passages lead that is not `seen` yet, those with the words `wanted` first; None while there is no index."""
        from workbench.retrieval.ranking.unread_links import leads

        paths = self.archive.paths(sources)
        if not self._is_quick(paths):
            return None
        return leads(self._searcher(paths), passages, seen, wanted)

    def texts(self, ids: Sequence[int]) -> Mapping[int, str]:
        """Texts of passages by id."""
        return {key: passage.text for key, passage in self.archive.passages(ids).items()}

    def prepare(self, sources: Iterable[int]) -> None:
        """Have the index of these sources ready for later searches, without waiting."""
        if self.archive.search is not None:
            return
        chosen = list(sources)
        self.index.prepare(lambda: frozenset(self.archive.paths(chosen)))

    def release(self, sources: Iterable[int]) -> None:
        """Let go of what the index holds of other sources than these."""
        if self.archive.search is None:
            self.index.release(frozenset(self.archive.paths(sources)))

    def erase(self, documents: Iterable[int]) -> None:
        """These documents are no more: keep nothing of them in memory, nor of what was asked and found:

        results that can be paged further are read from where they are stored."""
        self.index.erase(documents)
        self.cursors.drop()
        self._last = {}, frozenset()
        self.archive.let_go_of_paths()

    def measured(self) -> IndexStatus:
        """What the index holds, and what it would take for all sources together."""
        every = [row.id for row in self.archive.sources(notes=True)]
        return self.index.status(frozenset(self.archive.paths(every)))

    def warm(self, sources: Iterable[int]) -> int:
        """Build the index of these sources now; returns how many passages it holds."""
        if self.archive.search is not None:
            return self.archive.search.among(self.archive.paths(sources)).passages
        documents = frozenset(self.archive.paths(sources))
        while self.index.view(documents) is None and self.index.wait():
            if not self.index.status().fits:
                return 0
        return self.index.status().passages

    def ranking(
        self,
        documents: Mapping[int, tuple[str, str]],
        query: str,
        limit: int = 200,
        *,
        restriction: Restriction = NO_RESTRICTION,
        reranker: Reranker | None = None,
    ) -> Ranking:
        """The whole ranking of a query over documents (id -> (path, source)), of those in `restriction` only."""
        view = self.view(documents)
        from workbench.retrieval.ranking.searcher import Searcher

        read = misspelt(query, view.keywords)
        query = corrected(query, read)
        ranking = Searcher(view).search(
            query,
            self.query_vector(view, documents, query),
            documents=restriction.documents,
            pages=restriction.pages,
            limit=limit,
        )
        if reranker is not None and ranking.mode != "exact" and ranking.ids:
            ranking = reranked(ranking, query, self.texts(ranking.ids[:RERANKED]), reranker)
        return replace(ranking, read_as=tuple(read.items())) if read else ranking

    def query_vector(self, view: View, documents: Mapping[int, Any], query: str) -> Query | None:
        """A query as the embedding models of these documents see it; None where it is searched by words alone."""
        if self.embed is None or not documents:
            return None
        if not self.archive.models.all():
            return self._built_in(query)
        from workbench.retrieval.index.mixed_vectors import QueryVectors

        among = self._among(documents)
        own = self._built_in(query) if among.get(BUILT_IN) else None
        if not view.mixed:
            return own
        asked = {name: self.others.query(name, query) for name in among if name != BUILT_IN and self.others is not None}
        return QueryVectors(own, {name: one for name, one in asked.items() if one is not None})

    def _built_in(self, query: str) -> np.ndarray | None:
        """A query as the built-in model sees it; None where that does not run: words find something too, and nothing is no answer."""
        assert self.embed is not None
        try:
            vector: np.ndarray = self.embed([query])[0]
        except EmbedderError as error:
            log.warning("a query is searched by words alone: %s", error.one_line())
            self._built_in_fails = True
            return None
        self._built_in_fails = False
        return vector

    def unasked(self, documents: Mapping[int, Any]) -> list[str]:
        """The embedding models of these documents that cannot be asked just now: their passages are found by words alone."""
        own = ["the built-in embedding model"] if self._built_in_fails else []
        if not self.archive.models.all() or self.others is None or self.embed is None:
            return own
        return own + [name for name in self._among(documents) if name != BUILT_IN and self.others.fails(name)]

    def renew(self, documents: Iterable[int]) -> None:
        """These documents have the vectors of another model now."""
        self._models = {}, {}
        self.index.renew(documents)

    def view(self, documents: Mapping[int, Any]) -> View:
        """What a search of these documents sees now: the index, or the database while there is none."""
        if self.archive.search is not None:
            from workbench.retrieval.index.database_view import DatabaseView

            return DatabaseView(self.archive.search.among(documents), documents)
        from workbench.retrieval.index.table_scan import ArchiveScan

        wanted = self._documents(documents)
        return self.index.view(wanted) or ArchiveScan(self.archive.bulk, wanted)

    # -- inside -----------------------------------------------------------------------------------------------------

    def _searcher(self, documents: Mapping[int, Any]) -> Searcher:
        from workbench.retrieval.ranking.searcher import Searcher

        return Searcher(self.view(documents))

    def _is_quick(self, documents: Mapping[int, Any]) -> bool:
        """Whether links can be followed without reading the whole archive."""
        return self.archive.search is not None or self.index.view(self._documents(documents)) is not None

    def _among(self, documents: Mapping[int, Any]) -> dict[str, int]:
        """How many of these documents have which model, looked up once for the very same mapping."""
        known = self._models
        if known[0] is not documents:
            known = self._models = documents, self.archive.models.among(documents)
        return known[1]

    def _documents(self, paths: Mapping[int, Any]) -> frozenset[int]:
        """Their ids, made once for the very same mapping: a hundred thousand take longer than a search."""
        known = self._last
        if known[0] is not paths:
            known = self._last = paths, frozenset(paths)
        return known[1]
