"""Mail folders (mbox): every message is a page, labelled with its day and subject."""

from __future__ import annotations

import datetime
import email.utils
import re
from collections.abc import Iterator
from contextlib import suppress
from email.message import EmailMessage
from pathlib import Path

from loaders import limits, mail
from loaders.blocks import PageBuilder
from loaders.document import Document, LoadError, Page
from loaders.registry import Loader
from loaders.sniff import Kind, begins_message

VERSION = 1

_LABEL_CHARS = 60
_ATTACHMENTS = 1_000
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)
_MESSAGE_BYTES = 64 * 1024 * 1024
"""What a longer message has beyond is left out: no one writes as much, programs attach it."""


def load(path: Path) -> Document:
    """The messages at `path`, in their order. Raises LoadError when there are none."""
    budget, pages = limits.TextBudget(), list[Page]()
    attachments: dict[str, None] = {}
    for data in _messages(path):
        if len(pages) >= limits.PAGES:
            raise LoadError(f"it has more than {limits.PAGES:,} messages", limits.SPLIT_REMEDY)
        message = mail.parsed(data)
        if not message.keys():
            continue  # what stands before the first message, or instead of it
        builder = PageBuilder(len(pages) + 1, _label(message), budget)
        names = mail.add_message(message, builder)
        if not builder.empty:
            pages.append(builder.page())
            attachments.update(dict.fromkeys(names[: max(0, _ATTACHMENTS - len(attachments))]))
    if not pages:
        raise LoadError("no message in it has any text", "Rename it to .txt if it is plain text.")
    noted = {"messages": str(len(pages))}
    title = mail.header(message, "Subject") if len(pages) == 1 else ""
    return Document(title, tuple(pages), LOADER.name, VERSION, noted, attachments=tuple(attachments))


def _messages(path: Path) -> Iterator[bytes]:
    """The messages of a folder, one at a time: each begins with a line "From sender date" after an empty one."""
    lines: list[bytes] = []
    held = b""
    size, after_empty, begun = 0, True, False
    with path.open("rb") as file:
        for line in file:
            if held:
                if begins_message(held + line):
                    if begun:
                        yield _unquoted(lines)
                    lines, size, begun = [], 0, True
                else:
                    lines.append(held)
                held = b""
            if after_empty and line.startswith(b"From "):
                held = line
            elif size < _MESSAGE_BYTES:
                lines.append(line)
                size += len(line)
            after_empty = not line.strip()
    if held:
        lines.append(held)
    if lines:
        yield _unquoted(lines)


def _unquoted(lines: list[bytes]) -> bytes:
    return _QUOTED.sub(rb"\1", b"".join(lines))


def _label(message: EmailMessage) -> str | None:
    """The day and the subject of a message, as far as it has them."""
    subject = mail.header(message, "Subject")
    if len(subject) > _LABEL_CHARS:
        subject = subject[: _LABEL_CHARS - 1].rstrip() + "…"
    return " ".join(part for part in (_day(mail.header(message, "Date")), subject) if part) or None


def _day(stated: str) -> str:
    with suppress(ValueError, TypeError, IndexError, OverflowError):
        found: datetime.datetime = email.utils.parsedate_to_datetime(stated)
        return found.date().isoformat()
    return ""


LOADER = Loader(name="mail_folder", version=VERSION, suffixes=(".mbox", ".mbx"), kinds=(Kind.MAIL_FOLDER,), load=load)
