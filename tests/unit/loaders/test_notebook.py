"""Notebooks as their cells, Markdown with its tables, and OpenDocument texts."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from loaders import registry
from loaders.document import Document, LoadError


def notebook(folder: Path, *cells: dict[str, Any], **more: Any) -> Document:
    (folder / "a.ipynb").write_text(json.dumps({"nbformat": 4, "cells": list(cells), **more}), "utf-8")
    return registry.read(folder / "a.ipynb")


def test_cells_are_read_without_base64(tmp_path: Path) -> None:
    table = "<table><tr><th>x</th><th>y</th></tr><tr><td>1</td><td>2</td></tr></table>"
    document = notebook(
        tmp_path,
        {"cell_type": "markdown", "source": ["# Tide\n", "Factor 0.42 ![p](data:image/png;base64," + "QUJD" * 50 + ")\n", "\n",
                                             "|a|b|\n", "|-|-|\n", "|1|2|"], "attachments": {"i.png": {}}},
        {"cell_type": "code", "execution_count": 3, "source": ["fit(x)\n", "print(err)"], "outputs": [
            {"output_type": "stream", "text": ["10%\r", "99%\r", "done\n"]},
            {"output_type": "display_data", "data": {"image/png": "QUJD" * 99, "text/plain": ["<Figure size 640x480>"]}},
            {"output_type": "execute_result", "data": {"text/html": [table], "text/plain": "x y"}},
            {"output_type": "execute_result", "data": {"text/plain": "3.7"}},
            {"output_type": "error", "ename": "ValueError", "evalue": "\x1b[31mbad\x1b[0m", "traceback": ["\x1b[31m..."]},
        ]},
        {"cell_type": "raw", "source": "As it is."},
    )  # fmt: skip
    assert document.pages[0].text == (
        "Tide\n\nFactor 0.42 ![p](data:left-out)\n\na | b\na: 1 | b: 2\n\nIn [3]:\nfit(x)\nprint(err)\n\ndone\n\n"
        "x | y\nx: 1 | y: 2\n\nOut: 3.7\n\nError: ValueError: bad\n\nAs it is."
    )
    assert document.title == "Tide"
    assert document.metadata["left_out"] == "not read: 3 pictures"


def test_an_older_notebook_and_other_json(tmp_path: Path) -> None:
    cell = {
        "cell_type": "code",
        "input": ["a = 1"],
        "prompt_number": 2,
        "outputs": [{"output_type": "pyout", "text": ["1"]}],
    }
    older = {"nbformat": 3, "worksheets": [{"cells": [{"cell_type": "heading", "level": 2, "source": "Part"}, cell]}]}
    (tmp_path / "a.ipynb").write_text(json.dumps(older))
    assert registry.read(tmp_path / "a.ipynb").pages[0].text == "Part\n\nIn [2]:\na = 1\n\nOut: 1"
    (tmp_path / "a.ipynb").write_text('{"cells": 5}')
    assert registry.read(tmp_path / "a.ipynb").pages[0].text == "cells: 5"
    (tmp_path / "a.ipynb").write_text("torn {")
    assert registry.read(tmp_path / "a.ipynb").pages[0].text == "torn {"


MARKDOWN = """# Offers

| Offer | Supplier \\| firm | Price |
|-------|:----------------:|------:|
| A | **Nord** | 79,900 |
| B | [Lampo](https://l.org) Oy<br>Turku | 83,150

```
| not | a table |
|-----|---------|
```
a | b is no table
"""


def test_rows_of_markdown_have_their_names(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(MARKDOWN)
    document = registry.read(tmp_path / "a.md")
    text = document.pages[0].text
    assert (
        "Offer: A | Supplier | firm: Nord | Price: 79,900\nOffer: B | Supplier | firm: Lampo Oy Turku | Price: 83,150\n"
        in text
    )
    assert "| not | a table |\n|-----|" in text
    assert text.endswith("a | b is no table\n")
    assert document.pages[0].headings[0].title == "Offers"
    assert document.tables[0].labels == ("Offer", "Supplier | firm", "Price")


def test_rows_of_org_have_their_names(tmp_path: Path) -> None:
    (tmp_path / "a.org").write_text("* Keys\n| Door | Key |\n|------+-----|\n| Front | 7 |\n| Back | 8 |\nEnd\n")
    assert registry.read(tmp_path / "a.org").pages[0].text == (
        "* Keys\nDoor | Key\nDoor: Front | Key: 7\nDoor: Back | Key: 8\nEnd\n"
    )


SPACES = (
    " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{path}:1.0"'
        for name, path in (
            ("office", "office"),
            ("text", "text"),
            ("table", "table"),
            ("style", "style"),
            ("draw", "drawing"),
        )
    )
    + ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:svg="urn:svg"'
)


def odt(folder: Path, body: str, styles: str = "", pages: str = "") -> Document:
    content = (
        f"<office:document-content {SPACES}><office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:text>{body}</office:text></office:body></office:document-content>"
    )
    with zipfile.ZipFile(folder / "a.odt", "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        archive.writestr("content.xml", content)
        archive.writestr("styles.xml", f"<office:document-styles {SPACES}>{pages}</office:document-styles>")
        archive.writestr(
            "Object 1/content.xml",
            '<math xmlns="http://www.w3.org/1998/Math/MathML"><msup><mi>x</mi><mn>2</mn></msup></math>',
        )
    return registry.read(folder / "a.odt")


def test_an_open_document_in_its_final_state(tmp_path: Path) -> None:
    document = odt(
        tmp_path,
        '<text:tracked-changes><text:changed-region><text:deletion><text:p>gone</text:p></text:deletion></text:changed-region>'
        '</text:tracked-changes><text:h text:outline-level="2">Rent</text:h>'
        '<text:p>Price<text:s text:c="2"/><text:span text:style-name="S">old</text:span>84<text:note text:note-class="footnote">'
        '<text:note-citation>1</text:note-citation><text:note-body><text:p>Monthly.</text:p></text:note-body></text:note>.'
        '<office:annotation><dc:creator>Ada</dc:creator><text:p>Check.</text:p></office:annotation> See '
        '<text:a xlink:href="https://a.org/x">the list</text:a>.</text:p>'
        '<text:list text:style-name="L"><text:list-item><text:p>one</text:p><text:list><text:list-item><text:p>sub</text:p>'
        '</text:list-item></text:list></text:list-item><text:list-item><text:p>two</text:p></text:list-item></text:list>'
        '<text:p>Box <draw:frame><draw:text-box><text:p>In the box.</text:p></draw:text-box></draw:frame> and '
        '<draw:frame><draw:object xlink:href="./Object 1"/></draw:frame> and <draw:frame><draw:image/><svg:desc>A map</svg:desc>'
        '</draw:frame></text:p><text:p>End<text:soft-page-break/>of it.</text:p>',
        '<style:style style:name="S"><style:text-properties style:text-line-through-style="solid"/></style:style>'
        '<text:list-style style:name="L"><text:list-level-style-number text:level="1" style:num-format="1" style:num-suffix="."/>'
        "</text:list-style>",
        "<style:master-page><style:header><text:p>Draft</text:p></style:header></style:master-page>",
    )  # fmt: skip
    assert [page.text for page in document.pages] == [
        "Page header: Draft\n\nRent\n\nPrice  84 [1]. See the list.\n\nFootnote 1: Monthly.\n\nComment by Ada: Check.\n\n"
        "Link “the list”: https://a.org/x\n\n1. one\n  - sub\n2. two\n\nBox  and  x^2  and  [Picture: A map]\n\nIn the box.\n\nEnd",
        "of it.",
    ]
    assert document.metadata["left_out"] == "not read: 1 piece of deleted text, 1 piece of struck-out text, 1 picture"


def test_tables_of_an_open_document(tmp_path: Path) -> None:
    def cell(said: str, more: str = "") -> str:
        return f"<table:table-cell {more}><text:p>{said}</text:p></table:table-cell>"

    covered = "<table:covered-table-cell/>"
    row = "<table:table-row>{}</table:table-row>".format
    document = odt(
        tmp_path,
        "<table:table><table:table-header-rows>" + row(cell("Ward") + cell("Early") + cell("Late")) + "</table:table-header-rows>"
        + row(cell("North", 'table:number-rows-spanned="2"') + cell("Asta") + cell("Bo"))
        + row(covered + cell("Dag", 'table:number-columns-spanned="2"') + covered) + "</table:table>",
    )  # fmt: skip
    assert document.pages[0].text == (
        "Ward | Early | Late\nWard: North | Early: Asta | Late: Bo\nWard: North | Early: Dag | Late: Dag"
    )


def test_an_empty_open_document_says_so(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="no text"):
        odt(tmp_path, "<text:p/>")
