"""How files are read: the person's choices and a sign of life come in with a reading, loaders look them up by `current`."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class ReadOptions:
    """Choices of one reading. `ocr`: auto (where there is no text), never, always (every page of a PDF)."""

    ocr: Literal["auto", "never", "always"] = "auto"
    ocr_languages: str = ""

    def as_dict(self) -> dict[str, Any]:
        """A JSON-ready mapping; `ReadOptions(**mapping)` is its inverse."""
        return {"ocr": self.ocr, "ocr_languages": self.ocr_languages}


_DEFAULT = ReadOptions()
_OPTIONS: ContextVar[ReadOptions] = ContextVar("options", default=_DEFAULT)
_ALIVE: ContextVar[Callable[[], None]] = ContextVar("alive", default=lambda: None)
_AT_PAGE: ContextVar[Callable[[int, int], None]] = ContextVar("at_page", default=lambda page, pages: None)


def current() -> ReadOptions:
    """The choices of the reading under way."""
    return _OPTIONS.get()


def alive() -> None:
    """Say that work goes on: a loader calls it between pages when a page takes seconds, and gets a page's time anew."""
    _ALIVE.get()()


def at_page(page: int, pages: int) -> None:
    """Say that `page` of so many is read now, for whoever waits for a long document; it gives no more time."""
    _AT_PAGE.get()(page, pages)


@contextlib.contextmanager
def reading(
    options: ReadOptions,
    on_alive: Callable[[], None] = lambda: None,
    on_page: Callable[[int, int], None] = lambda page, pages: None,
) -> Iterator[None]:
    """Set the choices, and what is called as a sign of life and at each page, for what is read inside."""
    tokens = _OPTIONS.set(options), _ALIVE.set(on_alive), _AT_PAGE.set(on_page)
    try:
        yield
    finally:
        _OPTIONS.reset(tokens[0])
        _ALIVE.reset(tokens[1])
        _AT_PAGE.reset(tokens[2])
