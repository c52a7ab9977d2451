"""Lists the tables of documents and answers SQL over them, page by page, as the model's own function does."""

from __future__ import annotations

from workbench.api.tables import RowsView, TableView
from workbench.core.errors import UsageError
from workbench.services.container import AppContext
from workbench.services.open_agents import CurrentAgent
from workbench.sql.catalog import library_tables, named_tables, table_rows
from workbench.sql.sandbox import NamedTable, select

PAGE_ROWS = 50


class TableService:
    """See TableServiceProtocol."""

    def __init__(self, app: AppContext, current: CurrentAgent) -> None:
        self._app = app
        self._current = current

    def list(self, source: str | None = None) -> tuple[TableView, ...]:
        """See TableServiceProtocol."""
        return tuple(
            TableView(
                item.name, item.path, item.stored.page, item.stored.name,
                tuple((column.name, column.type, column.label) for column in item.shown), item.stored.rows,
            )
            for item in self._named(source).values()
        )  # fmt: skip

    def query(self, sql: str, page: int = 1, source: str | None = None) -> RowsView:
        """See TableServiceProtocol."""
        tables, archive = self._named(source), self._app.archive
        if not (source or self._current.source_ids):
            tables = {
                **tables,
                **{name: one for name, one in library_tables(archive, sql).items() if name not in tables},
            }
        if not tables:
            raise UsageError("There is no table.", "Load a csv, xlsx or Parquet file first.")
        result = select(sql, tables, lambda table: table_rows(archive, table))
        pages = -(-len(result.rows) // PAGE_ROWS)
        if not 1 <= page <= max(1, pages):
            raise UsageError(f"There is no page {page}: the rows end at page {pages}.", "Pages count from 1.")
        rows = result.rows[(page - 1) * PAGE_ROWS : page * PAGE_ROWS]
        documents = tuple(dict.fromkeys(item.path for item in result.tables if item.path))
        return RowsView(result.columns, rows, page, pages, len(result.rows), result.cut, documents)

    def _named(self, source: str | None) -> dict[str, NamedTable]:
        archive = self._app.archive
        chosen = [archive.find_source(source)] if source else list(self._current.source_ids)
        return named_tables(archive, chosen or [row.id for row in archive.sources()])
