"""Excel workbooks: every sheet is a page labelled with its name, every row a line with the header of its columns."""

from __future__ import annotations

import datetime
import itertools
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from loaders import limits, locked_office
from loaders.blocks import HEADER_ROWS, PageBuilder, has_numbers, header_place, labelled
from loaders.document import Document, LoadError, Page, PasswordNeededError
from loaders.elements import check_unpacked_size
from loaders.registry import Loader
from loaders.sniff import Kind, kind_of
from loaders.tables import TableKeeper

VERSION = 2

_COLUMNS = 2_000
_REMEDY = "Open it in the program that made it and save it again, or export it as CSV."


def load(path: Path) -> Document:
    """The workbook at `path`, the values its formulas last had. Raises LoadError."""
    check_unpacked_size(path)
    with path.open("rb") as file:
        kind = kind_of(file.read(4096), path)
    try:
        keeper = TableKeeper()
        pages = _pages(_old_sheets(path) if kind is Kind.XLS else _sheets(path), keeper)
    except (MemoryError, RecursionError, LoadError):
        raise
    except Exception as error:
        # openpyxl and xlrd raise KeyError, TypeError, struct.error and more for damaged files.
        if "encrypted" in str(error).lower():
            raise PasswordNeededError from None
        raise LoadError(f"it is damaged or not a workbook ({type(error).__name__}: {error})", _REMEDY) from None
    if not any(page.text.strip() for page in pages):
        raise LoadError("the workbook has no cells with text", "Nothing to load.")
    return Document("", tuple(pages), LOADER.name, VERSION, keeper.notes, tables=tuple(keeper.tables))


def _pages(sheets: Iterable[tuple[str, Iterable[list[str]]]], keeper: TableKeeper) -> list[Page]:
    budget = limits.TextBudget()
    pages = []
    for number, (name, rows) in enumerate(sheets, 1):
        builder = PageBuilder(number, name, budget)
        builder.heading(1, name)
        blocks = [list(block) for filled, block in itertools.groupby(rows, key=any) if filled]
        header: list[str] = []
        for place, block in enumerate(blocks):
            names_only = place + 1 < len(blocks) and has_numbers(blocks[place + 1][:1])
            header = _add_block(builder, block, header, names_only, keeper)
        pages.append(builder.page())
    return pages


def _add_block(
    builder: PageBuilder, rows: list[list[str]], header: list[str], names_only: bool, keeper: TableKeeper
) -> list[str]:
    """Rows without an empty one between them: titles of a single cell, then a table. Returns the header for the next.

    An empty row often stands between a header and its numbers, so a few rows of words are one too when `names_only`.
    """
    while rows and sum(map(bool, rows[0])) == 1:
        builder.paragraph(next(cell for cell in rows.pop(0) if cell))
    if not rows:
        return header
    if names_only and len(rows) <= HEADER_ROWS and not has_numbers(rows):
        for row in rows:
            builder.line(labelled((), row))
        return rows[-1]
    keeper.add(builder.label or "", builder.number, builder.table(rows, header, keeper.shown_chars(rows)))
    place = header_place(rows)
    return header if place is None else rows[place]


def _sheets(path: Path) -> Iterator[tuple[str, Iterable[list[str]]]]:
    import openpyxl

    try:
        workbook = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except zipfile.BadZipFile as error:
        raise LoadError("it is damaged or not a workbook", _REMEDY) from error
    try:
        for sheet in workbook.worksheets:
            # What a sheet says of its own size is often wrong, and then cells are lost.
            sheet.reset_dimensions()
            yield sheet.title, ([_shown(cell) for cell in row[:_COLUMNS]] for row in sheet.iter_rows(values_only=True))
    finally:
        workbook.close()


def _old_sheets(path: Path) -> Iterator[tuple[str, Iterable[list[str]]]]:
    import xlrd

    with xlrd.open_workbook(str(path), on_demand=True) as workbook:
        for sheet in workbook.sheets():
            rows = (sheet.row(place) for place in range(sheet.nrows))
            yield sheet.name, ([_old_shown(cell, workbook.datemode) for cell in row[:_COLUMNS]] for row in rows)


def _old_shown(cell: Any, datemode: int) -> str:
    import xlrd

    if cell.ctype == xlrd.XL_CELL_DATE:
        return _shown(xlrd.xldate_as_datetime(cell.value, datemode))
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return _shown(bool(cell.value))
    return "" if cell.ctype == xlrd.XL_CELL_ERROR else _shown(cell.value)


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.12g}"
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if value.time() == datetime.time() else value.isoformat(" ", "seconds")
    return " ".join(str(value).split())


LOADER = Loader(
    name="workbook",
    version=VERSION,
    suffixes=(".xlsx", ".xlsm", ".xls"),
    kinds=(Kind.XLSX, Kind.XLS),
    load=load,
    unlock=locked_office.unlock,
)
