"""Workbooks: what the sheet shows in the text, what it stores in SQL, and nothing lost or under a false name."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pytest
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.comments import Comment
from openpyxl.styles import Font
from openpyxl.worksheet.table import Table

from loaders import registry
from loaders.document import Document


@pytest.fixture
def read(tmp_path: Path):  # type: ignore[no-untyped-def]
    def reading(book: openpyxl.Workbook) -> Document:
        book.save(tmp_path / "book.xlsx")
        return registry.read(tmp_path / "book.xlsx")

    return reading


def sheet(*rows: list[Any]) -> tuple[openpyxl.Workbook, Any]:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    return book, book.active


def lines(document: Document, page: int = 0) -> list[str]:
    return document.pages[page].text.split("\n")


def columns(document: Document, number: int = 0) -> dict[str, list[Any]]:
    table = pa.ipc.open_stream(document.tables[number].data).read_all()
    return {name: table.column(name).to_pylist() for name in table.schema.names if name != "_row"}


def test_shown_in_the_text_and_stored_in_sql(read) -> None:  # type: ignore[no-untyped-def]
    day = datetime.datetime(2033, 2, 3)
    book, active = sheet(["Site", "Rate", "Part", "Due"], ["Ulm", 0.0575, 417, day], ["Au", 0.0625, 58, day])
    for row in (2, 3):
        active.cell(row, 2).number_format = "0.00%"
        active.cell(row, 3).number_format = '"P-"00000'
        active.cell(row, 4).number_format = "d.m.yyyy"
    document = read(book)
    assert "Site: Ulm | Rate: 5.75% | Part: P-00417 | Due: 3.2.2033" in lines(document)
    assert columns(document) == {
        "site": ["Ulm", "Au"], "rate": [0.0575, 0.0625], "part": [417, 58], "part_as_shown": ["P-00417", "P-00058"],
        "due": [day.date(), day.date()],
    }  # fmt: skip


def test_merged_labels_and_stacked_names(read) -> None:  # type: ignore[no-untyped-def]
    book, active = sheet(
        ["Crew", None, None, None, None], ["Ward", 2029, None, 2030, None], [None, "Plan", "Actual", "Plan", "Actual"],
        ["North", 1, 2, 3, 4], [None, 5, 6, 7, 8],
    )  # fmt: skip
    for area in ("A1:E1", "A2:A3", "B2:C2", "D2:E2", "A4:A5"):
        active.merge_cells(area)
    document = read(book)
    assert "Ward: North | 2029 Plan: 5 | 2029 Actual: 6 | 2030 Plan: 7 | 2030 Actual: 8" in lines(document)
    assert lines(document)[2] == "Crew"
    assert list(columns(document)) == ["ward", "_2029_plan", "_2029_actual", "_2030_plan", "_2030_actual"]
    assert columns(document)["ward"] == ["North", "North"]


def test_a_formula_without_a_value_says_so(read) -> None:  # type: ignore[no-untyped-def]
    book, _ = sheet(["Item", "Amount"], ["Timber", 12500], ["Labour", 31200], ["Total", "=SUM(B2:B3)"])
    document = read(book)
    assert lines(document)[-1] == "Item: Total | Amount: =SUM(B2:B3) (formula without a stored value)"
    assert columns(document)["amount"] == [12500, 31200, None]
    assert document.metadata["left_out"] == "not read: 1 formula without a stored value"


def test_a_later_table_inherits_no_names(read) -> None:  # type: ignore[no-untyped-def]
    book, _ = sheet(
        ["Order no.", "Doc no."], ["44017", "88-20"], [], ["Requirements"], [], [1, "Power", "kW", 7.5], [2, "Speed", "rpm", 1450],
        [], ["Ada", 5], ["Eve", 6],
    )  # fmt: skip
    assert lines(read(book))[-5:] == ["1 | Power | kW | 7.5", "2 | Speed | rpm | 1450", "", "Ada | 5", "Eve | 6"]


def test_groups_of_one_table_keep_its_names(read) -> None:  # type: ignore[no-untyped-def]
    book, _ = sheet(
        ["Zone", "Sales", "Profit"], [], ["North", 12, 3], ["South", 8, 2], [], ["Sea", 5, 1], ["Lake", 6, 2]
    )
    assert lines(read(book))[-2:] == ["Zone: Sea | Sales: 5 | Profit: 1", "Zone: Lake | Sales: 6 | Profit: 2"]


def test_comments_stand_below_their_row(read) -> None:  # type: ignore[no-untyped-def]
    book, active = sheet(["Course", "Fee"], ["Pottery", 120], ["Weaving", 95])
    active["B2"].comment = Comment("With the clay.", "Hanne")
    active["F9"].comment = Comment("Alone.", "Bo")
    document = read(book)
    assert lines(document)[3:6] == [
        "Course: Pottery | Fee: 120",
        "Comment by Hanne on B2 (Pottery, Fee, 120): With the clay.",
        "Course: Weaving | Fee: 95",
    ]
    assert lines(document)[-1] == "Comment by Bo on F9: Alone."


def test_what_is_hidden_says_so(read) -> None:  # type: ignore[no-untyped-def]
    book, active = sheet(["Course", "Fee", "Cost"], ["Pottery", 120, 60], ["Weaving", 95, 40])
    active.row_dimensions[3].hidden = True
    active.column_dimensions["C"].hidden = True
    old = book.create_sheet("Old")
    old.append(["Course", "Fee"])
    old.append(["Pottery", 84])
    old.sheet_state = "veryHidden"
    document = read(book)
    assert lines(document)[3:] == [
        "Course: Pottery | Fee: 120 | Cost (hidden column): 60",
        "(hidden row) Course: Weaving | Fee: 95 | Cost (hidden column): 40",
    ]
    assert lines(document, 1)[-1] == "(hidden sheet) Course: Pottery | Fee: 84"
    assert [table.name for table in document.tables] == ["Sheet", "Old (hidden)"]


def test_what_the_workbook_calls_a_table_has_names(read) -> None:  # type: ignore[no-untyped-def]
    book, active = sheet(["1", "2"], ["a", "b"], ["c", "d"])
    active.add_table(Table(displayName="Pairs", ref="A1:B3"))
    assert lines(read(book))[-1] == "1: c | 2: d"


def test_charts_and_text_boxes_of_a_sheet(tmp_path: Path) -> None:
    import xlsxwriter

    book = xlsxwriter.Workbook(str(tmp_path / "a.xlsx"))
    page = book.add_worksheet("Traffic")
    page.write_column("A1", ["Spring", "Summer"])
    page.insert_textbox("D4", "Counted at the north gate.")
    book.close()
    document = registry.read(tmp_path / "a.xlsx")
    assert "Counted at the north gate." in lines(document)


def test_text_that_reads_like_a_number_stays_text(read) -> None:  # type: ignore[no-untyped-def]
    book, _ = sheet(["Code", "N"], ["007", 1], ["0815", 2])
    assert columns(read(book)) == {"code": ["007", "0815"], "n": [1, 2]}


def test_links_and_struck_out_cells(read) -> None:  # type: ignore[no-untyped-def]
    book, active = sheet(
        ["Item", "Price"],
        ["Tar", 900],
        ["Oil", CellRichText(TextBlock(InlineFont(strike=True), "8"), " 7")],
        ["Wax", 5],
    )
    active["B2"].font = Font(strike=True)
    active["A4"].hyperlink = "https://wax.example/a"
    document = read(book)
    assert lines(document)[3:] == [
        "Item: Tar | Price: 900 (struck out)", "Item: Oil | Price: 7", "Item: Wax | Price: 5",
        "Link on A4 (Wax, Item): https://wax.example/a",
    ]  # fmt: skip
    assert document.metadata["left_out"] == "not read: 1 piece of struck-out text"


def test_characters_that_xml_cannot_hold(read) -> None:  # type: ignore[no-untyped-def]
    book, _ = sheet(["Item", "Note"], ["a", "one_x000D_ two"], ["b", "tag_x005F_x0041_"])
    assert lines(read(book))[3:] == ["Item: a | Note: one two", "Item: b | Note: tag_x0041_"]


def test_numbers_that_are_stored_as_text(read) -> None:  # type: ignore[no-untyped-def]
    book, _ = sheet(["Id", "Rate"], ["007", "5,75"], ["008", "6,25"])
    assert columns(read(book)) == {"id": ["007", "008"], "rate": [5.75, 6.25]}


def test_tables_beside_each_other_and_one_table_with_a_gap(read) -> None:  # type: ignore[no-untyped-def]
    names, hull, york = (
        ["Port", "Toll", None, "Ship", "Tons"],
        ["Hull", 12, None, "Brig", 120],
        ["York", 9, None, "Cog", 60],
    )
    titled, _ = sheet(["Tolls", None, None, "Fleet"], names, hull, york)
    document = read(titled)
    assert lines(document)[2:] == [
        "Tolls", "", "Port | Toll", "Port: Hull | Toll: 12", "Port: York | Toll: 9", "", "Fleet", "", "Ship | Tons",
        "Ship: Brig | Tons: 120", "Ship: Cog | Tons: 60",
    ]  # fmt: skip
    assert columns(document, 1) == {"ship": ["Brig", "Cog"], "tons": [120, 60]}
    gap, _ = sheet(["Item", 2032, None, 2033], ["Rent", 5, None, 6], ["Heat", 7, None, 8])
    assert lines(read(gap))[3:] == ["Item: Rent | 2032: 5 | 2033: 6", "Item: Heat | 2032: 7 | 2033: 8"]


def test_a_form_with_values_of_several_kinds(read) -> None:  # type: ignore[no-untyped-def]
    book, _ = sheet(["Client", "Acme"], ["Contract", "K-77"], ["Value", 12500], ["Start", datetime.date(2033, 2, 3)])
    assert lines(read(book))[2:] == ["Client: Acme", "Contract: K-77", "Value: 12500", "Start: 2033-02-03"]
