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


def mail_with(content: bytes) -> bytes:
    mail = MIMEMultipart()
    mail["From"], mail["Subject"] = "a@x.example", "Plan"
    mail.attach(MIMEText(" ", "plain"))
    part = MIMEApplication(content, "ms-tnef")
    part.add_header("Content-Disposition", "attachment", filename="winmail.dat")
    mail.attach(part)
    return mail.as_bytes()


def test_a_mail_has_the_files_and_the_text_of_its_winmail_dat(tmp_path: Path) -> None:
    content = wrapped(("Tolls.csv", b"Gate,Toll\nEast,4\nWest,5\n"), ("inner", wrapped()))
    (tmp_path / "a.eml").write_bytes(mail_with(content))
    document = registry.read(tmp_path / "a.eml")
    whole = "\n".join(page.text for page in document.pages)
    assert whole.count("The lock is shut.") == 2
    assert "Gate: West | Toll: 5" in whole
    assert document.attachments == ("Tolls.csv", "inner.txt")


def test_what_is_wrapped_again_and_again_is_left_out_by_itself(tmp_path: Path) -> None:
    content = wrapped()
    for _ in range(1_100):
        content = wrapped(("inner", content))
    (tmp_path / "a.eml").write_bytes(mail_with(content))
    document = registry.read(tmp_path / "a.eml")
    assert "The lock is shut." in document.pages[0].text
    assert "inner (files nested too deeply)" in document.metadata["left_out"]


def test_an_unknown_code_page_is_read_as_the_usual_one() -> None:
    html = b"<p>caf\xe9</p>"
    body = struct.pack("<IHHII", 1, 0x102, 0x1013, 1, len(html)) + html.ljust(-(-len(html) // 4) * 4, b"\0")
    data = struct.pack("<IH", 0x223E9F78, 1) + attribute(1, 0x00069007, struct.pack("<II", 99_999, 0))
    assert tnef.unwrapped(data + attribute(1, 0x00069003, body)).html == "<p>café</p>"


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
    assert tnef.html_inside(rb"{\rtf1\fromhtml1 \u-10179?\u-8704? up}") == "😀 up"
    assert tnef.html_inside(rb"{\rtf1 plain}") == ""
