"""Ruled tables of PDF pages: rows with the names of their columns, whatever the order in which cells were drawn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from reportlab.lib import colors
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Table, TableStyle

from loaders import registry
from loaders.document import Document

STYLE = getSampleStyleSheet()["BodyText"]
DUTIES = [
    ["Clause", "Duty", "Who"], ["4", "Keep the lamp lit from dusk to dawn on every day of the year", "The keeper and his mate"],
    ["5", "Oil the gate each month", "Warden"], ["6", "Report faults of the sluice to the office of the company", "All"],
]  # fmt: skip
RENT = [
    ["Item", "2032", "2033"],
    ["Rent of the hall and of the rooms behind it", "1,200", "1,350"],
    ["Heating", "900", "870"],
]


def ruled(
    rows: Sequence[Sequence[str]], widths: Sequence[float], *styles: tuple[Any, ...], wrapped: bool = True
) -> Table:
    table = Table([[Paragraph(cell, STYLE) if wrapped else cell for cell in row] for row in rows], colWidths=widths)
    table.setStyle(TableStyle([("GRID", (0, 0), (-1, -1), 0.5, colors.black), *styles]))
    return table


def read(folder: Path, *flowables: Flowable) -> Document:
    SimpleDocTemplate(str(folder / "a.pdf")).build(list(flowables))
    return registry.read(folder / "a.pdf")


def lines(document: Document) -> list[str]:
    return [line for line in document.pages[0].text.split("\n") if line]


@pytest.mark.parametrize("align", ["TOP", "MIDDLE", "BOTTOM"])
def test_cells_with_wrapped_text_are_whole(tmp_path: Path, align: str) -> None:
    table = ruled(DUTIES, (60, 180, 90), ("VALIGN", (0, 0), (-1, -1), align))
    assert lines(read(tmp_path, Paragraph("Duties of the staff", STYLE), table, Paragraph("Signed by all.", STYLE))) == [
        "Duties of the staff", "Clause | Duty | Who",
        "Clause: 4 | Duty: Keep the lamp lit from dusk to dawn on every day of the year | Who: The keeper and his mate",
        "Clause: 5 | Duty: Oil the gate each month | Who: Warden",
        "Clause: 6 | Duty: Report faults of the sluice to the office of the company | Who: All", "Signed by all.",
    ]  # fmt: skip


def test_merged_cells_and_tables_for_sql(tmp_path: Path) -> None:
    rows = [["Ward", "Beds", ""], ["", "Open", "Shut"], ["North", "12", "3"], ["South", "11", "2"]]
    document = read(
        tmp_path, ruled(rows, (90, 80, 80), ("SPAN", (1, 0), (2, 0)), ("SPAN", (0, 0), (0, 1)), wrapped=False)
    )
    assert lines(document) == [
        "Ward | Beds Open | Beds Shut", "Ward: North | Beds Open: 12 | Beds Shut: 3", "Ward: South | Beds Open: 11 | Beds Shut: 2",
    ]  # fmt: skip
    [table] = document.tables
    stored = pa.ipc.open_stream(table.data).read_all()
    assert (table.page, stored.column("beds_open").to_pylist()) == (1, [12, 11])


def test_the_year_stands_beside_the_number(tmp_path: Path) -> None:
    assert lines(read(tmp_path, ruled(RENT, (100, 80, 80)))) == [
        "Item | 2032 | 2033", "Item: Rent of the hall and of the rooms behind it | 2032: 1,200 | 2033: 1,350",
        "Item: Heating | 2032: 900 | 2033: 870",
    ]  # fmt: skip


def test_labels_with_what_is_said_of_them_name_nothing(tmp_path: Path) -> None:
    rows = [
        ["Lamp", "It burns from dusk to dawn and is trimmed at midnight by the mate"],
        ["Bell", "It rings in fog, twice a minute"],
    ]
    assert lines(read(tmp_path, ruled([*rows, ["Horn", "Out of use"]], (60, 150)))) == [
        "Lamp | It burns from dusk to dawn and is trimmed at midnight by the mate", "Bell | It rings in fog, twice a minute",
        "Horn | Out of use",
    ]  # fmt: skip


def test_lines_that_are_no_rules_of_a_table_make_none(tmp_path: Path) -> None:
    under = [("LINEBELOW", (1, 1), (2, -1), 0.5, colors.black), ("LINEABOVE", (1, 1), (2, -1), 0.5, colors.black)]
    table = Table(RENT, colWidths=(220, 80, 80))
    table.setStyle(TableStyle(under))
    assert lines(read(tmp_path, table)) == [" ".join(row) for row in RENT]


def test_wrapped_cells_without_rules_are_whole(tmp_path: Path) -> None:
    table = Table([[Paragraph(cell, STYLE) for cell in row] for row in DUTIES], colWidths=(60, 180, 90))
    table.setStyle(TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP")]))
    shown = lines(
        read(
            tmp_path,
            Paragraph("Duties of the staff of the whole company", STYLE),
            table,
            Paragraph("Signed by all.", STYLE),
        )
    )
    assert shown[1:3] == [
        "Clause | Duty | Who",
        "Clause: 4 | Duty: Keep the lamp lit from dusk to dawn on every day of the year | Who: The keeper and his mate",
    ]
    assert shown[-1] == "Signed by all."


def test_a_first_row_with_figures_names_nothing(tmp_path: Path) -> None:
    rows = [
        ["3.1", "Certificate of the company as it was amended and restated", "8-K"], ["3.2", "Bylaws of the company as amended", "10-K"],
        ["3.3", "Lease", "8-K"],
    ]  # fmt: skip
    table = Table([[Paragraph(cell, STYLE) for cell in row] for row in rows], colWidths=(60, 120, 60))
    table.setStyle(TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP")]))
    assert lines(read(tmp_path, table))[0] == "3.1 | Certificate of the company as it was amended and restated | 8-K"


def test_a_long_table_whose_cells_are_framed_one_by_one(tmp_path: Path) -> None:
    from reportlab.pdfgen import canvas

    sheet = canvas.Canvas(str(tmp_path / "a.pdf"), pagesize=(595, 842), invariant=True)
    sheet.setFont("Helvetica", 9)
    rows = [
        ("Boat", "Owner", "Length"),
        *((f"Boat {at}", f"Owner {at * 7 % 31}", f"{at % 9 + 5}.0 m") for at in range(40)),
    ]
    for row, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            left, top = 60 + 120 * column, 800 - 18 * row
            sheet.drawString(left + 4, top - 13, cell)
            for side in ((0, 0, 120, 0), (0, -18, 120, -18), (0, 0, 0, -18), (120, 0, 120, -18)):
                sheet.line(left + side[0], top + side[1], left + side[2], top + side[3])
    sheet.save()
    document = registry.read(tmp_path / "a.pdf")
    assert "Boat: Boat 39 | Owner: Owner 25 | Length: 8.0 m" in lines(document)
    assert [table.row_count for table in document.tables] == [40]


def test_a_column_that_is_merged_at_its_names_and_below(tmp_path: Path) -> None:
    rows = [
        ["Quay", "Toll", ""],
        ["", "2032", "2033"],
        ["North", "410", "450"],
        ["", "415", "455"],
        ["South", "closed", ""],
        ["East", "closed", ""],
    ]
    spans = [
        ("SPAN", (1, 0), (2, 0)),
        ("SPAN", (0, 0), (0, 1)),
        ("SPAN", (0, 2), (0, 3)),
        ("SPAN", (1, 4), (2, 4)),
        ("SPAN", (1, 5), (2, 5)),
    ]
    said = lines(read(tmp_path, ruled(rows, (80, 60, 60), *spans, wrapped=False)))
    assert "Quay: North | Toll 2032: 415 | Toll 2033: 455" in said
