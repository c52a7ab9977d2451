"""Writes a table of answers as CSV, Markdown and an Excel workbook, each value with its quote beside it.

Values come from documents and models, so none may be a formula where a spreadsheet opens it (OWASP, "CSV Injection").
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from pathlib import Path

from workbench.api.markdown_text import as_text
from workbench.api.question_table import FOUND, AnswerRow, AnswerTable, Cell, Column
from workbench.core.errors import UsageError
from workbench.core.sanitize import unbroken

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
_CELL_CHARS = 32_000
"""Excel takes 32,767 characters in a cell."""


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
        writer.writerow([harmless(row.document), *map(_plain, _values(table, row))])
    return out.getvalue()


def _values(table: AnswerTable, row: AnswerRow) -> Iterator[str]:
    """The fields of a row, in the order of `heads`, without its document."""
    for column, cell in zip(table.columns, row.cells, strict=True):
        yield from fields(column, cell)


def _plain(value: str) -> str:
    """A field: a number stays one, also below zero."""
    return value if _number(value) is not None else harmless(value)


def _number(value: str) -> float | None:
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


def write_workbook(file: Path, table: AnswerTable) -> None:
    """Write an Excel workbook: the values on one sheet, every quote on another. Raises UsageError."""
    import xlsxwriter

    near = file.with_name(f".{file.name}.{os.getpid()}.part")
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    try:
        with xlsxwriter.Workbook(str(near), options) as book:
            bold = book.add_format({"bold": True})
            answers, quotes = book.add_worksheet("Answers"), book.add_worksheet("Quotes")
            for at, head in enumerate(heads(table.columns)):
                answers.write_string(0, at, harmless(head)[:_CELL_CHARS], bold)
            for at, head in enumerate(("document", "question", "state", "value", "verified", "page", "quote")):
                quotes.write_string(0, at, head, bold)
            line = 1
            for number, row in enumerate(table.rows, 1):
                answers.write_string(number, 0, harmless(row.document)[:_CELL_CHARS])
                for at, value in enumerate(_values(table, row), 1):
                    amount = _number(value)
                    if amount is not None:
                        answers.write_number(number, at, amount)
                    else:
                        answers.write_string(number, at, harmless(value)[:_CELL_CHARS])
                for column, cell in zip(table.columns, row.cells, strict=True):
                    for item in cell.evidence:
                        told = (
                            row.document,
                            column.question,
                            cell.state,
                            cell.value,
                            "yes" if cell.verified else "no",
                            str(item.page),
                            item.quote,
                        )
                        for at, value in enumerate(told):
                            quotes.write_string(line, at, harmless(value)[:_CELL_CHARS])
                        line += 1
            answers.freeze_panes(1, 1)
            answers.autofit()
        near.replace(file)
    except (OSError, xlsxwriter.exceptions.FileCreateError) as error:
        raise UsageError(
            f"{file} cannot be written: {getattr(error, 'strerror', None) or error}.", "Choose another file."
        ) from None
    finally:
        near.unlink(missing_ok=True)
