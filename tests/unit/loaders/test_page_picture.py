"""A page drawn as a picture, and where a quote stands in it."""

from __future__ import annotations

from pathlib import Path

import pypdfium2
import pytest
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from loaders.document import LoadError
from loaders.page_picture import draw

FIRST, SECOND = "The keeper counted forty barrels", "of oil beside the northern light."


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """One page of 400 by 600 points: two lines that are one sentence, 100 points below the top."""
    file = tmp_path / "log.pdf"
    canvas = Canvas(str(file), pagesize=(400, 600))
    canvas.drawString(50, 500, FIRST)
    canvas.drawString(50, 480, SECOND)
    canvas.showPage()
    canvas.save()
    return file


def test_a_quote_over_two_lines_has_a_box_on_each(page: Path) -> None:
    """Line breaks and capitals do not matter; the boxes are in pixels of the picture."""
    picture = draw(page, 1, (800, 1_200), f"{FIRST}  {SECOND}".upper())
    assert (picture.width, picture.height, len(picture.rgb)) == (800, 1_200, 800 * 1_200 * 3)
    first, second = picture.boxes
    assert 95 <= first[0] <= 110
    assert 180 <= first[1] < first[3] <= 210
    assert 220 <= second[1] < second[3] <= 250
    inside = Image.frombytes("RGB", (800, 1_200), picture.rgb).getpixel((round(first[2]) - 4, round(first[1]) + 1))
    assert inside != (255, 255, 255)


def test_what_is_not_on_the_page_is_not_marked(page: Path) -> None:
    assert draw(page, 1, (100, 100), "forty-one barrels").boxes == ()
    assert draw(page, 1, (100, 100)).boxes == ()


def test_a_turned_page_is_marked_where_the_words_are(page: Path, tmp_path: Path) -> None:
    """Rotation by 90 degrees: a line that ran across now runs down."""
    pdf = pypdfium2.PdfDocument(page)
    pdf[0].set_rotation(90)
    pdf.save(tmp_path / "turned.pdf")
    pdf.close()
    picture = draw(tmp_path / "turned.pdf", 1, (600, 400), FIRST)
    assert (picture.width, picture.height) == (600, 400)
    lefts, tops, rights, bottoms = zip(*picture.boxes, strict=True)
    assert max(rights) - min(lefts) < 30 < 100 < max(bottoms) - min(tops)


def test_a_picture_is_drawn_as_it_is_and_text_is_not(tmp_path: Path) -> None:
    Image.new("RGB", (40, 20), (9, 9, 9)).save(tmp_path / "scan.png")
    (tmp_path / "notes.md").write_text("# Notes", encoding="utf-8")
    assert draw(tmp_path / "scan.png", 1, (20, 20)).height == 10
    with pytest.raises(LoadError, match="no pages that could be drawn"):
        draw(tmp_path / "notes.md", 1, (20, 20))


def test_a_page_that_is_gone_and_a_damaged_file_are_refused(page: Path, tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="no page 2"):
        draw(page, 2, (20, 20))
    (tmp_path / "bad.pdf").write_bytes(b"%PDF-1.7\nnothing")
    with pytest.raises(LoadError, match="cannot be opened"):
        draw(tmp_path / "bad.pdf", 1, (20, 20))
