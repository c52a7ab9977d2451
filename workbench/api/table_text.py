"""Writes a table of answers as CSV and Markdown, each value with its quote beside it.

Values come from documents and models, so none may be a formula where a spreadsheet opens it (OWASP, "CSV Injection").
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from workbench.api.markdown_text import as_text
from workbench.api.question_table import FOUND, AnswerRow, AnswerTable, Cell, Column
from workbench.core.sanitize import unbroken

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")


def harmless(text: str) -> str:
    """A text on one line that no spreadsheet takes for a formula: an apostrophe stands before what might be one."""
    plain = unbroken(text)
    return f"'{plain}" if plain.lstrip(" ").startswith(_FORMULA) else plain


def heads(columns: tuple[Column, ...]) -> list[str]:
    """The head of every column of the file: for a question its value, its unit where it has one, its quote and page."""
    names = ["document"]
    for column in columns:
        names += [
            column.name,
            *([f"{column.name}: unit"] if column.kind == "number" else []),
            f"{column.name}: quote",
            f"{column.name}: page",
        ]
    return names


def fields(column: Column, cell: Cell) -> Iterator[str]:
    """The fields of a cell under these heads; a value that is not verified says so."""
    value = cell.typed if cell.state == FOUND and cell.typed and cell.verified else cell.shown
    yield value
    if column.kind == "number":
        yield cell.unit if cell.state == FOUND else ""
    first = cell.evidence[0] if cell.evidence else None
    yield first.quote if first else ""
    yield str(first.page) if first else ""


def as_csv(table: AnswerTable) -> str:
    """The table as RFC 4180 writes it, with a head."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([harmless(head) for head in heads(table.columns)])
    for row in table.rows:
        writer.writerow([harmless(row.document), *map(_plain, values(table, row))])
    return out.getvalue()


def values(table: AnswerTable, row: AnswerRow) -> Iterator[str]:
    """The fields of a row, in the order of `heads`, without its document."""
    for column, cell in zip(table.columns, row.cells, strict=True):
        yield from fields(column, cell)


def _plain(value: str) -> str:
    """A field: a number stays one, also below zero."""
    return value if amount(value) is not None else harmless(value)


def amount(value: str) -> float | None:
    """A field as a number, None where it is none."""
    try:
        number = float(value)
    except ValueError:
        return None
    return number if value.strip().lstrip("-").replace(".", "", 1).isdigit() else None


def as_markdown(table: AnswerTable) -> str:
    """The table for reading, and under it every quote with its page."""
    names = [as_text(column.name) for column in table.columns]
    lines = ["| Document | " + " | ".join(names) + " |", "| --- |" + " --- |" * len(names)]
    notes: list[str] = []
    for row in table.rows:
        shown = []
        for column, cell in zip(table.columns, row.cells, strict=True):
            mark = ""
            for item in cell.evidence[:2]:
                notes.append(
                    f"{len(notes) + 1}. {as_text(row.document)} p. {item.page}, {as_text(column.name)}: “{as_text(item.quote)}”"
                )
                mark += f" [{len(notes)}]"
            shown.append(f"{as_text(cell.shown)}{as_text(mark)}")
        lines.append(f"| {as_text(row.document)} | " + " | ".join(shown) + " |")
    cost = f", cost {table.cost:.4f}" if table.cost is not None else ""
    lines += ["", f"{table.done} of {table.total} cells, {table.seconds:.0f} s{cost}, {as_text(table.model)}."]
    return "\n".join([*lines, "", *notes]) + "\n"
