"""Outlook messages (msg): the headers people see, the text, and the names of the attachments."""

from __future__ import annotations

from pathlib import Path

from loaders import limits
from loaders.blocks import PageBuilder
from loaders.document import Document, LoadError
from loaders.registry import Loader
from loaders.sniff import Kind
from loaders.web_page import add_html

VERSION = 1


def load(path: Path) -> Document:
    """The message at `path` as one page. Raises LoadError."""
    from oxmsg import Message

    try:
        message = Message.load(str(path))
        headers = {name: message.message_headers.get(name) or "" for name in ("From", "To", "Cc")}
        headers["From"] = headers["From"] or message.sender or ""
        sent = message.sent_date
        subject, body, html = message.subject or "", message.body or "", message.html_body or ""
        attachments = tuple(part.file_name or "unnamed" for part in message.attachments)
    except (MemoryError, RecursionError):
        raise
    except Exception as error:
        # oxmsg has no exceptions of its own: a damaged file raises KeyError, ValueError, struct.error, ...
        raise LoadError(f"it is damaged or not an Outlook message ({type(error).__name__})", _REMEDY) from None
    builder = PageBuilder(1, None, limits.TextBudget())
    builder.heading(1, subject)
    for name, value in {**headers, "Date": sent.isoformat(" ") if sent else ""}.items():
        if value:
            builder.line(f"{name}: {value}")
    if body.strip():
        builder.paragraph(body)
    elif html:
        add_html(html, builder)
    return Document(subject, (builder.page(),), LOADER.name, VERSION, attachments=attachments)


_REMEDY = "Open it in the mail program and save it again, or save it as plain text."

LOADER = Loader(name="outlook", version=VERSION, suffixes=(".msg",), kinds=(Kind.MSG,), load=load)
