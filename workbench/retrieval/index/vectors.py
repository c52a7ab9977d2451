"""Finds the nearest passages to a vector, in memory and exactly.

Up to `EXACT_ROWS` the scan is plain numpy. Beyond, codes of a byte a dimension choose candidates, the float32 vectors decide,
and bounds prove that no other row belongs among the best: the list is the exact scan's, at any depth. Equal scores are
ordered by passage.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]
Nearest = Callable[[], tuple[Rows, Vectors]]
"""Waits for a search that has begun: the best rows and their cosines, best first."""

EXACT_ROWS = 20_000
"""Rows up to which every vector is compared: about 3 ms."""

_OVERSAMPLING, _MORE = 3, 50
"""Candidates asked of the codes for each result, and beside them: enough to prove 200 results of 100,000 at once."""

_ASKED_AGAIN = 4
_ROUNDING = 1e-6
_SUM_ERROR = 1e-5
_TAIL_ROWS = 5_000
_MASKED_SHARE = 20
_MOST = 127
_PART_ROWS = 1 << 18
"""Rows that one thread looks through: more are shared by two."""


class Codes:
    """A byte a dimension for each row, to choose candidates by, and how far a coded cosine may be from the true one. Rows are
    only ever added, or wiped; a lock keeps faiss from being read meanwhile."""

    def __init__(self, dimensions: int) -> None:
        self._lock = threading.Lock()
        self._dimensions = dimensions
        self._parts: list[Any] = []
        self._scale = 1.0
        self._farthest, self._longest = 0.0, 0.0
        self.rows = 0

    def add(self, vectors: Vectors) -> None:
        """Code these vectors too, as the next rows."""
        with self._lock:
            if not self._parts:
                self._scale = _MOST / max(float(np.abs(vectors).max()), 1e-3)
            while len(vectors):
                room = _PART_ROWS - self.rows % _PART_ROWS
                if room == _PART_ROWS:
                    self._parts.append(self._part())
                part, vectors = vectors[: min(room, EXACT_ROWS)], vectors[min(room, EXACT_ROWS) :]
                coded = np.clip(np.rint(part * self._scale), -_MOST, _MOST)
                away = np.linalg.norm(part - coded / self._scale, axis=1)
                self._farthest = max(self._farthest, float(away.max()))
                self._longest = max(self._longest, float(np.linalg.norm(part, axis=1).max()))
                self._parts[-1].add(coded.astype(np.float32))
                self.rows += len(part)

    def wipe(self, rows: Rows) -> None:
        """Keep nothing of these rows but that they are there.

        Written into faiss's own buffer, in place: its public API has no way to change a code, and an index built anew
        would leave the old bytes in freed memory, where what was forgotten must not stay. `codes` is a public member of
        IndexFlatCodes, one byte a dimension in the order of the rows, and `rev_swig_ptr` the way that faiss gives to it.
        """
        import faiss

        with self._lock:
            for number, part in enumerate(self._parts):
                first = number * _PART_ROWS
                mine = rows[(rows >= first) & (rows < first + part.ntotal)] - first
                stored = faiss.rev_swig_ptr(part.codes.data(), part.ntotal * self._dimensions)
                stored.reshape(part.ntotal, self._dimensions)[mine] = _MOST + 1  # the code of 0

    def search(self, query: Vectors, count: int, allowed: Mask | None = None) -> tuple[Rows, float]:
        """About the best `count` rows, in no order that counts, among `allowed` alone; and a bound: the cosine of every other
        one of them is less. It is minus infinity where there is no other."""
        # integers times integers are the fast way; the query's rounding counts in the bound
        scale = _MOST / max(float(np.abs(query).max()), 1e-9)
        asked = np.rint(query * scale).astype(np.float32)
        around = np.linalg.norm(query - asked / scale) * self._longest + np.linalg.norm(asked / scale) * self._farthest
        look = functools.partial(self._look, asked.reshape(1, -1), count, allowed)
        with self._lock:
            parts = range(len(self._parts))
            parts_found = list(_threads().map(look, parts) if len(parts) > 1 else map(look, parts))
        scores, rows = (np.concatenate(column) for column in zip(*parts_found, strict=True))
        whole = all(len(part[1]) < count for part in parts_found)
        if len(rows) > count:
            best = np.argpartition(-scores, count - 1)[:count]
            scores, rows, whole = scores[best], rows[best], False
        bound = -np.inf if whole else float(scores.min()) / (self._scale * scale) + float(around) + _SUM_ERROR
        return rows, bound

    def _look(self, asked: Vectors, count: int, allowed: Mask | None, number: int) -> tuple[Vectors, Rows]:
        """Scores and rows of the best of one part."""
        import faiss

        part, first, chosen = self._parts[number], number * _PART_ROWS, None
        if allowed is not None:
            made: Any = faiss
            bits = np.packbits(allowed[first : first + part.ntotal], bitorder="little")
            chosen = made.SearchParameters(sel=made.IDSelectorBitmap(bits))
        scores, positions = part.search(asked, min(count, part.ntotal), params=chosen)
        there = positions[0] >= 0
        return scores[0][there], positions[0][there].astype(np.int64) + first

    def _part(self) -> Any:
        import faiss

        kind = faiss.ScalarQuantizer.QT_8bit_direct_signed
        return faiss.IndexScalarQuantizer(self._dimensions, kind, faiss.METRIC_INNER_PRODUCT)


@functools.cache
def _searches() -> ThreadPoolExecutor:
    """Apart from the threads that look through the parts, which a search waits for."""
    return ThreadPoolExecutor(2, thread_name_prefix="nearest")


@functools.cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(2, thread_name_prefix="vectors")


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

    def wipe(self, rows: Rows) -> None:
        """Keep nothing of the vectors of these rows, in this and in earlier snapshots."""
        self.vectors[rows] = 0.0
        self.codes.wipe(rows)

    def begin(self, query: Vectors, count: int, allowed: Mask | None = None) -> Nearest:
        """Begin a search; what is returned waits for its end. Codes are looked through beside whatever is done meanwhile."""
        if self.coded:
            return _searches().submit(self.search, query, count, allowed).result
        return functools.partial(self.search, query, count, allowed)

    def search(self, query: Vectors, count: int, allowed: Mask | None = None) -> tuple[Rows, Vectors]:
        """The `count` best rows (among `allowed`, a mask by row) and their cosines, best first, ties by passage."""
        query = np.asarray(query, dtype=np.float32)
        rows, scores = self._candidates(query, count, allowed)
        order = np.lexsort((self.ids[rows], -scores))[:count]
        return rows[order], scores[order]

    def scores(self, query: Vectors, rows: Rows) -> Vectors:
        """The cosine of `query` with each of `rows`."""
        return exact_scores(self.vectors[rows], query)

    def _candidates(self, query: Vectors, count: int, allowed: Mask | None) -> tuple[Rows, Vectors]:
        """Rows and their cosines, the `count` best and what ties with them surely among them."""
        total = len(self.vectors)
        permitted = total if allowed is None else int(np.count_nonzero(allowed))
        if self.coded and permitted > max(EXACT_ROWS, total // _MASKED_SHARE):
            tail = self._scan(query, self.coded, count, allowed)
            chosen, share = allowed, 1.0
            if permitted * 2 > total:  # to ask for more and pass over some is sooner than to ask for these alone
                chosen, share = None, total / permitted
            wanted = int((count * _OVERSAMPLING + _MORE) * share)
            while wanted * _ASKED_AGAIN < self.coded:
                rows, others = self.codes.search(query, wanted, chosen)
                rows = rows[rows < self.coded]
                rows = np.concatenate([rows if allowed is None else rows[allowed[rows]], tail])
                scores = self.scores(query, rows)
                if others == -np.inf or (len(rows) >= count and others < np.partition(scores, -count)[-count]):
                    return rows, scores
                wanted *= _ASKED_AGAIN
        rows = self._scan(query, 0, count, allowed)
        return rows, self.scores(query, rows)

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
    scores: Vectors = np.einsum("ij,j->i", vectors, np.asarray(query, dtype=np.float32))
    return scores


def best_rows(rows: Rows, scores: Vectors, count: int) -> Rows:
    """The `count` best rows and every one that may tie with the last of them: the caller orders ties by passage."""
    if len(scores) <= count:
        return rows
    last = np.partition(scores, len(scores) - count)[len(scores) - count]
    best: Rows = rows[scores >= last - _ROUNDING]
    return best


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
