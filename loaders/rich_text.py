"""Rich Text files (rtf), through pandoc as a web page."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from loaders import left_out, limits, program
from loaders.blocks import PageBuilder
from loaders.document import Document, LoadError
from loaders.left_out import LeftOut
from loaders.registry import Loader
from loaders.sniff import Kind, kind_of
from loaders.tables import TableKeeper
from loaders.web_page import add_html

VERSION = 2

SECONDS = 60.0

_UNREAD = {b"annotation": left_out.COMMENT, b"pict": left_out.PICTURE, b"object": left_out.OBJECT}


def load(path: Path) -> Document:
    """The document at `path` as one page with its headings. Raises LoadError."""
    with path.open("rb") as file:
        if kind_of(file.read(64), path) is not Kind.RTF:
            # pandoc takes anything for Rich Text, and makes a document of its bytes.
            raise LoadError("it is not a Rich Text file", "Open it in the program that made it and save it again.")
    builder, keeper, omitted = PageBuilder(1, None, limits.TextBudget()), TableKeeper(), LeftOut()
    html = _html(path)
    add_html(html, builder, keeper, omitted)
    _count_unread(path.read_bytes(), html, omitted)
    if builder.empty:
        raise LoadError("it has no text", "Nothing to load; export it as PDF if it holds pictures of text.")
    page = builder.page()
    title = next((heading.title for heading in page.headings if heading.level == 1), "")
    notes = {**keeper.notes, **omitted.notes}
    return Document(title, (page,), LOADER.name, VERSION, notes, tables=tuple(keeper.tables))


def _count_unread(data: bytes, html: str, omitted: LeftOut) -> None:
    """Count what pandoc passes over without a word: footnotes of some programs, comments, pictures, objects."""
    for word, kind in _UNREAD.items():
        omitted.add(kind, len(re.findall(rb"\\" + word + rb"\b", data)))
    footnotes = len(re.findall(rb"\\footnote\b", data)) - html.count('role="doc-noteref"')
    omitted.add(left_out.NOTE, max(0, footnotes))


def _html(path: Path) -> str:
    import pypandoc

    with tempfile.TemporaryDirectory() as folder:
        # In its sandbox pandoc reads nothing but its input.
        command = [pypandoc.get_pandoc_path(), "--sandbox", "--from=rtf", "--to=html", "--wrap=none"]
        html = program.run(command, "pandoc", SECONDS, folder=Path(folder), data=path.read_bytes())
    return f"<html><body>{html.decode('utf-8', 'replace')}</body></html>"


LOADER = Loader(name="rich_text", version=VERSION, suffixes=(".rtf",), kinds=(Kind.RTF,), load=load)
