"""PowerPoint presentations: every slide is a page; ppt where LibreOffice is installed to convert it."""

from __future__ import annotations

from pathlib import Path

from loaders import elements
from loaders.document import Document
from loaders.registry import Loader
from loaders.sniff import Kind, kind_of
from loaders.word import need_libreoffice

VERSION = 1


def load(path: Path) -> Document:
    """The presentation at `path`, notes included. Raises LoadError."""
    with path.open("rb") as file:
        kind = kind_of(file.read(4096), path)
    if kind is Kind.PPT:
        need_libreoffice("pptx")
        return elements.load(path, "ppt", LOADER.name, VERSION)
    return elements.load(path, "pptx", LOADER.name, VERSION, include_slide_notes=True)


LOADER = Loader(
    name="slides", version=VERSION, suffixes=(".pptx", ".pptm", ".ppt"), kinds=(Kind.PPTX, Kind.PPT), load=load
)
