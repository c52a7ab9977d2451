"""Text made for terminals and printers: no escape sequence, doubled letter or overwritten line reaches a document."""

from __future__ import annotations

from pathlib import Path

import pytest

from loaders import registry
from loaders.document import Document, Heading, OutlineEntry, Page, Table, clean_text
from loaders.terminal_text import without_overstrikes, without_progress


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b[1;31mLEAK\x1b[0m found", "LEAK found"),
        ("\x1b[38;5;196mred\x1b[m", "red"),
        ("\x1b[2K\x1b[1Adone", "done"),
        ("\x1b]0;window title\x07text", "text"),
        ("see \x1b]8;;https://example.org\x1b\\the page\x1b]8;;\x1b\\", "see the page"),
        ("\x1b(B\x1b7saved\x1b8", "saved"),
        ("\x9b31mred", "red"),
        ("a letter \x9bof another encoding", "a letter of another encoding"),
        ("cut off \x1b", "cut off "),
        ("unended \x1b]0;title\nnext line", "unended 0;title\nnext line"),
        ("arrays[0] and m[31m", "arrays[0] and m[31m"),
        ("pump\xadhouse and com\xad\nmission stands\nhere", "pumphouse and commission\nstands\nhere"),
        ("parted \xad\n\nand again\xad\n  \nnot", "parted \n\nand again\n  \nnot"),
        ("one\x0btwo\x0cthree", "one\ntwo\nthree"),
    ],
)
def test_what_is_no_text_is_taken_out_whole(raw: str, shown: str) -> None:
    assert clean_text(raw) == shown


def test_overstruck_letters_stand_once() -> None:
    assert without_overstrikes("N\bNA\bAM\bME\bE") == "NAME"
    assert without_overstrikes("_\bu_\bn_\bd and u\b_n\b_") == "und and un"
    assert without_overstrikes("B\bB\bB\bBold") == "Bold"
    assert without_overstrikes("wrong\b\b\b\b\bright") == "right"
    assert without_overstrikes("a\n\bb") == "a\nb"


def test_of_a_progress_line_its_last_state_stays() -> None:
    log = "fetching\r\nlayer 5%\rlayer 60%\rlayer 100%\nunpacked\n"
    assert without_progress(log) == ("fetching\nlayer 100%\nunpacked\n", 2)
    assert without_progress("[==  ] 2/4\r[====] 4/4\nend") == ("[====] 4/4\nend", 1)


def test_what_a_carriage_return_parts_otherwise_stays_as_lines() -> None:
    assert without_progress("step one\rstep two\nend") == ("step one\nstep two\nend", 0)
    assert without_progress("Bergen,12\rBergen,14\nend") == ("Bergen,12\nBergen,14\nend", 0)
    assert without_progress("old\rMacintosh\rlines 5%\rlines 6%") == ("old\rMacintosh\rlines 5%\rlines 6%", 0)


def test_a_log_is_read_as_a_person_saw_it(tmp_path: Path) -> None:
    file = tmp_path / "build.log"
    file.write_bytes(b"\x1b[32mok\x1b[0m valve\r\npull 10%\rpull 90%\r\nF\bFI\bIR\bRE\bE\n")
    document = registry.read(file)
    assert document.pages[0].text == "ok valve\npull 90%\nFIRE\n"
    assert document.metadata == {"left_out": "not read: 1 earlier state of progress lines"}


def test_form_feeds_part_the_pages_of_a_text_but_not_of_a_program(tmp_path: Path) -> None:
    (tmp_path / "sheets.txt").write_bytes(b"The first sheet.\fThe second.\f\f\n")
    (tmp_path / "part.c").write_bytes(b"int a;\f\nint b;\n")
    pages = registry.read(tmp_path / "sheets.txt").pages
    assert [(page.number, page.text) for page in pages] == [(1, "The first sheet."), (2, "The second.")]
    assert [page.text for page in registry.read(tmp_path / "part.c").pages] == ["int a;\n\nint b;\n"]


@pytest.mark.parametrize(
    ("data", "text", "lost"),
    [
        ("Die Tür schließt täglich. ".encode() + b"\xff end", "Die Tür schließt täglich. \ufffd end", "1 character"),
        ("Größe und Maß über ".encode() + b"\xfc \xfc", "Größe und Maß über \ufffd \ufffd", "2 characters"),
        (b"The valve \xff\xfe stays shut." * 4, "The valve \ufffd\ufffd stays shut." * 4, "8 characters"),
    ],
)
def test_a_few_bytes_that_are_no_text_are_replaced_and_told(tmp_path: Path, data: bytes, text: str, lost: str) -> None:
    (tmp_path / "a.txt").write_bytes(data)
    document = registry.read(tmp_path / "a.txt")
    assert document.pages[0].text == text
    assert document.metadata["note"].startswith(f"{lost} of its text cannot be read in its encoding")


@pytest.mark.parametrize("encoding", ["cp1252", "cp1251", "iso8859_7", "gb18030", "cp1250"])
def test_another_encoding_is_not_taken_for_damage(tmp_path: Path, encoding: str) -> None:
    texts = {
        "cp1252": "Le café à côté de la forêt où l’été fut très chaud. ", "cp1251": "Насос стоит на набережной у порта. ",
        "iso8859_7": "Η αντλία βρίσκεται στο λιμάνι της πόλης. ", "gb18030": "水泵站位于码头旁边，每天早上开放。",
        "cp1250": "Čerpadlo stojí na nábřeží vedle přístavu. ",
    }  # fmt: skip
    (tmp_path / "a.txt").write_bytes(texts[encoding].encode(encoding) * 6)
    document = registry.read(tmp_path / "a.txt")
    assert "\ufffd" not in document.pages[0].text
    assert "note" not in document.metadata


def test_no_escape_sequence_leaves_a_loader_whatever_part_it_hides_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evil = "\x1b[31mred\x1b]0;title\x07"
    pages = (Page(1, evil, evil, (Heading(1, evil, 0),)),)
    made = Document(
        evil, pages, "odd", 1, {"note": evil}, (OutlineEntry(1, evil, 1),), (evil,), (Table(evil, 1, (evil,), 0, b""),)
    )  # fmt: skip
    loaders = registry.all_loaders()
    monkeypatch.setattr(
        registry, "all_loaders", lambda: (registry.Loader("odd", 1, (".odd",), lambda _: made), *loaders)
    )
    (tmp_path / "a.odd").write_text("x")
    read = registry.read(tmp_path / "a.odd")
    assert "\x1b" not in repr(read.as_dict()).encode().decode("unicode_escape")
    assert (read.title, read.pages[0].label, read.tables[0].labels) == ("red", "red", ("red",))


def test_a_mail_subject_of_escape_sequences_is_only_its_words(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(b"From: a@example.org\nSubject: =?utf-8?q?=1B=5B31mRent=1B=5B0m?=\n\nFive.\n")
    document = registry.read(tmp_path / "a.eml")
    assert document.title == "Rent"
    assert document.pages[0].text.startswith("Rent\n")
