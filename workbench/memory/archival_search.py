"""Search of archival storage: a query over attached sources goes in, a page of results with true totals comes out.

The index is derived from what is attached, kept in memory and thrown away at exit; whatever was committed before a
search starts is found by it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from workbench.memory.archival_storage import DIMENSIONS, ArchivalStorage
from workbench.memory.result_page import PageHit, ResultPage, fit_page, hit_tokens, hits_room, paginate
from workbench.memory.waiting_vectors import read_vectors

if TYPE_CHECKING:
    import numpy as np

    from workbench.memory.search import Ranking, SearchIndex

EmbedQueries = Callable[[Sequence[str]], "np.ndarray"]

_CURSORS = 64


@dataclass(frozen=True)
class Budget:
    """Bounds of a page of results: the whole message in tokens, and the number of hits."""

    page_tokens: int
    hits: int = 5


@dataclass(frozen=True)
class _Cursor:
    ids: tuple[int, ...]
    scores: tuple[float, ...]
    exact: bool
    searched: int
    starts: tuple[int, ...]


class ArchivalSearch:
    """Searches the union of sources: no passage twice, and the order of attaching changes nothing. Thread-safe.

    `embed` turns queries into unit vectors (n, 384); None searches by words alone.
    """

    def __init__(self, archive: ArchivalStorage, embed: EmbedQueries | None) -> None:
        self.archive = archive
        self.embed = embed
        self._lock = threading.Lock()
        self._index: SearchIndex | None = None
        self._indexed: frozenset[int] = frozenset()
        self._bare: frozenset[int] = frozenset()
        self._cursors: OrderedDict[tuple[Any, ...], _Cursor] = OrderedDict()

    def page(
        self,
        sources: Iterable[int],
        query: str,
        number: int,
        budget: Budget,
        handle_of: Callable[[int], str],
        *,
        reader: str = "",
        function: str = "archival_memory_search",
        within: frozenset[int] | None = None,
        extra: str = "",
        note: str = "",
    ) -> ResultPage:
        """Page `number` (from 0) of the results. Further pages continue the ranking that `reader` saw on page 0,

        so that no hit comes twice or is missed while the archive changes underneath. `within` restricts to documents;
        `extra` says so in the call for the next page. Raises UsageError when the query itself would fill the page.
        """
        paths = self.archive.paths(sources)
        blank = ResultPage(function, query, number, 0, 0, 0, False, extra=extra, note=note)
        room = hits_room(replace(blank, searched=10**9), budget.page_tokens)
        key = (reader, query, within, tuple(sorted(paths)) if not reader else extra)
        cursor = self._cursors.get(key) if number else None
        if cursor is None:
            cursor = self._rank(paths, query, within, room, budget.hits)
            self._cursors[key] = cursor
            self._cursors.move_to_end(key)
            while len(self._cursors) > _CURSORS:
                self._cursors.popitem(last=False)
        page = replace(
            blank, pages=len(cursor.starts), total=len(cursor.ids), searched=cursor.searched, exact=cursor.exact
        )
        if not 0 <= number < len(cursor.starts):
            return page
        bounds = (*cursor.starts, len(cursor.ids))
        chosen = slice(bounds[number], bounds[number + 1])
        hits, texts = self._hits(cursor.ids[chosen], cursor.scores[chosen], paths, handle_of)
        return fit_page(replace(page, hits=hits, first=bounds[number]), texts, budget.page_tokens)

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
        within: frozenset[int] | None = None,
    ) -> Ranking:
        """The whole ranking of a query over documents (id -> (path, source)), of those `within` only when given."""
        index = self._index_of(documents)
        vector = self.embed([query])[0] if self.embed is not None and len(index) else None
        return index.search(query, vector, documents=within, limit=limit)

    # -- inside -----------------------------------------------------------------------------------------------------

    def _rank(
        self, paths: Mapping[int, tuple[str, str]], query: str, within: frozenset[int] | None, room: int, hits: int
    ) -> _Cursor:
        ranking = self.ranking(paths, query, within=within)
        starts = paginate(self._sizes(ranking.ids, paths), room, hits)
        return _Cursor(ranking.ids, ranking.scores, ranking.mode == "exact", ranking.candidates_of, tuple(starts))

    def _sizes(self, ids: Sequence[int], paths: Mapping[int, tuple[str, str]]) -> list[int]:
        """Tokens that each hit takes on a page: its text as stored beside the passage, and its header line."""
        passages = self.archive.passages(ids)
        sizes = []
        for key in ids:
            passage = passages.get(key)
            if passage is None:
                sizes.append(32)
                continue
            hit = PageHit(key, "#aa99", paths[passage.document][0], passage.page, "label", passage.heading, 0.0)
            sizes.append(hit_tokens(hit, passage.tokens))
        return sizes

    def _hits(
        self,
        ids: Sequence[int],
        scores: Sequence[float],
        paths: Mapping[int, tuple[str, str]],
        handle_of: Callable[[int], str],
    ) -> tuple[tuple[PageHit, ...], dict[int, str]]:
        passages = self.archive.passages(ids)
        labels = self.archive.labels([(item.document, item.page) for item in passages.values()])
        hits = []
        for key, score in zip(ids, scores, strict=True):
            passage = passages.get(key)
            if passage is None or passage.document not in paths:
                hits.append(PageHit(key, handle_of(key), "[erased]", 1, None, "", score))
                continue
            label = labels.get((passage.document, passage.page))
            path = paths[passage.document][0]
            hits.append(
                PageHit(key, handle_of(key), path, passage.page, label, passage.heading, round(float(score), 3))
            )
        return tuple(hits), {key: passage.text for key, passage in passages.items()}

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
