"""E-mail messages (eml): the headers people see, the text in preference to its HTML, the names of the attachments."""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage
from pathlib import Path

from loaders import limits
from loaders.blocks import PageBuilder
from loaders.document import Document, LoadError
from loaders.registry import Loader
from loaders.sniff import Kind
from loaders.text import decode
from loaders.web_page import add_html

VERSION = 2

_SHOWN = ("From", "To", "Cc", "Date")


def load(path: Path) -> Document:
    """The message at `path` as one page. Raises LoadError when it has neither headers nor text."""
    data = path.read_bytes()
    if b"\x00" in data[:200]:
        data = decode(data).encode("utf-8")
    message = parsed(data)
    if not message.keys():
        raise LoadError("it is not an e-mail message: it has no headers", "Rename it to .txt if it is plain text.")
    builder = PageBuilder(1, None, limits.TextBudget())
    attachments = add_message(message, builder)
    if builder.empty:
        raise LoadError("the message has no text", "Nothing to load.")
    noted = {"date": date} if (date := header(message, "Date")) else {}
    return Document(header(message, "Subject"), (builder.page(),), LOADER.name, VERSION, noted, attachments=attachments)


def parsed(data: bytes) -> EmailMessage:
    """The message of these bytes, whatever is wrong with it."""
    message = email.message_from_bytes(data, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def add_message(message: EmailMessage, builder: PageBuilder) -> tuple[str, ...]:
    """Add a message: its subject as a heading, the headers people see, its text. Names of its attachments."""
    builder.heading(1, header(message, "Subject"))
    for name in _SHOWN:
        if value := header(message, name):
            builder.line(f"{name}: {value}")
    return _add_body(message, builder)


def header(message: EmailMessage, name: str) -> str:
    """A header on one line, "" when it is not there."""
    try:
        return " ".join(str(message.get(name) or "").split())
    except (ValueError, IndexError, AttributeError, TypeError, LookupError):
        # The standard library's header parser fails on some malformed headers; the raw one is better than none.
        raw = next((value for key, value in message.raw_items() if key.lower() == name.lower()), "")
        return " ".join(str(raw).split())


def _add_body(message: EmailMessage, builder: PageBuilder) -> tuple[str, ...]:
    """Add the text of every part that is one, and give the names of those that are not."""
    attachments: list[str] = []
    for part in _parts(message):
        kind, name = part.get_content_type(), part.get_filename()
        if name or part.get_content_disposition() == "attachment" or part.get_content_maintype() != "text":
            attachments.append(name or kind)
        elif kind == "text/html":
            add_html(_content(part), builder)
        else:
            for block in _content(part).replace("\r\n", "\n").split("\n\n"):
                builder.paragraph(block)
    return tuple(attachments)


def _parts(message: EmailMessage) -> list[EmailMessage]:
    """The leaves of a message; of alternatives only the plain text, if it has words."""
    if not message.is_multipart():
        return [message]
    children = [child for child in message.iter_parts() if isinstance(child, EmailMessage)]
    if message.get_content_type() == "multipart/alternative":
        plain = [part for part in children if part.get_content_type() == "text/plain" and _content(part).strip()]
        children = plain[:1] or children[-1:]
    return [leaf for child in children for leaf in _parts(child)]


def _content(part: EmailMessage) -> str:
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes):
        return str(part.get_payload())
    charset = part.get_content_charset()
    if charset and charset not in ("us-ascii", "ascii"):
        try:
            return data.decode(charset)
        except (LookupError, UnicodeDecodeError):
            pass
    return decode(data) if data.strip() else ""


LOADER = Loader(name="mail", version=VERSION, suffixes=(".eml", ".mht", ".mhtml"), kinds=(Kind.MAIL,), load=load)
