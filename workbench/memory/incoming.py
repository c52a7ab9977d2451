"""What archival storage takes in: documents, pages and passages as loaders and chunkers make them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol


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
