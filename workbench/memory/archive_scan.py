"""Search without an index: the same questions as to one in memory are answered from the database itself, exactly.

Slower by a hundred times and bounded in memory: for the seconds in which an index is built, and for what is larger than
an index may be. What of the passages a question touches is read, and read as the index would have held it.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from workbench.memory.arrow_arrays import numbers
from workbench.memory.bulk import DIMENSIONS, renew_terms
from workbench.memory.database import Database
from workbench.memory.passage_reading import given
from workbench.memory.scanned_words import ScannedWords
from workbench.memory.snapshot import LONGEST_TITLE_WORDS
from workbench.memory.vector_index import Mask, Nearest, Rows, Vectors, best_rows, exact_scores


class ArchiveScan:
    """A view of the passages of some documents, as they are committed now. One thread uses it, for one search."""

    def __init__(self, database: Database, documents: frozenset[int]) -> None:
        renew_terms(database)
        self._database = database
        with given(database, wanted=documents) as cursor:
            sql = """SELECT passage_id, document_id, page_number FROM passages
                     WHERE document_id IN (SELECT id FROM wanted) ORDER BY passage_id"""
            table = cursor.sql(sql).to_arrow_table()
        self.ids, self.documents = (numbers(table.column(number)).astype(np.int64) for number in (0, 1))
        self.pages: NDArray[np.int32] = numbers(table.column(2)).astype(np.int32)
        self.alive: Mask = np.ones(len(self.ids), dtype=bool)
        self.vectors = ScannedVectors(database, self.ids)
        self.keywords = ScannedWords(database, documents, self.ids)
        self._texts: dict[int, tuple[str, tuple[str, ...]]] = {}

    def text_of(self, row: int) -> str:
        """The text of a row."""
        self.fetch([row])
        return self._texts[row][0]

    def called_of(self, row: int) -> tuple[str, ...]:
        """The keys that a row is called by, its document's title first."""
        self.fetch([row])
        return self._texts[row][1]

    def texts_of(self, rows: Sequence[int]) -> list[str]:
        """The text of each row."""
        self.fetch(rows)
        return [self._texts[row][0] for row in rows]

    def calls_of(self, rows: Sequence[int]) -> list[tuple[str, ...]]:
        """What each row is called by."""
        self.fetch(rows)
        return [self._texts[row][1] for row in rows]

    def fetch(self, rows: Iterable[int]) -> None:
        """Read these rows at once: one by one takes longer."""
        missing = [row for row in rows if row not in self._texts]
        if not missing:
            return
        ids = self.ids[np.array(missing, dtype=np.int64)].tolist()
        with given(self._database, asked=ids) as cursor:
            sql = f"""SELECT passage_id, text, called FROM passages
                      WHERE passage_id BETWEEN {min(ids)} AND {max(ids)} AND passage_id IN (SELECT id FROM asked)"""
            found = {int(key): (str(text), tuple(called.split())) for key, text, called in cursor.sql(sql).fetchall()}
        self._texts.update((row, found.get(key, ("", ()))) for row, key in zip(missing, ids, strict=True))

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
    """Vectors by DuckDB's exact scan. A passage that is not embedded yet has a vector of zeros."""

    def __init__(self, database: Database, ids: Rows) -> None:
        self._database = database
        self._ids = ids

    def begin(self, query: Vectors, count: int, allowed: Mask | None = None) -> Nearest:
        """A search by whoever waits for its end: a cursor belongs to one thread."""
        return functools.partial(self.search, query, count, allowed)

    def search(self, query: Vectors, count: int, allowed: Mask | None = None) -> tuple[Rows, Vectors]:
        """The `count` best rows (among `allowed`, a mask by row) and their cosines, best first, ties by passage."""
        query = np.asarray(query, dtype=np.float32)
        scores = np.zeros(len(self._ids), dtype=np.float32)
        sql = f"SELECT passage_id, array_inner_product(embedding, ?::FLOAT[{DIMENSIONS}]) FROM embeddings"
        table = self._database.read().sql(sql, params=[query.tolist()]).to_arrow_table()
        keys = numbers(table.column(0))
        rows, known = self._rows(keys)
        scores[rows] = numbers(table.column(1))[known]
        permitted = np.arange(len(scores)) if allowed is None else np.flatnonzero(allowed)
        best = best_rows(permitted.astype(np.int64), scores[permitted], count)
        exact = self.scores(query, best)
        order = np.lexsort((self._ids[best], -exact))[:count]
        return best[order], exact[order]

    def scores(self, query: Vectors, rows: Rows) -> Vectors:
        """The cosine of `query` with each of `rows`."""
        vectors = np.zeros((len(rows), DIMENSIONS), dtype=np.float32)
        asked = self._ids[rows]
        with given(self._database, asked=asked.tolist()) as cursor:
            sql = "SELECT passage_id, embedding FROM embeddings WHERE passage_id IN (SELECT id FROM asked)"
            table = cursor.sql(sql).to_arrow_table()
        place = {int(key): number for number, key in enumerate(asked.tolist())}
        for batch in table.to_batches():
            flat = numbers(batch.column(1).flatten()).reshape(-1, DIMENSIONS)
            vectors[[place[key] for key in batch.column(0).to_pylist()]] = flat
        return exact_scores(vectors, query)

    def _rows(self, keys: Rows) -> tuple[Rows, Mask]:
        """The rows of passages that are in view, and which of `keys` these are."""
        if not len(self._ids):
            return np.empty(0, dtype=np.int64), np.zeros(len(keys), dtype=bool)
        at = np.minimum(np.searchsorted(self._ids, keys), len(self._ids) - 1)
        known: Mask = self._ids[at] == keys
        return at[known], known
