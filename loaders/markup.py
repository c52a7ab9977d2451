"""reStructuredText and Org: the text as it was written, and its headings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from loaders import limits
from loaders.document import Document, Heading, Page
from loaders.grid import Grid
from loaders.markdown import table_cells, with_tables
from loaders.registry import Loader
from loaders.tables import TableKeeper
from loaders.text import read_text

VERSION = 2

_ADORNMENT = re.compile(r"^([!-/:-@\[-`{-~])\1{2,}\s*$")
_ORG_RULE = re.compile(r"^\s*\|-[-+|]*\s*$")
_STARS = re.compile(r"^(\*+)\s+(?:(?:TODO|DONE)\s+)?(.+?)(?:\s+:[\w:@]+:)?\s*$")


def load(path: Path) -> Document:
    """The file at `path` as one page with its headings. Raises LoadError."""
    text, keeper = read_text(path), TableKeeper()
    org = path.suffix.lower() == ".org"
    text = limits.TextBudget().add(with_tables(text, org_blocks, keeper) if org else text)
    headings = org_headings(text) if org else rst_headings(text)
    title = headings[0].title if headings and headings[0].level == 1 else ""
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


LOADER = Loader(name="markup", version=VERSION, suffixes=(".rst", ".org"), load=load)
