"""Word documents: docx directly, doc where LibreOffice is installed to convert it."""

from __future__ import annotations

from pathlib import Path

from loaders import elements, libreoffice, locked_office
from loaders.document import Document
from loaders.registry import Loader
from loaders.sniff import Kind, kind_of

VERSION = 2


def load(path: Path) -> Document:
    """The document at `path`, its headings by their styles, pages where the file tells them. Raises LoadError."""
    with path.open("rb") as file:
        kind = kind_of(file.read(4096), path)
    if kind is Kind.DOC:
        locked_office.need_none(path)
        return libreoffice.converted(path, "docx", lambda made: elements.load(made, "docx", LOADER.name, VERSION))
    return elements.load(path, "docx", LOADER.name, VERSION)


LOADER = Loader(
    name="word",
    version=VERSION,
    suffixes=(".docx", ".docm", ".doc"),
    kinds=(Kind.DOCX, Kind.DOC),
    load=load,
    unlock=locked_office.unlock,
)
