"""Passages by their words without an index: terms go in, the database counts them, and BM25 comes out as from the index."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from workbench.memory.arrow_arrays import numbers
from workbench.memory.blocks import MOST_ROWS, RANKED, Block
from workbench.memory.database import Database
from workbench.memory.keyword_index import DEFAULT_WEIGHTS, FieldWeights, KeywordIndex, Statistics
from workbench.memory.passage_reading import given
from workbench.memory.postings import Postings, hashed
from workbench.memory.vector_index import Mask, Rows

_LINES = {
    "text": "terms", "title": "title_terms", "heading": "heading_terms", "called": "called",
    "names": "concat(names, ' ', called)",
}  # fmt: skip


class ScannedWords:
    """Asks the database what `KeywordIndex` knows. `ids` are the passages by row, rising."""

    def __init__(self, database: Database, documents: frozenset[int], ids: Rows) -> None:
        self._database = database
        self._documents = documents
        self._ids = ids

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
        terms = list(weights)
        asked = hashed(terms)
        found = {}
        for field in RANKED:
            place, at, counts = self._counted(terms, field)
            found[field] = asked[place], at, counts
        rows = np.unique(np.concatenate([part[1] for part in found.values()]))
        blocks = tuple(
            self._block(start, rows[start : start + MOST_ROWS], found) for start in range(0, len(rows), MOST_ROWS)
        )
        index = KeywordIndex(blocks, np.ones(len(rows), dtype=bool), self._statistics)
        best = index.search(weights, count, None if allowed is None else allowed[rows], fields)
        return [(int(rows[row]), score) for row, score in best]

    def containing(self, terms: Sequence[str]) -> list[int]:
        """Every row whose text has all of `terms`, in order."""
        if not terms:
            return []
        condition = " AND ".join(["contains(concat(' ', terms, ' '), ?)"] * len(terms))
        table = self._read(f"SELECT passage_id FROM inside WHERE {condition}", [f" {term} " for term in terms])
        return sorted(self._rows(numbers(table.column(0))).tolist())

    def frequencies(self, terms: Iterable[str], field: str = "text") -> dict[str, int]:
        """How many passages have each term in `field`."""
        terms = list(dict.fromkeys(terms))
        found, rows, _ = self._counted(terms, field)
        counts = np.bincount(found, minlength=len(terms)) if len(rows) else np.zeros(len(terms), dtype=np.int64)
        return dict(zip(terms, counts.tolist(), strict=True))

    def rows_of(self, terms: Iterable[str], field: str) -> dict[str, Rows]:
        """The rows that have each term in `field`, in order."""
        terms = list(dict.fromkeys(terms))
        found, rows, _ = self._counted(terms, field)
        order = np.lexsort((rows, found))
        bounds = np.searchsorted(found[order], np.arange(len(terms) + 1))
        return {term: rows[order][bounds[at] : bounds[at + 1]] for at, term in enumerate(terms)}

    def known(self, keys: Sequence[str]) -> set[str]:
        """Those of `keys` that a passage is called by."""
        found, _, _ = self._counted(keys, "called")
        return {keys[number] for number in np.unique(found).tolist()}

    @cached_property
    def _statistics(self) -> Statistics:
        sums = ", ".join(f"coalesce(sum({_length(field)}), 0)::BIGINT" for field in RANKED)
        row = self._read(f"SELECT {sums} FROM inside", []).to_pylist()[0]
        return Statistics(len(self._ids), dict(zip(RANKED, (int(value) for value in row.values()), strict=True)))

    def _block(self, first: int, rows: Rows, found: dict[str, tuple[Rows, Rows, Rows]]) -> Block:
        """The rows with some of the terms asked for, as a block of the index has them."""
        postings, ids = {}, self._ids[rows]
        for field, (hashes, at, counts) in found.items():
            place = np.searchsorted(rows, at)
            mine = (at >= rows[0]) & (at <= rows[-1])
            postings[field] = Postings.made(hashes[mine], place[mine], counts[mine])
        blank = np.zeros(len(rows), dtype=np.int32)
        return Block(first, ids, ids, blank, blank, {}, postings, self._lengths(ids))

    def _lengths(self, ids: Rows) -> dict[str, Any]:
        with given(self._database, asked=ids.tolist()) as cursor:
            columns = ", ".join(_length(field) for field in RANKED)
            sql = f"SELECT {columns} FROM passages WHERE passage_id IN (SELECT id FROM asked) ORDER BY passage_id"
            table = cursor.sql(sql).to_arrow_table()
        return {
            field: np.minimum(numbers(table.column(number)), 65_535).astype(np.uint16)
            for number, field in enumerate(RANKED)
        }

    def _counted(self, terms: Sequence[str], field: str) -> tuple[Rows, Rows, Rows]:
        """(number of the term, row, how often) for each term and each passage in view that has it in `field`."""
        import pyarrow as pa

        asked = pa.table({"term": pa.array(terms, pa.string()), "number": pa.array(range(len(terms)), pa.int64())})
        split = f"SELECT passage_id, unnest(string_split({_LINES[field]}, ' ')) AS term FROM inside"
        sql = f"SELECT number, passage_id, count(*) FROM ({split}) JOIN asked USING (term) GROUP BY number, passage_id"
        cursor = self._database.read()
        cursor.register("asked", asked)
        try:
            table = self._read(sql, [])
        finally:
            cursor.unregister("asked")
        terms_asked, ids, counts = (numbers(table.column(number)).astype(np.int64) for number in range(3))
        return terms_asked, self._rows(ids), counts

    def _read(self, sql: str, parameters: Sequence[Any]) -> Any:
        """What a query over `inside`, the passages in view, gives, as an Arrow table."""
        with given(self._database, wanted=self._documents) as cursor:
            inside = "SELECT * FROM passages WHERE document_id IN (SELECT id FROM wanted)"
            return cursor.sql(f"WITH inside AS ({inside}) {sql}", params=list(parameters)).to_arrow_table()

    def _rows(self, ids: Rows) -> Rows:
        rows: Rows = np.searchsorted(self._ids, ids)
        return rows


def _length(field: str) -> str:
    """SQL for the terms in a line."""
    line = _LINES[field]
    return f"CASE {line} WHEN '' THEN 0 ELSE length({line}) - length(replace({line}, ' ', '')) + 1 END"
