"""A view of passages that the database itself searches: rows are given to passages as a search comes upon them.

Nothing is kept of the archive in this process's memory, and no search reads all of it, however large it is.
"""

from __future__ import annotations

import functools
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from workbench.retrieval.index.bm25 import BM25_B, BM25_K1, DEFAULT_WEIGHTS, FieldWeights
from workbench.retrieval.index.fetched_texts import FetchedTexts, TextAndKeys
from workbench.retrieval.index.segment import RANKED, length_steps
from workbench.retrieval.index.snapshot import LONGEST_TITLE_WORDS, Allowed, Meanings
from workbench.retrieval.index.vectors import Nearest, Rows, Vectors, exact_scores
from workbench.storage.passage_search import Bm25, PassageQueries, Places, Within
from workbench.text.analyzer import term_hash


class DatabaseView(FetchedTexts):
    """See snapshot.View. One thread uses it, for one search."""

    def __init__(self, queries: PassageQueries, shown: Mapping[int, Any]) -> None:
        """`shown` are the documents of the view: one that came into a source a moment ago, and is not among them, is passed over."""
        super().__init__()
        self.queries = queries
        self._shown = shown
        self._row_of: dict[int, int] = {}
        self._places: list[tuple[int, int, int]] = []
        self._arrays: tuple[Rows, Rows, NDArray[np.int32]] | None = None
        self.meanings = cast("Meanings", DatabaseVectors(self))
        self.keywords = DatabaseWords(self)

    # -- rows -----------------------------------------------------------------------------------------------------

    def rows(self, places: Places) -> Rows:
        """The rows of passages, new ones among them; those of documents that are not shown are left out."""
        found = np.empty(len(places.ids), dtype=np.int64)
        count = 0
        for key, document, page in zip(
            places.ids.tolist(), places.documents.tolist(), places.pages.tolist(), strict=True
        ):
            if document not in self._shown:
                continue
            row = self._row_of.get(key)
            if row is None:
                row = self._row_of[key] = len(self._places)
                self._places.append((key, document, page))
                self._arrays = None
            found[count] = row
            count += 1
        return found[:count]

    def _columns(self) -> tuple[Rows, Rows, NDArray[np.int32]]:
        if self._arrays is None:
            table = np.array(self._places, dtype=np.int64).reshape(-1, 3)
            self._arrays = table[:, 0].copy(), table[:, 1].copy(), table[:, 2].astype(np.int32)
        return self._arrays

    @property
    def ids(self) -> Rows:
        """The passages of all rows that were given so far."""
        return self._columns()[0]

    @property
    def documents(self) -> Rows:
        """Their documents."""
        return self._columns()[1]

    @property
    def pages(self) -> NDArray[np.int32]:
        """Their pages."""
        return self._columns()[2]

    @property
    def mixed(self) -> bool:
        """A shared archive has the vectors of the built-in model alone."""
        return False

    @property
    def size(self) -> int:
        """How many passages there are."""
        return self.queries.passages

    def row_of(self, passage: int) -> int | None:
        """The row of a passage, None when it is not in view."""
        if passage not in self._row_of:
            self.rows(self.queries.places([passage]))
        return self._row_of.get(passage)

    def within(self, documents: frozenset[int] | None, pages: tuple[int, int] | None) -> tuple[Allowed, int]:
        """See View."""
        chosen = Within(documents, pages)
        return AllowedRows(self, chosen), self.queries.count(chosen)

    # -- texts ----------------------------------------------------------------------------------------------------

    def _passages_of(self, rows: Sequence[int]) -> list[int]:
        return [self._places[row][0] for row in rows]

    def _read(self, passages: Sequence[int]) -> Mapping[int, TextAndKeys]:
        return self.queries.texts(list(passages))

    def mentioned(self, texts: Sequence[Sequence[str]]) -> list[set[str]]:
        """For each text, as folded words, the keys of titles and headings that stand in it."""
        beginnings = {"_".join(text[at : at + count]) for text in texts for at in range(len(text)) for count in (1, 2)}
        there = self.queries.titles(sorted(beginnings))
        begun = set(there.values())
        return [_titles_in(text, there, begun) for text in texts]


def _titles_in(text: Sequence[str], there: Container[int], begun: Container[int]) -> set[str]:
    """The keys that stand in a text, of those `there`, which begin as told."""
    found = set()
    for at in range(len(text)):
        if term_hash(text[at]) in there:
            found.add(text[at])
        key = "_".join(text[at : at + 2])
        if at + 1 == len(text) or term_hash(key) not in begun:
            continue
        if term_hash(key) in there:
            found.add(key)
        for word in text[at + 2 : at + LONGEST_TITLE_WORDS]:
            key = f"{key}_{word}"
            if term_hash(key) in there:
                found.add(key)
    return found


class AllowedRows:
    """The rows that one search may return, told by what they are; a search of the database is told by `within`."""

    def __init__(self, view: DatabaseView, within: Within) -> None:
        self._view = view
        self.chosen = within

    def __getitem__(self, rows: Any) -> Any:
        """Whether each of `rows`, or one row, may be returned."""
        at = np.asarray(rows, dtype=np.int64)
        mask = np.ones(at.shape, dtype=bool)
        if self.chosen.documents is not None:
            mask &= np.isin(self._view.documents[at], np.fromiter(self.chosen.documents, dtype=np.int64))
        if self.chosen.pages is not None:
            first, last = self.chosen.pages
            mask &= (self._view.pages[at] >= first) & (self._view.pages[at] <= last)
        if self.chosen.passages is not None:
            mask &= np.isin(self._view.ids[at], np.fromiter(self.chosen.passages, dtype=np.int64))
        return mask if at.shape else bool(mask)

    def only(self, rows: Sequence[int]) -> AllowedRows:
        """The same, for these rows alone."""
        ids = self._view.ids[np.array(rows, dtype=np.int64)].tolist() if len(rows) else []
        return AllowedRows(self._view, replace(self.chosen, passages=frozenset(ids)))

    def rows(self) -> list[int]:
        """All of them, in the order of passages."""
        rows: list[int] = self._view.rows(self._view.queries.every(self.chosen)).tolist()
        return rows


def _within(allowed: Any) -> Within:
    return allowed.chosen if isinstance(allowed, AllowedRows) else Within()


class DatabaseVectors:
    """See snapshot.Meanings."""

    def __init__(self, view: DatabaseView) -> None:
        self._view = view

    def begin(self, query: Vectors, count: int, allowed: Any = None) -> Nearest:
        """A search by whoever waits for its end."""
        return functools.partial(self.search, query, count, allowed)

    def search(self, query: Vectors, count: int, allowed: Any = None) -> tuple[Rows, Vectors]:
        """The `count` best rows and their cosines, best first, ties by passage."""
        query = np.asarray(query, dtype=np.float32)
        rows = self._view.rows(self._view.queries.nearest(query, count, _within(allowed)))
        exact = self.scores(query, rows)
        order = np.lexsort((self._view.ids[rows], -exact))
        return rows[order], exact[order]

    def scores(self, query: Vectors, rows: Rows) -> Vectors:
        """The cosine of `query` with each of `rows`; 0 for one that has no vector yet."""
        ids = self._view.ids[rows].tolist()
        known = self._view.queries.vectors(ids)
        vectors = np.zeros((len(ids), len(query)), dtype=np.float32)
        for row, key in enumerate(ids):
            if key in known:
                vectors[row] = known[key]
        return exact_scores(vectors, np.asarray(query, dtype=np.float32))


class DatabaseWords:
    """See snapshot.Words."""

    def __init__(self, view: DatabaseView) -> None:
        self._view = view
        self._counts: dict[str, dict[str, int]] = {}
        self._found: dict[str, dict[str, Rows]] = {}

    def search(
        self, weights: dict[str, float], count: int, allowed: Any = None, fields: FieldWeights = DEFAULT_WEIGHTS
    ) -> list[tuple[int, float]]:
        """The `count` best (row, BM25 score) for weighted query terms, best first, ties by passage; among `allowed` only."""
        if not weights:
            return []
        by = Bm25(BM25_K1, BM25_B, {name: getattr(fields, name) for name in RANKED}, length_steps())
        places, scores = self._view.queries.ranked(weights, count, _within(allowed), by)
        best = dict(zip(places.ids.tolist(), scores.tolist(), strict=True))
        rows = self._view.rows(places)
        return [(row, best[key]) for row, key in zip(rows.tolist(), self._view.ids[rows].tolist(), strict=True)]

    def containing(self, terms: Sequence[str]) -> list[int]:
        """Every row whose text has all of `terms`, in the order of passages."""
        return self._view.rows(self._view.queries.containing(list(dict.fromkeys(terms)))).tolist() if terms else []

    def frequencies(self, terms: Iterable[str], field: str = "text") -> dict[str, int]:
        """How many passages have each term in `field`."""
        known, terms = self._counts.setdefault(field, {}), list(dict.fromkeys(terms))
        missing = [term for term in terms if term not in known]
        known.update(zip(missing, self._view.queries.frequencies(missing, field), strict=True))
        return {term: known[term] for term in terms}

    def rows_of(self, terms: Iterable[str], field: str) -> dict[str, Rows]:
        """The rows that have each term in `field`, in the order of passages."""
        known, terms = self._found.setdefault(field, {}), list(dict.fromkeys(terms))
        missing = [term for term in terms if term not in known]
        known.update(
            (term, self._view.rows(places)) for term, places in zip(missing, self._view.queries.holding(missing, field))
        )
        return {term: known[term] for term in terms}
