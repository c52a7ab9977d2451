"""winmail.dat and compressed Rich Text: the files and the text of mails that Outlook wrapped."""

from __future__ import annotations

import struct
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from pathlib import Path

import pytest

from loaders import registry, tnef
from loaders.document import LoadError

COMPRESSED = bytes.fromhex(
    "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
)
"""The example of MS-OXRTFCP."""


def attribute(level: int, identity: int, data: bytes) -> bytes:
    return struct.pack("<BII", level, identity, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)


def texts(*pairs: tuple[int, str]) -> bytes:
    """Properties of text."""
    data = struct.pack("<I", len(pairs))
    for identity, text in pairs:
        value = text.encode("utf-16-le") + b"\0\0"
        data += struct.pack("<HHII", 0x1F, identity, 1, len(value)) + value.ljust(-(-len(value) // 4) * 4, b"\0")
    return data


def wrapped(*files: tuple[str, bytes]) -> bytes:
    data = struct.pack("<IH", 0x223E9F78, 1) + attribute(1, 0x0002800C, b"The lock is shut.\0")
    for name, content in files:
        data += attribute(2, 0x00069002, b"\0" * 14) + attribute(2, 0x00018010, b"SHORT~1.TXT\0")
        data += attribute(2, 0x0006800F, content) + attribute(2, 0x00069005, texts((0x3707, name)))
    return data


def test_a_mail_has_the_files_and_the_text_of_its_winmail_dat(tmp_path: Path) -> None:
    mail = MIMEMultipart()
    mail["From"], mail["Subject"] = "a@x.example", "Plan"
    mail.attach(MIMEText(" ", "plain"))
    part = MIMEApplication(wrapped(("Tolls.csv", b"Gate,Toll\nEast,4\nWest,5\n"), ("inner", wrapped())), "ms-tnef")
    part.add_header("Content-Disposition", "attachment", filename="winmail.dat")
    mail.attach(part)
    (tmp_path / "a.eml").write_bytes(mail.as_bytes())
    document = registry.read(tmp_path / "a.eml")
    whole = "\n".join(page.text for page in document.pages)
    assert whole.count("The lock is shut.") == 2
    assert "Gate: West | Toll: 5" in whole
    assert document.attachments == ("Tolls.csv", "inner.txt")


def test_a_damaged_winmail_dat_is_refused() -> None:
    data = wrapped(("a.txt", b"x"))
    assert tnef.unwrapped(data[: len(data) // 2]).text == "The lock is shut."
    with pytest.raises(LoadError):
        tnef.unwrapped(b"not one")


def test_rich_text_is_unpacked() -> None:
    assert tnef.uncompressed(COMPRESSED) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    assert tnef.uncompressed(COMPRESSED[:30]).startswith(b"{\\rtf1")
    assert tnef.uncompressed(b"short") == b""
    assert tnef.best_body("", "", tnef.uncompressed(COMPRESSED), []) == "hello world"


def test_html_that_stands_in_rich_text_is_taken_out() -> None:
    rtf = (
        rb"{\rtf1\ansi\ansicpg1252\fromhtml1 \deff0{\fonttbl{\f0 Arial;}}{\*\htmltag64 <p>}\htmlrtf {\htmlrtf0 caf\'e9 \u8217?s "
        rb"{\*\htmltag84 <b>}\htmlrtf {\b \htmlrtf0 bold{\*\htmltag92 </b>}\htmlrtf }\htmlrtf0{\*\htmltag72 </p>}\htmlrtf}\htmlrtf0 }"
    )
    assert tnef.html_inside(rtf) == "<p>café ’s <b>bold</b></p>"
    assert tnef.html_inside(rb"{\rtf1 plain}") == ""
