"""PDF files: true page numbers, labels, outline and text; a clear reason for what cannot be read."""

from __future__ import annotations

import zlib
from pathlib import Path

import pypdfium2
import pytest

from loaders import limits, registry
from loaders.document import Document, LoadError, PasswordNeededError
from loaders.line_hyphens import rejoined
from loaders.pdf_lines import printed
from tests.support.ingest_fakes import pdf


def test_pages_have_their_numbers_labels_and_pdfiums_text(tmp_path: Path) -> None:
    file = pdf(tmp_path / "a.pdf", ["first page\nsecond line", "page two"], title="A Title", labels="ROMAN_LOWER")
    document = registry.read(file)
    assert [(page.number, page.label) for page in document.pages] == [(1, "i"), (2, "ii")]
    assert document.title == "A Title"
    raw = pypdfium2.PdfDocument(file)[0].get_textpage().get_text_range()
    assert document.pages[0].text == raw.replace("\r\n", "\n") == "first page\nsecond line"


def test_outline_entries_become_headings_where_their_title_stands(tmp_path: Path) -> None:
    file = pdf(
        tmp_path / "a.pdf",
        ["Preface\nsome words", "running head\n2. The Light\ntext"],
        outline=["Preface", "The Light"],
    )
    document = registry.read(file)
    assert [(entry.title, entry.page) for entry in document.outline] == [("Preface", 1), ("The Light", 2)]
    heading = document.pages[1].headings[0]
    assert document.pages[1].text[heading.start_char :].startswith("2. The Light")


def test_a_word_that_a_line_end_cut_is_whole_on_its_line() -> None:
    assert rejoined([printed("the har\ufffebour\r\nlight\x00\x1b[31m")]) == ["the harbour\nlight"]


def test_the_documents_own_words_say_whether_a_hyphen_belongs_to_a_word() -> None:
    cut = "a well\ufffeknown Trace\ufffeMonkey of 2019\ufffe2020 in the inter\ufffenational stop-the\ufffeworld fair"
    page, _ = rejoined([printed(cut), "well known, the world, national"])
    assert page.split() == "a well-known Trace-Monkey of 2019-2020 in the international stop-the-world fair".split()


def test_addresses_and_numbers_in_words_keep_the_hyphen_of_a_line() -> None:
    cut = "see https://a.org/long\ufffepath/x or write to ann\ufffelee@a.org of twenty\ufffetwo twenty\ufffefold ha\ufffebits"
    assert rejoined([printed(cut)])[0].split() == (
        "see https://a.org/long-path/x or write to ann-lee@a.org of twenty-two twentyfold habits".split()
    )


def test_compounds_of_german_are_put_together() -> None:
    assert rejoined([printed("der Kranken\ufffehaus und die Kranken im Haus haus kranken")])[0].startswith(
        "der Krankenhaus"
    )


def test_a_document_survives_the_way_through_json(tmp_path: Path) -> None:
    document = registry.read(pdf(tmp_path / "a.pdf", ["one", "two"], outline=["One", "Two"], labels="ARABIC"))
    assert Document.from_dict(document.as_dict()) == document


def test_a_password_is_asked_for_and_used(tmp_path: Path) -> None:
    file = pdf(tmp_path / "a.pdf", ["the vault is open"], password="sesame")
    with pytest.raises(PasswordNeededError, match="password"):
        registry.read(file)
    with pytest.raises(PasswordNeededError):
        registry.read(file, ["wrong"])
    assert registry.read(file, ["wrong", "sesame"]).pages[0].text.strip() == "the vault is open"


def test_pypdf_reads_what_pdfium_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = pdf(tmp_path / "a.pdf", ["still here"], labels="ROMAN_LOWER")

    def refuse(*_: object, **__: object) -> None:
        raise pypdfium2.PdfiumError("Failed to load document (PDFium: Data format error).")

    monkeypatch.setattr(pypdfium2, "PdfDocument", refuse)
    document = registry.read(file)
    assert document.pages[0].text.strip() == "still here"
    assert document.pages[0].label == "i"
    assert document.metadata["read_with"] == "pypdf"


@pytest.mark.parametrize("content", [b"%PDF-1.7\n", b"%PDF-1.4\ngarbage" * 50, b"%PDF-1.5\ntrailer<</Root 1 0 R>>"])
def test_a_damaged_file_says_so_and_what_to_do(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "a.pdf"
    file.write_bytes(content)
    with pytest.raises(LoadError) as caught:
        registry.read(file)
    assert "damaged" in caught.value.reason
    assert caught.value.remedy


def _raw_pdf(*objects: bytes) -> bytes:
    data, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    start = len(data)
    size = len(objects) + 1
    return data + b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (
        size,
        table,
        size,
        start,
    )


def _one_page(stream: bytes, filters: bytes = b"") -> bytes:
    return _raw_pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
        b"<<%s/Length %d>>stream\n%s\nendstream" % (filters, len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    )


def test_a_scan_without_text_names_ocr(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    file = tmp_path / "scan.pdf"
    file.write_bytes(_one_page(b"0 0 100 100 re f"))
    with pytest.raises(LoadError, match="no text layer") as caught:
        registry.read(file)
    assert "tesseract" in caught.value.remedy


def test_a_page_tree_with_a_loop_ends(tmp_path: Path) -> None:
    file = tmp_path / "loop.pdf"
    file.write_bytes(_raw_pdf(b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[2 0 R 2 0 R]/Count 2>>"))
    with pytest.raises(LoadError):
        registry.read(file)


def test_text_beyond_the_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits.TextBudget.__init__, "__defaults__", (50,))
    drawn = b"BT /F 10 Tf 10 100 Td " + b"(0123456789) Tj " * 9 + b"ET"
    file = tmp_path / "long.pdf"
    file.write_bytes(_one_page(zlib.compress(drawn), b"/Filter/FlateDecode"))
    with pytest.raises(LoadError, match="more than 50 characters"):
        registry.read(file)
