"""Writes small binary Excel workbooks (xlsb), record by record as [MS-XLSB] describes them: no library here does."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

_TYPES = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_RELATIONS = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'


def record(kind: int, *parts: bytes) -> bytes:
    """A record of a binary part."""
    data, head = b"".join(parts), bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
    size, sizes = len(data), bytearray()
    while size > 127:
        sizes.append(size & 0x7F | 0x80)
        size >>= 7
    return head + bytes([*sizes, size]) + data


def u32(*values: int) -> bytes:
    """Numbers in four bytes each."""
    return struct.pack(f"<{len(values)}I", *values)


def wide(text: str) -> bytes:
    """A string with its length."""
    return u32(len(text.encode("utf-16-le")) // 2) + text.encode("utf-16-le")


def row(number: int, *cells: bytes, hidden: bool = False) -> bytes:
    """A row by its number from 0; the cells are records."""
    return record(0, u32(number, 0), b"\x2c\x01\x00", bytes([0x10 if hidden else 0]), b"\x00", u32(0)) + b"".join(cells)


def cell(kind: int, column: int, data: bytes, style: int = 0) -> bytes:
    """A cell of one of the kinds of cells (1 to 11); `data` is its value."""
    return record(kind, u32(column, style), data)


def styles(codes: Iterable[str], struck: int = -1) -> bytes:
    """The part of styles: one for each format code; that of number `struck` strikes its cells out."""
    codes = list(codes)
    formats = b"".join(record(44, struct.pack("<H", 164 + at), wide(code)) for at, code in enumerate(codes))
    fonts = b"".join(record(43, struct.pack("<HHH", 220, look, 400), bytes(19), wide("Sans")) for look in (0, 8))
    of_styles = record(626, u32(1)) + record(47, bytes(16)) + record(627)
    used = b"".join(
        record(47, struct.pack("<HHHHH", 0, 164 + at, int(at == struck), 0, 0), bytes(6)) for at in range(len(codes))
    )
    return record(278) + formats + fonts + of_styles + record(617, u32(len(codes))) + used + record(618) + record(279)


def write(
    path: Path, sheets: Mapping[str, bytes], *, hidden: Iterable[str] = (), parts: Mapping[str, bytes | str] | None = None,
    relations: str = "", since_1904: bool = False,
) -> Path:  # fmt: skip
    """A workbook with these sheets by name; `parts` are further parts, `relations` those of its first sheet, as XML."""
    hidden, names = set(hidden), list(sheets)
    book = record(131) + record(153, u32(int(since_1904), 0), wide(""))
    book += b"".join(
        record(156, u32(int(name in hidden), at), wide(f"r{at}"), wide(name)) for at, name in enumerate(names, 1)
    )
    to_sheets = "".join(
        f'<Relationship Id="r{at}" Type="{_TYPES}/worksheet" Target="worksheets/sheet{at}.bin"/>'
        for at in range(1, len(names) + 1)
    )
    to_sheets += f'<Relationship Id="s" Type="{_TYPES}/styles" Target="styles.bin"/>'
    to_sheets += f'<Relationship Id="t" Type="{_TYPES}/sharedStrings" Target="sharedStrings.bin"/>'
    to_book = f'<Relationship Id="b" Type="{_TYPES}/officeDocument" Target="xl/workbook.bin"/>'
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("_rels/.rels", _RELATIONS.format(to_book))
        archive.writestr("xl/workbook.bin", book)
        archive.writestr("xl/_rels/workbook.bin.rels", _RELATIONS.format(to_sheets))
        for at, data in enumerate(sheets.values(), 1):
            archive.writestr(f"xl/worksheets/sheet{at}.bin", record(145) + data + record(146))
        archive.writestr("xl/worksheets/_rels/sheet1.bin.rels", _RELATIONS.format(relations))
        for name, part in (parts or {}).items():
            archive.writestr(name, part)
    return path
