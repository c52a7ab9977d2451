"""Reads stored passages and their vectors in order, block by block, as Arrow tables and arrays."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.storage.arrow import numbers
from workbench.storage.bulk_insert import DIMENSIONS, renew_terms
from workbench.storage.database import Database
from workbench.storage.embedding_models import SERVED, EmbeddingModels

if TYPE_CHECKING:
    import numpy as np

BLOCK_PASSAGES = 65_536
_BATCH_VECTORS = 8_192

COLUMNS = (
    "passage_id", "document_id", "page_number", "tokens", "text", "heading", "called", "terms", "names", "title_terms",
    "heading_terms", "called_by",
)  # fmt: skip
"""What an index takes of a passage."""


@dataclass(frozen=True)
class OtherVectors:
    """Vectors (k, d) float32 of a registered model, each of length 1, and the rows of a block that they belong to, rising."""

    model: str
    rows: np.ndarray
    vectors: np.ndarray


@dataclass(frozen=True)
class ReadBlock:
    """Passages in order, with vectors (n, 384) float32 by row: zeros for the passages `bare`, which have none yet, and for

    those that have one of another model, in `others`.
    """

    table: Any
    vectors: np.ndarray
    bare: np.ndarray
    others: tuple[OtherVectors, ...] = ()


@contextlib.contextmanager
def given(database: Database, **columns: Iterable[int]) -> Iterator[Any]:
    """This thread's cursor, on which each name is a table with one column of these ids, called `id`."""
    import numpy as np
    import pyarrow as pa

    cursor = database.read()
    for name, ids in columns.items():
        values = np.fromiter(ids, dtype=np.int64)
        # From its buffer: an array made of values would import pandas, which takes half a second.
        column = pa.Array.from_buffers(pa.int64(), len(values), [None, pa.py_buffer(values)])
        cursor.register(name, pa.table({"id": column}))
    try:
        yield cursor
    finally:
        for name in columns:
            cursor.unregister(name)


class PassageReader:
    """Reads passages in bulk (see archive.Passages)."""

    def __init__(self, database: Database, models: EmbeddingModels) -> None:
        self._database = database
        self._models = models

    def renew_terms(self) -> int:
        """Make anew what the keyword index takes where an older version's rules made it; returns how many passages."""
        return renew_terms(self._database)

    def shrink(self) -> None:
        """Give back memory that holds what was read and is not read again."""
        self._database.shrink()

    def passages_of(self, documents: Iterable[int]) -> np.ndarray:
        """Ids of the passages of documents, rising."""
        with given(self._database, wanted=documents) as cursor:
            sql = "SELECT passage_id FROM passages WHERE document_id IN (SELECT id FROM wanted) ORDER BY passage_id"
            return _numbers(cursor.sql(sql).to_arrow_table())

    def embedded(self, passages: Iterable[int]) -> np.ndarray:
        """Those of `passages` that have a vector, rising."""
        with given(self._database, wanted=passages) as cursor:
            served = SERVED if self._models.all() else "embeddings"
            sql = f"SELECT passage_id FROM {served} WHERE passage_id IN (SELECT id FROM wanted) ORDER BY passage_id"
            return _numbers(cursor.sql(sql).to_arrow_table())

    def sizes_of(self, documents: Iterable[int]) -> dict[int, tuple[int, int]]:
        """(passages, characters) of documents."""
        sql = (
            "SELECT document_id, passage_count, text_chars FROM documents WHERE document_id IN (SELECT id FROM wanted)"
        )
        with given(self._database, wanted=documents) as cursor:
            rows = cursor.execute(sql).fetchall()
        return {int(key): (int(passages), int(chars)) for key, passages, chars in rows}

    # Scans: answers to a search that has no index in memory, read from the tables themselves.

    def places_of(self, documents: Iterable[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Passages of documents, rising: their ids and documents (int64) and the numbers of their pages (int32)."""
        sql = """SELECT passage_id, document_id, page_number FROM passages
                 WHERE document_id IN (SELECT id FROM wanted) ORDER BY passage_id"""
        with given(self._database, wanted=documents) as cursor:
            table = cursor.sql(sql).to_arrow_table()
        ids, of, pages = (numbers(table.column(number)) for number in range(3))
        return ids.astype("int64"), of.astype("int64"), pages.astype("int32")

    def term_lists(self, documents: Iterable[int], column: str, batch_rows: int) -> Iterator[tuple[np.ndarray, Any]]:
        """(ids, the packed terms of each as an Arrow list array) of all passages of documents, `batch_rows` at a time.

        `column` is one of the columns of terms in COLUMNS.
        """
        if column not in COLUMNS:
            raise ValueError(column)
        sql = f"SELECT passage_id, {column} FROM passages WHERE document_id IN (SELECT id FROM wanted)"
        with given(self._database, wanted=documents) as cursor:
            for batch in cursor.sql(sql).to_arrow_reader(batch_rows):
                yield numbers(batch.column(0)), batch.column(1)

    def texts_of(self, ids: Sequence[int]) -> dict[int, tuple[str, tuple[str, ...]]]:
        """(text, names that it is called by) of passages."""
        if not ids:
            return {}
        sql = f"""SELECT passage_id, text, called FROM passages
                  WHERE passage_id BETWEEN {min(ids)} AND {max(ids)} AND passage_id IN (SELECT id FROM asked)"""
        with given(self._database, asked=ids) as cursor:
            rows = cursor.sql(sql).fetchall()
        return {int(key): (str(text), tuple(called.split())) for key, text, called in rows}

    def inner_products(self, query: np.ndarray, model: str = "") -> tuple[np.ndarray, np.ndarray]:
        """All passages with a vector of a model and their inner products with `query`, by DuckDB's exact scan."""
        length = len(query)
        sql = f"SELECT passage_id, array_inner_product(embedding::FLOAT[{length}], ?::FLOAT[{length}]) FROM {self._models.served(model)}"
        table = self._database.read().sql(sql, params=[query.tolist()]).to_arrow_table()
        return numbers(table.column(0)), numbers(table.column(1))

    def vectors_of(self, ids: np.ndarray, model: str = "") -> np.ndarray:
        """The vectors (n, d) float32 of passages, in their order; zeros for one that has none of this model."""
        import numpy as np

        length = self._models.dimensions(model)
        vectors = np.zeros((len(ids), length), dtype=np.float32)
        with given(self._database, asked=ids.tolist()) as cursor:
            sql = f"SELECT passage_id, embedding FROM {self._models.served(model)} WHERE passage_id IN (SELECT id FROM asked)"
            table = cursor.sql(sql).to_arrow_table()
        place = {int(key): number for number, key in enumerate(ids.tolist())}
        for batch in table.to_batches():
            flat = numbers(batch.column(1).flatten()).reshape(-1, length)
            vectors[[place[key] for key in batch.column(0).to_pylist()]] = flat
        return vectors

    def read_blocks(self, ids: np.ndarray) -> Iterator[ReadBlock]:
        """The passages `ids` (rising), in blocks. One that is gone by now is passed over. While the caller is at work on a
        block, the next one is read."""
        parts = [ids[start : start + BLOCK_PASSAGES] for start in range(0, len(ids), BLOCK_PASSAGES)]
        if len(parts) < 2:
            yield from (self._read(part) for part in parts)
            return
        with ThreadPoolExecutor(1, "index-reader") as pool:
            ahead = pool.submit(self._read, parts[0])
            for part in parts[1:]:
                block, ahead = ahead.result(), pool.submit(self._read, part)
                yield block
                del block  # what is not needed any more must not wait for the next one
            yield ahead.result()

    def _read(self, ids: np.ndarray) -> ReadBlock:
        import numpy as np

        bounds = f"passage_id BETWEEN {int(ids[0])} AND {int(ids[-1])}"
        with given(self._database, wanted=ids.tolist()) as cursor:
            inside = f"{bounds} AND passage_id IN (SELECT id FROM wanted)"
            table = _sorted(cursor.sql(f"SELECT {', '.join(COLUMNS)} FROM passages WHERE {inside}").to_arrow_table())
            there = _numbers(table)
            vectors = np.zeros((len(there), DIMENSIONS), dtype=np.float32)
            bare = np.ones(len(there), dtype=bool)
            relation = cursor.sql(f"SELECT passage_id, embedding FROM {self._models.served('')} WHERE {inside}")
            for batch in relation.to_arrow_reader(_BATCH_VECTORS):
                _place(batch, there, vectors, bare)
            others = [self._other(cursor, model, inside, there, bare) for model in self._models.all()]
        return ReadBlock(table, vectors, there[bare], tuple(part for part in others if len(part.rows)))

    def _other(self, cursor: Any, model: str, inside: str, there: np.ndarray, bare: np.ndarray) -> OtherVectors:
        """The vectors of a registered model among the passages `there`; those that have one are not `bare`."""
        import numpy as np

        length = self._models.dimensions(model)
        sql = f"SELECT passage_id, embedding FROM {self._models.served(model)} WHERE {inside} ORDER BY passage_id"
        table = cursor.sql(sql).to_arrow_table()
        rows = np.searchsorted(there, _numbers(table))
        parts = [numbers(batch.column(1).flatten()) for batch in table.to_batches()]
        flat = np.concatenate(parts) if parts else np.empty(0, dtype=np.float32)
        bare[rows] = False
        return OtherVectors(model, rows, flat.astype(np.float32).reshape(-1, length))


def _place(batch: Any, there: np.ndarray, vectors: np.ndarray, bare: np.ndarray) -> None:
    """Put vectors of an Arrow batch into the rows of their passages."""
    import numpy as np

    keys = numbers(batch.column(0))
    rows: Any = np.searchsorted(there, keys)
    flat = numbers(batch.column(1).flatten()).reshape(-1, DIMENSIONS)
    if len(keys) and rows[-1] - rows[0] == len(keys) - 1 and np.array_equal(there[rows[0] : rows[-1] + 1], keys):
        rows = slice(int(rows[0]), int(rows[-1]) + 1)
    else:
        known = np.flatnonzero((rows < len(there)) & (there[np.minimum(rows, len(there) - 1)] == keys))
        rows, flat = rows[known], flat[known]
    vectors[rows] = flat
    bare[rows] = False


def _sorted(table: Any) -> Any:
    """In the order of passages: to have the database sort all these columns takes longer than to read them."""
    import numpy as np
    import pyarrow as pa

    ids = _numbers(table)
    table = table.combine_chunks()
    return table if (ids[1:] > ids[:-1]).all() else table.take(pa.array(np.argsort(ids)))


def _numbers(table: Any) -> np.ndarray:
    passage_ids: np.ndarray = numbers(table.column(0)).astype("int64")
    return passage_ids
