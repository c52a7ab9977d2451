"""Files made to defeat a reader: each ends with its row, and the next file is read."""

from __future__ import annotations

import bz2
import errno
import gzip
import io
import lzma
import os
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from loaders import archive, compressed, registry, tables
from loaders.document import LoadError, PasswordNeededError
from loaders.sniff import Kind, kind_of
from loaders.unread import UNREAD
from workbench.ingest.reader_client import BrokeLimitsError, Reader


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    made = Reader(limit_seconds=60, memory_bytes=1 << 30)
    yield made
    made.stop()


def refused(reader: Reader, file: Path) -> str:
    with pytest.raises(LoadError) as caught:
        reader.read(file)
    assert caught.value.remedy
    assert "\n" not in caught.value.reason
    return caught.value.reason


def outcome(reader: Reader, file: Path) -> tuple[int, int, str]:
    """Pages, characters and the remedy: of a file that may or may not be read."""
    try:
        document = reader.read(file).document
    except LoadError as error:
        return 0, 0, error.remedy
    return len(document.pages), document.text_chars, ""


def zipped(file: Path, **entries: bytes) -> Path:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name.replace("__", "/"), data)
    return file


@pytest.mark.parametrize(("suffix", "opener"), [("gz", gzip.open), ("bz2", bz2.open), ("xz", lzma.open)])
def test_a_compressed_file_is_read_by_what_is_inside(tmp_path: Path, suffix: str, opener: object) -> None:
    file = tmp_path / f"people.csv.{suffix}"
    with opener(file, "wb") as packed:  # type: ignore[operator]
        packed.write(b"name,age\nAda,36\nGrace,85\n")
    document = registry.read(file)
    assert document.pages[0].text == "name | age\nname: Ada | age: 36\nname: Grace | age: 85"
    assert (document.loader, document.loader_version) == ("compressed", compressed.VERSION)


def test_bombs_inside_bombs_end_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compressed, "UNPACKED_BYTES", 1 << 20)
    (tmp_path / "bomb.txt.gz").write_bytes(gzip.compress(bytes(3 << 20)))
    (tmp_path / "twice.gz").write_bytes(gzip.compress(gzip.compress(b"text")))
    (tmp_path / "cut.txt.gz").write_bytes(gzip.compress(b"text" * 1000)[:-12])
    (tmp_path / "locked.pdf.gz").write_bytes(gzip.compress(b""))
    reasons = {}
    for file in sorted(tmp_path.iterdir()):
        with pytest.raises(LoadError) as caught:
            registry.read(file)
        reasons[file.name] = caught.value.reason
    assert "bomb" in reasons["bomb.txt.gz"]
    assert "more than once" in reasons["twice.gz"]
    assert "damaged" in reasons["cut.txt.gz"]
    assert "empty" in reasons["locked.pdf.gz"]


def test_an_archive_is_a_document_with_the_pages_of_its_files(tmp_path: Path) -> None:
    fees = b"Port,Toll\nHull,12\nYork,9\n"
    files = {"in/fees.csv": fees, "note.txt": b"Packed.", "__MACOSX/._note.txt": b"x", "a.bin": b"\x00" * 9}
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as packing:
        for name, content in files.items():
            info = tarfile.TarInfo(f"./{name}")
            info.size = len(content)
            packing.addfile(info, io.BytesIO(content))
    (tmp_path / "files.tgz").write_bytes(data.getvalue())
    entries = {name.replace("/", "__"): content for name, content in files.items() if "MAC" not in name}
    packed = zipped(tmp_path / "files.zip", **entries)
    for document in (registry.read(tmp_path / "files.tgz"), registry.read(packed)):
        assert [(page.label, page.text[-20:]) for page in document.pages] == [
            ("in/fees.csv", "Port: York | Toll: 9"), ("note.txt", "Packed."),
        ]  # fmt: skip
        assert [table.name for table in document.tables] == ["fees"]
        assert document.metadata["left_out"].startswith("not read of the files in it: a.bin (files of type .bin")


def test_archives_that_are_better_unpacked_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "FILES", 2)
    with pytest.raises(LoadError, match="archive of 3 files") as caught:
        registry.read(zipped(tmp_path / "many.zip", **{f"{number}.txt": b"text" for number in range(3)}))
    assert "Unpack" in caught.value.remedy
    monkeypatch.setattr(archive, "UNPACKED_BYTES", 1 << 20)
    with pytest.raises(LoadError, match="bomb"):
        registry.read(zipped(tmp_path / "bomb.zip", **{"a.txt": bytes(2 << 20)}))
    with pytest.raises(LoadError, match="none of the files in it can be read"):
        registry.read(zipped(tmp_path / "none.zip", **{"a.bin": bytes(9)}))
    with pytest.raises(LoadError, match="not yet supported"):
        registry.read(zipped(tmp_path / "a.jar", **{"a.txt": b"text"}))


def test_a_zip_with_an_absurd_table_of_contents_is_not_opened(tmp_path: Path) -> None:
    file = tmp_path / "many.zip"
    end = b"PK\x05\x06" + bytes(4) + (65535).to_bytes(2, "little") * 2 + (900 << 20).to_bytes(4, "little") + bytes(6)
    file.write_bytes(b"PK\x03\x04" + bytes(2000) + end)
    assert kind_of(file.read_bytes()[:4096], file) is Kind.ZIP


LAUGHS = b"""<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY a "ha">%s]>
<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>&z;</w:t></w:r></w:p>
</w:body></w:document>""" % b"".join(
    b'<!ENTITY %s "%s">' % (bytes([new]), b"&%s;" % bytes([old]) * 20)
    for old, new in zip(range(97, 122), range(98, 123))
)


def test_entities_of_entities_are_never_expanded(tmp_path: Path, reader: Reader) -> None:
    (tmp_path / "laughs.xml").write_bytes(LAUGHS)
    (tmp_path / "laughs.html").write_bytes(b"<!DOCTYPE html>" + LAUGHS.partition(b"?>")[2])
    for file in sorted(tmp_path.iterdir()):
        assert outcome(reader, file)[1] < 20_000


def test_a_word_file_with_entities_of_entities_ends(tmp_path: Path, reader: Reader) -> None:
    types = (
        b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" '
        b'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/word/document.xml" '
        b'ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
    )
    relations = (
        b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" '
        b'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
        b'Target="word/document.xml"/></Relationships>'
    )
    entries = {"[Content_Types].xml": types, "_rels__.rels": relations, "word__document.xml": LAUGHS}
    assert refused(reader, zipped(tmp_path / "laughs.docx", **entries))


def test_an_office_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, reader: Reader) -> None:
    file = zipped(tmp_path / "bomb.xlsx", **{"[Content_Types].xml": b"<Types/>", "xl__workbook.xml": bytes(1 << 20)})
    data = bytearray(file.read_bytes())
    place = data.rfind(b"PK\x01\x02")
    data[place + 24 : place + 28] = (0xFFFFFFF0).to_bytes(4, "little")
    file.write_bytes(data)
    assert "bomb" in refused(reader, file)


@pytest.mark.parametrize(
    "suffix", ["docx", "xlsx", "pptx", "odt", "epub", "pdf", "doc", "ppt", "xls", "msg", "rtf", "png"]
)
@pytest.mark.parametrize(
    "data", [b"\x00" * 5000, b"PK\x03\x04" + b"\xff" * 400, b"%PDF-1.7\n" + b"<<" * 4000], ids=["zeros", "zip", "pdf"]
)
def test_whatever_the_name_says_there_is_a_row(tmp_path: Path, reader: Reader, suffix: str, data: bytes) -> None:
    file = tmp_path / f"lie.{suffix}"
    file.write_bytes(data)
    assert refused(reader, file)


@pytest.mark.parametrize(
    ("name", "data", "text"),
    [
        (
            "export.xls",
            b"<html><body><table><tr><th>Name</th><th>Rent</th></tr><tr><td>Ada</td><td>5</td></tr></table>",
            "Rent: 5",
        ),
        ("export.xlsx", b"Name;Rent\nAda;5\n", "Name: Ada | Rent: 5"),
        ("letter.doc", b"Dear Ada,\nthe rent is five.", "the rent is five."),
        ("letter.doc", rb"{\rtf1\ansi The rent is \b five\b0 .}", "five"),
        ("mail.txt", b"From: a@example.org\nSubject: Rent\n\nFive.", "Subject: Rent"),
        ("noname", b"From: a@example.org\nSubject: Rent\n\nFive.", "Five."),
    ],
)
def test_content_goes_before_the_suffix(tmp_path: Path, name: str, data: bytes, text: str) -> None:
    (tmp_path / name).write_bytes(data)
    assert text in registry.read(tmp_path / name).pages[0].text


def test_a_table_of_very_many_rows_is_asked_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "SHOWN_CHARS", 200)
    (tmp_path / "many.csv").write_text("name,age\n" + "".join(f"Person {n},{n}\n" for n in range(1, 501)))
    document = registry.read(tmp_path / "many.csv")
    text = document.pages[0].text
    assert "name: Person 5 | age: 5" in text
    assert "name: Person 20 " not in text
    shown = text.count("name: Person")
    assert text.endswith(f"({500 - shown} more rows are in the table only: ask for them by SQL.)")
    assert document.tables[0].row_count == 500
    monkeypatch.setattr(tables, "ROWS", 400)
    whole = registry.read(tmp_path / "many.csv")
    assert (whole.tables, whole.metadata["tables_left_out"]) == ((), "1")
    assert "name: Person 500 | age: 500" in whole.pages[0].text


def test_an_encrypted_open_document_says_so(tmp_path: Path) -> None:
    file = tmp_path / "locked.odt"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        archive.writestr("META-INF/manifest.xml", "<m:manifest xmlns:m='m'><m:encryption-data/></m:manifest>")
        archive.writestr("content.xml", bytes(range(256)))
    with pytest.raises(LoadError, match="encrypted"):
        registry.read(file)


def test_zeros_are_no_page_of_the_web(tmp_path: Path) -> None:
    (tmp_path / "zeros.html").write_bytes(bytes(5000))
    with pytest.raises(LoadError, match="no text"):
        registry.read(tmp_path / "zeros.html")


@pytest.mark.parametrize("depth", [10_000, pytest.param(100_000, marks=pytest.mark.nightly)])
def test_deep_data_ends(tmp_path: Path, reader: Reader, depth: int) -> None:
    (tmp_path / "deep.json").write_text("[" * 2 * depth + "]" * 2 * depth)
    (tmp_path / "deep.xml").write_text("<a>" * depth + "x" + "</a>" * depth)
    (tmp_path / "deep.html").write_text("<html>" + "<div>" * depth + "x")
    (tmp_path / "deep.md").write_text("> " * depth + "x")
    for file in sorted(tmp_path.iterdir()):
        pages, _, remedy = outcome(reader, file)
        assert pages or remedy
    (tmp_path / "next.txt").write_text("Read after all of them.")
    assert reader.read(tmp_path / "next.txt").document.pages[0].text == "Read after all of them."


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
def test_every_unicode_spelling_is_read_whatever_the_loader(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "t.csv").write_bytes("name,town\nJosé,Zürich\nZoë,Málaga\n".encode(encoding))
    (tmp_path / "t.json").write_bytes('{"name": "José", "town": "Zürich, by the lake"}'.encode(encoding))
    for file in sorted(tmp_path.iterdir()):
        assert "José" in registry.read(file).pages[0].text
        assert "Zürich" in registry.read(file).pages[0].text


def test_a_decompression_bomb_ends_within_its_limits(tmp_path: Path) -> None:
    """Four gigabytes of spaces in a page: the reader's memory ends, the interface's does not, and the next file is read."""
    # A megabyte packed once stands in the stream 4,096 times: packing four gigabytes would take ten seconds.
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    megabyte = packer.compress(bytes([32]) * (1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    data = b"\x78\xda" + megabyte * 4096 + packer.flush() + bytes(4)
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R>>",
        b"<</Filter/FlateDecode/Length %d>>stream\n%s\nendstream" % (len(data), data),
    ]
    body = b"".join(b"%d 0 obj\n%s\nendobj\n" % (number, text) for number, text in enumerate(objects, 1))
    (tmp_path / "bomb.pdf").write_bytes(b"%PDF-1.7\n" + body + b"trailer<</Root 1 0 R/Size 5>>\n%%EOF")
    (tmp_path / "next.txt").write_text("Read after it.")
    reader = Reader(memory_bytes=512 << 20)
    try:
        with pytest.raises(BrokeLimitsError, match="memory"):
            reader.read(tmp_path / "bomb.pdf")
        assert reader.read(tmp_path / "next.txt").document.pages[0].text == "Read after it."
    finally:
        reader.stop()


def test_a_locked_pdf_says_so(tmp_path: Path) -> None:
    import pypdf

    writer = pypdf.PdfWriter()
    writer.add_blank_page(100, 100)
    writer.encrypt("secret", algorithm="AES-256")
    with (tmp_path / "locked.pdf").open("wb") as file:
        writer.write(file)
    with pytest.raises(PasswordNeededError):
        registry.read(tmp_path / "locked.pdf", ["wrong"])


def test_what_may_not_be_read_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "a.txt").chmod(0)
    if os.geteuid() == 0:
        # Root may read everything: the refusal is made up.
        def refuse(*_: object, **__: object) -> None:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

        monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(LoadError, match="Permission denied"):
        registry.read(tmp_path / "a.txt")


@pytest.mark.parametrize(
    ("name", "data", "says", "next_step"),
    [
        ("a.pages", "zip", "documents of Apple Pages are not yet supported", "docx"),
        ("a.vsdx", "zip", "drawings of Visio are not yet supported", "PDF"),
        ("a.ps", b"%!PS-Adobe-3.0\n", "PostScript files are not yet supported", "ps2pdf"),
        ("a.mp3", b"ID3\x03" + bytes(99), "audio and video files are not yet supported", "subtitles"),
        ("a.heic", b"\0\0\0\x18ftypheic" + bytes(99), "pictures of this format are not yet supported", "jpg"),
        ("a.sqlite", b"SQLite format 3\0" + bytes(99), "SQLite databases are not yet supported", "csv"),
        ("a.gdoc", b'{"url": "https://docs.example/1"}', "links to documents of Google are not yet supported", "docx"),
    ],
)
def test_a_format_that_is_not_read_says_what_to_do(
    tmp_path: Path, name: str, data: bytes | str, says: str, next_step: str
) -> None:
    file = tmp_path / name
    if isinstance(data, bytes):
        file.write_bytes(data)
    else:
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("Index/Document.iwa", b"x")
    with pytest.raises(LoadError, match=says) as refused:
        registry.read(file)
    assert next_step in refused.value.remedy


def test_the_table_of_formats_names_every_one_that_is_not_read() -> None:
    page = (Path(__file__).parents[3] / "workbench" / "docs" / "formats.md").read_text(encoding="utf-8")
    table = page.partition("## Not read")[2]
    assert [suffix for suffix in UNREAD if f"{suffix[1:]}" not in table] == []
