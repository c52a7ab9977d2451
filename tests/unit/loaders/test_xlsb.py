"""Binary Excel workbooks: cells by their records, shown as their formats say, and what is hidden or merged marked."""

from __future__ import annotations

import struct
from pathlib import Path

import pyarrow as pa
import pytest

from loaders import registry
from loaders.document import LoadError
from loaders.left_out import LeftOut
from loaders.opc import Package
from loaders.sheet import NamedRange
from loaders.xlsb_sheets import xlsb_sheets
from tests.support.xlsb import cell, record, row, styles, u32, wide, write

_BLANK, _RK, _ERROR, _BOOL, _REAL, _STRING, _SHARED, _FORMULA_STRING, _FORMULA_NUMBER = range(1, 10)
_TYPES = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def real(number: float) -> bytes:
    return struct.pack("<d", number)


def test_values_are_shown_by_their_formats_and_kept_for_sql(tmp_path: Path) -> None:
    shared = record(19, b"\x00", wide("Ships")) + record(19, b"\x01", wide("Day\U0001f6a2"), u32(0))
    heads = row(0, *(cell(_STRING, at, wide(name)) for at, name in enumerate(("Port", "Rate", "Code"))),
                cell(_SHARED, 3, u32(0)), cell(_SHARED, 4, u32(1)))  # fmt: skip
    hull = row(1, cell(_STRING, 0, wide("Hull")), cell(_REAL, 1, real(0.0575), 1), cell(_RK, 2, u32(417 << 2 | 2), 2),
               cell(_RK, 3, u32((1 << 32) - (12 << 2) | 2)), cell(_FORMULA_NUMBER, 4, real(48612) + bytes(8), 3))  # fmt: skip
    york = row(2, cell(_FORMULA_STRING, 0, wide("York") + bytes(8)), cell(_RK, 1, u32(1250 << 2 | 3), 1),
               cell(_ERROR, 2, b"\x07"), cell(_RK, 3, u32(struct.unpack("<Q", real(2.5))[0] >> 32 & ~3)),
               cell(_REAL, 4, real(48613), 3))  # fmt: skip
    book = write(
        tmp_path / "a.xlsb", {"Tolls": heads + hull + york},
        parts={"xl/styles.bin": styles(["General", "0.00%", '"P-"00000', "dd.mm.yyyy"]), "xl/sharedStrings.bin": shared},
    )  # fmt: skip
    document = registry.read(book)
    assert document.pages[0].text.split("\n")[2:] == [
        "Port | Rate | Code | Ships | Day\U0001f6a2",
        "Port: Hull | Rate: 5.75% | Code: P-00417 | Ships: -12 | Day\U0001f6a2: 02.02.2033",
        "Port: York | Rate: 1250.00% | Code: #DIV/0! | Ships: 2.5 | Day\U0001f6a2: 03.02.2033",
    ]
    rows = pa.ipc.open_stream(document.tables[0].data).read_all().to_pylist()
    assert (rows[0]["rate"], rows[1]["rate"], rows[0]["ships"]) == (0.0575, 12.5, -12.0)


def test_hidden_merged_struck_out_and_what_stands_beside(tmp_path: Path) -> None:
    cells = record(60, u32(2, 2, 0, 0), b"\x01\x00")
    cells += row(0, cell(_STRING, 0, wide("Ward")), cell(_STRING, 1, wide("Beds")), cell(_STRING, 2, wide("Note")))
    cells += row(1, cell(_STRING, 0, wide("North")), cell(_RK, 1, u32(12 << 2 | 2)), cell(_STRING, 2, wide("old")))
    cells += row(2, cell(_BLANK, 0, b""), cell(_RK, 1, u32(900 << 2 | 2), 1), hidden=True)
    cells += row(3, cell(_BOOL, 0, b"\x01"), cell(_RK, 1, u32(3 << 2 | 2)))
    cells += record(176, u32(1, 2, 0, 0)) + record(494, u32(1, 1, 1, 1), wide("L"), wide(""), wide(""), wide(""))
    said = (
        record(632, wide("Ida")) + record(635, u32(0, 3, 3, 1, 1), bytes(16)) + record(637, b"\x00", wide("Ida: Check"))
    )
    book = write(
        tmp_path / "a.xlsb", {"Beds": cells, "Old": row(0, cell(_STRING, 0, wide("Gone")))}, hidden=["Old"],
        parts={"xl/styles.bin": styles(["General", "General"], struck=1), "xl/comments1.bin": said},
        relations=f'<Relationship Id="L" Type="{_TYPES}/hyperlink" Target="https://example.org/" TargetMode="External"/>'
        f'<Relationship Id="C" Type="{_TYPES}/comments" Target="../comments1.bin"/>',
    )  # fmt: skip
    document = registry.read(book)
    assert document.pages[0].text.split("\n")[2:] == [
        "Ward | Beds | Note (hidden column)",
        "Ward: North | Beds: 12 | Note (hidden column): old",
        "Link on B2 (North, Beds, 12): https://example.org/",
        "(hidden row) Ward: North | Beds: 900 (struck out)",
        "Ward: TRUE | Beds: 3",
        "Comment by Ida on B4 (TRUE, Beds, 3): Check",
    ]
    assert document.pages[1].text.startswith("Old (hidden sheet)")


def test_days_since_1904_and_the_range_of_a_table(tmp_path: Path) -> None:
    cells = row(4, cell(_STRING, 1, wide("Port")), cell(_STRING, 2, wide("Day")))
    cells += row(5, cell(_STRING, 1, wide("Hull")), cell(_RK, 2, u32(1 << 2 | 2), 0))
    cells += row(6, cell(_STRING, 1, wide("York")), cell(_RK, 2, u32(2 << 2 | 2), 0))
    table = record(343, u32(4, 6, 1, 2, 0, 1, 1, 0, 0, *[0xFFFFFFFF] * 6, 0), wide("Tolls1"), wide("Tolls"))
    book = write(
        tmp_path / "a.xlsb", {"Sheet1": cells}, since_1904=True,
        parts={"xl/styles.bin": styles(["yyyy-mm-dd"]), "xl/tables/table1.bin": table},
        relations=f'<Relationship Id="T" Type="{_TYPES}/table" Target="../tables/table1.bin"/>',
    )  # fmt: skip
    assert "Port: Hull | Day: 1904-01-02" in registry.read(book).pages[0].text.split("\n")
    with Package(book) as package:
        (sheet,) = xlsb_sheets(package, LeftOut())
    assert sheet.ranges == [NamedRange("Tolls", 4, 1, 6, 2, header=True)]


@pytest.mark.parametrize("broken", [record(0, bytes(17))[:-9], cell(_REAL, 1, b"\x00"), record(0, bytes(3))])
def test_records_that_are_cut_are_damage(tmp_path: Path, broken: bytes) -> None:
    book = write(tmp_path / "a.xlsb", {"Tolls": row(0, cell(_STRING, 0, wide("Port"))) + broken})
    with pytest.raises(LoadError, match="damaged"):
        registry.read(book)
