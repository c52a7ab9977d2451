"""A table of answers: a row a document, a column a question, filled while one looks on; the evidence of a cell is one key away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalGroup
from textual.content import Content

from workbench.api.question_table import FAILED, FOUND, OPEN, AnswerRow, AnswerTable, Cell, Column, TableProgress
from workbench.core.sanitize import one_line, sanitize
from workbench.tui.screens.run import Run, RunLine, RunScreen
from workbench.tui.screens.text_view import TextBox
from workbench.tui.screens.window_list import WindowList
from workbench.tui.widgets import glyphs
from workbench.tui.widgets.cells import clock, crop_path, fit, number, page_place, plural, right
from workbench.tui.widgets.exchange_rows import CURSOR

LEAST_CELLS, MOST_CELLS, DOCUMENT_CELLS = 10, 26, 28
GAP = 2

ASCENDING, DESCENDING = "▴", "▾"


class CellGrid(WindowList):
    """The cells. The cursor stands on a cell; column 0 is the document."""

    BINDINGS = [
        Binding("left,h", "across(-1)", show=False),
        Binding("right,l", "across(1)", show=False),
    ]
    HEAD = 1
    EMPTY = "there is no document"

    def __init__(self, columns: Sequence[Column]) -> None:
        super().__init__()
        self.columns = tuple(columns)
        self.at_column = 1 if columns else 0
        self.sorted_by: tuple[int, bool] | None = None
        """The column that the rows are sorted by, and whether the largest comes first."""
        self.asking: tuple[str, str] | None = None
        """Document and column of the cell that is asked now."""
        self._rows: list[AnswerRow] = []
        self._order: list[int] = []
        self._places: dict[str, int] = {}
        self._names = {column.name: at for at, column in enumerate(self.columns)}
        self._wide = [min(MOST_CELLS, max(LEAST_CELLS, cell_len(self._title(at)) + 2)) for at in range(len(columns))]
        self._first_column = 0

    # -- what it shows -----------------------------------------------------------------------

    def put(self, rows: Sequence[AnswerRow]) -> None:
        """Show these rows, in their order."""
        self._rows = list(rows)
        self._order = list(range(len(rows)))
        self._places = {row.document: at for at, row in enumerate(rows)}
        for row in rows:
            for at, cell in enumerate(row.cells):
                self._widen(at, cell)
        self.changed(layout=False)

    def fill(self, cell: Cell) -> None:
        """A cell is known. Rows stay where they are: they are sorted when one asks for it."""
        at, column = self._places.get(cell.document), self._names.get(cell.column)
        if at is None or column is None:
            return
        cells = list(self._rows[at].cells)
        cells[column] = cell
        self._rows[at] = replace(self._rows[at], cells=tuple(cells))
        self._widen(column, cell)
        self.changed(layout=False)

    def _widen(self, column: int, cell: Cell) -> None:
        self._wide[column] = min(MOST_CELLS, max(self._wide[column], cell_len(one_line(cell.shown, MOST_CELLS + 1))))

    @property
    def count(self) -> int:
        return len(self._order)

    @property
    def known(self) -> int:
        """How many cells are known."""
        return sum(cell.state not in (OPEN, FAILED) for row in self._rows for cell in row.cells)

    @property
    def table_rows(self) -> Sequence[AnswerRow]:
        """The rows as they are sorted."""
        return [self._rows[at] for at in self._order]

    @property
    def document(self) -> str:
        """The document of the cursor's row, "" when there is none."""
        return self._rows[self._order[self.cursor]].document if self.cursor < len(self._order) else ""

    @property
    def cell(self) -> Cell | None:
        """The cell under the cursor, None on a document."""
        if not self.at_column or self.cursor >= len(self._order):
            return None
        return self._rows[self._order[self.cursor]].cells[self.at_column - 1]

    @property
    def column(self) -> Column | None:
        """The column under the cursor, None on the documents."""
        return self.columns[self.at_column - 1] if self.at_column else None

    # -- sorting -----------------------------------------------------------------------------

    def sort(self) -> None:
        """By the cursor's column, the smallest first; again: the largest; a third time: as the documents stand."""
        now = self.sorted_by
        if now is None or now[0] != self.at_column:
            self.sorted_by = (self.at_column, False)
        else:
            self.sorted_by = None if now[1] else (self.at_column, True)
        self.sort_again()

    def sort_again(self) -> None:
        """Sort anew, the cursor staying with its document."""
        document = self.document
        self._order = list(range(len(self._rows)))
        if self.sorted_by is not None:
            column, falling = self.sorted_by
            keys = {at: key for at in self._order if (key := self._key(self._rows[at], column)) is not None}
            # Cells without a value stand behind the others, whichever way round these are.
            rest = [at for at in self._order if at not in keys]
            self._order = [*sorted(keys, key=keys.__getitem__, reverse=falling), *rest]
        if document:
            self.cursor = self._order.index(self._places[document])
        self.changed(layout=False)
        self.post_message(self.Moved())

    def _key(self, row: AnswerRow, column: int) -> tuple[float, str] | None:
        if not column:
            return 0.0, row.document.casefold()
        cell = row.cells[column - 1]
        if cell.state != FOUND:
            return None
        value = cell.typed or cell.value
        if self.columns[column - 1].kind == "number":
            try:
                return float(value.replace(",", "")), cell.unit
            except ValueError:
                return float("inf"), value.casefold()
        return 0.0, value.casefold()

    # -- drawing -----------------------------------------------------------------------------

    def _title(self, at: int) -> str:
        return one_line(self.columns[at].name, 60)

    def shown_columns(self, width: int) -> tuple[int, int]:
        """The first and the last column (from 0) that have room, the cursor's among them; (0, -1) without any."""
        room, wanted = width - self._document_cells(width), self.at_column - 1
        first = max(0, min(self._first_column, wanted if wanted >= 0 else 0))
        while True:
            last, left = first - 1, room
            while last + 1 < len(self.columns) and self._wide[last + 1] + GAP <= left:
                last += 1
                left -= self._wide[last] + GAP
            if wanted <= last or first >= wanted:
                break
            first += 1
        self._first_column = first
        return first, max(last, min(first, len(self.columns) - 1))

    def _document_cells(self, width: int) -> int:
        longest = max((cell_len(one_line(row.document, 60)) for row in self._rows[:200]), default=8)
        return max(8, min(longest, DOCUMENT_CELLS, width // 3))

    def head(self, width: int) -> Sequence[Content]:
        first, last = self.shown_columns(width)
        line = fit(self._marked("document", 0), self._document_cells(width))
        for at in range(first, last + 1):
            cells = min(self._wide[at], width - cell_len(line) - GAP)
            name = self._marked(self._title(at), at + 1)
            line += " " * GAP + (right(name, cells) if self.columns[at].kind == "number" else fit(name, cells))
        return [Content.styled(line, "bold $accent").truncate(width)]

    def _marked(self, name: str, column: int) -> str:
        if self.sorted_by is None or self.sorted_by[0] != column:
            return name
        return f"{DESCENDING if self.sorted_by[1] else ASCENDING} {name}"

    def row(self, at: int, width: int) -> Content:
        row, cells = self._rows[self._order[at]], self._document_cells(width)
        here = at == self.cursor
        name = fit(crop_path(one_line(row.document, 300), cells), cells)
        parts: list[tuple[str, str] | str] = [(name, CURSOR if here and not self.at_column else "bold" if here else "")]
        first, last = self.shown_columns(width)
        used = cells
        for column in range(first, last + 1):
            wide = min(self._wide[column], width - used - GAP)
            text, style = self._drawn(row.cells[column], row.document, column)
            text = right(text, wide) if self.columns[column].kind == "number" else fit(text, wide)
            parts += [" " * GAP, (text, CURSOR if here and column == self.at_column - 1 else style)]
            used += wide + GAP
        return Content.assemble(*parts).truncate(width)

    def _drawn(self, cell: Cell, document: str, column: int) -> tuple[str, str]:
        if cell.state == OPEN:
            now = self.asking == (document, self.columns[column].name)
            return ("asking…", "$accent") if now else (glyphs.FREE, "$muted")
        shown = one_line(cell.shown, 200)
        if cell.state == FAILED:
            return shown, "$text-error"
        return shown, "" if cell.state == FOUND and cell.verified else "$muted"

    # -- keys --------------------------------------------------------------------------------

    def action_across(self, by: int) -> None:
        """Another column."""
        self.put_across(self.at_column + by)

    def put_across(self, column: int) -> None:
        """Put the cursor into a column."""
        column = max(0, min(column, len(self.columns)))
        if column != self.at_column:
            self.at_column = column
            self.changed(layout=False)
            self.post_message(self.Moved())

    def clicked(self, x: int, y: int) -> None:
        """A click on the cursor's cell opens it, one on a head sorts by its column."""
        width = self.content_size.width
        edge = self._document_cells(width)
        column = 0
        if x >= edge:
            first, last = self.shown_columns(width)
            for at in range(first, last + 1):
                edge += GAP + self._wide[at]
                column = at + 1
                if x < edge:
                    break
        same = column == self.at_column
        self.put_across(column)
        if y < 0:
            self.sort()
        elif same:
            super().clicked(x, y)
        else:
            self.go(self._top + y)


class AnswerTableScreen(RunScreen[TableProgress | Cell]):
    """The same questions asked of every document of a source."""

    HELP = (
        "A row a document, a column a question. A value is shown where a quote that was found on its page states it; else\n"
        "the cell says not sure or not found. Arrows move; enter opens the page with the quote marked (n for the next\n"
        "quote), r asks the cell again, s sorts by its column (again: the other way round), space stops the run and goes\n"
        "on with it, w writes the table into a file, y copies the cell. What is known is kept: the same command goes on."
    )
    BINDINGS = [
        Binding("r", "again", "Ask the cell again", show=False),
        Binding("s", "sort", "Sort by the column", show=False),
        Binding("w", "write", "Write into a file", show=False),
        Binding("y", "copy", "Copy the cell", show=False),
        Binding("q", "close", "Close", show=False),
    ]
    NOUN = "cell"
    BUSY = "another table is still being filled: space tries again"

    def __init__(
        self,
        table: AnswerTable,
        run: Run[TableProgress | Cell],
        ask_again: Callable[[str, str, Callable[[Cell], None], Callable[[str], None]], None],
        open_page: Callable[[str, Cell | None], None],
        write: Callable[[AnswerTable], None],
    ) -> None:
        super().__init__(run)
        self._table = table
        self._ask_again = ask_again
        self._open_page = open_page
        self._write_table = write
        self._again = False
        self.grid = CellGrid(table.columns)

    def compose(self) -> ComposeResult:
        with VerticalGroup(id="answer-table"):
            yield self.grid
            yield RunLine()
            yield TextBox(id="cell")

    def on_mount(self) -> None:
        """Show what is known, and ask for the rest."""
        grid = self.grid
        grid.put(self._table.rows)
        grid.focus()
        if self.unfinished:
            self._go_on()
        else:
            self._say(f"all {number(self._table.total)} cells are known")
        self.call_after_refresh(self._draw)

    @property
    def known(self) -> int:
        """How many cells are known."""
        return self.grid.known

    @property
    def unfinished(self) -> bool:
        return self.known < self._table.total

    # -- the run -----------------------------------------------------------------------------

    def item_arrived(self, item: TableProgress | Cell) -> None:
        if isinstance(item, Cell):
            self.grid.asking = None
            self.grid.fill(item)
            if item.document == self.grid.document:
                self._draw()
            return
        self.grid.asking = (item.document, item.column) if item.document else None
        self.grid.changed(layout=False)
        self._frame()
        if item.document and not self._stopping:
            words = [f"asking {one_line(item.document, 60)}", clock(item.seconds)]
            words += [f"about {clock(item.remaining_seconds)} left"] if item.remaining_seconds else []
            words += [f"cost {item.cost:.4f}"] if item.cost is not None else []
            self._say(" · ".join([*words, "space stops"]))

    def run_ended(self, failure: str) -> None:
        grid = self.grid
        grid.asking = None
        if grid.sorted_by is not None:
            grid.sort_again()
        left = self._table.total - grid.known
        if failure:
            self._say(failure, "$text-error")
        elif left and self._stopping:
            self._say(f"stopped; space goes on: {plural(left, 'cell')} to ask")
        elif left:
            self._say(f"{plural(left, 'cell')} failed; space asks again", "$text-warning")
        else:
            self._say(f"all {number(self._table.total)} cells are known")
        grid.changed(layout=False)
        self._draw()

    def action_again(self) -> None:
        """r: the cell of the cursor, asked anew."""
        cell = self.grid.cell
        if cell is None:
            self._say("move to an answer first: r asks one cell again")
        elif self.going or self._again:
            self._say("a cell is being asked: space stops the run, then r asks this one again", "$text-warning")
        else:
            self._again = True
            self.grid.asking = (cell.document, cell.column)
            self.grid.fill(replace(cell, state=OPEN))
            self._say(f"asking {one_line(cell.document, 60)} again")
            self._ask_again(cell.document, cell.column, self._answered_again, partial(self._failed_again, cell))

    def _answered_again(self, cell: Cell) -> None:
        self._again = False
        if self.is_open:
            self.grid.asking = None
            self.grid.fill(cell)
            self._say("asked again")
            self._draw()

    def _failed_again(self, cell: Cell, failure: str) -> None:
        """The cell stays as it was."""
        self._again = False
        if self.is_open:
            self.grid.asking = None
            self.grid.fill(cell)
            self._say(failure, "$text-error")

    # -- the cell under the cursor -------------------------------------------------------------

    def on_cursor_list_moved(self) -> None:
        """The lines below follow the cursor."""
        self._draw()

    def on_cursor_list_opened(self) -> None:
        """enter: the page of the evidence, or the document."""
        grid = self.grid
        if grid.cell is not None and not grid.cell.evidence:
            self._say("this cell has no quote to open; enter on the document opens that")
        else:
            self._open_page(grid.document, grid.cell)

    def _draw(self) -> None:
        if not self.is_open:
            return
        grid, box = self.grid, self.query_one(TextBox)
        cell, column = grid.cell, grid.column
        if cell is None or column is None:
            box.put("")
            self.named(box, one_line(grid.document, 200) or "no document", "enter opens it")
        else:
            box.put(described(cell, column))
            self.named(box, f"{one_line(grid.document, 80)} · {one_line(column.name, 60)}", "enter opens the page")
        self._frame()

    def _frame(self) -> None:
        grid = self.grid
        first, last = grid.shown_columns(max(1, grid.content_size.width))
        part = len(grid.columns) > last - first + 1
        columns = f" · columns {first + 1}–{last + 1} of {len(grid.columns)}" if part else ""
        title = f"Table · {one_line(self._table.source, 40)} · {number(grid.known)}/{number(self._table.total)} cells{columns}"
        keys = "enter evidence · r again · s sort · w write · f1 keys · esc close"
        self.named(self.query_one("#answer-table"), f"{title} · {one_line(self._table.model, 40)}", keys)

    def on_resize(self) -> None:
        """Other columns have room."""
        self.call_after_refresh(self._draw)

    def action_sort(self) -> None:
        """s."""
        self.grid.sort()

    def action_write(self) -> None:
        """w."""
        self._write_table(replace(self._table, rows=tuple(self.grid.table_rows), done=self.known))

    def action_copy(self) -> None:
        """y: the value of the cell, or the document's name."""
        cell = self.grid.cell
        self.app.copy_to_clipboard(sanitize(cell.value if cell else self.grid.document))
        self._say("copied")


def described(cell: Cell, column: Column) -> str:
    """A cell in full: its value and state, then the quotes with their pages."""
    head = cell.shown if cell.state != OPEN else "not asked yet"
    if cell.state == FOUND and cell.typed and cell.typed != cell.value:
        head += f"  ({' '.join(part for part in (cell.typed, cell.unit) if part)})"
    lines = [column.question, one_line(head, 2_000)]
    lines += [one_line(cell.note, 500)] if cell.note else []
    lines += [f"{page_place(item.page, item.label)}: “{one_line(item.quote, 2_000)}”" for item in cell.evidence]
    return "\n".join(lines)
