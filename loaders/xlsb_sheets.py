"""Reads the sheets of a binary Excel workbook (xlsb): the parts of an xlsx workbook, those with cells as records.

Our own reader of [MS-XLSB]'s records: the libraries for it give values without number formats, so that 5.75 % is 0.0575
and P-00417 is 417, and neither merged nor hidden cells. Formulas are read by their last values; charts, drawings and
relations are the XML of xlsx.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from typing import Any

from loaders import left_out
from loaders.document import LoadError
from loaders.grid import COLUMNS, NO_STORED_VALUE
from loaders.left_out import LeftOut
from loaders.number_format import BUILT_IN, NumberFormat, number_format
from loaders.opc import DAMAGED, Package
from loaders.sheet import STRUCK_OUT, Comment, NamedRange, Row, Sheet
from loaders.xlsx_sheets import OLD_NOTE, SheetReader, Shown

_MAIN = "xl/workbook.bin"
_PART_BYTES = 1 << 29
_STRING_CHARS = 32_767
_LINKS = 500
_ERRORS = {
    0: "#NULL!",
    7: "#DIV/0!",
    15: "#VALUE!",
    23: "#REF!",
    29: "#NAME?",
    36: "#NUM!",
    42: "#N/A",
    43: "#GETTING_DATA",
}

_ROW, _BLANK, _RK, _ERROR, _BOOL, _REAL, _STRING, _SHARED = range(8)
_FORMULA_STRING, _FORMULA_NUMBER, _FORMULA_BOOL, _FORMULA_ERROR = range(8, 12)
_SHARED_ITEM, _FONT, _FORMAT, _STYLE, _COLUMN, _RICH_STRING = 19, 43, 44, 47, 60, 62
_WORKBOOK_PROPERTIES, _SHEET, _MERGED, _TABLE, _LINK = 153, 156, 176, 343, 494
_STYLES_BEGIN, _STYLES_END = 617, 618
_AUTHOR, _COMMENT, _COMMENT_TEXT = 632, 635, 637

_TABLE_NAME_AT = 64
_HIDDEN_ROW = 0x10
_STRUCK = 0x08


def is_xlsb(package: Package) -> bool:
    """Whether a package is a workbook with binary parts."""
    return package.main(_MAIN).lower().endswith(".bin") and package.has(package.main(_MAIN))


def xlsb_sheets(package: Package, omitted: LeftOut) -> Iterator[Sheet]:
    """The sheets of a binary workbook in their order. Raises LoadError for damaged parts."""
    main = package.main(_MAIN)
    relations = package.relations(main)
    since_1904, entries = False, list[tuple[bool, str, str]]()
    for kind, data in _records(package, main):
        if kind == _WORKBOOK_PROPERTIES:
            since_1904 = bool(data[0] & 1)
        elif kind == _SHEET:
            key, end = _string(data, 8)
            entries.append((bool(data[0] & 3), key, _string(data, end)[0]))
    reader = XlsbReader(package, main, omitted, since_1904=since_1904)
    for hidden, key, name in entries:
        relation = relations.get(key)
        if relation is not None and package.has(relation.target):
            yield reader.sheet(relation.target, name, hidden, relation.kind)
    if any(relation.kind == "vbaproject" for relation in relations.values()):
        omitted.add(left_out.MACRO)


class XlsbReader(SheetReader):
    """Reads the binary parts; the others are those of xlsx."""

    STRINGS, STYLES = "xl/sharedStrings.bin", "xl/styles.bin"

    def _read(self, part: str, sheet: Sheet) -> None:
        merges, hidden_columns = list[tuple[int, int, int, int]](), set[int]()
        self.links: list[tuple[int, int, str]] = []
        row = Row(0, [], [])
        for kind, data in _records(self.package, part):
            if kind == _ROW:
                _take_row(row, sheet)
                row = Row(_u32(data, 0), [], [], bool(data[11] & _HIDDEN_ROW))
            elif _BLANK < kind <= _FORMULA_ERROR or kind == _RICH_STRING:
                self._take_cell(kind, data, row)
            elif kind == _COLUMN and data[16] & 1:
                hidden_columns.update(range(_u32(data, 0), min(_u32(data, 4) + 1, COLUMNS)))
            elif kind == _MERGED:
                merges.append(_area(data))
            elif kind == _LINK:
                top, left, _, _ = _area(data)
                self.links.append((top, left, _string(data, 16)[0]))
        _take_row(row, sheet)
        sheet.merges, sheet.hidden_columns = merges, frozenset(hidden_columns)

    def _take_cell(self, kind: int, data: bytes, row: Row) -> None:
        column = _u32(data, 0)
        if column >= COLUMNS or column < len(row.texts):
            return
        style = str(_u32(data, 4) & 0xFFFFFF)
        text, value = self._shown(kind, data, style)
        if text and style in self.struck:
            text = f"{text} {STRUCK_OUT}"
        row.texts += [""] * (column - len(row.texts)) + [text]
        row.values += [None] * (column - len(row.values)) + [value]

    def _shown(self, kind: int, data: bytes, style: str) -> Shown:
        if kind in (_BOOL, _FORMULA_BOOL):
            return ("TRUE", True) if data[8] else ("FALSE", False)
        if kind in (_ERROR, _FORMULA_ERROR):
            return _ERRORS.get(data[8], "#ERROR!"), None
        if kind in (_REAL, _FORMULA_NUMBER):
            number: float = struct.unpack_from("<d", data, 8)[0]
            if math.isnan(number):  # a formula that was never worked out
                self.omitted.add(left_out.FORMULA)
                return NO_STORED_VALUE, None
            return self._number(style, number)
        if kind == _RK:
            return self._number(style, _rk(_u32(data, 8)))
        if kind == _SHARED:
            place = _u32(data, 8)
            return self._text(style, self.strings[place] if place < len(self.strings) else "")
        return self._text(style, _string(data, 9 if kind == _RICH_STRING else 8)[0])

    def _strings(self, part: str) -> list[str]:
        return [_string(data, 1)[0] for kind, data in _records(self.package, part) if kind == _SHARED_ITEM]

    def _formats(self, part: str) -> list[NumberFormat]:
        codes, struck_fonts = dict(BUILT_IN), set[int]()
        fonts, styles, among = 0, list[tuple[int, int]](), False
        for kind, data in _records(self.package, part):
            if kind == _FORMAT:
                codes[_u16(data, 0)] = _string(data, 2)[0]
            elif kind == _FONT:
                if data[2] & _STRUCK:
                    struck_fonts.add(fonts)
                fonts += 1
            elif kind in (_STYLES_BEGIN, _STYLES_END):
                among = kind == _STYLES_BEGIN
            elif kind == _STYLE and among:
                styles.append((_u16(data, 2), _u16(data, 4)))
        self.struck = {str(number) for number, (_, font) in enumerate(styles) if font in struck_fonts}
        return [number_format(codes.get(code, "General")) for code, _ in styles]

    def _links(self, relations: Any) -> Iterator[Comment]:
        for number, (row, column, key) in enumerate(self.links):
            relation = relations.get(key)
            if relation is None or not relation.external:
                continue
            if number >= _LINKS:
                self.omitted.add(left_out.LINK)
            else:
                yield Comment(row, column, "", relation.target[:500], "Link")

    def _comments(self, parts: list[str]) -> Iterator[Comment]:
        for part in parts:
            if not part.lower().endswith(".bin"):
                yield from super()._comments([part])
                continue
            authors, place, author = list[str](), (0, 0), ""
            for kind, data in _records(self.package, part):
                if kind == _AUTHOR:
                    authors.append(_string(data, 0)[0])
                elif kind == _COMMENT:
                    number, place = _u32(data, 0), _area(data[4:])[:2]
                    author = authors[number] if number < len(authors) else ""
                elif kind == _COMMENT_TEXT:
                    text = " ".join(_string(data, 1)[0].split()).removeprefix(f"{author}:").strip()
                    if text and not text.startswith(OLD_NOTE):
                        yield Comment(*place, author, text)

    def _range(self, part: str) -> Iterator[NamedRange]:
        for kind, data in _records(self.package, part):
            if kind == _TABLE:
                name, end = _string(data, _TABLE_NAME_AT)
                yield NamedRange(_string(data, end)[0] or name, *_area(data), _u32(data, 24) != 0)


def _take_row(row: Row, sheet: Sheet) -> None:
    while row.texts and not row.texts[-1]:
        row.texts.pop()
        row.values.pop()
    if row.texts:
        sheet.rows.append(row)


def _records(package: Package, part: str) -> Iterator[tuple[int, bytes]]:
    """The records of a part, each with its number and its data. Raises LoadError where they do not fit together."""
    data, at = package.read(part)[:_PART_BYTES], 0
    try:
        while at < len(data):
            kind, at = data[at], at + 1
            if kind & 0x80:
                kind, at = kind & 0x7F | (data[at] & 0x7F) << 7, at + 1
            size = 0
            for shift in range(0, 28, 7):
                size, at = size | (data[at] & 0x7F) << shift, at + 1
                if not data[at - 1] & 0x80:
                    break
            if at + size > len(data):
                raise IndexError
            yield kind, data[at : at + size]
            at += size
    except (IndexError, struct.error):
        raise LoadError(f"it is damaged (its part {part} ends in the middle of a record)", DAMAGED) from None


def _u16(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "little")


def _u32(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little")


def _string(data: bytes, at: int) -> tuple[str, int]:
    """The string at a place and where it ends; of one that is absent, "" ."""
    count = _u32(data, at)
    if count == 0xFFFFFFFF:
        return "", at + 4
    end = at + 4 + 2 * min(count, _STRING_CHARS * 4)
    return data[at + 4 : end].decode("utf-16-le", "replace"), end


def _area(data: bytes) -> tuple[int, int, int, int]:
    """Top, left, bottom and right of a range that is stored as first row, last row, first column, last column."""
    top, bottom, left, right = (_u32(data, at) for at in (0, 4, 8, 12))
    return top, left, bottom, min(right, COLUMNS - 1)


def _rk(stored: int) -> float:
    """A number in four bytes: a whole one or the upper half of a double, divided by 100 or not."""
    if stored & 2:
        number = float((stored >> 2) - (1 << 30 if stored & 0x80000000 else 0))
    else:
        number = struct.unpack("<d", struct.pack("<Q", (stored & 0xFFFFFFFC) << 32))[0]
    return number / 100 if stored & 1 else number
