"""E-books (epub): every part of the book's own reading order is a page, with its headings."""

from __future__ import annotations

import posixpath
import urllib.parse
import zipfile
from pathlib import Path
from typing import Any

from loaders import limits
from loaders.blocks import PageBuilder
from loaders.document import Document, LoadError, Page
from loaders.left_out import PART, UNORDERED, LeftOut
from loaders.opc import check_unpacked_size
from loaders.registry import Loader
from loaders.sniff import Kind
from loaders.tables import TableKeeper
from loaders.web_page import add_html

VERSION = 4

_REMEDY = "Open it in an e-book reader and save it again, or convert it to PDF."
_PART_BYTES = 64 << 20


def load(path: Path) -> Document:
    """The book at `path`. Raises LoadError when it is damaged or locked by DRM."""
    import lxml.etree

    check_unpacked_size(path)
    keeper, omitted = TableKeeper(), LeftOut()
    try:
        with zipfile.ZipFile(path) as archive:
            if "META-INF/rights.xml" in archive.namelist():
                raise LoadError("it is locked by its shop (DRM)", "Only the shop's own reader can open it.")
            package_name, package = _package(archive)
            title, author = _text(package, "title"), _text(package, "creator")
            pages = _pages(archive, package_name, package, keeper, omitted)
    except (zipfile.BadZipFile, KeyError, lxml.etree.LxmlError, RuntimeError, NotImplementedError, EOFError) as error:
        raise LoadError(f"it is damaged ({type(error).__name__})", _REMEDY) from None
    if not pages:
        raise LoadError("the book has no text", "Its pages may be pictures: convert it to PDF and run OCR.")
    notes = {**({"author": author} if author else {}), **keeper.notes, **omitted.notes}
    return Document(title, tuple(pages), LOADER.name, VERSION, notes, tables=tuple(keeper.tables))


def _parse(data: bytes) -> Any:
    import lxml.etree

    return lxml.etree.fromstring(data, lxml.etree.XMLParser(resolve_entities=False, no_network=True, recover=True))


def _package(archive: zipfile.ZipFile) -> tuple[str, Any]:
    container = _parse(archive.read("META-INF/container.xml"))
    name = container.find(".//{*}rootfile").get("full-path")
    return name, _parse(archive.read(name))


def _text(package: Any, name: str) -> str:
    return " ".join((package.findtext(f".//{{*}}metadata/{{*}}{name}") or "").split())


def _pages(
    archive: zipfile.ZipFile, package_name: str, package: Any, keeper: TableKeeper, omitted: LeftOut
) -> list[Page]:
    items = list(package.iterfind(".//{*}manifest/{*}item"))
    parts = {item.get("id"): item.get("href") or "" for item in items}
    ordered = {reference.get("idref") for reference in package.iterfind(".//{*}spine/{*}itemref")}
    for item in items:
        # Readers show these where a link leads to them, or not at all; the contents are in the order of the spine.
        is_text = "html" in (item.get("media-type") or "") and "nav" not in (item.get("properties") or "").split()
        omitted.add(UNORDERED, int(is_text and item.get("id") not in ordered))
    budget = limits.TextBudget()
    pages: list[Page] = []
    for reference in package.iterfind(".//{*}spine/{*}itemref"):
        href = urllib.parse.unquote(parts.get(reference.get("idref"), ""))
        name = posixpath.normpath(posixpath.join(posixpath.dirname(package_name), href))
        if not href or name not in archive.namelist() or archive.getinfo(name).file_size > _PART_BYTES:
            omitted.add(PART)
            continue
        builder = PageBuilder(len(pages) + 1, None, budget)
        add_html(archive.read(name).decode("utf-8", "replace"), builder, keeper, omitted)
        if not builder.empty:
            pages.append(builder.page())
    return pages


LOADER = Loader(name="ebook", version=VERSION, suffixes=(".epub",), kinds=(Kind.EPUB,), load=load)
