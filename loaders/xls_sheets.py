"""Reads the sheets of an older Excel workbook (xls): shown and stored values, merged and hidden cells, comments."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from loaders import left_out
from loaders.grid import COLUMNS
from loaders.left_out import LeftOut
from loaders.number_format import general, number_format
from loaders.sheet import STRUCK_OUT, Comment, Row, Sheet

_LINKS = 500
_ERRORS = {0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A"}


def xls_sheets(path: Path, omitted: LeftOut) -> Iterator[Sheet]:
    """The sheets of the workbook at `path` in their order. Raises what xlrd raises."""
    import xlrd

    with xlrd.open_workbook(str(path), on_demand=True, formatting_info=True) as workbook:
        for number in range(workbook.nsheets):
            sheet = workbook.sheet_by_index(number)
            rows = list(_rows(workbook, sheet, omitted))
            merges = [(top, left, bottom - 1, right - 1) for top, bottom, left, right in sheet.merged_cells]
            hidden = frozenset(column for column, info in sheet.colinfo_map.items() if info.hidden)
            comments = [
                Comment(row, column, " ".join((note.author or "").split()), " ".join(note.text.split()))
                for (row, column), note in sorted(sheet.cell_note_map.items())
                if note.text.strip()
            ]
            comments += [
                Comment(link.frowx, link.fcolx, "", _address(link.url_or_path)[:500], "Link")
                for link in sheet.hyperlink_list[:_LINKS]
                if link.type == "url" and link.url_or_path
            ]
            yield Sheet(sheet.name, bool(sheet.visibility), rows, merges, hidden, comments)
            workbook.unload_sheet(number)


def _rows(workbook: Any, sheet: Any, omitted: LeftOut) -> Iterator[Row]:
    for number in range(sheet.nrows):
        cells = [_shown(workbook, cell, omitted) for cell in sheet.row(number)[:COLUMNS]]
        texts = [text and f"{text}{_struck(workbook, cell)}" for (text, _), cell in zip(cells, sheet.row(number))]
        if any(texts):
            info = sheet.rowinfo_map.get(number)
            yield Row(number, texts, [value for _, value in cells], bool(info is not None and info.hidden))


def _shown(workbook: Any, cell: Any, omitted: LeftOut) -> tuple[str, Any]:
    import xlrd

    value = cell.value
    if cell.ctype in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK):
        return "", None
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return ("TRUE", True) if value else ("FALSE", False)
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return _ERRORS.get(int(value), "#ERROR!"), None
    form = number_format(_code(workbook, cell))
    if cell.ctype == xlrd.XL_CELL_TEXT:
        text = " ".join(str(value).split())
        return (form.show_text(text) if text else ""), text or None
    number = float(value)
    if cell.ctype == xlrd.XL_CELL_DATE:
        try:
            day: datetime.datetime = xlrd.xldate_as_datetime(number, workbook.datemode)
        except (ValueError, OverflowError):
            return general(number), number
        return form.show_day(day, number) if form.is_date else day.isoformat(" ", "seconds"), day if number >= 1 and (
            form.has_days or not form.is_date
        ) else None
    shown = form.show(number)
    if not shown:
        omitted.add(left_out.HIDDEN)
    return shown, int(number) if number.is_integer() and abs(number) < 1e15 else number


def _address(target: str | bytes) -> str:
    return target.decode("utf-8", "replace") if isinstance(target, bytes) else str(target)


def _struck(workbook: Any, cell: Any) -> str:
    """What stands behind the text of a cell that is struck out."""
    try:
        return f" {STRUCK_OUT}" if workbook.font_list[workbook.xf_list[cell.xf_index].font_index].struck_out else ""
    except (IndexError, TypeError):
        return ""


def _code(workbook: Any, cell: Any) -> str:
    from loaders.number_format import BUILT_IN

    try:
        key = workbook.xf_list[cell.xf_index].format_key
        return BUILT_IN.get(key) or str(workbook.format_map[key].format_str)
    except (KeyError, IndexError, TypeError):
        return "General"
