"""What archival storage takes and gives: documents as loaders make them, passages, pages and sources as they are stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from workbench.storage.bulk_insert import Counted
from workbench.storage.tables import LoadedTable


class PageText(Protocol):
    """A page as a loader gives it."""

    @property
    def number(self) -> int: ...
    @property
    def label(self) -> str | None: ...
    @property
    def text(self) -> str: ...


class LoadedDocument(Protocol):
    """A document as a loader gives it."""

    @property
    def title(self) -> str: ...
    @property
    def pages(self) -> Sequence[PageText]: ...
    @property
    def metadata(self) -> Any: ...
    @property
    def tables(self) -> Sequence[LoadedTable]: ...
    @property
    def loader(self) -> str: ...
    @property
    def loader_version(self) -> int: ...


class Draft(Protocol):
    """A passage before it is stored: text == page.text[start_char:end_char]. `context` is embedded with the text."""

    @property
    def page_number(self) -> int: ...
    @property
    def start_char(self) -> int: ...
    @property
    def end_char(self) -> int: ...
    @property
    def text(self) -> str: ...
    @property
    def heading(self) -> str: ...
    @property
    def context(self) -> str: ...


@dataclass(frozen=True)
class Arrival:
    """A document with its passages, and where it came from. `location` is where the file is ("" for what is no file),

    `path` what it is called inside the source, `sketch` what its likeness to others is measured by.
    """

    source: int
    path: str
    content_hash: str
    document: LoadedDocument
    passages: Sequence[Draft]
    embedder: str
    size_bytes: int
    location: str = ""
    sketch: bytes = b""
    counted: Sequence[Counted] = ()
    """What is stored beside each passage; made here when it is not given."""


@dataclass(frozen=True)
class Stored:
    """What became of it: its number, the document that its path linked before, and the passages that got a vector from there."""

    document: int
    before: int | None = None
    reused: int = 0


@dataclass(frozen=True)
class Passage:
    """A stored passage. `tokens` is what its text takes inside a result; characters count inside the page's text."""

    id: int
    document: int
    page: int
    start_char: int
    end_char: int
    heading: str
    text: str
    tokens: int


@dataclass(frozen=True)
class SourceRow:
    """A source and its size."""

    id: int
    name: str
    documents: int
    pages: int
    passages: int
    bytes: int
    created: str


@dataclass(frozen=True)
class PageRow:
    """One page of a document; `pages` is how many the document has."""

    document: int
    number: int
    pages: int
    label: str | None
    text: str
