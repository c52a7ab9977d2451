"""Searches without an index: answers the index's questions from the database itself, exactly.

Slower by a hundred times and bounded in memory: for the seconds in which an index is built, and for what is larger than
an index may be. What of the passages a question touches is read, and read as the index would have held it.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from workbench.retrieval.index.bm25 import DEFAULT_WEIGHTS, FieldWeights, KeywordIndex, Statistics
from workbench.retrieval.index.fetched_texts import FetchedTexts, TextAndKeys
from workbench.retrieval.index.mixed_vectors import Query, QueryVectors, Scale
from workbench.retrieval.index.postings import Postings, hashed, lengths_of
from workbench.retrieval.index.segment import MOST_ROWS, RANKED, TERM_COLUMNS, Block
from workbench.retrieval.index.snapshot import LONGEST_TITLE_WORDS, masked
from workbench.retrieval.index.vectors import Mask, Nearest, Rows, Vectors, best_rows, exact_scores
from workbench.storage.archive import Passages
from workbench.storage.arrow import numbers
from workbench.text.analyzer import COUNT_BITS, HASH_BITS, MOST_COUNT

# BM25 without an index: the stored terms of a query are read once, a few thousand passages at a time, and kept for the
# next question of the same search. Scores are the same as from the index in memory.

_BATCH_ROWS = 16_384
_TOP_BITS = 16


class _Found(NamedTuple):
    """The rows that have a term, rising, and how often each has it."""

    rows: Rows
    counts: Rows


class ScannedWords:
    """Asks the database what `KeywordIndex` knows. `ids` are the passages by row, rising."""

    def __init__(self, bulk: Passages, documents: frozenset[int], ids: Rows) -> None:
        self._bulk = bulk
        self._documents = documents
        self._ids = ids
        self._known: dict[str, dict[int, _Found]] = {field: {} for field in TERM_COLUMNS}
        self._lengths: dict[str, NDArray[np.uint16]] = {}

    def search(
        self,
        weights: dict[str, float],
        count: int,
        allowed: Mask | None = None,
        fields: FieldWeights = DEFAULT_WEIGHTS,
    ) -> list[tuple[int, float]]:
        """The `count` best (row, BM25 score) for weighted query terms, best first, ties by passage; among `allowed` only."""
        if not weights:
            return []
        asked = list(dict.fromkeys(hashed(list(weights)).tolist()))
        postings = {field: self._found(asked, field) for field in RANKED}
        rows = np.unique(np.concatenate([part.rows for parts in postings.values() for part in parts]))
        blocks = tuple(
            self._block(start, rows[start : start + MOST_ROWS], asked, postings)
            for start in range(0, len(rows), MOST_ROWS)
        )
        index = KeywordIndex(blocks, np.ones(len(rows), dtype=bool), self._statistics())
        best = index.search(weights, count, None if allowed is None else allowed[rows], fields)
        return [(int(rows[row]), score) for row, score in best]

    def containing(self, terms: Sequence[str]) -> list[int]:
        """Every row whose text has all of `terms`, in order."""
        if not terms:
            return []
        parts = self._found(list(dict.fromkeys(hashed(list(terms)).tolist())), "text")
        rows = parts[0].rows
        for part in parts[1:]:
            rows = np.intersect1d(rows, part.rows, assume_unique=True)
        return [int(row) for row in rows]

    def frequencies(self, terms: Iterable[str], field: str = "text") -> dict[str, int]:
        """How many passages have each term in `field`."""
        return {term: len(rows) for term, rows in self.rows_of(terms, field).items()}

    def rows_of(self, terms: Iterable[str], field: str) -> dict[str, Rows]:
        """The rows that have each term in `field`, in order."""
        terms = list(dict.fromkeys(terms))
        parts = self._found(hashed(terms).tolist(), field)
        return {term: part.rows for term, part in zip(terms, parts, strict=True)}

    def known(self, keys: Sequence[str]) -> set[str]:
        """Those of `keys` that a passage is called by."""
        return {key for key, rows in self.rows_of(keys, "called").items() if len(rows)}

    def _statistics(self) -> Statistics:
        for field in RANKED:
            self._found([], field)
        return Statistics(len(self._ids), {field: int(self._lengths[field].sum(dtype=np.int64)) for field in RANKED})

    def _block(self, first: int, rows: Rows, asked: Sequence[int], found: dict[str, list[_Found]]) -> Block:
        """The rows with some of the terms asked for, as a block of the index has them."""
        postings = {}
        for field, parts in found.items():
            hashes = np.repeat(np.array(asked, dtype=np.int64), [len(part.rows) for part in parts])
            at, counts = (np.concatenate(column) for column in zip(*parts, strict=True))
            place = np.searchsorted(rows, at)
            mine = (at >= rows[0]) & (at <= rows[-1])
            postings[field] = Postings.made(hashes[mine], place[mine], counts[mine])
        ids, blank = self._ids[rows], np.zeros(len(rows), dtype=np.int32)
        lengths = {field: self._lengths[field][rows] for field in RANKED}
        return Block(first, ids, ids, blank, blank, {}, postings, lengths)

    def _found(self, asked: Sequence[int], field: str) -> list[_Found]:
        """What is found of each hash in `field`; looked for once, and the lengths of rows are counted the first time."""
        known = self._known[field]
        missing = np.array(sorted({*asked} - known.keys()), dtype=np.int64)
        counting = field in RANKED and field not in self._lengths
        if len(missing) or counting:
            lengths = np.zeros(len(self._ids), dtype=np.uint16)
            nothing = np.empty(0, dtype=np.int64)
            numbers_found, rows_found, counts_found = [nothing], [nothing], [nothing]
            for rows, lists in self._lists(field):
                if counting:
                    lengths[rows] = lengths_of(lists)
                number, place, counts = _matches(lists, missing)
                numbers_found.append(number)
                rows_found.append(rows[place])
                counts_found.append(counts)
            number, at = np.concatenate(numbers_found), np.concatenate(rows_found)
            order = np.lexsort((at, number))
            bounds = np.searchsorted(number[order], np.arange(1, len(missing)))
            parts = zip(np.split(at[order], bounds), np.split(np.concatenate(counts_found)[order], bounds), strict=True)
            known.update(zip(missing.tolist(), itertools.starmap(_Found, parts), strict=False))
            if counting:
                self._lengths[field] = lengths
        return [known[key] for key in asked]

    def _lists(self, field: str) -> Iterator[tuple[Rows, Any]]:
        """(rows, the packed terms of each) of all passages in view, some at a time."""
        for ids, lists in self._bulk.term_lists(self._documents, TERM_COLUMNS[field], _BATCH_ROWS):
            yield np.searchsorted(self._ids, ids), lists


def _matches(lists: Any, asked: Rows) -> tuple[Rows, Rows, Rows]:
    """(number of the hash, place of the list, count) wherever a list of packed terms has one of these hashes, rising."""
    offsets = numbers(lists.offsets).astype(np.int64)
    values = numbers(lists.values)[offsets[0] : offsets[-1]]
    tops = np.zeros(1 << _TOP_BITS, dtype=bool)  # of a thousand terms nearly all are passed over by their first bits
    tops[asked >> (HASH_BITS - _TOP_BITS)] = True
    near = np.flatnonzero(tops[(values >> np.uint64(COUNT_BITS + HASH_BITS - _TOP_BITS)).astype(np.uint16)])
    hashes = (values[near] >> np.uint64(COUNT_BITS)).astype(np.int64)
    number = np.searchsorted(asked, hashes)
    right = np.flatnonzero(asked[np.minimum(number, len(asked) - 1)] == hashes) if len(asked) else near[:0]
    near = near[right]
    place = np.searchsorted(offsets, near + offsets[0], side="right") - 1
    return number[right], place, (values[near] & np.uint64(MOST_COUNT)).astype(np.int64)


class ArchiveScan(FetchedTexts):
    """A view of the passages of some documents, as they are committed now. One thread uses it, for one search."""

    def __init__(self, bulk: Passages, documents: frozenset[int]) -> None:
        super().__init__()
        bulk.renew_terms()
        self._bulk = bulk
        self.ids, self.documents, self.pages = bulk.places_of(documents)
        self.alive: Mask = np.ones(len(self.ids), dtype=bool)
        self.meanings = ScannedVectors(bulk, self.ids)
        self.keywords = ScannedWords(bulk, documents, self.ids)

    @property
    def size(self) -> int:
        """How many passages there are."""
        return len(self.ids)

    def within(self, documents: frozenset[int] | None, pages: tuple[int, int] | None) -> tuple[Mask, int]:
        """See View."""
        return masked(self.alive, self.documents, self.pages, documents, pages)

    @property
    def mixed(self) -> bool:
        """Any row may have a vector of a registered model."""
        return True

    def _passages_of(self, rows: Sequence[int]) -> list[int]:
        return [int(key) for key in self.ids[np.array(rows, dtype=np.int64)]]

    def _read(self, passages: Sequence[int]) -> Mapping[int, TextAndKeys]:
        return self._bulk.texts_of(list(passages))

    def row_of(self, passage: int) -> int | None:
        """The row of a passage, None when it is not in view."""
        at = int(np.searchsorted(self.ids, passage))
        return at if at < len(self.ids) and self.ids[at] == passage else None

    def mentioned(self, texts: Sequence[Sequence[str]]) -> list[set[str]]:
        """For each text, as folded words, the keys of titles and headings that stand in it."""
        keys = [
            {"_".join(text[at : at + count]) for at in range(len(text)) for count in range(1, LONGEST_TITLE_WORDS + 1)}
            for text in texts
        ]
        there = self.keywords.known(sorted({key for part in keys for key in part}))
        return [part & there for part in keys]


class ScannedVectors:
    """Vectors by DuckDB's exact scan, those of each model apart. A passage that is not embedded yet has a vector of zeros."""

    def __init__(self, bulk: Passages, ids: Rows) -> None:
        self._bulk = bulk
        self._ids = ids

    def begin(self, query: Query, count: int, allowed: Mask | None = None) -> Nearest:
        """A search by whoever waits for its end: a cursor belongs to one thread."""
        return functools.partial(self.search, query, count, allowed)

    def search(self, query: Query, count: int, allowed: Mask | None = None) -> tuple[Rows, Vectors]:
        """The `count` best rows (among `allowed`, a mask by row) and their cosines, best first, ties by passage."""
        scores = np.zeros(len(self._ids), dtype=np.float32)
        for model, vector, scale in _by_model(query):
            keys, products = self._bulk.inner_products(vector, model)
            rows, known = self._rows(keys)
            scores[rows] = products[known] if scale is None else scale(products[known])
        permitted = np.arange(len(scores)) if allowed is None else np.flatnonzero(allowed)
        best = best_rows(permitted.astype(np.int64), scores[permitted], count)
        exact = self.scores(query, best)
        order = np.lexsort((self._ids[best], -exact))[:count]
        return best[order], exact[order]

    def scores(self, query: Query, rows: Rows) -> Vectors:
        """The cosine of `query` with each of `rows`."""
        scores = np.zeros(len(rows), dtype=np.float32)
        for model, vector, scale in _by_model(query):
            vectors = self._bulk.vectors_of(self._ids[rows], model)
            if scale is None:
                scores += exact_scores(vectors, vector)
            else:
                there = vectors.any(axis=1)
                scores[there] = scale(exact_scores(vectors[there], vector))
        return scores

    def _rows(self, keys: Rows) -> tuple[Rows, Mask]:
        """The rows of passages that are in view, and which of `keys` these are."""
        if not len(self._ids):
            return np.empty(0, dtype=np.int64), np.zeros(len(keys), dtype=bool)
        at = np.minimum(np.searchsorted(self._ids, keys), len(self._ids) - 1)
        known: Mask = self._ids[at] == keys
        return at[known], known


def _by_model(query: Query) -> Iterator[tuple[str, Vectors, Scale | None]]:
    """(model, the query's vector, its scale) of each model; the built-in one is "" and has no scale."""
    if not isinstance(query, QueryVectors):
        yield "", np.asarray(query, dtype=np.float32), None
        return
    if query.own is not None:
        yield "", query.own, None
    for name, one in query.others.items():
        yield name, one.vector, one.scale
