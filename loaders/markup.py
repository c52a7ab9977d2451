"""reStructuredText, Org and AsciiDoc: the text as it was written, its headings, and its tables with their names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from loaders import limits
from loaders.document import Document, Heading, Page
from loaders.drawn_tables import LISTING, adoc_blocks, rst_blocks
from loaders.grid import Grid
from loaders.markdown import table_cells, with_tables
from loaders.registry import Loader
from loaders.tables import TableKeeper
from loaders.text import read_text

VERSION = 4

_ADORNMENT = re.compile(r"^([!-/:-@\[-`{-~])\1{2,}\s*$")
_ORG_RULE = re.compile(r"^\s*\|-[-+|]*\s*$")
_ORG_TITLE = re.compile(r"^#\+title:[ \t]*(\S.*?)[ \t]*$", re.IGNORECASE | re.MULTILINE)
_EQUALS = re.compile(r"^(={1,6})\s+(\S.*?)(?:\s+=+)?\s*$")
_STARS = re.compile(r"^(\*+)\s+(?:(?:TODO|DONE)\s+)?(.+?)(?:\s+:[\w:@]+:)?\s*$")


def load(path: Path) -> Document:
    """The file at `path` as one page with its headings. Raises LoadError."""
    text, keeper = read_text(path), TableKeeper()
    blocks, headings_of = _KINDS.get(path.suffix.lower(), (rst_blocks, rst_headings))
    text = limits.TextBudget().add(with_tables(text, blocks, keeper))
    headings = headings_of(text)
    title = headings[0].title if headings and headings[0].level == 1 else ""
    if path.suffix.lower() == ".org" and (stated := _ORG_TITLE.search(text)):
        title = stated[1][: limits.HEADING_CHARS]
    page = Page(1, None, text, headings)
    return Document(title, (page,), LOADER.name, VERSION, keeper.notes, tables=tuple(keeper.tables))


def org_blocks(text: str) -> Iterator[str | Grid]:
    """The lines of an Org text, those of a table together as a grid; the rows above its first rule are names."""
    rows: list[list[str]] = []
    header: int | None = None
    for line in [*text.split("\n"), None]:
        if line is not None and line.lstrip().startswith("|"):
            if _ORG_RULE.match(line):
                header = len(rows) if header is None and rows else header
            else:
                rows.append(table_cells(line))
            continue
        if rows:
            yield Grid(rows, header_rows=header)
        rows, header = [], None
        if line is not None:
            yield line


def rst_headings(text: str) -> tuple[Heading, ...]:
    """Titles underlined (and perhaps overlined) by one repeated mark; levels in the order in which marks appear."""
    headings: list[Heading] = []
    marks: list[tuple[str, bool]] = []
    lines = text.split("\n")
    position = 0
    for number, line in enumerate(lines):
        under = _ADORNMENT.match(lines[number + 1]) if number + 1 < len(lines) else None
        title = line.strip()
        if under and title and not _ADORNMENT.match(line) and len(lines[number + 1].rstrip()) >= len(line.rstrip()):
            over = number > 0 and lines[number - 1].rstrip() == lines[number + 1].rstrip()
            mark = (under[1], over)
            if mark not in marks:
                marks.append(mark)
            headings.append(Heading(marks.index(mark) + 1, title[: limits.HEADING_CHARS], position))
        position += len(line) + 1
    return tuple(headings)


def org_headings(text: str) -> tuple[Heading, ...]:
    """Lines that begin with stars; their number is the level."""
    headings = []
    position = 0
    for line in text.split("\n"):
        if match := _STARS.match(line):
            headings.append(Heading(len(match[1]), match[2][: limits.HEADING_CHARS], position))
        position += len(line) + 1
    return tuple(headings)


def adoc_headings(text: str) -> tuple[Heading, ...]:
    """Lines that begin with equals signs; their number is the level. None from listings."""
    headings = []
    position, fence = 0, ""
    for line in text.split("\n"):
        if LISTING.match(line):
            fence = "" if line.rstrip() == fence else fence or line.rstrip()
        elif not fence and (match := _EQUALS.match(line)):
            headings.append(Heading(len(match[1]), match[2][: limits.HEADING_CHARS], position))
        position += len(line) + 1
    return tuple(headings)


_KINDS: dict[str, tuple[Callable[[str], Iterator[str | Grid]], Callable[[str], tuple[Heading, ...]]]] = {
    ".org": (org_blocks, org_headings),
    ".adoc": (adoc_blocks, adoc_headings),
    ".asciidoc": (adoc_blocks, adoc_headings),
}

LOADER = Loader(name="markup", version=VERSION, suffixes=(".rst", *_KINDS), load=load)
