"""Reads the sheets of an OpenDocument spreadsheet (ods): shown and stored values, merged and hidden cells, comments.

OASIS OpenDocument 1.3, part 3, 9: rows and cells that are alike are written once with how often they are repeated.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

from loaders import left_out
from loaders.document import LoadError
from loaders.grid import COLUMNS, NO_STORED_VALUE
from loaders.left_out import LeftOut
from loaders.opc import DAMAGED, Package, attribute, local
from loaders.sheet import STRUCK_OUT, Comment, Row, Sheet

_ROWS = 1_048_576
_REPEATED_ROWS = 1_000
"""Rows with text that are repeated more often than this are filling."""

_REPEATED_CELLS = 200
_WEB = ("http", "https", "ftp", "mailto")


def ods_sheets(package: Package, omitted: LeftOut) -> Iterator[Sheet]:
    """The sheets of a spreadsheet in their order. Raises LoadError when it has no content."""
    root = package.xml("content.xml")
    if root is None:
        raise LoadError("it is damaged or not what its name says (it has no content)", DAMAGED)
    hidden_styles = {
        attribute(style, "name")
        for style in root.iter()
        if local(style) == "style"
        and any(local(one) == "table-properties" and attribute(one, "display") == "false" for one in style)
    }
    struck = frozenset(
        attribute(style, "name") or ""
        for style in root.iter()
        if local(style) == "style"
        and any((attribute(one, "text-line-through-style") or "none") != "none" for one in style)
    )
    for table in root.iter():
        if local(table) == "table" and local(table.getparent()) == "spreadsheet":
            hidden = attribute(table, "style-name") in hidden_styles
            yield _Table(table, omitted, struck).sheet(attribute(table, "name") or "Sheet", hidden)
    omitted.add(left_out.MACRO, any(package.names("Basic/")))


class _Table:
    """Reads one sheet: collects its rows, merged ranges, hidden columns and comments."""

    def __init__(self, table: Any, omitted: LeftOut, struck: frozenset[str]) -> None:
        self.table, self.omitted, self.struck = table, omitted, struck
        self.rows: list[Row] = []
        self.merges: list[tuple[int, int, int, int]] = []
        self.comments: list[Comment] = []
        self.extras: list[str] = []

    def sheet(self, name: str, hidden: bool) -> Sheet:
        """The sheet."""
        columns = frozenset(self._hidden_columns())
        number = 0
        for row, collapsed in _rows(self.table, False):
            times = _count(row, "number-rows-repeated")
            texts, values = self._cells(row, number)
            if any(texts):
                for copy in range(min(times, _REPEATED_ROWS)):
                    self.rows.append(Row(number + copy, list(texts), list(values), collapsed))
            number = min(number + times, _ROWS)
        for one in self.table:
            if local(one) == "shapes":
                self._shapes(one)
        return Sheet(name, hidden, self.rows, self.merges, columns, self.comments, extras=self.extras)

    def _hidden_columns(self) -> Iterator[int]:
        place = 0
        for column in self.table.iter():
            if local(column) == "table-column":
                times = min(_count(column, "number-columns-repeated"), COLUMNS)
                if attribute(column, "visibility") in ("collapse", "filter"):
                    yield from range(place, min(place + times, COLUMNS))
                place += times
            elif local(column) == "table-row":
                return

    def _cells(self, row: Any, number: int) -> tuple[list[str], list[Any]]:
        texts: list[str] = []
        values: list[Any] = []
        for cell in row:
            if local(cell) not in ("table-cell", "covered-table-cell") or len(texts) >= COLUMNS:
                continue
            text, value = self._shown(cell)
            if text and attribute(cell, "style-name") in self.struck:
                text = f"{text} {STRUCK_OUT}"
            column, times = len(texts), _count(cell, "number-columns-repeated")
            for link in cell.iter() if text else ():
                if local(link) == "a" and (target := attribute(link, "href") or "").partition(":")[0] in _WEB:
                    self.comments.append(Comment(number, column, "", target[:500], "Link"))
            for one in cell:
                if local(one) == "annotation":
                    self.comments.append(_comment(one, number, column))
                elif local(one) in ("frame", "custom-shape", "g", "control"):
                    self._shapes([one])
            height, width = _count(cell, "number-rows-spanned"), _count(cell, "number-columns-spanned")
            if height > 1 or width > 1:
                self.merges.append((number, column, number + height - 1, column + width - 1))
            times = min(times, COLUMNS - column, _REPEATED_CELLS if text else COLUMNS)
            texts += [text] * times
            values += [value] * times
        while texts and not texts[-1]:
            texts.pop()
            values.pop()
        return texts, values

    def _shown(self, cell: Any) -> tuple[str, Any]:
        """What a cell shows, and what it stores (None where that is the same text)."""
        if local(cell) == "covered-table-cell":
            return "", None
        text = " ".join(" ".join(_text(one) for one in cell if local(one) == "p").split())
        kind, formula = attribute(cell, "value-type"), attribute(cell, "formula")
        value = _stored(kind, cell, text)
        if formula and not text and value is None:
            self.omitted.add(left_out.FORMULA)
            return f"{formula.partition(':')[2] or formula} {NO_STORED_VALUE}", None
        if not text and value is not None:
            text = str(value)
        return text, value

    def _shapes(self, container: Any) -> None:
        """Texts of boxes that lie on the sheet; what else lies there is counted."""
        for one in container:
            paragraphs = [" ".join(_text(part).split()) for part in one.iter() if local(part) == "p"]
            names = {local(part) for part in one.iter()}
            if said := " ".join(filter(None, paragraphs)):
                self.extras.append(said)
            elif "object" in names or "object-ole" in names:
                self.omitted.add(left_out.OBJECT)
            elif "image" in names:
                self.omitted.add(left_out.PICTURE)


def _rows(container: Any, hidden: bool) -> Iterator[tuple[Any, bool]]:
    """The rows of a sheet, those of groups too, each with whether it is hidden."""
    for one in container:
        name = local(one)
        collapsed = hidden or attribute(one, "visibility") in ("collapse", "filter")
        if name == "table-row":
            yield one, collapsed
        elif name in ("table-rows", "table-header-rows", "table-row-group"):
            yield from _rows(one, hidden or attribute(one, "display") == "false")


def _stored(kind: str | None, cell: Any, text: str) -> Any:
    value = attribute(cell, "value")
    if kind in ("float", "percentage", "currency") and value is not None:
        number = float(value)
        return int(number) if number.is_integer() and abs(number) < 1e15 else number
    if kind == "boolean":
        return attribute(cell, "boolean-value") == "true"
    if kind == "date" and (day := attribute(cell, "date-value")):
        try:
            return datetime.datetime.fromisoformat(day)
        except ValueError:
            return text or None
    return text or None


def _text(paragraph: Any) -> str:
    """The text of a paragraph, with its spaces and tabs, without the notes in it."""
    parts = [paragraph.text or ""]
    for one in paragraph:
        name = local(one)
        if name == "s":
            parts.append(" " * min(_count(one, "c"), 100))
        elif name in ("tab", "line-break"):
            parts.append(" ")
        elif name not in ("annotation", "note", "ruby-text"):
            parts.append(_text(one))
        parts.append(one.tail or "")
    return "".join(parts)


def _comment(annotation: Any, row: int, column: int) -> Comment:
    author = next(("".join(one.itertext()) for one in annotation if local(one) == "creator"), "")
    said = " ".join(_text(one) for one in annotation.iter() if local(one) == "p")
    return Comment(row, column, " ".join(author.split()), " ".join(said.split()))


def _count(element: Any, name: str) -> int:
    text = attribute(element, name) or ""
    return max(1, int(text)) if text.isdigit() and len(text) < 9 else 1
