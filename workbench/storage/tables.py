"""Tables of documents, stored as DuckDB tables in the schema `tables`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from workbench.storage.arrow import registered
from workbench.storage.database import Database

if TYPE_CHECKING:
    import pyarrow as pa

ROW = "_row"
"""The column that every table has: the line of the document's page on which the row stands, from 1."""


_BATCH_ROWS = 20_000


class LoadedTable(Protocol):
    """A table as a loader gives it; `data` is an Arrow stream whose last column is `_row`."""

    @property
    def name(self) -> str: ...
    @property
    def page(self) -> int: ...
    @property
    def labels(self) -> Sequence[str]: ...
    @property
    def row_count(self) -> int: ...
    @property
    def data(self) -> bytes: ...


@dataclass(frozen=True)
class Column:
    """A column: its name and type in SQL, and how the document writes its name."""

    name: str
    type: str
    label: str


@dataclass(frozen=True)
class StoredTable:
    """A table that is kept. `name` is what the document calls it, "" when it is all of it."""

    document: int
    number: int
    page: int
    name: str
    columns: tuple[Column, ...]
    rows: int


def insert_tables(connection: Any, document: int, tables: Sequence[LoadedTable]) -> None:
    """Keep the tables of a document; a job of the writer. Raises what Arrow raises for a stream that is not valid."""
    for number, table in enumerate(tables, 1):
        incoming = arrow_table(table.data)
        with registered(connection, incoming):
            connection.execute(f"CREATE TABLE {_place(document, number)} AS SELECT * FROM incoming")
        kinds = connection.execute(f"DESCRIBE {_place(document, number)}").fetchall()
        columns = [[name, kind, label] for (name, kind, *_), label in zip(kinds, [*table.labels, ""])]
        connection.execute(
            "INSERT INTO document_tables VALUES (?, ?, ?, ?, ?, ?)",
            [document, number, table.page, table.name, json.dumps(columns, ensure_ascii=False), incoming.num_rows],
        )


def drop_tables(connection: Any, documents: Sequence[int]) -> None:
    """Let the tables of documents go; a job of the writer."""
    named = connection.execute(
        "SELECT document_id, number FROM document_tables WHERE list_contains(?, document_id)", [list(documents)]
    ).fetchall()
    for document, number in named:
        connection.execute(f"DROP TABLE {_place(int(document), int(number))}")
    connection.execute("DELETE FROM document_tables WHERE list_contains(?, document_id)", [list(documents)])


def stored_tables(database: Database, documents: Mapping[int, Any]) -> list[StoredTable]:
    """The tables of these documents, in order."""
    rows = database.archive_rows(
        "SELECT document_id, number, page_number, name, columns, row_count FROM document_tables "
        "WHERE list_contains(?, document_id) ORDER BY document_id, number",
        [list(documents)],
    )
    return [
        StoredTable(int(key), int(number), int(page), str(name), tuple(Column(*item) for item in json.loads(columns)), int(count))
        for key, number, page, name, columns, count in rows
    ]  # fmt: skip


def rows_of(database: Database, table: StoredTable) -> pa.RecordBatchReader:
    """All rows of a table, some at a time; they must be taken before this thread reads anything else."""
    rows = database.read().sql(f"SELECT * FROM {_place(table.document, table.number)}")
    reader: pa.RecordBatchReader = rows.to_arrow_reader(_BATCH_ROWS)
    return reader


def reserved_words(database: Database) -> set[str]:
    """The words of SQL that no table can be called by without quotes."""
    rows = database.archive_rows(
        "SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category IN ('reserved', 'column_name')"
    )
    return {str(word) for (word,) in rows}


# The public schema: views that users query with SQL, described as if they were tables of a document without a number.

VIEWS = ("sources", "documents", "source_documents", "pages", "passages")
NO_DOCUMENT = 0


def public_view(database: Database, view: str, number: int) -> StoredTable:
    """One of VIEWS, with its columns and how many rows it has."""
    columns = tuple(
        Column(str(name), str(kind), str(name)) for name, kind, *_ in database.archive_rows(f"DESCRIBE main.{view}")
    )
    rows = int(database.archive_rows(f"SELECT count(*) FROM {view}")[0][0])
    return StoredTable(NO_DOCUMENT, number, 1, view, columns, rows)


def rows_of_view(database: Database, table: StoredTable) -> pa.RecordBatchReader:
    """All rows of a view, those columns of it that `table` names; to be taken before this thread reads anything else."""
    columns = ", ".join(column.name for column in table.columns)
    rows = database.read().sql(f"SELECT {columns} FROM main.{table.name}")
    reader: pa.RecordBatchReader = rows.to_arrow_reader(_BATCH_ROWS)
    return reader


def _place(document: int, number: int) -> str:
    return f'tables."d{document}_{number}"'


def arrow_table(data: bytes) -> pa.Table:
    """The table of a stream, checked through and through: it comes from a process that has read a hostile file."""
    import pyarrow as pa

    with pa.ipc.open_stream(pa.py_buffer(data)) as stream:
        table: pa.Table = stream.read_all()
    table.validate(full=True)
    return table
