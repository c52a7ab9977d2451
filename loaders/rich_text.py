"""Rich Text files (rtf)."""

from __future__ import annotations

from pathlib import Path

from loaders import elements
from loaders.document import Document, LoadError
from loaders.registry import Loader
from loaders.sniff import Kind, kind_of

VERSION = 1


def load(path: Path) -> Document:
    """The document at `path` as one page with its headings. Raises LoadError."""
    with path.open("rb") as file:
        if kind_of(file.read(64), path) is not Kind.RTF:
            # pandoc takes anything for Rich Text, and makes a document of its bytes.
            raise LoadError("it is not a Rich Text file", "Open it in the program that made it and save it again.")
    return elements.load(path, "rtf", LOADER.name, VERSION)


LOADER = Loader(name="rich_text", version=VERSION, suffixes=(".rtf",), kinds=(Kind.RTF,), load=load)
