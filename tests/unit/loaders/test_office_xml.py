"""Office documents that are one XML file, under whatever name they come."""

from __future__ import annotations

from pathlib import Path

from loaders import registry
from loaders.document import Document
from tests.unit.loaders.test_word import RELATION, SPACES, p

_OASIS = "urn:oasis:names:tc:opendocument:xmlns"
OPEN_DOCUMENT = f'xmlns:office="{_OASIS}:office:1.0" xmlns:text="{_OASIS}:text:1.0"'
PACKAGE = "http://schemas.microsoft.com/office/2006/xmlPackage"
EXCEL = "urn:schemas-microsoft-com:office:spreadsheet"


def read(folder: Path, name: str, data: str, encoding: str = "utf-8") -> Document:
    (folder / name).write_text(data, encoding)
    return registry.read(folder / name)


def cell(data: str, kind: str = "String", **more: str) -> str:
    said = "".join(f' ss:{name}="{value}"' for name, value in more.items())
    return f'<ss:Cell{said}><ss:Data ss:Type="{kind}">{data}</ss:Data></ss:Cell>'


def row(*cells: str, more: str = "") -> str:
    return f"<ss:Row{more}>{''.join(cells)}</ss:Row>"


def test_sheets_of_excel_2003(tmp_path: Path) -> None:
    styles = '<ss:Style ss:ID="p"><ss:NumberFormat ss:Format="0.0%"/><ss:Font ss:StrikeThrough="1"/></ss:Style>'
    rows = row(cell("Ward", MergeDown="1"), cell("Beds", MergeAcross="1")) + row(cell("Open", Index="2"), cell("Shut"))
    rows += row(
        cell("North"),
        cell("0.125", "Number", StyleID="p"),
        cell("2033-02-03T00:00:00", "DateTime"),
        more=' ss:Hidden="1"',
    )
    rows += row(cell("South"), '<ss:Cell ss:Formula="=A1"/>', cell("2033-02-04T00:00:00", "DateTime"))
    book = (
        f'<?xml version="1.0"?><ss:Workbook xmlns:ss="{EXCEL}"><ss:Styles>{styles}</ss:Styles><ss:Worksheet ss:Name="Wards">'
        f"<ss:Table>{rows}</ss:Table></ss:Worksheet></ss:Workbook>"
    )
    document = read(tmp_path, "a.xls", book)
    assert document.pages[0].text.split("\n")[2:] == [
        "Ward | Beds Open | Beds Shut", "(hidden row) Ward: North | Beds Open: 12.5% (struck out) | Beds Shut: 2033-02-03",
        "Ward: South | Beds Open: =A1 (formula without a stored value) | Beds Shut: 2033-02-04",
    ]  # fmt: skip
    assert [table.labels[0] for table in document.tables] == ["Ward"]
    assert document.loader == "office_xml"


def test_flat_packages_and_flat_open_document(tmp_path: Path) -> None:
    deleted = "<w:del><w:r><w:delText>x</w:delText></w:r></w:del>"
    inside = f"<w:document {SPACES}><w:body>{p('Flat ', deleted, 'word.')}</w:body></w:document>"
    relations = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="a" '
        f'Type="{RELATION}/officeDocument" Target="word/document.xml"/></Relationships>'
    )
    parts = "".join(
        f'<pkg:part pkg:name="{name}"><pkg:xmlData>{data}</pkg:xmlData></pkg:part>'
        for name, data in (("/_rels/.rels", relations), ("/word/document.xml", inside))
    )
    document = read(tmp_path, "a.xml", f'<?xml version="1.0"?><pkg:package xmlns:pkg="{PACKAGE}">{parts}</pkg:package>')
    assert (document.pages[0].text, document.metadata["left_out"]) == (
        "Flat word.",
        "not read: 1 piece of deleted text",
    )
    flat = (
        f'<?xml version="1.0"?><office:document {OPEN_DOCUMENT} office:mimetype="application/vnd.oasis.opendocument.text">'
        "<office:body><office:text><text:p>Flat <text:span>open</text:span> text</text:p></office:text></office:body></office:document>"
    )
    assert read(tmp_path, "a.fodt", flat).pages[0].text == "Flat open text"


def test_word_2003_and_other_xml(tmp_path: Path) -> None:
    word = (
        '<?xml version="1.0"?><w:wordDocument xmlns:w="http://schemas.microsoft.com/office/word/2003/wordml" xmlns:x="x"><w:styles>'
        '<w:style w:styleId="H"><w:name w:val="heading 1"/></w:style></w:styles><w:body><x:sect><w:p><w:pPr><w:pStyle w:val="H"/></w:pPr>'
        "<w:r><w:t>Head</w:t></w:r></w:p><w:p><w:r><w:t>Old</w:t></w:r></w:p></x:sect></w:body></w:wordDocument>"
    )
    document = read(tmp_path, "a.doc", word)
    assert (document.title, document.pages[0].text) == ("Head", "Head\n\nOld")
    assert read(tmp_path, "a.xml", f'<r><a xmlns="{EXCEL}x">fine</a></r>').loader == "xml_records"


def test_web_pages_that_excel_writes_under_its_own_suffix(tmp_path: Path) -> None:
    page = "<html xmlns:x='urn:schemas-microsoft-com:office:excel'><table><tr><td>Käse<td>Preis<tr><td>Brie<td>5</table></html>"
    assert "Käse: Brie | Preis: 5" in read(tmp_path, "a.xls", page, "utf-16").pages[0].text
