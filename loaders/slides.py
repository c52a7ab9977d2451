"""PowerPoint presentations: every slide is a page; ppt where LibreOffice is installed to convert it."""

from __future__ import annotations

from pathlib import Path

from loaders import elements, libreoffice, locked_office
from loaders.document import Document
from loaders.registry import Loader
from loaders.sniff import Kind, kind_of

VERSION = 2


def load(path: Path) -> Document:
    """The presentation at `path`, notes included. Raises LoadError."""
    with path.open("rb") as file:
        kind = kind_of(file.read(4096), path)
    if kind is Kind.PPT:
        locked_office.need_none(path)
        return libreoffice.converted(path, "pptx", _slides)
    return _slides(path)


def _slides(path: Path) -> Document:
    return elements.load(path, "pptx", LOADER.name, VERSION, include_slide_notes=True)


LOADER = Loader(
    name="slides",
    version=VERSION,
    suffixes=(".pptx", ".pptm", ".ppt"),
    kinds=(Kind.PPTX, Kind.PPT),
    load=load,
    unlock=locked_office.unlock,
)
