"""Offers the views of the public schema to the user's own SQL."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workbench.sql.sandbox import NamedTable
from workbench.storage.database import Database
from workbench.storage.tables import Column, StoredTable, rows_of

if TYPE_CHECKING:
    import pyarrow as pa

VIEWS = ("sources", "documents", "source_documents", "pages", "passages")
_ALL_COLUMNS = re.compile(r"(?<!count\()\*", re.IGNORECASE)
_NO_DOCUMENT = 0


def library_tables(database: Database, sql: str) -> dict[str, NamedTable]:
    """The views by name. Vectors are most of the archive: `passages` has its `embedding` only where the query shows it."""
    wide = "embedding" in sql.casefold() or _ALL_COLUMNS.search(sql)
    tables: dict[str, NamedTable] = {}
    for number, view in enumerate(VIEWS):
        columns = tuple(
            Column(str(name), str(kind), str(name))
            for name, kind, *_ in database.rows(f"DESCRIBE main.{view}")
            if (wide or name != "embedding") and name != "sketch"
        )
        rows = int(database.rows(f"SELECT count(*) FROM {view}")[0][0])
        tables[view] = NamedTable(view, "", StoredTable(_NO_DOCUMENT, number, 1, view, columns, rows))
    return tables


def table_rows(database: Database, table: StoredTable) -> pa.RecordBatchReader:
    """All rows of a table of a document, or of one of the views; to be taken before this thread reads anything else."""
    if table.document != _NO_DOCUMENT:
        return rows_of(database, table)
    columns = ", ".join(column.name for column in table.columns)
    reader: pa.RecordBatchReader = (
        database.read().sql(f"SELECT {columns} FROM main.{table.name}").to_arrow_reader(20_000)
    )
    return reader
