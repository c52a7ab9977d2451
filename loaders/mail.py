"""E-mail messages (eml): what the writer says, with quotes marked; invitations, forwarded messages and attached files too.

The message is page 1. Every message inside it and every attached file that a loader reads is a page after it.
"""

from __future__ import annotations

import email
import email.policy
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from pathlib import Path

from loaders import calendars, limits, tnef
from loaders.blocks import PageBuilder
from loaders.content_lines import components
from loaders.document import Document, Heading, LoadError, Page, clean_text
from loaders.embedded_files import deeper
from loaders.mail_attachments import Attachments
from loaders.mail_bodies import content, filename, parts_of
from loaders.mail_quotes import Forwarded, marked
from loaders.registry import Loader
from loaders.sniff import Kind
from loaders.text import decode

VERSION = 6

SHOWN = ("From", "To", "Cc", "Bcc", "Date")
_COUNT = re.compile(rb"\s*(\d{1,9})[ \t]*\r?\n(?=[!-9;-~]+:)")
"""What Apple's mail program writes above a message: how many bytes it has. Its own notes follow the message."""

_NARROW = re.compile(rb"=\?(gb2312|gbk|gb_2312-80|ks_c_5601-1987|euc-kr|shift_jis|big5)(\*[\w-]+)?\?", re.IGNORECASE)
_WIDE = {b"ks_c_5601-1987": b"cp949", b"euc-kr": b"cp949", b"shift_jis": b"cp932", b"big5": b"big5hkscs"}
"""Encodings of headers that programs name when they mean a larger one."""


_DEPTH = 8
_HEAD_BYTES = 64 * 1024
_PICTURE = "picture in the text"
_SIGNATURE = "signature"
_NO_FILES = ("application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature")


def load(path: Path) -> Document:
    """The message at `path`. Raises LoadError when it has neither headers nor text."""
    data = path.read_bytes()
    if b"\x00" in data[:200]:
        data = decode(data).encode("utf-8")
    message = parsed(data)
    if not message.keys():
        raise LoadError("it is not an e-mail message: it has no headers", "Rename it to .txt if it is plain text.")
    mail = MailPages(limits.TextBudget())
    mail.add(message)
    if not mail.pages:
        raise LoadError("the message has no text", "Nothing to load.")
    noted = {"date": date} if (date := header(message, "Date")) else {}
    return mail.document(header(message, "Subject"), LOADER, noted)


def parsed(data: bytes) -> EmailMessage:
    """The message of these bytes, whatever is wrong with it."""
    if counted := _COUNT.match(data):
        data, end = data[counted.end() :], int(counted[1])
        data = data[:end] if data[end:].lstrip().startswith(b"<?xml") else data
    head = _NARROW.sub(lambda match: b"=?" + _WIDE.get(match[1].lower(), b"gb18030") + b"?", data[:_HEAD_BYTES])
    message = email.message_from_bytes(head + data[_HEAD_BYTES:], policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def header(message: EmailMessage, name: str) -> str:
    """A header on one line, "" when it is not there."""
    try:
        value = str(message.get(name) or "")
    except (ValueError, IndexError, AttributeError, TypeError, LookupError):
        # The standard library's header parser fails on some malformed headers; the raw one is better than none.
        value = str(next((value for key, value in message.raw_items() if key.lower() == name.lower()), ""))
    return " ".join(clean_text(value).split())


@dataclass
class MailText:
    """What a message says: its headers as people see them, its texts, calendars (ics), messages inside it and its files."""

    subject: str
    headers: Sequence[tuple[str, str]]
    texts: Sequence[str]
    calendars: Sequence[str] = ()
    messages: Sequence[EmailMessage] = ()
    files: Sequence[tuple[str, bytes, str]] = ()
    """Name, content and content type of each."""
    left_out: Sequence[str] = field(default_factory=list)


class MailPages:
    """Collects the pages of messages: each message, then what it forwards, the messages inside it, and its files."""

    def __init__(self, budget: limits.TextBudget) -> None:
        self.budget = budget
        self.pages: list[Page] = []
        self.attachments = Attachments(budget)
        self._left_out: Counter[str] = Counter()

    def add(self, message: EmailMessage, label: str | None = None, depth: int = 0) -> bool:
        """Add a message with all that is inside; whether it has a page of its own. `label` is that page's."""
        return self.add_text(self._text_of(message), label, depth)

    def add_text(self, mail: MailText, label: str | None = None, depth: int = 0) -> bool:
        """The same for what is already taken apart."""
        builder = PageBuilder(len(self.pages) + 1, label, self.budget)
        if depth:
            stated = dict(mail.headers)
            builder.paragraph(_sentence(mail.subject, stated["From"], stated["To"], stated["Date"]))
        else:
            builder.heading(1, mail.subject)
            for name, value in mail.headers:
                if value:
                    builder.line(f"{name}: {value}")
        forwarded = [part for text in mail.texts if (part := self._add_body(text, mail.subject, builder))]
        for calendar in mail.calendars:
            found, bad_lines = components(clean_text(calendar))
            if not calendars.add_calendar(found, builder):
                _add_blocks(calendar, builder)
            elif said := calendars.left_out_of(found, bad_lines):
                self._left_out[f"of an invitation: {said}"] += 1
        self._left_out.update(mail.left_out)
        own = not builder.empty
        if own:
            self.pages.append(_under(mail.subject, builder.page()) if depth else builder.page())
        before = f"{label}:" if label and depth == 0 else ""
        for part in forwarded:
            self._add_forwarded(part, before)
        for inner in mail.messages:
            if depth >= _DEPTH:
                self._left_out["a message nested too deeply"] += 1
            else:
                subject = header(inner, "Subject")
                self.add(inner, f"{before} forwarded: {subject}".strip(" :"), depth + 1)
        for name, data, kind in mail.files:
            self.pages += self.attachments.pages(name, data, kind, len(self.pages) + 1, before)
        return own

    def document(self, title: str, loader: Loader, noted: dict[str, str]) -> Document:
        """What was collected; what was left out is noted."""
        left_out = [_counted(what, count) for what, count in self._left_out.items()]
        if self.attachments.left_out:
            left_out.append(f"of the attached files: {self.attachments.left_out}")
        if left_out:
            noted = {**noted, "left_out": f"not read: {'; '.join(left_out)}"}
        names = tuple(dict.fromkeys(self.attachments.names))
        tables = tuple(self.attachments.tables)
        return Document(title, tuple(self.pages), loader.name, loader.version, noted, attachments=names, tables=tables)

    def _text_of(self, message: EmailMessage) -> MailText:
        parts = parts_of(message)
        files: list[tuple[str, bytes, str]] = []
        left_out = list(parts.left_out)
        for part in parts.files:
            kind, name = part.get_content_type(), filename(part)
            if kind in _NO_FILES:
                self.attachments.names.append(name or kind)
                left_out.append(_SIGNATURE)
            elif kind.startswith("image/") and (part.get("Content-ID") or not name):
                self.attachments.names.append(name or kind)
                left_out.append(_PICTURE)
            elif kind in tnef.KINDS or name.lower() == tnef.FILE_NAME:
                self._unwrap(name or tnef.FILE_NAME, _data(part), parts.texts, files, left_out)
            else:
                files.append((name, _data(part), kind))
        shown = [(name, header(message, name)) for name in SHOWN]
        answers = header(message, "Reply-To")
        if answers and answers != header(message, "From"):
            shown.append(("Reply-To", answers))
        return MailText(
            header(message, "Subject"), shown, parts.texts, parts.calendars, parts.messages, files, left_out
        )  # fmt: skip

    def _unwrap(
        self, name: str, data: bytes, texts: list[str], files: list[tuple[str, bytes, str]], left_out: list[str]
    ) -> None:
        """Add what a winmail.dat holds: its text where the mail has none, and the files in it."""
        try:
            wrapped = tnef.unwrapped(data)
        except LoadError as error:
            left_out.append(f"{name} ({error.reason})")
            return
        if not any(text.strip() for text in texts):
            texts.append(tnef.best_body(wrapped.text, wrapped.html, wrapped.rtf, left_out))
        for inner, held, kind in wrapped.files:
            if not tnef.is_wrapped(held):
                files.append((inner, held, kind))
                continue
            said: list[str] = []
            try:
                with deeper():
                    self._unwrap(inner, held, said, files, left_out)
            except LoadError as error:
                left_out.append(f"{inner} ({error.reason})")
                continue
            files.append((f"{inner}.txt", "\n\n".join(said).encode(), "text/plain"))

    def _add_body(self, text: str, subject: str, builder: PageBuilder) -> Forwarded | None:
        """Add a text with its quotes marked; what it forwards is given back, to stand on a page of its own."""
        found = marked(clean_text(text), subject)
        _add_blocks(found.text, builder)
        return found.forwarded

    def _add_forwarded(self, part: Forwarded, before: str) -> None:
        label = f"{before} forwarded: {part.subject}".strip(" :")
        builder = PageBuilder(len(self.pages) + 1, label, self.budget)
        builder.paragraph(_sentence(part.subject, part.sender, part.to, part.date))
        _add_blocks(part.text, builder)
        self.pages.append(_under(part.subject, builder.page()))


def _sentence(subject: str, sender: str, to: str, date: str) -> str:
    """Who sent an inner message, when and to whom, in one sentence: a quote of it says all of that."""
    parts = (("sent by", sender), ("on", date), ("to", to))
    said = " ".join(["Message", *(f"{word} {value}" for word, value in parts if value)])
    return f"{said}: {subject}" if subject else said


def _under(subject: str, page: Page) -> Page:
    """A page of an inner message, under its subject."""
    return replace(page, headings=(Heading(2, subject[: limits.HEADING_CHARS], 0),)) if subject else page


def _counted(what: str, count: int) -> str:
    if what in (_SIGNATURE, _PICTURE):
        return f"{count} {what.partition(' ')[0]}{'s' * (count != 1)} {what.partition(' ')[2]}".strip()
    return f"{what} ({count} times)" if count > 1 else what


def _add_blocks(text: str, builder: PageBuilder) -> None:
    for block in text.split("\n\n"):
        builder.paragraph(block)


def _data(part: EmailMessage) -> bytes:
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else content(part).encode("utf-8", "replace")


LOADER = Loader(
    name="mail", version=VERSION, suffixes=(".eml", ".emlx", ".mht", ".mhtml"), kinds=(Kind.MAIL,), load=load
)
