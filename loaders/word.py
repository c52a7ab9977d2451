"""Word documents: docx directly, doc where LibreOffice is installed to convert it."""

from __future__ import annotations

import shutil
from pathlib import Path

from loaders import elements
from loaders.document import Document, LoadError
from loaders.registry import Loader
from loaders.sniff import Kind, kind_of

VERSION = 1


def load(path: Path) -> Document:
    """The document at `path`, its headings by their styles, pages where the file tells them. Raises LoadError."""
    with path.open("rb") as file:
        kind = kind_of(file.read(4096), path)
    if kind is Kind.DOC:
        need_libreoffice("docx")
        return elements.load(path, "doc", LOADER.name, VERSION)
    return elements.load(path, "docx", LOADER.name, VERSION)


def need_libreoffice(better: str) -> None:
    """Raises LoadError where LibreOffice is not installed; `better` is the suffix to save as instead."""
    if shutil.which("soffice") is None and shutil.which("libreoffice") is None:
        raise LoadError("files of this older type need LibreOffice", f"Install LibreOffice, or save it as .{better}.")


LOADER = Loader(
    name="word", version=VERSION, suffixes=(".docx", ".docm", ".doc"), kinds=(Kind.DOCX, Kind.DOC), load=load
)
