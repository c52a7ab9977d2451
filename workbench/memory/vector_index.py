"""Nearest passages by meaning, in memory. In: unit vectors by row; out: the best rows and their exact cosines.

Up to `EXACT_ROWS` the scan is plain numpy. Beyond, faiss fast-scan codes choose candidates and the float32 vectors
decide: the scores are the exact scan's, and equal scores are ordered by row.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Rows = NDArray[np.int64]

EXACT_ROWS = 20_000
"""Rows up to which every vector is compared: about 3 ms."""

_OVERSAMPLING = 5
_ROUNDING = 1e-6
_LEAST_CANDIDATES = 1_000


@dataclass(frozen=True)
class VectorIndex:
    """A snapshot: adding makes a new one that shares the vectors, so searches under way are never disturbed."""

    vectors: Vectors
    coded_rows: int
    codes: Any = None

    @classmethod
    def build(cls, vectors: Vectors) -> VectorIndex:
        """An index over `vectors` (n, d), float32, each of length 1; row i is vector i."""
        return cls(np.ascontiguousarray(vectors, dtype=np.float32), 0).coded()

    def coded(self) -> VectorIndex:
        """Code the rows not yet coded once they are too many to scan; the same index otherwise."""
        rows = len(self.vectors)
        tail = rows - self.coded_rows
        if rows <= EXACT_ROWS or tail <= max(EXACT_ROWS, self.coded_rows // 4):
            return self
        import faiss

        codes = faiss.index_factory(self.vectors.shape[1], "RaBitQfs", faiss.METRIC_INNER_PRODUCT)
        codes.train(self.vectors)
        codes.add(self.vectors)
        return replace(self, coded_rows=rows, codes=codes)

    def search(self, query: Vectors, count: int, allowed: NDArray[np.bool_] | None = None) -> tuple[Rows, Vectors]:
        """The `count` best rows (among `allowed`, a mask by row) and their cosines, best first, ties by row."""
        rows = self._candidates(query, count, allowed)
        scores = self.scores(query, rows)
        order = np.lexsort((rows, -scores))[:count]
        return rows[order], scores[order]

    def scores(self, query: Vectors, rows: Rows) -> Vectors:
        """The cosine of `query` with each of `rows`."""
        # einsum, not BLAS: the same vector has the same cosine whatever rows stand beside it
        found: Vectors = np.einsum("ij,j->i", self.vectors[rows], np.asarray(query, dtype=np.float32))
        return found

    def _candidates(self, query: Vectors, count: int, allowed: NDArray[np.bool_] | None) -> Rows:
        total = len(self.vectors)
        permitted = total if allowed is None else int(np.count_nonzero(allowed))
        if self.codes is None or permitted <= EXACT_ROWS:
            return self._scan(query, 0, count, allowed)
        wanted = min(total, max(_LEAST_CANDIDATES, count * _OVERSAMPLING))
        if permitted < total:  # the codes know nothing of the mask: ask for as many more as it will take away
            wanted = min(total, int(wanted * total / permitted * 1.5))
        _, found = self.codes.search(np.asarray(query, dtype=np.float32).reshape(1, -1), wanted)
        rows = found[0][found[0] >= 0].astype(np.int64)
        if allowed is not None:
            rows = rows[allowed[rows]]
        if len(rows) < min(count, permitted):
            return self._scan(query, 0, count, allowed)
        return np.concatenate([rows, self._scan(query, self.coded_rows, count, allowed)])

    def _scan(self, query: Vectors, start: int, count: int, allowed: NDArray[np.bool_] | None) -> Rows:
        """The best `count` rows from `start` on, by comparing every vector."""
        query = np.asarray(query, dtype=np.float32)
        if allowed is not None and np.count_nonzero(allowed[start:]) <= EXACT_ROWS:
            rows = np.flatnonzero(allowed[start:]).astype(np.int64) + start
            scores = self.vectors[rows] @ query
        else:
            rows = np.arange(start, len(self.vectors), dtype=np.int64)
            scores = self.vectors[start:] @ query
            if allowed is not None:
                scores = np.where(allowed[start:], scores, -np.inf)
        if len(rows) > count:  # keep every row that ties with the last one kept: the caller orders ties by row
            last = np.partition(scores, len(scores) - count)[len(scores) - count]
            keep = scores >= last - _ROUNDING
            rows, scores = rows[keep], scores[keep]
        found: Rows = rows[np.isfinite(scores)]
        return found


class GrowingVectors:
    """A buffer that doubles: each `append` returns a view of all rows, and the views made before stay as they were."""

    def __init__(self, dimensions: int) -> None:
        self._buffer: Vectors = np.empty((0, dimensions), dtype=np.float32)
        self._rows = 0
        self._lock = threading.Lock()

    def append(self, vectors: Vectors) -> Vectors:
        """Add `vectors` (n, d) at the end and return all rows so far."""
        with self._lock:
            end = self._rows + len(vectors)
            if end > len(self._buffer):
                grown = np.empty((max(end, 2 * len(self._buffer)), self._buffer.shape[1]), dtype=np.float32)
                grown[: self._rows] = self._buffer[: self._rows]
                self._buffer = grown
            self._buffer[self._rows : end] = vectors
            self._rows = end
            return self._buffer[:end]
