"""Outlook messages (msg), read as other mails are: what the writer says, quotes marked, inner messages and attached files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from loaders import limits, mail, tnef
from loaders.document import Document, LoadError, clean_text
from loaders.registry import Loader
from loaders.sniff import Kind

VERSION = 4

_EMBEDDED = "__substg1.0_3701000D"
_EMBEDDED_HEADER_BYTES = 24
"""Properties of a message inside another begin after so many bytes ([MS-OXMSG] 2.4.1.2), of a file's own message after 32."""

_COMPRESSED_RTF = 0x1009
_DEPTH = 5
_REMEDY = "Open it in the mail program and save it again, or save it as plain text."


def load(path: Path) -> Document:
    """The message at `path`. Raises LoadError."""
    from oxmsg import Message

    collected = mail.MailPages(limits.TextBudget())
    try:
        message = Message.load(str(path))
        subject = clean_text(message.subject or "")
        _add(message, collected, 0)
    except (MemoryError, RecursionError, LoadError):
        raise
    except Exception as error:
        # oxmsg has no exceptions of its own: a damaged file raises KeyError, ValueError, struct.error, ...
        raise LoadError(f"it is damaged or not an Outlook message ({type(error).__name__})", _REMEDY) from None
    if not collected.pages:
        raise LoadError("the message has no text", "Nothing to load.")
    return collected.document(subject, LOADER, {})


def _add(message: Any, collected: mail.MailPages, depth: int) -> None:
    """Add a message and the messages inside it."""
    files, inner = [], []
    for attachment, storage in zip(message.attachments, message._storage.iter_attachment_storages()):
        embedded = next((part for part in storage.storages if part.name == _EMBEDDED), None)
        if embedded is not None and depth < _DEPTH:
            inner.append(_embedded(embedded))
        else:
            data, name = attachment.file_bytes or b"", attachment.file_name or "unnamed"
            files.append((name, data, str(attachment.mime_type or "application/octet-stream")))
    left_out: list[str] = []
    html = message.html_body or ""
    packed = b"" if html.strip() else message.properties.binary_prop_value(_COMPRESSED_RTF) or b""
    text = tnef.best_body(message.body or "", html, tnef.uncompressed(packed), left_out)
    subject = clean_text(message.subject or "")
    label = f"forwarded: {subject}" if depth else None
    said = mail.MailText(subject, _headers(message), [text], files=files, left_out=left_out)
    collected.add_text(said, label, depth)
    for message_inside in inner:
        _add(message_inside, collected, depth + 1)


def _embedded(storage: Any) -> Any:
    """A message that is attached as one, not as a file."""
    from oxmsg import Message
    from oxmsg.properties import Properties

    class Embedded(Message):  # type: ignore[misc]
        @property
        def _properties(self) -> Any:
            return Properties(self._storage, properties_header_offset=_EMBEDDED_HEADER_BYTES)

    return Embedded(storage)


def _headers(message: Any) -> list[tuple[str, str]]:
    """The headers people see; who it goes to from the list of recipients where the message was never sent."""
    stated = {name: message.message_headers.get(name) or "" for name in ("From", "To", "Cc")}
    stated["From"] = stated["From"] or message.sender or ""
    if not stated["To"] and not stated["Cc"]:
        stated["To"] = ", ".join(_person(recipient) for recipient in message.recipients)
    sent = message.sent_date
    shown = {**stated, "Date": sent.isoformat(" ") if sent else message.message_headers.get("Date") or ""}
    return [(name, " ".join(clean_text(str(value)).split())) for name, value in shown.items()]


def _person(recipient: Any) -> str:
    name, address = recipient.name or "", recipient.email_address or ""
    return f"{name} <{address}>" if name and address and name != address else name or address


LOADER = Loader(name="outlook", version=VERSION, suffixes=(".msg",), kinds=(Kind.MSG,), load=load)
