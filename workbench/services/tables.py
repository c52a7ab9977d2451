"""Tables of documents as people ask them: a SELECT comes in, a page of rows goes out; the model's function asks the same way."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from workbench.api.tables import RowsView, TableView
from workbench.core.errors import UsageError
from workbench.services.container import AppContext
from workbench.sql.catalog import named_tables
from workbench.sql.library_tables import library_tables, table_rows
from workbench.sql.sandbox import NamedTable, select

PAGE_ROWS = 50


class TableService:
    """See table_views.TablesProtocol. `sources` gives the ids of what is attached now, none without an agent."""

    def __init__(self, engine: AppContext, sources: Callable[[], Sequence[int]]) -> None:
        self._engine = engine
        self._sources = sources

    def list(self, source: str | None = None) -> tuple[TableView, ...]:
        """See TablesProtocol."""
        return tuple(
            TableView(
                item.name, item.path, item.stored.page, item.stored.name,
                tuple((column.name, column.type, column.label) for column in item.shown), item.stored.rows,
            )
            for item in self._named(source).values()
        )  # fmt: skip

    def query(self, sql: str, page: int = 1, source: str | None = None) -> RowsView:
        """See TablesProtocol."""
        tables, database = self._named(source), self._engine.database
        if not (source or self._sources()):
            tables = {
                **tables,
                **{name: one for name, one in library_tables(database, sql).items() if name not in tables},
            }
        if not tables:
            raise UsageError("There is no table.", "Load a csv, xlsx or Parquet file first.")
        found = select(sql, tables, lambda table: table_rows(database, table))
        pages = -(-len(found.rows) // PAGE_ROWS)
        if not 1 <= page <= max(1, pages):
            raise UsageError(f"There is no page {page}: the rows end at page {pages}.", "Pages count from 1.")
        rows = found.rows[(page - 1) * PAGE_ROWS : page * PAGE_ROWS]
        documents = tuple(dict.fromkeys(item.path for item in found.tables if item.path))
        return RowsView(found.columns, rows, page, pages, len(found.rows), found.cut, documents)

    def _named(self, source: str | None) -> dict[str, NamedTable]:
        archive = self._engine.archive
        chosen = [archive.find_source(source)] if source else list(self._sources())
        return named_tables(archive, chosen or [row.id for row in archive.sources()])
