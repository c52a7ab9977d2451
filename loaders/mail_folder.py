"""Mail folders (mbox): every message is a page, labelled with its day and subject; what is attached stands behind it."""

from __future__ import annotations

import datetime
import email.utils
import re
from collections.abc import Iterator
from contextlib import suppress
from email.message import EmailMessage
from pathlib import Path

from loaders import limits, mail
from loaders.document import Document, LoadError
from loaders.registry import Loader
from loaders.sniff import Kind, begins_message

VERSION = 3

_LABEL_CHARS = 60
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)
_MESSAGE_BYTES = 64 * 1024 * 1024
"""What a longer message has beyond is left out: no one writes as much, programs attach it."""


def load(path: Path) -> Document:
    """The messages at `path`, in their order. Raises LoadError when there are none."""
    collected = mail.MailPages(limits.TextBudget())
    messages = 0
    for data in _messages(path):
        if messages >= limits.PAGES:
            raise LoadError(f"it has more than {limits.PAGES:,} messages", limits.SPLIT_REMEDY)
        message = mail.parsed(data)
        if message.keys():  # else it is what stands before the first message, or instead of it
            messages += collected.add(message, _label(message))
    if not collected.pages:
        raise LoadError("no message in it has any text", "Rename it to .txt if it is plain text.")
    title = mail.header(message, "Subject") if messages == 1 else ""
    return collected.document(title, LOADER, {"messages": str(messages)})


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
