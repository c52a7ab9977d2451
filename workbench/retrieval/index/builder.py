"""Builds the search index in memory from passages and vectors, and searches snapshots of it.

The index is derived: built when documents are attached, thrown away at exit, never stored.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from workbench.retrieval.index.mixed_vectors import ModelVectors, Query
from workbench.retrieval.index.segment import MOST_ROWS, Block
from workbench.retrieval.index.snapshot import Snapshot, TitleKeys
from workbench.retrieval.index.vectors import GrowingVectors, Mask, VectorIndex, Vectors
from workbench.retrieval.ranking.result import Ranking as Ranking
from workbench.retrieval.ranking.result import ScoreBreakdown as ScoreBreakdown
from workbench.retrieval.ranking.searcher import MEANING_LIMIT, Searcher
from workbench.storage.bulk_insert import Counted, counted_columns
from workbench.storage.passage_reader import OtherVectors

_VIEWS = 8


@dataclass(frozen=True)
class IndexedPassage:
    """A passage as the index needs it."""

    id: int
    document: int
    page: int
    start_char: int
    title: str
    heading: str
    text: str


class SearchIndex:
    """A searchable set of passages. Searches may run in any thread; changes are made one at a time."""

    def __init__(self, dimensions: int = 384, rows: int = 0) -> None:
        self._lock = threading.Lock()
        self._vectors = GrowingVectors(dimensions, rows)
        self._others: dict[str, GrowingVectors] = {}
        self._views: dict[frozenset[int], Snapshot] = {}
        self.snapshot = Snapshot.empty(dimensions)

    @classmethod
    def build(cls, passages: Sequence[IndexedPassage], vectors: Vectors) -> SearchIndex:
        """An index over `passages` and their unit `vectors` (n, dimensions), float32."""
        index = cls(int(vectors.shape[1]) if len(passages) else 384, len(passages))
        index.add(passages, vectors)
        return index

    def __len__(self) -> int:
        """Passages that can be found."""
        return int(np.count_nonzero(self.snapshot.alive))

    @property
    def dead(self) -> int:
        """Rows that are kept and cannot be found any more."""
        return len(self.snapshot.alive) - len(self)

    def view(self, documents: frozenset[int]) -> Snapshot:
        """What is here now of these documents: nothing else is found or counts."""
        with self._lock:
            known = self._views.pop(documents, None)
            while len(self._views) >= _VIEWS:
                self._views.pop(next(iter(self._views)))
            # the very set that was asked for last is the key: to compare a hundred thousand takes longer than a search
            self._views[documents] = known or self.snapshot.of(documents)
            return self._views[documents]

    def add(self, passages: Sequence[IndexedPassage], vectors: Vectors) -> None:
        """Add passages; one whose id is known replaces it. A search that starts after this returns sees them."""
        if len(passages) != len(vectors):
            raise ValueError(f"{len(passages)} passages but {len(vectors)} vectors")
        if not passages:
            return
        latest = {passage.id: position for position, passage in enumerate(passages)}
        if len(latest) < len(passages):
            keep = sorted(latest.values())
            passages, vectors = [passages[i] for i in keep], vectors[keep]
        self.add_table(_table(passages), vectors)

    def add_table(self, table: Any, vectors: Vectors, others: Sequence[OtherVectors] = ()) -> None:
        """Add the passages of an Arrow table (columns as `Block.of` takes them, no id twice) and their vectors.

        `others` are those of registered models; the rows that have one are zeros in `vectors`.
        """
        with self._lock:
            first = len(self.snapshot.ids)
            for start in range(0, table.num_rows, MOST_ROWS):
                part = table.slice(start, MOST_ROWS)
                self._append(Block.of(len(self.snapshot.ids), part), vectors[start : start + MOST_ROWS])
            for other in others:
                self._append_other(other, first)

    def remove(self, passage_ids: Iterable[int]) -> None:
        """Remove passages; unknown ids are no error. A search that starts after this returns does not see them."""
        with self._lock:
            gone = np.isin(self.snapshot.ids, np.fromiter(passage_ids, dtype=np.int64))
            self._replace(replace(self.snapshot, alive=self.snapshot.alive & ~gone))

    def erase(self, documents: Iterable[int]) -> None:
        """Keep nothing of the passages of these documents: not found, and no text, word, name or vector in memory."""
        with self._lock:
            old = self.snapshot
            gone = np.isin(old.documents, np.fromiter(documents, dtype=np.int64))
            if not gone.any():
                return
            blocks = tuple(
                block.without(mine) if (mine := gone[block.first : block.end]).any() else block for block in old.blocks
            )
            titles = TitleKeys()
            for block in blocks:
                titles.add(block.columns["called"])
            old.vectors.wipe(np.flatnonzero(gone))
            for part in old.others.values():
                part.index.wipe(np.flatnonzero(gone[part.rows]))
            self._replace(replace(old, blocks=blocks, alive=old.alive & ~gone, titles=titles))

    def search(
        self,
        query: str,
        query_vector: Query | None,
        *,
        documents: frozenset[int] | None = None,
        pages: tuple[int, int] | None = None,
        limit: int = MEANING_LIMIT,
        follow: bool = True,
    ) -> Ranking:
        """Search everything that is here; see `Searcher.search`."""
        searcher = Searcher(self.snapshot)
        return searcher.search(query, query_vector, documents=documents, pages=pages, limit=limit, follow=follow)

    def _append(self, block: Block, vectors: Vectors) -> None:
        old = self.snapshot
        kept: Mask = old.alive
        if len(old.ids) and block.ids.min() <= old.ids.max():
            kept = kept & ~np.isin(old.ids, block.ids)
        ids = np.concatenate([old.ids, block.ids])
        old.titles.add(block.columns["called"])
        self._replace(
            Snapshot(
                _merged([*old.blocks, block]),
                ids,
                np.concatenate([old.documents, block.documents]),
                np.concatenate([old.pages, block.pages]),
                np.concatenate([kept, np.ones(len(block.ids), dtype=bool)]),
                old.vectors.grown(self._vectors.append(vectors), ids),
                old.titles,
                old.others,
            )
        )

    def _append_other(self, other: OtherVectors, first: int) -> None:
        """Add vectors of a registered model to rows that are there, counted from `first`."""
        old, rows = self.snapshot, other.rows.astype(np.int64) + first
        grower = self._others.setdefault(other.model, GrowingVectors(other.vectors.shape[1]))
        whole = grower.append(other.vectors)
        before = old.others.get(other.model)
        rows = rows if before is None else np.concatenate([before.rows, rows])
        ids = old.ids[rows]
        index = VectorIndex.build(whole, ids) if before is None else before.index.grown(whole, ids)
        self._replace(replace(old, others={**old.others, other.model: ModelVectors(rows, index)}))

    def _replace(self, snapshot: Snapshot) -> None:
        self._views.clear()
        self.snapshot = snapshot


def _merged(blocks: list[Block]) -> tuple[Block, ...]:
    """The blocks, small ones at the end joined: each is more than twice as long as the next, so there are few."""
    while len(blocks) > 1:
        before, last = len(blocks[-2].ids), len(blocks[-1].ids)
        if before > 2 * last or before + last > MOST_ROWS:
            break
        blocks[-2:] = [Block.joined(blocks[-2:])]
    return tuple(blocks)


def _table(passages: Sequence[IndexedPassage]) -> Any:
    import pyarrow as pa

    counted = [Counted.of(passage.text, passage.title, passage.heading) for passage in passages]
    columns: dict[str, list[Any]] = {
        "passage_id": [passage.id for passage in passages],
        "document_id": [passage.document for passage in passages],
        "page_number": [passage.page for passage in passages],
        "text": [passage.text for passage in passages],
        "heading": [passage.heading for passage in passages],
    }
    columns["tokens"] = [item.tokens for item in counted]
    return pa.table(columns | counted_columns(counted))
