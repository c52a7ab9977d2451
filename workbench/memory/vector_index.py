"""Nearest passages by meaning, in memory. In: unit vectors by row; out: the best rows and their exact cosines.

Up to `EXACT_ROWS` the scan is plain numpy. Beyond, faiss fast-scan codes choose candidates and the float32 vectors
decide: the scores are the exact scan's, and equal scores are ordered by passage.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]

EXACT_ROWS = 20_000
"""Rows up to which every vector is compared: about 3 ms."""

_OVERSAMPLING = 5
_ROUNDING = 1e-6
_LEAST_CANDIDATES = 1_000
_TAIL_ROWS = 5_000
_MASKED_SHARE = 20


class Codes:
    """One bit a dimension for each row, to choose candidates by. Rows are only ever added; a lock keeps faiss from
    being read while it grows."""

    def __init__(self, dimensions: int) -> None:
        self._lock = threading.Lock()
        self._dimensions = dimensions
        self._index: Any = None
        self.rows = 0

    def add(self, vectors: Vectors) -> None:
        """Code these vectors too, as the next rows."""
        import faiss

        with self._lock:
            if self._index is None:
                self._index = faiss.index_factory(self._dimensions, "RaBitQfs", faiss.METRIC_INNER_PRODUCT)
                self._index.train(vectors)
            self._index.add(vectors)
            self.rows += len(vectors)

    def search(self, query: Vectors, count: int) -> Rows:
        """About the best `count` rows, in no order that counts."""
        with self._lock:
            _, found = self._index.search(query.reshape(1, -1), min(count, self.rows))
        rows: Rows = found[0][found[0] >= 0].astype(np.int64)
        return rows


@dataclass(frozen=True)
class VectorIndex:
    """A snapshot: adding makes a new one that shares vectors and codes, so searches under way are never disturbed.

    `ids` are the passages by row, which order equal scores; `coded` rows are in the codes.
    """

    vectors: Vectors
    ids: Rows
    codes: Codes
    coded: int = 0

    @classmethod
    def build(cls, vectors: Vectors, ids: Rows | None = None) -> VectorIndex:
        """An index over `vectors` (n, d), float32, each of length 1; row i is vector i."""
        vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        ids = np.arange(len(vectors), dtype=np.int64) if ids is None else ids
        return cls(vectors, ids, Codes(vectors.shape[1])).grown(vectors, ids)

    def grown(self, vectors: Vectors, ids: Rows) -> VectorIndex:
        """The index over these rows, of which the first are the present ones."""
        rows = len(vectors)
        if rows > EXACT_ROWS and rows - self.coded > _TAIL_ROWS:
            self.codes.add(vectors[self.coded :])
            return VectorIndex(vectors, ids, self.codes, rows)
        return VectorIndex(vectors, ids, self.codes, self.coded)

    def search(self, query: Vectors, count: int, allowed: Mask | None = None) -> tuple[Rows, Vectors]:
        """The `count` best rows (among `allowed`, a mask by row) and their cosines, best first, ties by passage."""
        query = np.asarray(query, dtype=np.float32)
        rows = self._candidates(query, count, allowed)
        scores = self.scores(query, rows)
        order = np.lexsort((self.ids[rows], -scores))[:count]
        return rows[order], scores[order]

    def scores(self, query: Vectors, rows: Rows) -> Vectors:
        """The cosine of `query` with each of `rows`."""
        return exact_scores(self.vectors[rows], query)

    def _candidates(self, query: Vectors, count: int, allowed: Mask | None) -> Rows:
        total = len(self.vectors)
        permitted = total if allowed is None else int(np.count_nonzero(allowed))
        if not self.coded or permitted <= max(EXACT_ROWS, total // _MASKED_SHARE):
            return self._scan(query, 0, count, allowed)
        wanted = max(_LEAST_CANDIDATES, count * _OVERSAMPLING)
        if permitted < total:  # the codes know nothing of the mask: ask for as many more as it will take away
            wanted = int(wanted * total / permitted * 1.5)
        rows = self.codes.search(query, wanted)
        rows = rows[rows < self.coded]
        if allowed is not None:
            rows = rows[allowed[rows]]
        if len(rows) < min(count, permitted):
            return self._scan(query, 0, count, allowed)
        return np.concatenate([rows, self._scan(query, self.coded, count, allowed)])

    def _scan(self, query: Vectors, start: int, count: int, allowed: Mask | None) -> Rows:
        """The best `count` rows from `start` on, by comparing every vector."""
        if allowed is not None and np.count_nonzero(allowed[start:]) <= EXACT_ROWS:
            rows = np.flatnonzero(allowed[start:]).astype(np.int64) + start
            return best_rows(rows, self.vectors[rows] @ query, count)
        rows = np.arange(start, len(self.vectors), dtype=np.int64)
        scores = self.vectors[start:] @ query
        if allowed is not None:
            rows, scores = rows[allowed[start:]], scores[allowed[start:]]
        return best_rows(rows, scores, count)


def exact_scores(vectors: Vectors, query: Vectors) -> Vectors:
    """Cosines of unit vectors with a unit query: the same for the same vector, whatever rows stand beside it."""
    # einsum, not BLAS: its sums do not depend on the number of rows
    found: Vectors = np.einsum("ij,j->i", vectors, np.asarray(query, dtype=np.float32))
    return found


def best_rows(rows: Rows, scores: Vectors, count: int) -> Rows:
    """The `count` best rows and every one that may tie with the last of them: the caller orders ties by passage."""
    if len(scores) <= count:
        return rows
    last = np.partition(scores, len(scores) - count)[len(scores) - count]
    found: Rows = rows[scores >= last - _ROUNDING]
    return found


class GrowingVectors:
    """A buffer that grows by a quarter: each `append` returns a view of all rows, and earlier views stay as they were."""

    def __init__(self, dimensions: int, rows: int = 0) -> None:
        self._buffer: Vectors = np.empty((rows, dimensions), dtype=np.float32)
        self._rows = 0
        self._lock = threading.Lock()

    def append(self, vectors: Vectors) -> Vectors:
        """Add `vectors` (n, d) at the end and return all rows so far."""
        with self._lock:
            end = self._rows + len(vectors)
            if end > len(self._buffer):
                grown = np.empty((max(end, len(self._buffer) * 5 // 4), self._buffer.shape[1]), dtype=np.float32)
                grown[: self._rows] = self._buffer[: self._rows]
                self._buffer = grown
            self._buffer[self._rows : end] = vectors
            self._rows = end
            return self._buffer[:end]
