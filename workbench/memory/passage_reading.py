"""Stored passages and their vectors are read in order, a block at a time: documents go in, Arrow tables and arrays come out."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.memory.bulk import DIMENSIONS
from workbench.memory.database import Database

if TYPE_CHECKING:
    import numpy as np

BLOCK_PASSAGES = 65_536

COLUMNS = (
    "passage_id", "document_id", "page_number", "tokens", "text", "heading", "terms", "names", "title_terms", "heading_terms",
    "called",
)  # fmt: skip
"""What an index takes of a passage."""


@dataclass(frozen=True)
class ReadBlock:
    """Passages in order, with vectors (n, 384) float32 by row: zeros for the passages `bare`, which have none yet."""

    table: Any
    vectors: np.ndarray
    bare: np.ndarray


@contextlib.contextmanager
def given(database: Database, **columns: Iterable[int]) -> Iterator[Any]:
    """This thread's cursor, on which each name is a table with one column of these ids, called `id`."""
    import numpy as np
    import pyarrow as pa

    cursor = database.read()
    for name, ids in columns.items():
        numbers = np.fromiter(ids, dtype=np.int64)
        # From its buffer: an array made of values would import pandas, which takes half a second.
        column = pa.Array.from_buffers(pa.int64(), len(numbers), [None, pa.py_buffer(numbers)])
        cursor.register(name, pa.table({"id": column}))
    try:
        yield cursor
    finally:
        for name in columns:
            cursor.unregister(name)


def passages_of(database: Database, documents: Iterable[int]) -> np.ndarray:
    """Ids of the passages of documents, rising."""
    with given(database, wanted=documents) as cursor:
        sql = "SELECT passage_id FROM passages WHERE document_id IN (SELECT id FROM wanted) ORDER BY passage_id"
        return _numbers(cursor.sql(sql).to_arrow_table())


def embedded(database: Database, passages: Iterable[int]) -> np.ndarray:
    """Those of `passages` that have a vector, rising."""
    with given(database, wanted=passages) as cursor:
        sql = "SELECT passage_id FROM embeddings WHERE passage_id IN (SELECT id FROM wanted) ORDER BY passage_id"
        return _numbers(cursor.sql(sql).to_arrow_table())


def read_blocks(database: Database, ids: np.ndarray) -> Iterator[ReadBlock]:
    """The passages `ids` (rising), in blocks. One that is gone by now is passed over."""
    for start in range(0, len(ids), BLOCK_PASSAGES):
        yield _read(database, ids[start : start + BLOCK_PASSAGES])


def _read(database: Database, ids: np.ndarray) -> ReadBlock:
    import numpy as np

    from workbench.memory.arrow_arrays import numbers

    bounds = f"passage_id BETWEEN {int(ids[0])} AND {int(ids[-1])}"
    with given(database, wanted=ids.tolist()) as cursor:
        inside = f"{bounds} AND passage_id IN (SELECT id FROM wanted)"
        sql = f"SELECT {', '.join(COLUMNS)} FROM passages WHERE {inside} ORDER BY passage_id"
        table = cursor.sql(sql).to_arrow_table().combine_chunks()
        found = cursor.sql(f"SELECT passage_id, embedding FROM embeddings WHERE {inside}").to_arrow_table()
    there = _numbers(table)
    vectors = np.zeros((len(there), DIMENSIONS), dtype=np.float32)
    bare = np.ones(len(there), dtype=bool)
    for batch in found.to_batches():
        keys = numbers(batch.column(0))
        rows = np.searchsorted(there, keys)
        known = np.flatnonzero((rows < len(there)) & (there[np.minimum(rows, len(there) - 1)] == keys))
        flat = numbers(batch.column(1).flatten()).reshape(-1, DIMENSIONS)
        vectors[rows[known]] = flat[known]
        bare[rows[known]] = False
    return ReadBlock(table, vectors, there[bare])


def _numbers(table: Any) -> np.ndarray:
    from workbench.memory.arrow_arrays import numbers

    found: np.ndarray = numbers(table.column(0)).astype("int64")
    return found
