"""OpenDocument texts (LibreOffice and others)."""

from __future__ import annotations

import zipfile
from pathlib import Path

from loaders import elements
from loaders.document import Document, LoadError
from loaders.registry import Loader
from loaders.sniff import Kind

VERSION = 1

_MANIFEST_BYTES = 1 << 20


def load(path: Path) -> Document:
    """The document at `path` as one page with its headings. Raises LoadError."""
    if _encrypted(path):
        raise LoadError("it is encrypted", "Save a copy without a password from LibreOffice and load that.")
    return elements.load(path, "odt", LOADER.name, VERSION)


def _encrypted(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive, archive.open("META-INF/manifest.xml") as manifest:
            return b"encryption-data" in manifest.read(_MANIFEST_BYTES)
    except (zipfile.BadZipFile, KeyError, OSError, RuntimeError, NotImplementedError, EOFError):
        return False


LOADER = Loader(name="open_document", version=VERSION, suffixes=(".odt",), kinds=(Kind.ODT,), load=load)
