"""Posting lists: which rows hold which terms, and how often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.storage.arrow import numbers
from workbench.text.analyzer import COUNT_BITS, MOST_COUNT, term_hash

MOST_ROWS = 65_536
"""Rows of one block: a row's place in it takes two bytes."""

_ROW_BITS = 16
_HASH = np.uint64((1 << 64) - 1 - MOST_COUNT)


@dataclass(frozen=True)
class Postings:
    """Terms of up to MOST_ROWS rows. Term i is in `rows[starts[i]:starts[i + 1]]`, rising, `counts` times in each."""

    hashes: NDArray[np.int64]
    starts: NDArray[np.int64]
    rows: NDArray[np.uint16]
    counts: NDArray[np.uint8]

    @classmethod
    def of(cls, lists: Any) -> Postings:
        """The postings of an Arrow array with the packed terms of each row, no term twice."""
        offsets = numbers(lists.offsets).astype(np.int64)
        values = numbers(lists.values)[offsets[0] : offsets[-1]]
        # hash, row and count in one number: to sort it is nearly all there is to do
        keys = values & _HASH
        keys <<= np.uint64(_ROW_BITS)
        keys |= np.repeat(np.arange(len(offsets) - 1, dtype=np.uint64) << np.uint64(COUNT_BITS), np.diff(offsets))
        keys |= values & np.uint64(MOST_COUNT)
        keys.sort(kind="stable")  # the sooner of the two: terms come again and again
        counts, rows = keys.astype(np.uint8), (keys >> np.uint64(COUNT_BITS)).astype(np.uint16)
        keys >>= np.uint64(COUNT_BITS + _ROW_BITS)
        first = np.flatnonzero(keys[1:] != keys[:-1]) + 1
        starts = np.concatenate([[0], first]) if len(keys) else first
        return cls(keys[starts].astype(np.int64), np.append(starts, len(keys)), rows, counts)

    @classmethod
    def made(cls, hashes: NDArray[np.int64], rows: NDArray[np.int64], counts: NDArray[np.int64]) -> Postings:
        """From a term's hash, a row and a count for each, no pair of hash and row twice."""
        order = np.lexsort((rows, hashes))
        terms, starts = np.unique(hashes[order], return_index=True)
        kept = np.minimum(counts[order], MOST_COUNT).astype(np.uint8)
        return cls(terms, np.append(starts, len(rows)), rows[order].astype(np.uint16), kept)

    @classmethod
    def joined(cls, parts: Sequence[Postings], offsets: Sequence[int]) -> Postings:
        """One for several whose rows begin at `offsets`; together at most MOST_ROWS rows."""
        hashes, places = np.unique(np.concatenate([part.hashes for part in parts]), return_inverse=True)
        ends = np.cumsum([len(part.hashes) for part in parts])
        pairs, counts = [], []
        for part, end, offset in zip(parts, ends, offsets, strict=True):
            term = places[end - len(part.hashes) : end]
            pairs.append((np.repeat(term, np.diff(part.starts)) << 16) | (part.rows.astype(np.int64) + offset))
            counts.append(part.counts)
        together = np.concatenate(pairs)
        order = np.argsort(together, kind="stable")
        together = together[order]
        starts = np.searchsorted(together >> 16, np.arange(len(hashes) + 1))
        return cls(hashes, starts, (together & 0xFFFF).astype(np.uint16), np.concatenate(counts)[order])

    def without(self, gone: NDArray[np.bool_]) -> Postings:
        """These without the rows of a mask, and without the terms that only they have."""
        kept = ~gone[self.rows]
        left = np.concatenate([[0], np.cumsum(kept)])[self.starts]
        used = left[1:] > left[:-1]
        return Postings(self.hashes[used], np.append(left[:-1][used], left[-1]), self.rows[kept], self.counts[kept])

    def find(self, wanted: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(start, end) in `rows` of each hash; equal where the term is unknown."""
        if not len(self.hashes):
            nothing = np.zeros(len(wanted), dtype=np.int64)
            return nothing, nothing
        at = np.minimum(np.searchsorted(self.hashes, wanted), len(self.hashes) - 1)
        starts = self.starts[at]
        return starts, np.where(self.hashes[at] == wanted, self.starts[at + 1], starts)

    def rows_of(self, wanted: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.uint16]]:
        """(number of the hash, row) for each of these hashes and every row that has it, in this order."""
        starts, ends = self.find(wanted)
        counts = ends - starts
        term = np.repeat(np.arange(len(wanted), dtype=np.int64), counts)
        before = np.cumsum(counts) - counts
        return term, self.rows[np.arange(len(term)) + (starts - before)[term]]

    @property
    def bytes(self) -> int:
        """Memory taken."""
        return self.hashes.nbytes + self.starts.nbytes + self.rows.nbytes + self.counts.nbytes


def lengths_of(lists: Any) -> NDArray[np.uint16]:
    """How many terms each row of an Arrow array of packed terms has, each as often as it counts; 65,535 at most."""
    offsets = numbers(lists.offsets).astype(np.int64)
    values = numbers(lists.values)[offsets[0] : offsets[-1]]
    before = np.zeros(len(values) + 1, dtype=np.uint64)
    np.cumsum(values & np.uint64(MOST_COUNT), out=before[1:])
    lengths: NDArray[np.uint16] = np.minimum(np.diff(before[offsets - offsets[0]]), 65_535).astype(np.uint16)
    return lengths


def hashed(terms: Sequence[str]) -> NDArray[np.int64]:
    """The hash of each term, as `Postings` keeps it."""
    return np.fromiter(map(term_hash, terms), dtype=np.int64, count=len(terms))
