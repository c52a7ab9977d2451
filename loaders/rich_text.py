"""Rich Text files (rtf)."""

from __future__ import annotations

from pathlib import Path

from loaders import elements
from loaders.document import Document
from loaders.registry import Loader
from loaders.sniff import Kind

VERSION = 1


def load(path: Path) -> Document:
    """The document at `path` as one page with its headings. Raises LoadError."""
    return elements.load(path, "rtf", LOADER.name, VERSION)


LOADER = Loader(name="rich_text", version=VERSION, suffixes=(".rtf",), kinds=(Kind.RTF,), load=load)
