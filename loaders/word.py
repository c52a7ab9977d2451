"""Word documents: docx directly, doc through LibreOffice, or its text alone."""

from __future__ import annotations

from pathlib import Path

from loaders import left_out, libreoffice, limits, locked_office, older_office, second_reader
from loaders.document import Document, LoadError
from loaders.left_out import LeftOut
from loaders.opc import DAMAGED, Package
from loaders.registry import Loader
from loaders.sniff import Kind, kind_of
from loaders.tables import TableKeeper
from loaders.word_body import Body

VERSION = 5


def load(path: Path) -> Document:
    """The document at `path`, its headings by their styles, pages where the file tells them. Raises LoadError."""
    with path.open("rb") as file:
        kind = kind_of(file.read(4096), path)
    if kind is Kind.DOC:
        locked_office.need_none(path)
        if not libreoffice.installed():
            return older_office.read_doc(path, LOADER.name, VERSION)
        return libreoffice.converted(path, "docx", read_docx)
    return second_reader.read(path, read_docx, "docx", LOADER.name, VERSION)


def read_docx(path: Path) -> Document:
    """The docx file at `path`. Raises LoadError."""
    keeper, omitted = TableKeeper(), LeftOut()
    with Package(path) as package:
        main = package.main("word/document.xml")
        root = package.xml(main)
        if root is None:
            raise LoadError("it is damaged or not what its name says (it has no text part)", DAMAGED)
        body = Body(package, main, keeper, omitted, limits.TextBudget())
        try:
            body.read(root)
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            raise LoadError(f"it is damaged ({type(error).__name__}: {error})", DAMAGED) from None
        if any(one.kind == "vbaproject" for one in package.relations(main).values()):
            omitted.add(left_out.MACRO)
        omitted.add(left_out.PART, len(package.mended))
    pages = body.pages()
    if not any(page.text.strip() for page in pages):
        raise LoadError("it has no text", "Nothing to load; export it as PDF if it holds pictures of text.")
    title = next((heading.title for page in pages for heading in page.headings if heading.level == 1), "")
    notes = {**keeper.notes, **omitted.notes}
    return Document(title, pages, LOADER.name, VERSION, notes, tables=tuple(keeper.tables))


LOADER = Loader(
    name="word",
    version=VERSION,
    suffixes=(".docx", ".docm", ".doc"),
    kinds=(Kind.DOCX, Kind.DOC),
    load=load,
    unlock=locked_office.unlock,
)
