"""Which rows have which terms: lines of terms go in, one line a row, and rows with counts come out by term.

Terms are kept as 64-bit hashes of this process, so a million different ones cost no strings; nothing of it is stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.memory.arrow_arrays import numbers

MOST_ROWS = 65_536
"""Rows of one block: a row's place in it takes two bytes."""

_MOST_COUNT = 255


@dataclass(frozen=True)
class Postings:
    """Terms of up to MOST_ROWS rows. Term i is in `rows[starts[i]:starts[i + 1]]`, rising, `counts` times in each."""

    hashes: NDArray[np.int64]
    starts: NDArray[np.int64]
    rows: NDArray[np.uint16]
    counts: NDArray[np.uint8]

    @classmethod
    def of(cls, lines: Any) -> tuple[Postings, NDArray[np.int64]]:
        """The postings of an Arrow array of lines, terms apart by single spaces, and how many terms each line has."""
        import pyarrow as pa
        import pyarrow.compute as pc

        split = pc.split_pattern(pc.cast(lines, pa.large_string()), " ")
        flat = split.flatten()
        lengths = np.diff(numbers(split.offsets))
        encoded = flat.dictionary_encode()
        codes = numbers(encoded.indices)
        distinct = encoded.dictionary.to_pylist()
        hashes = hashed(distinct)
        place = np.repeat(np.arange(len(lengths), dtype=np.int64), lengths)
        if "" in distinct:  # what an empty line gives
            empty = distinct.index("")
            lengths = lengths - np.bincount(place[codes == empty], minlength=len(lengths))
            codes, place = codes[codes != empty], place[codes != empty]
        order = np.argsort(hashes, kind="stable")
        rank = np.empty(len(order), dtype=np.int64)
        rank[order] = np.arange(len(order))
        if len(order) <= 1 << 16:  # half the memory to sort
            rank, place = rank.astype(np.uint32), place.astype(np.uint32)
        pairs = (rank[codes] << 16) | place
        pairs.sort()
        return cls._from_sorted(hashes[order], pairs), lengths

    @classmethod
    def _from_sorted(cls, hashes: NDArray[np.int64], pairs: NDArray[Any]) -> Postings:
        """From pairs (place of the term's hash << 16 | row), sorted, a pair for each time that a term stands in a row."""
        first = np.flatnonzero(np.concatenate([[True], pairs[1:] != pairs[:-1]])) if len(pairs) else pairs
        counts = np.minimum(np.diff(np.append(first, len(pairs))), _MOST_COUNT).astype(np.uint8)
        pairs = pairs[first]
        starts = np.searchsorted(pairs >> 16, np.arange(len(hashes) + 1))
        return cls(hashes, starts, (pairs & 0xFFFF).astype(np.uint16), counts)

    @classmethod
    def made(cls, hashes: NDArray[np.int64], rows: NDArray[np.int64], counts: NDArray[np.int64]) -> Postings:
        """From a term's hash, a row and a count for each, no pair of hash and row twice."""
        order = np.lexsort((rows, hashes))
        terms, starts = np.unique(hashes[order], return_index=True)
        kept = np.minimum(counts[order], _MOST_COUNT).astype(np.uint8)
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


def hashed(terms: Sequence[str]) -> NDArray[np.int64]:
    """The hash of each term, as `Postings` keeps it."""
    return np.fromiter(map(hash, terms), dtype=np.int64, count=len(terms))
