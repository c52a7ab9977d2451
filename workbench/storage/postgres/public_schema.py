"""The public schema of a shared archive: what users query with SQL, read into the sandbox as the embedded archive's views are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from workbench.storage.postgres.server import PostgresServer
from workbench.storage.tables import NO_DOCUMENT, Column, StoredTable

if TYPE_CHECKING:
    import pyarrow as pa

_BATCH_ROWS = 2_000

_VIEWS: dict[str, tuple[str, str]] = {
    "sources": ("source_id BIGINT, name VARCHAR, root VARCHAR, created_at TIMESTAMP", "sources"),
    "documents": (
        "document_id BIGINT, content_hash VARCHAR, loader VARCHAR, loader_version INTEGER, title VARCHAR, metadata VARCHAR, "
        "page_count INTEGER, passage_count INTEGER, text_chars BIGINT, size_bytes BIGINT, embedder VARCHAR, sketch BLOB, "
        "created_at TIMESTAMP",
        "documents",
    ),
    "source_documents": (
        "source BIGINT, path VARCHAR, document BIGINT, source_id BIGINT, document_id BIGINT, location VARCHAR, linked_at TIMESTAMP",
        "(SELECT source_id AS source, path, document_id AS document, source_id, document_id, location, linked_at FROM source_documents)",
    ),
    "pages": ("document_id BIGINT, number INTEGER, label VARCHAR, text VARCHAR", "pages"),
    "passages": (
        "passage_id BIGINT, document_id BIGINT, page_number INTEGER, start_char INTEGER, end_char INTEGER, heading VARCHAR, "
        "text VARCHAR, tokens INTEGER, context VARCHAR, embedding FLOAT[384]",
        "(SELECT p.*, e.embedding FROM passages p LEFT JOIN embeddings e USING (passage_id))",
    ),
}
"""The columns of each view with their types in the sandbox, and where the rows are."""

_OWN_SOURCES = "source_id IN (SELECT source_id FROM sources WHERE home IN ('', %(home)s))"
_FILTERS = {"sources": _OWN_SOURCES, "source_documents": _OWN_SOURCES}
_OWN_DOCUMENTS = f"document_id IN (SELECT document_id FROM source_documents WHERE {_OWN_SOURCES})"


def public_view(server: PostgresServer, home: str, view: str, number: int) -> StoredTable:
    """One of the views, with its columns and how many rows of it this home sees: not the notes of other homes' agents."""
    columns = tuple(Column(name, kind, name) for name, kind in (part.split() for part in _VIEWS[view][0].split(", ")))
    row = server.row(f"SELECT count(*) FROM {_from(view)}", {"home": home})
    return StoredTable(NO_DOCUMENT, number, 1, view, columns, int(row[0]) if row else 0)


def view_rows(server: PostgresServer, home: str, table: StoredTable) -> pa.RecordBatchReader:
    """All rows of a view, those columns that `table` names, a batch at a time."""
    import pyarrow as pa

    names = [column.name for column in table.columns]
    schema = pa.schema([(column.name, _arrow_type(column.type)) for column in table.columns])

    def batches() -> Iterator[Any]:
        with server.connection() as connection, connection.transaction():
            cursor = connection.cursor("rows", binary=True)
            cursor.itersize = _BATCH_ROWS
            cursor.execute(f"SELECT {', '.join(names)} FROM {_from(table.name)}", {"home": home})  # type: ignore[arg-type, unused-ignore]
            while rows := cursor.fetchmany(_BATCH_ROWS):
                columns = list(zip(*rows, strict=True))
                yield pa.record_batch(
                    [pa.array(list(values), kind) for values, kind in zip(columns, schema.types)], schema
                )

    return pa.RecordBatchReader.from_batches(schema, batches())


def _from(view: str) -> str:
    return f"{_VIEWS[view][1]} seen WHERE {_FILTERS.get(view, _OWN_DOCUMENTS)}"


def _arrow_type(kind: str) -> Any:
    import pyarrow as pa

    known = {
        "BIGINT": pa.int64(),
        "INTEGER": pa.int32(),
        "VARCHAR": pa.string(),
        "BLOB": pa.binary(),
        "TIMESTAMP": pa.timestamp("us"),
    }
    return known.get(kind) or pa.list_(pa.float32(), 384)
