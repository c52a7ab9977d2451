"""What every loader returns: a Document of numbered pages, or a LoadError that says why and what to do.

A page's text is what passages and quotes are cut from, so it is cleaned here once: line ends are `\\n`, the escape
sequences of terminals, control characters, soft hyphens and lone surrogates are gone, and nothing else is changed.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
_LINE_ENDS = re.compile("[\r\x0b\x0c\x85\u2028\u2029]")
_RARE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
"""All of these, in one set: to look for it takes a fifth of the time of two substitutions."""

_ESCAPE_SEQUENCES = re.compile(
    "(?:\x1b\\[[0-?]*[ -/]*[@-~]"  # control sequences: colours, movements of the cursor
    "|\x9b[0-?]*\\d[0-?]*[@-~]"  # the same in eight bits; without a digit it is a letter in a wrong encoding
    "|\x1b[\\]PX^_][^\x07\x1b\n]{0,4096}(?:\x07|\x1b\\\\)"  # titles, hyperlinks, strings for the device
    "|\x1b[ -/]*[0-~])+"  # character sets, saving the cursor
)
"""What ECMA-48 lets a terminal act on: it is no text, and its letters must not stick to the words beside it."""


_MOVES = re.compile("(?:\x1b\\[|\x9b)[\\d;]*[A-HIae`df]")
"""Sequences that move the cursor."""

_SOFT_HYPHEN = "\xad"
_SOFT_LINE_END = re.compile(r"\xad[ \t]*\n[ \t]*(\S+)[ \t]*\n?")


def clean_text(text: str) -> str:
    """`text` with line ends as `\\n`, without escape sequences, control characters, byte order marks and lone surrogates.

    Soft hyphens, which only say where a word may be parted, are taken out; a word parted by one stands whole on its line.
    """
    if "\x1b" in text or "\x9b" in text:
        text = _ESCAPE_SEQUENCES.sub(_in_place_of, text)
    text = text.replace("\r\n", "\n")
    if _RARE.search(text):
        text = _FORBIDDEN.sub("", _LINE_ENDS.sub("\n", text))
    if _SOFT_HYPHEN in text:
        text = _SOFT_LINE_END.sub(r"\1\n", text).replace(_SOFT_HYPHEN, "")
    return text


def _in_place_of(sequences: re.Match[str]) -> str:
    """What stands for escape sequences: a space where they move the cursor, so that words do not run together."""
    text, start, end = sequences.string, sequences.start(), sequences.end()
    before, after = text[max(0, start - 1) : start], text[end : end + 1]
    apart = before and not before.isspace() and after and not after.isspace() and _MOVES.search(sequences[0])
    return " " if apart else ""


def join_surrogates(text: str) -> str:
    """`text` with letters beyond 16 bits that stand in it as two surrogates whole; U+FFFD for a half without the other."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


class LoadError(Exception):
    """A file that cannot be read: `reason` is what is wrong with it, `remedy` what the person can do. One line each."""

    def __init__(self, reason: str, remedy: str = "") -> None:
        super().__init__(reason)
        self.reason = " ".join(reason.split())
        self.remedy = " ".join(remedy.split())


class PasswordNeededError(LoadError):
    """A file that opens only with a password, and none that was given fits."""

    def __init__(self) -> None:
        super().__init__(
            "it needs a password", "Load it again with its password, or save a copy without one and load that."
        )


@dataclass(frozen=True)
class Heading:
    """A heading on a page. `level` counts from 1; `start_char` is where it stands in the page's text."""

    level: int
    title: str
    start_char: int = 0


@dataclass(frozen=True)
class OutlineEntry:
    """An entry of the document's own table of contents. `page` is 1-based, None where it leads nowhere."""

    level: int
    title: str
    page: int | None = None


@dataclass(frozen=True)
class Page:
    """One page. `number` is 1-based; `label` is the document's own name for it ("iv"), where it has one."""

    number: int
    label: str | None
    text: str
    headings: tuple[Heading, ...] = ()


@dataclass(frozen=True)
class Table:
    """A table beside the text. `name` is what the document calls it ("" when it is all of it), `page` where it stands.

    `labels` are the names of its columns as they are written; `data` is an Arrow stream with names fit for SQL and `_row`.
    """

    name: str
    page: int
    labels: tuple[str, ...]
    row_count: int
    data: bytes


@dataclass(frozen=True)
class Document:
    """A file as text. Without pages it is one page, number 1, label None. `attachments` are names only."""

    title: str
    pages: tuple[Page, ...]
    loader: str
    loader_version: int
    metadata: Mapping[str, str] = field(default_factory=dict)
    outline: tuple[OutlineEntry, ...] = ()
    attachments: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()

    @property
    def text_chars(self) -> int:
        """Characters of text on all pages."""
        return sum(len(page.text) for page in self.pages)

    def as_dict(self) -> dict[str, Any]:
        """A JSON-ready mapping; `from_dict` is its inverse, but for the tables' data: bytes travel beside it."""
        return {
            "title": self.title,
            "loader": self.loader,
            "loader_version": self.loader_version,
            "metadata": dict(self.metadata),
            "outline": [[entry.level, entry.title, entry.page] for entry in self.outline],
            "attachments": list(self.attachments),
            "tables": [
                [table.name, table.page, table.labels, table.row_count, len(table.data)] for table in self.tables
            ],
            "pages": [
                [page.number, page.label, page.text, [[h.level, h.title, h.start_char] for h in page.headings]]
                for page in self.pages
            ],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], blob: bytes = b"") -> Document:
        """The document that `as_dict` described; `blob` is the data of its tables, one after the other."""
        ends = list(itertools.accumulate((size for *_, size in data["tables"]), initial=0))
        tables = tuple(
            Table(name, page, tuple(labels), rows, blob[start : start + size])
            for start, (name, page, labels, rows, size) in zip(ends, data["tables"])
        )
        pages = tuple(
            Page(number, label, text, tuple(Heading(*heading) for heading in headings))
            for number, label, text, headings in data["pages"]
        )
        return cls(
            title=data["title"],
            pages=pages,
            loader=data["loader"],
            loader_version=data["loader_version"],
            metadata=dict(data["metadata"]),
            outline=tuple(OutlineEntry(*entry) for entry in data["outline"]),
            attachments=tuple(data["attachments"]),
            tables=tables,
        )
