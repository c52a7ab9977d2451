"""Search of archival storage: a query over attached sources goes in, a page of results with true totals comes out.

The index is derived from what is attached, kept in memory and thrown away at exit; whatever was committed before a
search starts is found by it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from workbench.memory.archival_storage import DIMENSIONS, ArchivalStorage
from workbench.memory.cursors import NOBODY, Cursor, Cursors, Reader
from workbench.memory.database import Clock, utc_now
from workbench.memory.pager import PLAIN, Budget, Extras, Pager
from workbench.memory.reranking import RERANKED, Reranker, reranked
from workbench.memory.restriction import NO_RESTRICTION, Restriction
from workbench.memory.result_page import ResultPage
from workbench.memory.waiting_vectors import read_vectors

if TYPE_CHECKING:
    import numpy as np

    from workbench.memory.search import Ranking, SearchIndex

EmbedQueries = Callable[[Sequence[str]], "np.ndarray"]


class ArchivalSearch:
    """Searches the union of sources: no passage twice, and the order of attaching changes nothing. Thread-safe.

    `embed` turns queries into unit vectors (n, 384); None searches by words alone.
    """

    def __init__(self, archive: ArchivalStorage, embed: EmbedQueries | None, clock: Clock = utc_now) -> None:
        self.archive = archive
        self.embed = embed
        self._lock = threading.Lock()
        self._index: SearchIndex | None = None
        self._indexed: frozenset[int] = frozenset()
        self._bare: frozenset[int] = frozenset()
        self.cursors = Cursors(archive.database, clock)
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
            variant += f" over {sorted(paths)}, {restriction.documents}"

        def look() -> Cursor:
            found = self.ranking(paths, query, restriction=restriction, reranker=reranker)
            return Cursor(found.ids, found.scores, (), found.mode == "exact", found.candidates_of, found.why)

        counted = Extras(linked=lambda ids: self.linked_counts(paths, ids)) if links else PLAIN
        return self.pager.page(
            blank, budget, reader, paths, handle_of, look, variant=variant, extras=counted, beside=beside
        )

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
            found = self._index_of(paths).linked(passage)
            return Cursor(found.ids, found.scores, (), True, found.candidates_of, found.why)

        via = Extras(via=lambda ids: self._index_of(paths).names_between(passage, ids))
        variant = f" of {passage}"
        return self.pager.page(
            blank, budget, reader, paths, handle_of, look, variant=variant, extras=via, beside=beside
        )

    def linked_counts(self, paths: Mapping[int, Any], ids: Sequence[int]) -> dict[int, int]:
        """How many passages belong to each of `ids` by name: what following them would give."""
        index = self._index_of(paths)
        return {key: len(index.linked(key).ids) for key in ids}

    def texts(self, ids: Sequence[int]) -> Mapping[int, str]:
        """Texts of passages by id."""
        return {key: passage.text for key, passage in self.archive.passages(ids).items()}

    def warm(self, sources: Iterable[int]) -> int:
        """Build the index of these sources now; returns how many passages it holds."""
        return len(self._index_of(self.archive.paths(sources)))

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
        index = self._index_of(documents)
        vector = self.embed([query])[0] if self.embed is not None and len(index) else None
        found = index.search(query, vector, documents=restriction.documents, pages=restriction.pages, limit=limit)
        if reranker is None or found.mode == "exact" or not found.ids:
            return found
        texts = self.texts(found.ids[:RERANKED])
        return reranked(found, query, texts, reranker)

    # -- inside -----------------------------------------------------------------------------------------------------

    def _index_of(self, documents: Mapping[int, Any]) -> SearchIndex:
        from workbench.memory.search import SearchIndex

        wanted = frozenset(documents)
        with self._lock:
            if self._index is None or not self._indexed <= wanted:
                # Removing would leave other documents' word statistics behind: scores must depend on what is attached alone.
                self._index, self._indexed, self._bare = SearchIndex(DIMENSIONS), frozenset(), frozenset()
            missing = wanted - self._indexed
            if missing:
                sql = "SELECT passage_id FROM passages WHERE list_contains(?, document_id)"
                passages, vectors, bare = self._read(sql, [sorted(missing)])
                self._index.add(passages, vectors)
                self._indexed, self._bare = wanted, self._bare | bare
            if self._bare:
                self._fill(self._index)
            return self._index

    def _fill(self, index: SearchIndex) -> None:
        """Give passages that were found by their words alone the vectors that were stored since."""
        sql = "SELECT passage_id FROM embeddings WHERE list_contains(?, passage_id)"
        passages, vectors, _ = self._read(sql, [sorted(self._bare)])
        if passages:
            index.add(passages, vectors)
            self._bare -= {passage.id for passage in passages}

    def _read(self, wanted: str, parameters: list[Any]) -> tuple[list[Any], np.ndarray, frozenset[int]]:
        """The passages that the subquery `wanted` gives, their vectors (zeros where there is none yet), and which have none."""
        import numpy as np

        from workbench.memory.bulk import renew_terms
        from workbench.memory.search import IndexedPassage

        renew_terms(self.archive.database)
        table = (
            self.archive.database.read()
            .sql(
                "SELECT p.passage_id, p.document_id, p.page_number, p.start_char, d.title, p.heading, p.text, "
                "p.terms, p.names "
                f"FROM passages p JOIN documents d USING (document_id) WHERE p.passage_id IN ({wanted}) ORDER BY p.passage_id",
                params=parameters,
            )
            .to_arrow_table()
        )
        columns = [table.column(k).to_pylist() for k in range(9)]
        passages = [IndexedPassage(*row) for row in zip(*columns, strict=True)]
        ids = np.array(columns[0], dtype=np.int64)
        vectors, bare = read_vectors(self.archive.database, wanted, parameters, ids)
        return passages, vectors, frozenset(ids[bare].tolist())
