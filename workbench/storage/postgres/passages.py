"""Reads passages of a shared archive in bulk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from workbench.storage.bulk_insert import DIMENSIONS
from workbench.storage.passage_reader import BLOCK_PASSAGES, COLUMNS, ReadBlock
from workbench.storage.postgres import keys
from workbench.storage.postgres.server import PostgresServer
from workbench.storage.postgres.writing import renew_terms

if TYPE_CHECKING:
    import numpy as np

_BATCH = 4_096


class SharedPassages:
    """See archive.Passages. Searches ask the database (see `search`); this is for what needs all of it."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server

    def passages_of(self, documents: Iterable[int]) -> np.ndarray:
        """See archive.Passages."""
        return self._ids("SELECT passage_id FROM passages WHERE document_id = ANY(%s) ORDER BY passage_id", documents)

    def embedded(self, passages: Iterable[int]) -> np.ndarray:
        """See archive.Passages."""
        return self._ids("SELECT passage_id FROM embeddings WHERE passage_id = ANY(%s) ORDER BY passage_id", passages)

    def _ids(self, sql: str, wanted: Iterable[int]) -> np.ndarray:
        import numpy as np

        rows = self._server.rows(sql, [[int(key) for key in wanted]])
        return np.fromiter((row[0] for row in rows), dtype=np.int64, count=len(rows))

    def sizes_of(self, documents: Iterable[int]) -> dict[int, tuple[int, int]]:
        """See archive.Passages."""
        sql = "SELECT document_id, passage_count, text_chars FROM documents WHERE document_id = ANY(%s)"
        return {int(key): (int(count), int(chars)) for key, count, chars in self._server.rows(sql, [list(documents)])}

    def places_of(self, documents: Iterable[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """See archive.Passages."""
        rows = self._server.rows(
            "SELECT passage_id, document_id, page_number FROM passages WHERE document_id = ANY(%s) ORDER BY passage_id",
            [list(documents)],
        )
        ids, of, pages = keys.rows_as_arrays(rows, 3)
        return ids, of, pages.astype("int32")

    def term_lists(self, documents: Iterable[int], column: str, batch_rows: int) -> Iterator[tuple[np.ndarray, Any]]:
        """See archive.Passages."""
        import numpy as np

        if column not in keys.COLUMNS:
            raise ValueError(column)
        ids = self.passages_of(documents).tolist()
        for start in range(0, len(ids), batch_rows):
            rows = self._keys(ids[start : start + batch_rows])
            yield np.array(sorted(rows), dtype=np.int64), _lists([rows[key] for key in sorted(rows)], column)

    def _keys(self, ids: Sequence[int]) -> dict[int, list[int]]:
        sql = "SELECT passage_id, keys FROM passage_keys WHERE passage_id = ANY(%s)"
        return {int(key): packed for key, packed in self._server.rows(sql, [list(ids)])}

    def texts_of(self, ids: Sequence[int]) -> dict[int, tuple[str, tuple[str, ...]]]:
        """See archive.Passages."""
        if not len(ids):
            return {}
        sql = "SELECT passage_id, text, called FROM passages WHERE passage_id = ANY(%s)"
        return {
            int(key): (str(text), tuple(called.split())) for key, text, called in self._server.rows(sql, [list(ids)])
        }

    def inner_products(self, query: np.ndarray, model: str = "") -> tuple[np.ndarray, np.ndarray]:
        """See archive.Passages."""
        import numpy as np

        rows = self._server.rows("SELECT passage_id, embedding FROM embeddings ORDER BY passage_id")
        ids = np.fromiter((row[0] for row in rows), dtype=np.int64, count=len(rows))
        scores = np.array([row[1] for row in rows], dtype=np.float32).reshape(-1, DIMENSIONS) @ query
        return ids, scores.astype(np.float32)

    def vectors_of(self, ids: np.ndarray, model: str = "") -> np.ndarray:
        """See archive.Passages."""
        import numpy as np

        vectors = np.zeros((len(ids), DIMENSIONS), dtype=np.float32)
        place = {int(key): number for number, key in enumerate(ids.tolist())}
        sql = "SELECT passage_id, embedding FROM embeddings WHERE passage_id = ANY(%s)"
        for key, vector in self._server.rows(sql, [list(place)]):
            vectors[place[int(key)]] = vector
        return vectors

    def read_blocks(self, ids: np.ndarray) -> Iterator[ReadBlock]:
        """See archive.Passages."""
        for start in range(0, len(ids), BLOCK_PASSAGES):
            yield self._read(ids[start : start + BLOCK_PASSAGES].tolist())

    def _read(self, ids: list[int]) -> ReadBlock:
        import numpy as np
        import pyarrow as pa

        rows = self._server.rows(
            "SELECT passage_id, document_id, page_number, tokens, text, heading, called FROM passages "
            "WHERE passage_id = ANY(%s) ORDER BY passage_id",
            [ids],
        )
        there = [int(row[0]) for row in rows]
        packed = self._keys(there)
        kinds = (pa.int32(), pa.int32(), pa.int32(), pa.int32(), pa.string(), pa.string(), pa.string())
        columns: dict[str, Any] = {
            name: pa.array([row[at] for row in rows], kind)
            for at, (name, kind) in enumerate(zip(COLUMNS, kinds, strict=False))
        }
        columns.update({name: _lists([packed.get(key, []) for key in there], name) for name in COLUMNS[len(kinds) :]})
        at = np.array(there, dtype=np.int64)
        bare = ~np.isin(at, self.embedded(there))
        return ReadBlock(pa.table(columns), self.vectors_of(at), at[bare])

    def renew_terms(self) -> int:
        """See archive.Passages."""
        return renew_terms(self._server)

    def shrink(self) -> None:
        """Nothing is kept."""


def _lists(packed: Sequence[Sequence[int]], column: str) -> Any:
    import pyarrow as pa

    lists = [keys.packed_of(item, keys.COLUMNS[column]) for item in packed]
    return pa.array(lists, pa.list_(pa.uint64()))
