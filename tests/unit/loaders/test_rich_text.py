"""Rich Text: what pandoc passes over or reads wrongly is in the text."""

from __future__ import annotations

from pathlib import Path

from loaders import registry
from loaders.document import Document


def read(folder: Path, body: bytes, head: bytes = b"\\ansi") -> Document:
    (folder / "a.rtf").write_bytes(b"{\\rtf1" + head + b" " + body + b"\\par}")
    return registry.read(folder / "a.rtf")


def text(document: Document) -> str:
    return document.pages[0].text


def test_tracked_changes_are_read_as_accepted(tmp_path: Path) -> None:
    document = read(
        tmp_path, rb"The fee is {\deleted\revauthdel1 500}{\revised\revauth1 650} crowns.\par {\deleted Withdrawn.}"
    )
    assert text(document) == "The fee is 650 crowns."
    assert document.metadata["left_out"] == "not read: 2 pieces of deleted text"


def test_notes_and_comments_stand_below_their_paragraph_and_margins_once(tmp_path: Path) -> None:
    document = read(
        tmp_path,
        rb"{\header\pard Lock office {\field{\*\fldinst PAGE}{\fldrslt 3}}\par}{\footer\pard {\chpgn}\par}Five{\super\chftn{\footnote\pard"
        rb"{\super\chftn} Six for members.}}. {\*\atnid AB}{\*\atnauthor Ada}\chatn{\*\annotation\pard Check it.}Tail.\par Last.",
    )
    assert text(document) == (
        "Page header: Lock office 3\n\nFive [1]. Tail.\n\nFootnote 1: Six for members.\n\nComment by Ada: Check it.\n\nLast."
    )
    assert not document.metadata


def test_merged_cells_stand_on_each_of_their_rows(tmp_path: Path) -> None:
    row = rb"\trowd%s\cellx2000\cellx4000\cellx6000\pard\intbl %s\cell %s\cell %s\cell\row"
    rows = [
        (b"", b"Ward", b"Early", b"Late"),
        (b"\\clvmgf", b"North", b"Dag", b"Eva"),
        (b"\\clvmrg", b"", b"Finn", b"Gro"),
    ]
    document = read(tmp_path, b"".join(row % one for one in rows) + b"\\pard End")
    assert "Ward: North | Early: Finn | Late: Gro" in text(document)


def test_no_letter_is_lost_and_every_font_has_its_encoding(tmp_path: Path) -> None:
    body = rb"caf\u233?tier {\f1 \'cf\'f0\'e8} {\f2\'93\'fa} \u-10179?\u-8704?. {\uc2 \u252\'81\'40ber}"
    assert (
        text(read(tmp_path, rb"{\fonttbl{\f1\fcharset204 A;}{\f2\fcharset128 B;}}" + body))
        == "cafétier При 日 😀. über"
    )
    assert text(read(tmp_path, rb"\'cf\'f0\'e8 raw " + b"\xcf\xf0", rb"\ansi\ansicpg1251")) == "При raw Пр"


def test_an_absurd_number_is_no_obstacle(tmp_path: Path) -> None:
    assert "The lock." in text(read(tmp_path, rb"{\f" + b"9" * 5_000 + rb" }The lock."))


def test_fields_without_a_result_and_ticks_are_shown(tmp_path: Path) -> None:
    box = rb"{\field{\*\fldinst {FORMCHECKBOX}{\*\formfield{\fftype1\ffres25\ffdefres1}}}{\fldrslt }} Pets, "
    half = rb"{\field{\*\fldinst { EQ \\f(1,2) }}{\fldrslt }} and {\field{\*\fldinst REF x}{\fldrslt clause 7}}"
    assert text(read(tmp_path, box + half)) == "[x] Pets, 1/2 and clause 7"


def test_breaks_part_words_and_hidden_text_is_counted(tmp_path: Path) -> None:
    document = read(tmp_path, rb"One\page Two\column Three{\v never seen}\v0")
    assert text(document).split() == ["One", "Two", "Three"]
    assert document.metadata["left_out"] == "not read: 1 piece of hidden text"


def test_items_keep_the_numbers_that_word_wrote(tmp_path: Path) -> None:
    lists = (
        rb"{\*\listtable{\list{\listlevel\levelnfc0{\leveltext\'02\'00.;}{\levelnumbers\'01;}}\listid7}}"
        rb"{\*\listoverridetable{\listoverride\listid7\listoverridecount0\ls1}}"
    )
    items = rb"\pard\ls1\ilvl0{\listtext 4.1\tab}Rent\par\pard\ls1\ilvl0{\listtext 4.2\tab}Heat\par\pard End"
    assert text(read(tmp_path, lists + items)) == "4.1 Rent\n\n4.2 Heat\n\nEnd"


def test_rows_that_do_not_say_so_are_rows(tmp_path: Path) -> None:
    cells = rb"\trowd\cellx1000\cellx2000 "
    rows = [cells + rb"Port\cell Toll\cell\row", cells + rb"Hull\cell 12\cell\row", cells + rb"York\cell 9\cell\row"]
    assert "Port: Hull | Toll: 12\nPort: York | Toll: 9" in text(read(tmp_path, b"".join(rows) + rb"\pard After"))


def test_escapes_that_were_cut_and_control_characters_stop_nothing(tmp_path: Path) -> None:
    assert text(read(tmp_path, rb"Fee \u8364?{\'}12 {\footnote A \'01note.}\'02 due")).startswith("Fee €12 [1]")


def test_numbers_of_items_that_name_no_list_or_name_it_late(tmp_path: Path) -> None:
    items = (
        rb"{\listtext a)\tab}Rent\par{\listtext b)\tab}Heat\par{\listtext\'b7\tab}Light\par"
        rb"\pard{\listtext 3.1\tab}\ls1\ilvl0 Water\par\pard End"
    )
    path = tmp_path / "a.rtf"
    path.write_bytes(rb"{\rtf1\ansi " + items + b"}")
    text = registry.read(path).pages[0].text
    assert [line for line in text.split("\n") if line] == ["a) Rent", "b) Heat", "- Light", "3.1 Water", "End"]
