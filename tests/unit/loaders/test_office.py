"""Office files, mail, web pages, e-books and tables: readable text with headings, pages where there are pages."""

from __future__ import annotations

import datetime
import subprocess
import sys
import zipfile
from email.message import EmailMessage
from pathlib import Path

import pytest

from loaders import opc, registry
from loaders.blocks import PageBuilder
from loaders.delimited import delimiter_of
from loaders.document import Document, LoadError, PasswordNeededError
from loaders.limits import TextBudget


def text_of(path: Path) -> str:
    document = registry.read(path)
    return "\n\f\n".join(page.text for page in document.pages)


def headings_of(document: Document) -> list[tuple[int, str]]:
    return [(heading.level, heading.title) for page in document.pages for heading in page.headings]


def test_word_keeps_headings_lists_and_tables(tmp_path: Path) -> None:
    import docx

    word = docx.Document()
    word.add_heading("The Lease", 1)
    word.add_paragraph("This lease is made between Ortega and Sato.")
    word.add_heading("Rent", 2)
    word.add_paragraph("Monthly", style="List Bullet")
    table = word.add_table(rows=2, cols=2)
    for place, text in enumerate(["Year", "Rent", "2019", "1,200"]):
        table.rows[place // 2].cells[place % 2].text = text
    file = tmp_path / "lease.docx"
    word.save(str(file))
    document = registry.read(file)
    assert headings_of(document) == [(1, "The Lease"), (2, "Rent")]
    assert document.title == "The Lease"
    page = document.pages[0]
    assert page.text[page.headings[1].start_char :].startswith(
        "Rent\n\n- Monthly\n\nYear | Rent\nYear: 2019 | Rent: 1,200"
    )


def test_office_files_are_read_without_the_network(tmp_path: Path) -> None:
    import pypandoc

    file = tmp_path / "a.rtf"
    pypandoc.convert_text("Some words.", "rtf", format="md", outputfile=str(file), extra_args=["--standalone"])
    script = (
        "import sys, socket\n"
        "def refuse(*a, **k): raise OSError('the network was used')\n"
        "socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse\n"
        "from pathlib import Path\nfrom loaders import registry\n"
        f"text = registry.read(Path({str(file)!r})).pages[0].text\n"
        "print(text, [m for m in ('spacy', 'torch', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "Some words. []"


def test_every_slide_is_a_page_with_its_notes(tmp_path: Path) -> None:
    import pptx

    deck = pptx.Presentation()
    for number in (1, 2):
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text = f"Slide {number}"
        slide.placeholders[1].text = f"Point {number}"
    slide.notes_slide.notes_text_frame.text = "Say this slowly."
    file = tmp_path / "deck.pptx"
    deck.save(str(file))
    document = registry.read(file)
    assert [page.number for page in document.pages] == [1, 2]
    assert headings_of(document)[0] == (1, "Slide 1")
    assert "Point 1" in document.pages[0].text
    assert "Say this slowly." in document.pages[1].text


def test_every_sheet_is_a_page_and_every_row_has_its_header(tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    first = book.active
    first.title = "Rents"
    for row in [["Rents by year"], [], ["In CHF", "Lower", "Upper"], [], ["North", 12.5, 20], ["South", 3, None]]:
        first.append(row)
    second = book.create_sheet("Dates")
    second.append(["Ship", "Built"])
    second.append(["Corrigenda", datetime.datetime(1919, 4, 1)])
    file = tmp_path / "book.xlsx"
    book.save(file)
    document = registry.read(file)
    assert [(page.number, page.label) for page in document.pages] == [(1, "Rents"), (2, "Dates")]
    assert "In CHF: North | Lower: 12.5 | Upper: 20\nIn CHF: South | Lower: 3" in document.pages[0].text
    assert "Ship: Corrigenda | Built: 1919-04-01" in document.pages[1].text


def test_an_office_file_with_a_password(tmp_path: Path) -> None:
    import openpyxl
    from msoffcrypto.format.ooxml import OOXMLFile

    book = openpyxl.Workbook()
    book.active.append(["Code", "Vault"])
    book.active.append(["sesame", "seven"])
    plain, locked = tmp_path / "plain.xlsx", tmp_path / "locked.xlsx"
    book.save(plain)
    with plain.open("rb") as source, locked.open("wb") as target:
        OOXMLFile(source).encrypt("open", target)
    with pytest.raises(PasswordNeededError):
        registry.read(locked)
    with pytest.raises(PasswordNeededError):
        registry.read(locked, ["wrong"])
    assert "Code: sesame | Vault: seven" in registry.read(locked, ["open"]).pages[0].text


def test_open_document_and_rich_text(tmp_path: Path) -> None:
    import pypandoc

    source = "# Harbours\n\nThe mariner is reminded.\n\n| Port | Depth |\n|---|---|\n| Amity | 12 |\n"
    for kind in ("odt", "rtf"):
        file = tmp_path / f"a.{kind}"
        pypandoc.convert_text(source, kind, format="md", outputfile=str(file), extra_args=["--standalone"])
        text = text_of(file)
        assert "The mariner is reminded." in text
        assert "Port: Amity | Depth: 12" in text


MESSAGE = EmailMessage()
MESSAGE["From"], MESSAGE["To"], MESSAGE["Subject"] = (
    "Sato <s@example.org>",
    "Ortega <o@example.org>",
    "Clause §4.2 — naïve?",
)
MESSAGE["Date"] = "Mon, 01 Mar 2021 10:00:00 +0000"
MESSAGE.set_content("The rent is reviewed on 1 March.\n\nSato")
MESSAGE.add_alternative("<p>The <b>rent</b> in HTML.</p>", subtype="html")
MESSAGE.add_attachment(b"\x00\x01", maintype="application", subtype="pdf", filename="lease.pdf")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_mail_shows_headers_text_and_attachments(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "a.eml"
    file.write_bytes(MESSAGE.as_bytes().decode("ascii").encode(encoding))
    document = registry.read(file)
    assert document.title == "Clause §4.2 — naïve?"
    assert document.attachments == ("lease.pdf",)
    text = document.pages[0].text
    assert "From: Sato <s@example.org>\nTo: Ortega <o@example.org>" in text
    assert "The rent is reviewed on 1 March.\n\nSato" in text
    assert "in HTML" not in text


def test_html_is_read_as_people_see_it(tmp_path: Path) -> None:
    file = tmp_path / "a.html"
    html = """<html><head><meta charset="iso-8859-1"><title>A page</title><style>p{}</style></head><body>
    <h1>The <em>Light</em></h1><p>Built in <b>1845</b>,<br>ö\x80 so they say.<script>alert('x')</script></p>
    <ul><li>one<ul><li>inner</li></ul></li><li>two</li></ul>
    <table><tr><th>Ship</th><th>Lost</th></tr><tr><td>Corrigenda</td><td>1931</td></tr></table>tail</body></html>"""
    file.write_bytes(html.encode("latin-1"))
    document = registry.read(file)
    assert document.title == "A page"
    assert headings_of(document) == [(1, "The Light")]
    assert document.pages[0].text == (
        "The Light\n\nBuilt in 1845, ö€ so they say.\n\n- one\n  - inner\n- two\n\n"
        "Ship | Lost\nShip: Corrigenda | Lost: 1931\n\ntail"
    )


def test_deep_html_ends(tmp_path: Path) -> None:
    file = tmp_path / "a.html"
    file.write_text("<html><body>before" + "<div>" * 20_000 + "at the bottom", encoding="utf-8")
    assert text_of(file).startswith("before")


CONTAINER = """<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="b/p.opf"/></rootfiles></container>"""
PACKAGE = """<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/">
<metadata><dc:title>Fog</dc:title><dc:creator>J. Arrieta</dc:creator></metadata>
<manifest><item id="two" href="two%20x.xhtml"/><item id="one" href="one.xhtml"/></manifest>
<spine><itemref idref="one"/><itemref idref="two"/></spine></package>"""


def test_an_e_book_is_read_in_its_own_order(tmp_path: Path) -> None:
    file = tmp_path / "a.epub"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr("META-INF/container.xml", CONTAINER)
        archive.writestr("b/p.opf", PACKAGE)
        archive.writestr("b/one.xhtml", "<html><body><h1>One</h1><p>First part.</p></body></html>")
        archive.writestr("b/two x.xhtml", "<html><body><h2>Two</h2><p>Second part.</p></body></html>")
    document = registry.read(file)
    assert (document.title, document.metadata) == ("Fog", {"author": "J. Arrieta"})
    assert [page.text for page in document.pages] == ["One\n\nFirst part.", "Two\n\nSecond part."]


def test_a_zip_bomb_is_refused_before_it_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opc, "_UNPACKED_BYTES", 1_000_000)
    file = tmp_path / "bomb.docx"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", b"\x00" * 5_000_000)
    with pytest.raises(LoadError, match="bomb"):
        registry.read(file)


@pytest.mark.parametrize("suffix", ["docx", "pptx", "xlsx", "odt", "epub", "doc", "xls", "msg", "rtf"])
def test_a_damaged_office_file_says_so(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"a.{suffix}"
    file.write_bytes(
        b"PK\x03\x04 and then nothing"
        if suffix not in ("doc", "xls", "msg")
        else b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600
    )
    with pytest.raises(LoadError) as caught:
        registry.read(file)
    assert caught.value.reason
    assert caught.value.remedy


@pytest.mark.parametrize(("delimiter", "suffix"), [(",", "csv"), (";", "csv"), ("|", "csv"), ("\t", "tsv")])
def test_a_table_in_text_repeats_its_header(tmp_path: Path, delimiter: str, suffix: str) -> None:
    file = tmp_path / f"a.{suffix}"
    rows = [["Team", "Location", "Cups"], ["Blues, the", "STL", "1"], ["Flyers", "", "2"]]
    file.write_text("\n".join(delimiter.join(f'"{cell}"' if "," in cell else cell for cell in row) for row in rows))
    assert text_of(file) == "Team | Location | Cups\nTeam: Blues, the | Location: STL | Cups: 1\nTeam: Flyers | Cups: 2"


def table_text(rows: list[list[str]], header: list[str] | tuple[str, ...] = ()) -> str:
    builder = PageBuilder(1, None, TextBudget())
    builder.table(rows, header)
    return builder.page().text


def test_a_table_without_names_stays_as_it_is() -> None:
    assert table_text([["1", "2"], ["3", "4"]]) == "1 | 2\n3 | 4"
    assert table_text([["1", "x"]], ["n", "name"]) == "n: 1 | name: x"
    assert delimiter_of("one, two; three\nfour, five\n") == ","


def test_json_records_become_paragraphs(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text(
        '[{"name": "Öland", "keepers": ["Ito", "Sato"], "lamp": {"oil": true}}, {"name": "Amity", "log": [{"y": 1}]}]',
        "utf-8",
    )
    assert text_of(file) == "name: Öland\nkeepers: Ito, Sato\nlamp.oil: true\n\nname: Amity\nlog[1].y: 1"
    lines = tmp_path / "a.jsonl"
    lines.write_text('{"a": 1}\n\n{"a": 2}\n')
    assert text_of(lines) == "a: 1\n\na: 2"


@pytest.mark.parametrize("content", ['{"a": 1,', "[" * 100_000, '{"a": 1} trailing'])
def test_what_is_not_json_stays_text(tmp_path: Path, content: str) -> None:
    file = tmp_path / "a.json"
    file.write_text(content)
    document = registry.read(file)
    assert document.pages[0].text == content
    assert "not valid" in document.metadata["note"]


def test_xml_is_read_without_entities(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret")
    file = tmp_path / "a.xml"
    file.write_text(f"""<?xml version="1.0"?><!DOCTYPE r [<!ENTITY s SYSTEM "file://{secret}"><!ENTITY a "aa"><!ENTITY b "&a;&a;">]>
    <r><ship id="7"><name>Corrigenda</name><note>lost <i>with</i> all &b; hands &s;</note></ship><ship><name>Amity</name></ship></r>""")
    text = text_of(file)
    assert text.startswith("ship (id=7)\nname: Corrigenda\nnote: lost with all")
    assert text.endswith("name: Amity")
    assert "the secret" not in text


def test_rst_and_org_headings(tmp_path: Path) -> None:
    rst = tmp_path / "a.rst"
    rst.write_text("=====\nTitle\n=====\n\nText\n\nPart\n----\n\n| a table\n\nDeeper\n~~~~~~\n\nNext\n----\n")
    assert headings_of(registry.read(rst)) == [(1, "Title"), (2, "Part"), (3, "Deeper"), (2, "Next")]
    org = tmp_path / "a.org"
    org.write_text("* TODO Lamp :oil:\ntext\n** Wick\n")
    assert headings_of(registry.read(org)) == [(1, "Lamp"), (2, "Wick")]
