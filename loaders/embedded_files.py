"""Reads a file that is inside another one (attached to a mail, embedded in a document) by the loader for its kind."""

from __future__ import annotations

import contextlib
import mimetypes
import re
import tempfile
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path

from loaders import options, registry
from loaders.document import Document, LoadError

_DEPTH = 4
_DEPTH_NOW: ContextVar[int] = ContextVar("depth", default=0)


@contextlib.contextmanager
def deeper() -> Iterator[None]:
    """Count one level of files inside files. Raises LoadError when there are too many."""
    depth = _DEPTH_NOW.get()
    if depth >= _DEPTH:
        raise LoadError("files nested too deeply", "Save the inner file by itself and load it.")
    token = _DEPTH_NOW.set(depth + 1)
    try:
        yield
    finally:
        _DEPTH_NOW.reset(token)


def read_embedded(name: str, data: bytes, kind: str = "") -> Document:
    """The document of a file that is inside another one. Raises LoadError, also when it has no text."""
    options.alive()
    with deeper(), tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"attachment{_suffix(name, kind)}"
        file.write_bytes(data)
        document = registry.read(file)
    if not any(page.text.strip() for page in document.pages):
        raise LoadError("it has no text")
    return document


def _suffix(name: str, kind: str) -> str:
    stated = Path(name.replace("\\", "/").rsplit("/", 1)[-1]).suffix.lower()
    if re.fullmatch(r"\.[a-z0-9]{1,10}", stated):
        return stated
    return {"text/plain": ".txt", "message/rfc822": ".eml"}.get(kind) or mimetypes.guess_extension(kind) or ""
