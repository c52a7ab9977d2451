"""Pages that are shown turned: what is drawn on them reads as on an upright page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from loaders import registry
from loaders.document import Document
from tests.unit.loaders.test_pdf_layout import LEFT, RIGHT, row_by_row

WIDTH, HEIGHT = 595, 842
TURNS = (0, 90, 180, 270)


def turned(file: Path, degrees: int, draw: Callable[[Any], None], corner: tuple[float, float] = (0, 0)) -> Document:
    """What is read of a page that shows upright what `draw` draws, the sheet below it being turned by so many degrees."""
    import pypdf
    from pypdf.generic import NameObject, NumberObject, RectangleObject
    from reportlab.pdfgen import canvas

    across, up = (WIDTH, HEIGHT) if degrees % 180 == 0 else (HEIGHT, WIDTH)
    sheet = canvas.Canvas(str(file), pagesize=(across, up), invariant=True)
    sheet.translate(*corner)
    # Against the clock, by as much as the reader turns the sheet with it.
    sheet.translate(*{0: (0, 0), 90: (across, 0), 180: (across, up), 270: (0, up)}[degrees])
    sheet.rotate(degrees)
    draw(sheet)
    sheet.save()
    writer = pypdf.PdfWriter(clone_from=file)
    page = writer.pages[0]
    page[NameObject("/Rotate")] = NumberObject(degrees)
    for reference in page.get("/Annots", ()):
        left, bottom, right, top = map(float, reference.get_object()["/Rect"])
        ends = [
            {0: (x, y), 90: (across - y, x), 180: (across - x, up - y), 270: (y, up - x)}[degrees]
            for x, y in ((left, bottom), (right, top))
        ]
        sides = [*map(min, *ends), *map(max, *ends)]
        reference.get_object()[NameObject("/Rect")] = RectangleObject(tuple(sides))
    x, y = corner
    page[NameObject("/MediaBox")] = RectangleObject((x, y, x + across, y + up))
    writer.write(file)
    return registry.read(file)


def _words(sheet: Any, placed: list[tuple[float, float, str]]) -> None:
    sheet.setFont("Helvetica", 10)
    for x, y, text in placed:
        sheet.drawString(x, y, text)


@pytest.mark.parametrize("degrees", TURNS)
def test_columns_drawn_row_by_row_are_read_one_after_the_other(tmp_path: Path, degrees: int) -> None:
    document = turned(tmp_path / "a.pdf", degrees, lambda sheet: _words(sheet, row_by_row([LEFT, RIGHT], (60, 320))))
    assert document.pages[0].text.split("\n") == LEFT + RIGHT


def _ruled(sheet: Any) -> None:
    rows = [("Lock", "Depth", "Keeper"), ("Upper", "4.2", "Ada"), ("Lower", "3.9", "Bo")]
    _words(
        sheet,
        [(65 + 100 * at, 705 - 20 * row, cell) for row, cells in enumerate(rows) for at, cell in enumerate(cells)],
    )
    for number in range(4):
        sheet.line(60, 720 - 20 * number, 360, 720 - 20 * number)
        sheet.line(60 + 100 * number, 720, 60 + 100 * number, 660)


@pytest.mark.parametrize("degrees", TURNS)
@pytest.mark.parametrize("corner", [(0, 0), (-100, 50)])
def test_a_ruled_table_has_the_names_of_its_columns(tmp_path: Path, degrees: int, corner: tuple[float, float]) -> None:
    document = turned(tmp_path / "a.pdf", degrees, _ruled, corner)
    assert "Lock: Upper | Depth: 4.2 | Keeper: Ada" in document.pages[0].text
    assert [(table.labels, table.row_count) for table in document.tables] == [(("Lock", "Depth", "Keeper"), 2)]


@pytest.mark.parametrize("degrees", TURNS)
def test_labels_drawn_before_their_values_have_them_on_their_line(tmp_path: Path, degrees: int) -> None:
    labels, values = ["Owner:", "Built:", "Length:"], ["Ada Gray", "1911", "11.4 m"]
    placed = [(60, 700 - 15 * row, label) for row, label in enumerate(labels)]
    placed += [(200, 700 - 15 * row, value) for row, value in enumerate(values)]
    document = turned(tmp_path / "a.pdf", degrees, lambda sheet: _words(sheet, placed))
    assert document.pages[0].text.split("\n") == ["Owner: Ada Gray", "Built: 1911", "Length: 11.4 m"]


@pytest.mark.parametrize("degrees", TURNS)
def test_the_value_of_a_field_stands_at_its_label(tmp_path: Path, degrees: int) -> None:
    def draw(sheet: Any) -> None:
        _words(sheet, [(60, 700, "Harbour:"), (60, 680, "Captain:")])
        places = {"harbour": (120, 696, "Hull"), "captain": (120, 676, "Ilse")}
        for name, (x, y, value) in places.items():
            sheet.acroForm.textfield(name=name, value=value, x=x, y=y, width=100, height=14)

    text = turned(tmp_path / "a.pdf", degrees, draw).pages[0].text
    assert text.split("\n") == ["Harbour: Hull", "Captain: Ilse"]


@pytest.mark.parametrize("degrees", TURNS)
def test_what_stands_outside_the_page_is_left_out(tmp_path: Path, degrees: int) -> None:
    placed = [(60, 700, "On the page"), (60, HEIGHT + 40, "Above the page")]
    document = turned(tmp_path / "a.pdf", degrees, lambda sheet: _words(sheet, placed))
    assert document.pages[0].text == "On the page"
    assert document.metadata["left_out"] == "not read: 1 line of text outside the page"
