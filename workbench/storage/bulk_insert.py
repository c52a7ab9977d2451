"""Inserts pages, passages and vectors in bulk through Arrow, fourteen times as fast as row by row."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from workbench.core.errors import ArchiveError
from workbench.core.text_cache import text_cache
from workbench.storage.arrow import registered
from workbench.storage.database import Database, next_id
from workbench.text.analyzer import TERMS_VERSION, index_terms, packed
from workbench.text.entities import names_in, title_keys
from workbench.text.result_text import rendered_tokens

if TYPE_CHECKING:
    import numpy as np

DIMENSIONS = 384
"""Of the vectors in the table `embeddings`."""


def insert_pages(connection: Any, document: int, pages: Sequence[Any]) -> None:
    """Add the pages of a document; a job of the writer."""
    import pyarrow as pa

    table = pa.table(
        {
            "document_id": pa.array([document] * len(pages), pa.int32()),
            "number": pa.array([page.number for page in pages], pa.int32()),
            "label": pa.array([page.label for page in pages], pa.string()),
            "text": pa.array([page.text for page in pages], pa.string()),
        }
    )
    _insert(connection, "pages", table)


class Counted(NamedTuple):
    """What is stored beside a passage: tokens of its text inside a result, and what the index takes of it, as `packed`: terms
    of the text, names that it uses or is called by, terms of its document's title and of its heading, names that it is
    called by; and these once more, joined by spaces."""

    tokens: int
    terms: Sequence[int]
    names: Sequence[int]
    title_terms: Sequence[int]
    heading_terms: Sequence[int]
    called_by: Sequence[int]
    called: str

    @classmethod
    def of(cls, text: str, title: str, heading: str) -> Counted:
        """Made outside the writer, whose other jobs would wait for it."""
        keys = title_keys(title, heading)
        names = packed({*names_in(text), *keys})
        return cls(rendered_tokens(text), packed(index_terms(text)), names, *called(title, heading))


@text_cache(4_096)
def called(title: str, heading: str) -> tuple[list[int], list[int], list[int], str]:
    """Terms of a title, terms of a heading, and the names that a passage under them is called by, twice."""
    keys = title_keys(title, heading)
    return packed(index_terms(title)), packed(index_terms(heading)), packed(keys), " ".join(keys)


def counted_columns(counted: Sequence[Counted]) -> dict[str, Any]:
    """Arrow columns of what the index takes, by their names in the table."""
    import pyarrow as pa

    lists = pa.list_(pa.uint64())
    return {
        name: pa.array([getattr(item, name) for item in counted], pa.string() if name == "called" else lists)
        for name in Counted._fields[1:]
    }


def insert_passages(connection: Any, document: int, passages: Sequence[Any], counted: Sequence[Counted]) -> range:
    """Add the passages of a document and return their ids, which follow one another; a job of the writer."""
    import pyarrow as pa

    first = next_passage(connection)
    ids = range(first, first + len(passages))
    table = pa.table(
        {
            "passage_id": pa.array(ids, pa.int32()),
            "document_id": pa.array([document] * len(passages), pa.int32()),
            "page_number": pa.array([item.page_number for item in passages], pa.int32()),
            "start_char": pa.array([item.start_char for item in passages], pa.int32()),
            "end_char": pa.array([item.end_char for item in passages], pa.int32()),
            "heading": pa.array([item.heading for item in passages], pa.string()),
            "text": pa.array([item.text for item in passages], pa.string()),
            "tokens": pa.array([item.tokens for item in counted], pa.int32()),
            "context": pa.array([item.context for item in passages], pa.string()),
            **counted_columns(counted),
            "terms_version": pa.array([TERMS_VERSION] * len(passages), pa.int32()),
        }
    )
    if passages:
        _insert(connection, "passages", table)
    return ids


def insert_embeddings(connection: Any, ids: Sequence[int], vectors: np.ndarray) -> None:
    """Add the vectors of passages, (n, 384) float32, normalised; a job of the writer."""
    import numpy as np
    import pyarrow as pa

    if not len(ids):
        return
    flat = pa.array(np.ascontiguousarray(vectors, dtype=np.float32).reshape(-1), pa.float32())
    rows = pa.FixedSizeListArray.from_arrays(flat, DIMENSIONS)
    _insert(connection, "embeddings", pa.table({"passage_id": pa.array(ids, pa.int32()), "embedding": rows}))


def insert_vectors(connection: Any, model: int | None, ids: Sequence[int], vectors: np.ndarray) -> None:
    """Add the vectors of passages by a registered model (n, d), or by any other (n, 384) where `model` is None; for the writer."""
    import numpy as np
    import pyarrow as pa

    if model is None:
        insert_embeddings(connection, ids, vectors)
        return
    if not len(ids):
        return
    _check_dimensions(connection, model, vectors.shape[1])
    flat = pa.array(np.ascontiguousarray(vectors, dtype=np.float32).reshape(-1), pa.float32())
    offsets = pa.array(range(0, vectors.size + 1, vectors.shape[1]), pa.int32())
    rows = {
        "model_id": pa.array([model] * len(ids), pa.int32()),
        "passage_id": pa.array(ids, pa.int32()),
        "embedding": pa.ListArray.from_arrays(offsets, flat),
    }
    _insert(connection, "model_vectors", pa.table(rows))


def _check_dimensions(connection: Any, model: int, found: int) -> None:
    """Raises ArchiveError for vectors of another length than the model's."""
    rows = connection.execute("SELECT name, dimensions FROM embedding_models WHERE model_id = ?", [model]).fetchall()
    if rows and int(rows[0][1]) != found:
        raise ArchiveError(
            f"Vectors of {found} numbers do not belong to {rows[0][0]}, which has {rows[0][1]}.",
            "Embed the source again: workbench reembed SOURCE.",
        )


def next_passage(connection: Any) -> int:
    """The next free id of a passage, never one that was given before."""
    gone = connection.execute("SELECT coalesce(max(last_passage_id), 0) + 1 FROM collected").fetchall()
    return max(next_id(connection, "passages", "passage_id"), int(gone[0][0]))


def next_document(connection: Any) -> int:
    """The next free id of a document, never one that was given before."""
    return max(next_id(connection, name, "document_id") for name in ("documents", "collected"))


def _insert(connection: Any, name: str, table: Any) -> None:
    # Bulk insert through Arrow: row by row costs fourteen times as much.
    with registered(connection, table):
        connection.execute(f"INSERT INTO {name} BY NAME SELECT * FROM incoming")


def renew_terms(database: Database, most: int = 2_000) -> int:
    """Make anew what the keyword index takes where other rules made it, `most` passages at a time; returns how many."""
    renewed = 0
    while stale := database.archive_rows(
        "SELECT p.passage_id, p.text, d.title, p.heading FROM passages p JOIN documents d USING (document_id) "
        "WHERE p.terms_version <> ? LIMIT ?",
        [TERMS_VERSION, most],
    ):
        counted = {passage: Counted.of(text, title, heading) for passage, text, title, heading in stale}
        database.write(functools.partial(_update_terms, counted))
        renewed += len(counted)
    return renewed


def _update_terms(counted: dict[int, Counted], connection: Any) -> None:
    import pyarrow as pa

    columns = counted_columns(list(counted.values()))
    with registered(connection, pa.table({"passage_id": pa.array(list(counted), pa.int32()), **columns})):
        connection.execute(
            f"UPDATE passages SET {', '.join(f'{name} = i.{name}' for name in columns)}, terms_version = ? "
            "FROM incoming i WHERE passages.passage_id = i.passage_id",
            [TERMS_VERSION],
        )
