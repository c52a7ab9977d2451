"""Writes a table of answers as an Excel workbook."""

from __future__ import annotations

import os
from pathlib import Path

from workbench.api.question_table import AnswerTable
from workbench.api.table_text import amount, harmless, heads, values
from workbench.core.errors import UsageError

_CELL_CHARS = 32_000
"""Excel takes 32,767 characters in a cell."""


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
                for at, value in enumerate(values(table, row), 1):
                    as_number = amount(value)
                    if as_number is not None:
                        answers.write_number(number, at, as_number)
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
