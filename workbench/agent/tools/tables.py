"""The function over tables of documents: pages of rows, each with the handle of its place."""

from __future__ import annotations

import json

from workbench.agent.tools.context import ToolContext
from workbench.agent.tools.registry import CallRefused, Function, Outcome, function
from workbench.core.errors import UsageError
from workbench.retrieval.paging.text_page import TextPage
from workbench.sql.sandbox import ROWS, NamedTable, Rows, select
from workbench.storage.tables import ROW
from workbench.text.result_text import text_tokens

_COLUMNS_LISTED = 24


@function()
def table_query(workspace: ToolContext, sql: str, page: int = 0) -> Outcome:
    """Ask the tables of attached documents (csv, workbooks, Parquet; tables in texts, slides, web pages): count, sum, sort,
    filter, join. One SELECT in DuckDB's SQL. document_list names the tables and columns; select _row too, and each row comes
    with a handle to cite.

    Args:
        sql: The SELECT statement.
        page: Page of its rows, from 0.
    """
    if page < 0:
        raise CallRefused("page counts from 0.", "Call again with page=0.")
    archive = workspace.search.archive
    tables = workspace.tables()
    if not tables:
        raise CallRefused("No attached document has a table.", "Use archival_memory_search instead.")
    try:
        found = select(sql, tables, archive.table_rows, workspace.stopped)
    except UsageError as error:
        raise CallRefused(error.message, error.hint) from None
    notes = _notes(found)
    room = workspace.budget.page_tokens - sum(text_tokens(note) + 1 for note in notes)
    shown = TextPage.of(_lines(found, workspace), page, room, lambda number: _next(sql, number))
    # The notes stand before the rows: a page ends with the call for the next one.
    head, _, rest = shown.text.partition("\n")
    text = "\n".join(part for part in (head, *notes, rest) if part)
    return Outcome(text, summary=f"{' '.join(sql.split())[:60]}  {shown.summary}")


def _next(sql: str, page: int) -> str:
    return f"table_query(sql={json.dumps(sql, ensure_ascii=False)}, page={page})"


def _notes(found: Rows) -> list[str]:
    places = [f"{item.name} = {' '.join(item.path.split())[:80]} p.{item.stored.page}" for item in found.tables]
    notes = [f"From: {'; '.join(places)}"] if places else []
    if found.cut:
        notes.append(f"Only the first {ROWS:,} rows were looked at: add LIMIT, or let the query count and sum.")
    return notes


def _lines(found: Rows, workspace: ToolContext) -> list[str]:
    """A line a row, every cell after its column; at its end the handle of the passage that the row stands in."""
    handles = _Handles(workspace, found)
    lines = []
    for row in found.rows:
        cells = [f"{name}: {'NULL' if cell is None else cell}" for name, cell in zip(found.columns, row) if name != ROW]
        lines.append(" | ".join(cells) + handles.of(row))
    return lines


class _Handles:
    """The handles of rows of one table, found by `_row`; none for other queries."""

    def __init__(self, workspace: ToolContext, found: Rows) -> None:
        self._handle_of = workspace.memory.handle_of
        self._spans: list[tuple[int, int, int]] = []
        self._starts: list[int] = []
        self._place = found.columns.index(ROW) if ROW in found.columns and len(found.tables) == 1 else -1
        if self._place >= 0:
            archive, stored = workspace.search.archive, found.tables[0].stored
            passages = archive.passages_of(stored.document, stored.page)
            self._spans = [(item.start_char, item.end_char, item.id) for item in passages]
            page = archive.page(stored.document, stored.page)
            start = 0
            for line in (page.text if page else "").split("\n"):
                self._starts.append(start)
                start += len(line) + 1

    def of(self, row: tuple[str | None, ...]) -> str:
        """The handle of a row as it stands at the end of its line, "" when there is none."""
        cell = row[self._place] if self._place >= 0 else None
        if cell is None or not cell.isdecimal() or not 1 <= int(cell) <= len(self._starts):
            return ""
        start = self._starts[int(cell) - 1]
        passage = next((key for first, end, key in self._spans if first <= start < end), None)
        return f" [{self._handle_of(passage)}]" if passage is not None else ""


def described(table: NamedTable) -> str:
    """A table as document_list shows it: its name, its columns with their types (text has none), its rows."""
    columns = [item.name + ("" if item.type == "VARCHAR" else f" {item.type}") for item in table.shown]
    more = [f"{len(columns) - _COLUMNS_LISTED} more"] if len(columns) > _COLUMNS_LISTED else []
    rows = table.stored.rows
    return f"table {table.name}({', '.join([*columns[:_COLUMNS_LISTED], *more])}), {rows:,} row{'s' * (rows != 1)}"


FUNCTIONS: tuple[Function, ...] = (table_query,)
