"""Binary Word documents and presentations: their text in order, tables as tables, what was deleted left out."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import pytest

from loaders.document import LoadError
from loaders.older_office import REMARK, presentation, word_document

TEXT_AT = 1_536
IN_TABLE = struct.pack("<HB", 0x2416, 1)
ROW_END = IN_TABLE + struct.pack("<HB", 0x2417, 1)
Paragraph = tuple[str, int, bytes]
"""Its text with the character that ends it, the number of its style, and its properties."""


def page_of_runs(bounds: Sequence[int], held: Sequence[bytes], wide: bool) -> bytes:
    """A page of 512 bytes with properties of runs: of paragraphs when `wide`, else of characters."""
    page = bytearray(512)
    struct.pack_into(f"<{len(bounds)}I", page, 0, *bounds)
    place = 508
    for number, data in enumerate(held):
        if data:
            block = bytes([(len(data) + 1) // 2]) + data if wide else bytes([len(data)]) + data
            place = (place - len(block)) // 2 * 2
            page[place : place + len(block)] = block
            page[4 * len(bounds) + number * (13 if wide else 1)] = place // 2
    page[511] = len(held)
    return bytes(page)


def doc(paragraphs: Sequence[Paragraph], notes: str = "", deleted: tuple[int, int] = (0, 0)) -> tuple[bytes, bytes]:
    """The two streams of a document; the text is in two pieces, the first with a byte a letter."""
    body = "".join(text for text, _, _ in paragraphs)
    first = body[: len(paragraphs[0][0])]
    rest = (body + notes)[len(first) :]
    text = first.encode("cp1252") + rest.encode("utf-16-le")
    rest_at = TEXT_AT + len(first)
    bounds = [TEXT_AT]
    for number, (said, _, _) in enumerate(paragraphs):
        bounds.append(bounds[-1] + len(said) * (2 if number else 1))
    pieces = struct.pack("<3I", 0, len(first), len(first) + len(rest))
    pieces += struct.pack("<HIH", 0, TEXT_AT * 2 | 0x40000000, 0) + struct.pack("<HIH", 0, rest_at, 0)
    pieces = b"\x02" + struct.pack("<I", len(pieces)) + pieces
    held = [struct.pack("<H", style) + more + b"\0" * ((1 + len(more)) % 2) for _, style, more in paragraphs]
    gone = [TEXT_AT, *(rest_at + 2 * (at - len(first)) for at in deleted), bounds[-1]]
    table = pieces + struct.pack("<3I", TEXT_AT, bounds[-1], 1) + struct.pack("<3I", TEXT_AT, bounds[-1], 2)
    main = bytearray(TEXT_AT)
    struct.pack_into("<HH6xH", main, 0, 0xA5EC, 193, 0x200)
    struct.pack_into("<2i", main, 76, len(body), len(notes))
    struct.pack_into("<II", main, 418, 0, len(pieces))
    struct.pack_into("<II", main, 258, len(pieces), 12)
    struct.pack_into("<II", main, 250, len(pieces) + 12, 12)
    main[512:1024] = page_of_runs(bounds, held, True)
    struck = struct.pack("<HB", 0x0800, 1)
    main[1024:1536] = page_of_runs(gone, [b"", struck, b""], False)
    return bytes(main) + text, table


def test_a_word_document_has_its_text_and_its_tables() -> None:
    paragraphs = [
        ("Tolls of the caf\xe9\r", 1, b""),
        ("Paid at\x02 the \x13 HYPERLINK x \x14gate\x15, not old the weir.\r", 0, b""),
        ("Gate\x07", 0, IN_TABLE), ("Toll\x07", 0, IN_TABLE), ("\x07", 0, ROW_END),
        ("Восток\r", 0, IN_TABLE), ("upper\x07", 0, IN_TABLE), ("4\x07", 0, IN_TABLE), ("\x07", 0, ROW_END),
        ("\x07", 0, IN_TABLE), ("5\x07", 0, IN_TABLE), ("\x07", 0, ROW_END),
        ("End\x1eline.\r", 0, b""),
    ]  # fmt: skip
    start = "".join(text for text, _, _ in paragraphs).index("old ")
    main, table = doc(paragraphs, "\x02 In coins.\r", (start, start + 4))
    document = word_document(main, b"", table, "word", 1)
    assert document.pages[0].text == (
        "Tolls of the café\n\nPaid at [1] the gate, not the weir.\n\nFootnote 1: In coins.\n\n"
        "Gate | Toll\nGate: Восток upper | Toll: 4\nToll: 5\n\nEnd-line."
    )
    assert document.title == "Tolls of the café"
    assert document.metadata["left_out"] == f"not read: 1 piece of deleted text; {REMARK}"


def record(kind: int, content: bytes, instance: int = 0, container: bool = False) -> bytes:
    return struct.pack("<HHI", instance << 4 | (15 if container else 0), kind, len(content)) + content


def said(text: str, kind: int = 1) -> bytes:
    return record(0x0F9F, struct.pack("<I", kind)) + record(0x0FA0, text.encode("utf-16-le"))


def ppt() -> tuple[bytes, bytes]:
    box = record(0x0F9E, struct.pack("<i", 0)) + record(0xF00D, said("A box", 4), container=True)
    atom = record(0x03EF, b"\0" * 16 + struct.pack("<I", 900) + b"\0" * 4)
    slide = record(0x03EE, atom + record(0x040C, record(0xF00D, box, container=True), container=True), container=True)
    notes = record(0x03F0, record(0xF00D, said("Say hello", 2), container=True), container=True)
    listed = record(0x03F3, struct.pack("<IIiI", 2, 0, 1, 700) + b"\0" * 4) + said("Fleet", 0) + said("Ada sails")
    slides = record(0x0FF0, listed, container=True)
    of_notes = record(0x0FF0, record(0x03F3, struct.pack("<IIiI", 3, 0, 0, 900) + b"\0" * 4), 2, container=True)
    main = record(0x03E8, slides + of_notes, container=True)
    data, places = b"", []
    for part in (main, slide, notes):
        places.append(len(data))
        data += part
    directory = len(data)
    data += record(0x1772, struct.pack("<I", 3 << 20 | 1) + struct.pack("<3I", *places))
    edit = len(data)
    data += record(0x0FF5, struct.pack("<IIIIIII", 0, 0, 0, directory, 1, 0, 0))
    return data, b"\0" * 16 + struct.pack("<I", edit)


def test_a_presentation_has_a_page_a_slide() -> None:
    data, user = ppt()
    document = presentation(data, user, "slides", 1)
    assert [page.text for page in document.pages] == ["Fleet\n\nA box\n\nNotes: Say hello"]


def test_damaged_streams_are_refused_in_a_sentence() -> None:
    main, table = doc([("Text\r", 0, b""), ("more\r", 0, b"")])
    data, user = ppt()
    for cut in (1, 40, 300, 600):
        for streams in ((main[:cut], table), (main, table[: cut // 20])):
            with pytest.raises(LoadError):
                word_document(streams[0], b"", streams[1], "word", 1)
    with pytest.raises(LoadError):
        presentation(data[:100], user, "slides", 1)
