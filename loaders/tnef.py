"""Outlook's own wrapping of mails: winmail.dat (TNEF), and bodies in compressed Rich Text.

After Microsoft's open specifications MS-OXTNEF (attributes), MS-OXRTFCP (compression) and MS-OXRTFEX (HTML inside Rich Text).
The packages for the first and the last (tnefparse, RTFDE) are under the LGPL; compressed-rtf refuses a body that is cut short.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from loaders.document import LoadError, clean_text, join_surrogates
from loaders.embedded_files import read_embedded
from loaders.mail_bodies import best_text, html_text
from loaders.rich_text import after_letter, is_encoding, rtf_pieces

FILE_NAME = "winmail.dat"
KINDS = ("application/ms-tnef", "application/vnd.ms-tnef")

_SIGNATURE = 0x223E9F78
_SUBJECT, _BODY, _PROPERTIES, _CODE_PAGE = 0x8004, 0x800C, 0x9003, 0x9007
_NEW_FILE, _FILE_NAME, _FILE_DATA, _FILE_PROPERTIES = 0x9002, 0x8010, 0x800F, 0x9005
_P_SUBJECT, _P_BODY, _P_HTML, _P_RTF, _P_DATA, _P_NAME, _P_LONG_NAME, _P_TYPE = (
    0x0037, 0x1000, 0x1013, 0x1009, 0x3701, 0x3704, 0x3707, 0x370E,
)  # fmt: skip
_WIDTHS = {0x02: 4, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x0A: 4, 0x0B: 4, 0x14: 8, 0x40: 8, 0x48: 16}
_TEXT8, _TEXT16, _BINARY, _OBJECT, _MANY = 0x1E, 0x1F, 0x102, 0x0D, 0x1000
_PROPERTIES_LIMIT = 10_000
_RTF_BYTES = 64 << 20

_DICTIONARY = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbol"
    b"ArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)


@dataclass
class Wrapped:
    """What a winmail.dat holds: texts of the mail, and files, each with its name, bytes and content type."""

    subject: str = ""
    text: str = ""
    html: str = ""
    rtf: bytes = b""
    files: list[tuple[str, bytes, str]] = field(default_factory=list)


def unwrapped(data: bytes) -> Wrapped:
    """The contents of a winmail.dat. Raises LoadError when it is none, or damaged."""
    if not is_wrapped(data):
        raise LoadError("it is not a winmail.dat", "")
    try:
        return _read(data)
    except (struct.error, IndexError, ValueError) as error:
        raise LoadError(f"it is damaged ({type(error).__name__})", "Ask for the files by themselves.") from None


def is_wrapped(data: bytes) -> bool:
    """Whether bytes are a winmail.dat, or a message inside one."""
    return len(data) > 6 and int(struct.unpack_from("<I", data)[0]) == _SIGNATURE


def best_body(text: str, html: str, rtf: bytes, left_out: list[str]) -> str:
    """The text of a mail that Outlook keeps in up to three forms; what of them is not read goes to `left_out`."""
    html = html or html_inside(rtf)
    said, less = best_text([clean_text(text), html_text(html) if html.strip() else ""])
    left_out += less
    if said.strip() or not rtf:
        return said
    try:
        return "\n\n".join(page.text for page in read_embedded("body.rtf", rtf).pages)
    except LoadError as error:
        left_out.append(f"the text, which is Rich Text ({error.reason})")
        return ""


def _read(data: bytes) -> Wrapped:
    wrapped = Wrapped()
    encoding, place = "cp1252", 6
    while place + 9 <= len(data):
        _, identity, size = struct.unpack_from("<BII", data, place)
        value = data[place + 9 : place + 9 + size]
        place += 9 + size + 2
        kind = identity & 0xFFFF
        if kind == _CODE_PAGE and len(value) >= 4:
            stated = f"cp{struct.unpack_from('<I', value)[0]}"
            encoding = stated if is_encoding(stated) else encoding
        elif kind == _SUBJECT:
            wrapped.subject = _text(value, encoding)
        elif kind == _BODY:
            wrapped.text = _text(value, encoding)
        elif kind == _PROPERTIES:
            _take_properties(wrapped, value, encoding)
        elif kind == _NEW_FILE:
            wrapped.files.append(("", b"", ""))
        elif kind in (_FILE_NAME, _FILE_DATA, _FILE_PROPERTIES) and wrapped.files:
            name, content, mime = wrapped.files[-1]
            if kind == _FILE_NAME:
                name = name or _text(value, encoding)
            elif kind == _FILE_DATA:
                content = value
            else:
                held = dict(_properties(value, encoding))
                name = str(held.get(_P_LONG_NAME) or held.get(_P_NAME) or name)
                mime = str(held.get(_P_TYPE) or mime)
                inner = held.get(_P_DATA)
                if isinstance(inner, bytes) and not content:
                    # A message inside begins after the identifier of its class.
                    content = inner[16:] if inner[16:20] == struct.pack("<I", _SIGNATURE) else inner
            wrapped.files[-1] = (name, content, mime)
    wrapped.files = [(name or "unnamed", content, mime) for name, content, mime in wrapped.files]
    return wrapped


def _take_properties(wrapped: Wrapped, value: bytes, encoding: str) -> None:
    held = dict(_properties(value, encoding))
    wrapped.subject = str(held.get(_P_SUBJECT) or wrapped.subject)
    wrapped.text = str(held.get(_P_BODY) or wrapped.text)
    html = held.get(_P_HTML)
    wrapped.html = html.decode(encoding, "replace") if isinstance(html, bytes) else str(html or "")
    if isinstance(rtf := held.get(_P_RTF), bytes):
        wrapped.rtf = uncompressed(rtf)


def _text(value: bytes, encoding: str) -> str:
    return clean_text(value.rstrip(b"\0").decode(encoding, "replace"))


def _properties(data: bytes, encoding: str) -> Iterator[tuple[int, Any]]:
    """The properties of a message or file: identifier, and text or bytes; numbers are passed over."""
    (count,), place = struct.unpack_from("<I", data), 4
    for _ in range(min(count, _PROPERTIES_LIMIT)):
        kind, identity = struct.unpack_from("<HH", data, place)
        place += 4
        if identity >= 0x8000:
            place += 16
            (named,) = struct.unpack_from("<I", data, place)
            place += 8
            if named:
                (length,) = struct.unpack_from("<I", data, place - 4)
                place += -(-length // 4) * 4
        values = 1
        if kind & _MANY or kind in (_TEXT8, _TEXT16, _BINARY, _OBJECT):
            (values,) = struct.unpack_from("<I", data, place)
            place += 4
        base = kind & ~_MANY
        if base in _WIDTHS:
            place += _WIDTHS[base] * values
            continue
        for _ in range(min(values, _PROPERTIES_LIMIT)):
            (length,) = struct.unpack_from("<I", data, place)
            value = data[place + 4 : place + 4 + length]
            place += 4 + -(-length // 4) * 4
            if base == _TEXT16:
                yield identity, clean_text(value.decode("utf-16-le", "replace").rstrip("\0"))
            else:
                yield identity, _text(value, encoding) if base == _TEXT8 else value


def uncompressed(data: bytes) -> bytes:
    """Rich Text as it was before it was compressed; b"" for what is not compressed Rich Text."""
    if len(data) < 16:
        return b""
    _, size, kind, _ = struct.unpack_from("<IIII", data)
    if kind == 0x414C454D:
        return data[16 : 16 + size]
    if kind != 0x75465A4C or size > _RTF_BYTES:
        return b""
    window = bytearray(_DICTIONARY.ljust(4096, b" "))
    out = bytearray()
    write, place = len(_DICTIONARY), 16
    while place < len(data) and len(out) < size:
        control, place = data[place], place + 1
        for bit in range(8):
            if place >= len(data):
                return bytes(out)
            if not control >> bit & 1:
                taken, place = data[place : place + 1], place + 1
            else:
                word, place = int.from_bytes(data[place : place + 2], "big"), place + 2
                start = word >> 4
                if start == write:
                    return bytes(out)
                taken = b""
                for step in range((word & 15) + 2):
                    letter = window[(start + step) % 4096 : (start + step) % 4096 + 1]
                    window[(write + step) % 4096] = letter[0]
                    taken += letter
            for letter_code in taken:
                window[write] = letter_code
                write = (write + 1) % 4096
            out += taken
    return bytes(out[:size])


def html_inside(rtf: bytes) -> str:
    """The HTML that a mail program wrapped in Rich Text; "" when it wrapped none."""
    if b"\\fromhtml" not in rtf[:4096]:
        return ""
    parts: list[str] = []
    kept: list[bool] = []
    tag: list[bool] = []
    shown = True
    encoding, letters, skip, skipped = "cp1252", b"", 0, 1

    def flush() -> None:
        nonlocal letters
        if letters:
            parts.append(letters.decode(encoding, "replace"))
            letters = b""

    for word, number, token in rtf_pieces(rtf):
        inside = bool(tag and tag[-1])
        visible = (not kept or kept[-1]) and (shown or inside)
        if skip and token not in (b"{", b"}"):
            skip, token = after_letter(token, word, skip)
            if not token:
                continue
        if token.startswith(b"\\'"):
            letters += bytes([int(token[2:], 16)]) if visible else b""
            continue
        flush()
        if token == b"{":
            kept.append(kept[-1] if kept else True)
            tag.append(inside)
        elif token == b"}":
            if kept:
                kept.pop()
                tag.pop()
        elif word == b"ansicpg" and is_encoding(f"cp{number}"):
            encoding = f"cp{number}"
        elif word == b"uc":
            skipped = max(0, number)
        elif word == b"htmltag" and tag:
            tag[-1] = kept[-1] = True
        elif word == b"htmlrtf":
            shown = number == 0 and token.strip() != b"\\htmlrtf"
        elif token == b"\\*" or word in (b"fonttbl", b"colortbl", b"stylesheet", b"pict", b"info"):
            if kept:
                kept[-1] = False
        elif word == b"u" and visible:
            parts.append(chr(number % 65536))
            skip = skipped
        elif word in (b"par", b"line") and visible:
            parts.append("\n")
        elif word == b"tab" and visible:
            parts.append("\t")
        elif token in (b"\\{", b"\\}", b"\\\\") and visible:
            parts.append(token[1:].decode())
        elif not word and token[:1] != b"\\" and visible:
            parts.append(re.sub(rb"[\r\n]", b"", token).decode(encoding, "replace"))
    flush()
    return join_surrogates("".join(parts))
