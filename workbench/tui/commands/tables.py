"""The slash command `/sql`: lists the tables of what is attached and queries them."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.api.tables import RowsView, TableView
from workbench.core.sanitize import one_line
from workbench.tui.commands.display import Display
from workbench.tui.widgets.cells import plural

_CELL_CHARS = 32


def sql(display: Display, words: Sequence[str]) -> None:
    """/sql [QUERY]"""
    if not words:
        display.fetch(display.session.tables.list, lambda found: display.say(_tables(found)))
        return
    query = " ".join(words)
    display.fetch(lambda: display.session.tables.query(query), lambda found: display.say(_rows(found)))


def _tables(found: tuple[TableView, ...]) -> str:
    lines = [
        f"{one_line(item.name, 40)} · {plural(item.rows, 'row')} · {one_line(item.document, 60)}\n  "
        + one_line(", ".join(f"{name} {kind}" for name, kind, _ in item.columns), 300)
        for item in found
    ]
    return "\n".join(lines) if lines else "there is no table yet: /load a csv, xlsx or Parquet file"


def _rows(found: RowsView) -> str:
    cells = [list(found.columns), *[["NULL" if cell is None else cell for cell in row] for row in found.rows]]
    short = [[one_line(cell, _CELL_CHARS) for cell in row] for row in cells]
    widths = [max(map(len, column)) for column in zip(*short, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in short]
    first = "the first " if found.cut or found.pages > 1 else ""
    total = f"{first}{plural(len(found.rows), 'row')} of {'more than ' * found.cut}{found.total:,}"
    return "\n".join([*lines, total])
