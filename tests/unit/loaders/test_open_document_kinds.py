"""OpenDocument spreadsheets and presentations: read like those of Excel and PowerPoint."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pyarrow as pa

from loaders import registry
from loaders.document import Document

SPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{space}:1.0"'
    for name, space in (
        ("office", "office"), ("text", "text"), ("table", "table"), ("style", "style"), ("draw", "drawing"),
        ("presentation", "presentation"), ("svg", "svg-compatible"),
    )
)  # fmt: skip


def read(folder: Path, kind: str, body: str, styles: str = "") -> Document:
    file = folder / f"a.{'ods' if kind == 'spreadsheet' else 'odp'}"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mimetype", f"application/vnd.oasis.opendocument.{kind}")
        archive.writestr(
            "content.xml",
            f"<office:document-content {SPACES}><office:automatic-styles>{styles}</office:automatic-styles><office:body>"
            f"<office:{kind}>{body}</office:{kind}></office:body></office:document-content>",
        )
    return registry.read(file)


def cell(text: str, attributes: str = "", inside: str = "") -> str:
    return f"<table:table-cell {attributes}><text:p>{text}</text:p>{inside}</table:table-cell>"


def row(*cells: str, attributes: str = "") -> str:
    return f"<table:table-row {attributes}>{''.join(one if one[:1] == '<' else cell(one) for one in cells)}</table:table-row>"


def test_a_sheet_has_what_it_shows_and_stores(tmp_path: Path) -> None:
    note = "<office:annotation><text:p>Guess</text:p></office:annotation>"
    rate = cell(
        "5.75%",
        'office:value-type="percentage" office:value="0.0575"',
        note,
    )
    sheet = (
        '<table:table table:name="Rents"><table:table-column table:number-columns-repeated="3"/>'
        + row("House", "Rate", "Since")
        + row(
            cell("Ulm", 'table:number-rows-spanned="2"'),
            rate,
            cell("3.2.33", 'office:value-type="date" office:date-value="2033-02-03"'),
        )
        + row("<table:covered-table-cell/>", cell("7%", 'office:value-type="percentage" office:value="0.07"'))
        + row("Sum", '<table:table-cell table:formula="of:=SUM([.B2:.B3])"/>', attributes='table:visibility="collapse"')
        + '<table:table-row table:number-rows-repeated="1048000"><table:table-cell table:number-columns-repeated="999"/>'
        + "</table:table-row>"
        + '</table:table><table:table table:name="Old" table:style-name="h">'
        + row("Key", "Count")
        + row("z", cell("9", 'office:value-type="float" office:value="9"'))
        + "</table:table>"
    )
    hidden = (
        '<style:style style:name="h" style:family="table"><style:table-properties table:display="false"/></style:style>'
    )
    document = read(tmp_path, "spreadsheet", sheet, hidden)
    first, second = document.pages
    assert first.text.split("\n") == [
        "Rents", "", "House | Rate | Since", "House: Ulm | Rate: 5.75% | Since: 3.2.33", "Comment on B2 (Ulm, Rate, 5.75%): Guess",
        "House: Ulm | Rate: 7%", "(hidden row) House: Sum | Rate: =SUM([.B2:.B3]) (formula without a stored value)",
    ]  # fmt: skip
    assert second.text.startswith("Old (hidden sheet)")
    assert document.metadata["left_out"] == "not read: 1 formula without a stored value"
    table = pa.ipc.open_stream(document.tables[0].data).read_all().to_pydict()
    assert table["rate"] == [0.0575, 0.07, None]


def test_a_slide_is_a_page_with_its_notes(tmp_path: Path) -> None:
    def frame(text: str, y: str, attributes: str = "") -> str:
        return (
            f'<draw:frame svg:y="{y}" {attributes}><draw:text-box><text:p>{text}</text:p></draw:text-box></draw:frame>'
        )

    table = f'<draw:frame svg:y="6cm"><table:table>{row("Gate", "Toll")}{row("East", "4")}</table:table></draw:frame>'
    slides = (
        f"<draw:page>{frame('Below', '9cm')}{table}{frame('Tolls', '1cm', 'presentation:class=' + chr(34) + 'title' + chr(34))}"
        f'<draw:custom-shape svg:y="3cm"><text:p>Above</text:p></draw:custom-shape>'
        f"<presentation:notes><draw:page-thumbnail/>{frame('Say hello', '1cm')}</presentation:notes></draw:page>"
        f'<draw:page draw:style-name="off">{frame("Second", "2in")}</draw:page>'
    )
    hidden = (
        '<style:style style:name="off"><style:drawing-page-properties presentation:visibility="hidden"/></style:style>'
    )
    document = read(tmp_path, "presentation", slides, hidden)
    assert [page.text for page in document.pages] == [
        "Tolls\n\nAbove\n\nGate | Toll\nGate: East | Toll: 4\n\nBelow\n\nNotes: Say hello",
        "(hidden slide)\n\nSecond",
    ]


def test_struck_out_cells_and_links_of_a_sheet(tmp_path: Path) -> None:
    styles = (
        '<office:automatic-styles><style:style style:name="old" style:family="table-cell"><style:text-properties '
        'style:text-line-through-style="solid"/></style:style></office:automatic-styles>'
    )
    link = '<text:p><text:a xlink:href="https://wax.example/a">Wax</text:a></text:p>'
    cells = [
        "<table:table-cell><text:p>Item</text:p></table:table-cell><table:table-cell><text:p>Price</text:p></table:table-cell>",
        '<table:table-cell><text:p>Tar</text:p></table:table-cell><table:table-cell table:style-name="old" '
        'office:value-type="float" office:value="900"><text:p>900</text:p></table:table-cell>',
        f'<table:table-cell>{link}</table:table-cell><table:table-cell office:value-type="float" office:value="5"><text:p>5</text:p>'
        "</table:table-cell>",
    ]
    rows = "".join(f"<table:table-row>{row}</table:table-row>" for row in cells)
    names = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "style", "table", "text")
    )
    content = (
        f'<office:document-content {names} xmlns:xlink="http://www.w3.org/1999/xlink">{styles}<office:body><office:spreadsheet>'
        f'<table:table table:name="Prices">{rows}</table:table></office:spreadsheet></office:body></office:document-content>'
    )
    with zipfile.ZipFile(tmp_path / "a.ods", "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
    assert registry.read(tmp_path / "a.ods").pages[0].text.split("\n")[3:] == [
        "Item: Tar | Price: 900 (struck out)", "Item: Wax | Price: 5", "Link on A3 (Wax, Item): https://wax.example/a",
    ]  # fmt: skip
