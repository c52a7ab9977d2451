"""Presentations: charts, tables, notes, groups and descriptions are on the page of their slide."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pptx
import pytest
from lxml import etree
from pptx.chart.data import CategoryChartData, XyChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from loaders import registry
from loaders.document import Document

PICTURE = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00\x90wS\xde\x00\x00\x00\x0cIDATx\x9cc\xf8"
    b"\xcf\xc0\x00\x00\x03\x01\x01\x00\xc9\xfe\x92\xef\x00\x00\x00\x00IEND\xaeB`\x82"
)
BOX = Inches(1), Inches(2), Inches(5), Inches(3)


@pytest.fixture
def deck() -> Any:
    return pptx.Presentation()


@pytest.fixture
def read(deck: Any, tmp_path: Path):  # type: ignore[no-untyped-def]
    def reading() -> Document:
        deck.save(tmp_path / "a.pptx")
        return registry.read(tmp_path / "a.pptx")

    return reading


def slide(deck: Any, title: str = "Fleet") -> Any:
    made = deck.slides.add_slide(deck.slide_layouts[5])
    made.shapes.title.text = title
    return made


def text(document: Document) -> str:
    return document.pages[0].text


def test_a_chart_is_a_table_of_its_numbers(deck: Any, read: Any) -> None:
    data = CategoryChartData(number_format="0.0%")
    data.categories = ["Spring", "Summer"]
    data.add_series("Line 4", (0.121, 0.4875))
    data.add_series("Line 5", (0.2, None))
    chart = slide(deck).shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, *BOX, data).chart
    chart.has_title = True
    chart.chart_title.text_frame.text = "Passengers"
    chart.value_axis.has_title = True
    chart.value_axis.axis_title.text_frame.text = "Share"
    document = read()
    assert text(document) == (
        "Fleet\n\nChart: Passengers (Share)\nCategory | Line 4 | Line 5\n"
        "Category: Spring | Line 4: 12.1% | Line 5: 20.0%\nCategory: Summer | Line 4: 48.8%"
    )
    assert document.tables[0].labels == ("Category", "Line 4", "Line 5")


def test_points_of_a_scatter_chart(deck: Any, read: Any) -> None:
    data = XyChartData()
    series = data.add_series("Depth")
    series.add_data_point(1.5, 20)
    series.add_data_point(2.5, 35)
    slide(deck).shapes.add_chart(XL_CHART_TYPE.XY_SCATTER, *BOX, data)
    assert text(read()).endswith("Category: 1.5 | Depth: 20\nCategory: 2.5 | Depth: 35")


def test_merged_cells_of_a_table(deck: Any, read: Any) -> None:
    table = slide(deck).shapes.add_table(3, 3, *BOX).table
    for place, said in enumerate(["Pier", "Ship", "Crew", "One", "Ada", "12", "", "Eve", "9"]):
        table.cell(place // 3, place % 3).text = said
    table.cell(1, 0).merge(table.cell(2, 0))
    assert text(read()).split("\n")[2:] == [
        "Pier | Ship | Crew",
        "Pier: One | Ship: Ada | Crew: 12",
        "Pier: One | Ship: Eve | Crew: 9",
    ]


def test_groups_notes_links_pictures_and_hidden_slides(deck: Any, read: Any, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PICTURE)
    made = slide(deck)
    group = made.shapes.add_group_shape()
    group.shapes.add_textbox(*BOX).text_frame.text = "Inside a group"
    frame = made.shapes.add_textbox(Inches(1), Inches(6), Inches(2), Inches(1)).text_frame
    run = frame.paragraphs[0].add_run()
    run.text, run.hyperlink.address = "the list", "https://a.org/list"
    picture = made.shapes.add_picture(str(tmp_path / "a.png"), Inches(1), Inches(7))
    picture._element.nvPicPr.cNvPr.set("descr", "The crane at night")
    made.notes_slide.notes_text_frame.text = "Say this slowly."
    made._element.set("show", "0")
    document = read()
    assert text(document) == (
        "Fleet (hidden slide)\n\nInside a group\n\nthe list\n\n[Picture: The crane at night]\n\n"
        "Link “the list”: https://a.org/list\n\nSpeaker notes: Say this slowly."
    )
    assert document.metadata["left_out"] == "not read: 1 picture"


def test_shapes_are_read_from_top_to_bottom_and_left_to_right(deck: Any, read: Any) -> None:
    made = slide(deck)
    for said, left, top in (("third", 1, 4), ("second", 5, 2.05), ("first", 1, 2.1)):
        made.shapes.add_textbox(Inches(left), Inches(top), Inches(2), Inches(1)).text_frame.text = said
    assert text(read()) == "Fleet\n\nfirst\n\nsecond\n\nthird"


def test_equations_and_alternatives(deck: Any, read: Any) -> None:
    frame = slide(deck).shapes.add_textbox(*BOX).text_frame
    frame.text = "Area "
    spaces = (
        'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
        'xmlns:a14="http://schemas.microsoft.com/office/drawing/2010/main" '
        'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" '
        'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
    )
    frame.paragraphs[0]._p.append(
        etree.fromstring(
            f'<mc:AlternateContent {spaces}><mc:Choice Requires="a14"><a14:m><m:oMath><m:sSup><m:e><m:r><m:t>r</m:t></m:r></m:e>'
            "<m:sup><m:r><m:t>2</m:t></m:r></m:sup></m:sSup></m:oMath></a14:m></mc:Choice><mc:Fallback><a:r><a:t>lost</a:t></a:r>"
            "</mc:Fallback></mc:AlternateContent>"
        )
    )
    assert text(read()).split() == ["Fleet", "Area", "r^2"]


def test_numbers_of_lists_are_those_of_the_slide(deck: Any, read: Any) -> None:
    body = slide(deck).shapes.add_textbox(*BOX).text_frame
    body.text = "first\nsecond"
    for paragraph in body.paragraphs:
        number = etree.SubElement(
            paragraph._p.get_or_add_pPr(), "{http://schemas.openxmlformats.org/drawingml/2006/main}buAutoNum"
        )
        number.set("type", "alphaLcParenBoth")
        number.set("startAt", "3")
    assert text(read()) == "Fleet\n\n(c) first\n(d) second"


def test_hidden_shapes_are_counted_and_links_of_shapes_told(deck: Any, read: Any) -> None:
    made = slide(deck)
    button = made.shapes.add_textbox(*BOX)
    button.text_frame.text = "Timetable"
    button.click_action.hyperlink.address = "https://ferry.example/times"
    unseen = made.shapes.add_textbox(*BOX)
    unseen.text_frame.text = "An older plan"
    unseen._element.nvSpPr.cNvPr.set("hidden", "1")
    document = read()
    assert text(document) == "Fleet\n\nTimetable\n\nLink “Timetable”: https://ferry.example/times"
    assert document.metadata["left_out"] == "not read: 1 piece of hidden text"


def test_characters_that_xml_cannot_hold(deck: Any, read: Any) -> None:
    box = slide(deck).shapes.add_textbox(*BOX)
    box.text_frame.text = "x"
    box.text_frame.paragraphs[0].runs[0]._r.t.text = "one_x000D_two"
    assert text(read()) == "Fleet\n\none\ntwo"
