"""Markdown: the text as it was written, and its headings, so that every passage knows the section it stands in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from loaders import left_out, limits
from loaders.blocks import PageBuilder
from loaders.document import Document, Heading, LoadError, Page
from loaders.drawn_tables import grid_at
from loaders.equations import lowered, raised
from loaders.grid import Grid, arranged, line_of
from loaders.left_out import LeftOut
from loaders.registry import Loader
from loaders.tables import PlacedRows, TableKeeper
from loaders.text import read_text
from loaders.web_page import grids_of

VERSION = 6

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_ATX = re.compile(r"^ {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*$")
_SETEXT = re.compile(r"^ {0,3}(=+|-+)[ \t]*$")
_NOT_A_TITLE = re.compile(r"^ {0,3}([-*+>|]|\d+[.)]\s)|^\s*$|^ {4}")
_TABLE_RULE = re.compile(r"^ {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$")
_HTML_TABLE = re.compile(r"^ {0,3}<table\b", re.IGNORECASE)
_TABLE_TAG = re.compile(r"<(/?)table\b[^>]*>", re.IGNORECASE)
_TABLE_LINES = 20_000
_LINE_END = re.compile(r"<br\s*/?>", re.IGNORECASE)
_DATA = re.compile(r"data:[\w.+-]+/[\w.+-]+;base64,[A-Za-z0-9+/=]{40,}")
_CODE = re.compile(r"`[^`]*`")
_MOVED = re.compile(r"<(sup|sub)>([^<>]{1,80})</\1>", re.IGNORECASE)
_TITLE = re.compile(r"""^title[ \t]*[:=][ \t]*(["']?)([^\s#].*?)\1[ \t]*$""", re.MULTILINE)
_ATTRIBUTES = re.compile(r"\s*\{:?(?:\s*[#.][\w:-]+|\s*\w+=\S+)+\s*\}\s*$")
"""The name and classes of a heading, which Pandoc and others read."""

_MARKUP = re.compile(r"!?\[([^\]]*)\]\([^)]*\)|[*_`]{1,3}(\S(?:.*?\S)?)[*_`]{1,3}")


def load(path: Path) -> Document:
    """The Markdown file at `path` as one page with its headings, the rows of its tables with their names.

    Raises LoadError.
    """
    keeper, omitted = TableKeeper(), LeftOut()
    written = with_raised(without_pictures(read_text(path), omitted))
    text = limits.TextBudget().add(with_tables(written, markdown_blocks, keeper))
    headings = markdown_headings(text)
    title = _stated_title(text) or next((heading.title for heading in headings if heading.level == 1), "")
    page = Page(1, None, text, headings)
    notes = {**keeper.notes, **omitted.notes}
    return Document(title, (page,), LOADER.name, VERSION, notes, tables=tuple(keeper.tables))


def without_pictures(text: str, omitted: LeftOut) -> str:
    """`text` without the data of pictures that stand in it as base64."""
    text, count = _DATA.subn("data:left-out", text)
    omitted.add(left_out.PICTURE, count)
    return text


def with_raised(text: str) -> str:
    """`text` with what HTML raises or lowers in it as a reader sees it: 10^6, m²; that of code stays as it is written."""
    if not _MOVED.search(text):
        return text
    lines, fence = text.split("\n"), ""
    for place, line in enumerate(lines):
        before, fence = fence, _fence_after(fence, line)
        if not (before or fence) and _MOVED.search(line):
            codes = [match.span() for match in _CODE.finditer(line)]
            shown, end = "", 0
            for match in _MOVED.finditer(line):
                if any(first <= match.start() < last for first, last in codes):
                    continue
                shown += line[end : match.start()]
                shown += (raised if match[1].lower() == "sup" else lowered)(shown, match[2])
                end = match.end()
            lines[place] = shown + line[end:]
    return "\n".join(lines)


def _fence_after(fence: str, line: str) -> str:
    """The fence of code that is open after a line, "" when none is; `fence` is the one that was open before."""
    mark = _FENCE.match(line)
    if mark and not fence:
        return mark[1]
    closes = mark and line.strip().startswith(fence) and not line.strip().strip(fence[0])
    return "" if closes else fence


def with_tables(text: str, blocks: Callable[[str], Iterator[str | Grid]], keeper: TableKeeper, page: int = 1) -> str:
    """`text` with its tables as rows that carry the names of their columns; `blocks` tells tables and text apart."""
    lines: list[str] = []
    for block in blocks(text):
        if isinstance(block, str):
            lines.append(block)
            continue
        plan = arranged(block)
        lines += [*filter(None, [block.caption]), *plan.titles]
        lines += [line_of(block, row, ()) for row in plan.above]
        lines += [" | ".join(filter(None, plan.shown))] if plan.header else []
        placed = []
        for row in plan.body:
            lines.append(line_of(block, row, plan.shown))
            placed.append((len(lines), block.as_row(row)))
        keeper.offer(block.caption, page, PlacedRows(plan.names, tuple(placed)))
    return "\n".join(lines)


def add_markdown(text: str, builder: PageBuilder, keeper: TableKeeper, omitted: LeftOut) -> None:
    """Add Markdown to a page that has other text too."""
    written: list[str] = []
    for block in [*markdown_blocks(without_pictures(text, omitted)), Grid([])]:
        if isinstance(block, str):
            written.append(block)
            continue
        _add_text("\n".join(written), builder)
        written = []
        if block.texts:
            keeper.offer("", builder.number, builder.table(block))


def _add_text(text: str, builder: PageBuilder) -> None:
    start = 0
    for heading in markdown_headings(text):
        builder.paragraph(text[start : heading.start_char])
        builder.heading(heading.level, heading.title)
        start = text.find("\n", heading.start_char)
        start = len(text) if start < 0 else start + 1
        under = text[start:].partition("\n")[0]
        if _SETEXT.match(under):
            start += len(under) + 1
    builder.paragraph(text[start:])


def markdown_blocks(text: str) -> Iterator[str | Grid]:
    """The lines of `text`, those of a table (GitHub's extension) together as a grid; none in a fence of code."""
    lines = text.split("\n")
    fence, place = "", 0
    while place < len(lines):
        line = lines[place]
        fence = _fence_after(fence, line)
        if not fence and (html := _html_tables(lines, place)):
            grids, rest, place = html
            yield from grids
            if rest.strip():
                yield rest
            continue
        if not fence and line.startswith("+") and (drawn := grid_at(lines, place)):
            grid, place = drawn
            yield grid
            continue
        under = lines[place + 1] if place + 1 < len(lines) else ""
        if (
            fence
            or "|" not in line
            or not _TABLE_RULE.match(under)
            or len(table_cells(line)) != len(table_cells(under))
        ):
            yield line
            place += 1
            continue
        rows = [table_cells(line)]
        place += 2
        while place < len(lines) and "|" in lines[place]:
            rows.append(_cells_of(lines[place], len(rows[0])))
            place += 1
        yield Grid(rows, header_rows=1)


def _html_tables(lines: Sequence[str], place: int) -> tuple[list[Grid], str, int] | None:
    """The grids of an HTML table that begins at a line, what stands behind it on its last line, and the line after that.

    None where none begins, where it lays out the page, and where Markdown with headings or code stands in it.
    """
    if not _HTML_TABLE.match(lines[place]):
        return None
    depth = 0
    for end in range(place, min(len(lines), place + _TABLE_LINES)):
        if _ATX.match(lines[end]) or _FENCE.match(lines[end]):
            return None
        for tag in _TABLE_TAG.finditer(lines[end]):
            depth += -1 if tag[1] else 1
            if depth <= 0:
                try:
                    grids = grids_of("\n".join([*lines[place:end], lines[end][: tag.end()]]))
                except LoadError:
                    return None
                return (grids, lines[end][tag.end() :], end + 1) if grids else None
    return None


def table_cells(line: str) -> list[str]:
    """The cells of a row between bars, without marks of emphasis; a bar after a backslash is one of the text."""
    inner = line.strip().removeprefix("|")
    inner = inner[:-1] if inner.endswith("|") and not inner.endswith("\\|") else inner
    cells = [cell.replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", inner)]
    return [" ".join(plain_text(_LINE_END.sub(" ", cell)).split()) for cell in cells]


def _cells_of(line: str, width: int) -> list[str]:
    """The cells of a row below `width` names. Bars of code are none of the table where there are too many; none is lost."""
    cells = table_cells(line)
    if len(cells) > width:
        cells = table_cells(_CODE.sub(lambda match: match[0].replace("|", "\\|"), line))
    return cells if len(cells) <= width else [*cells[: width - 1], " | ".join(filter(None, cells[width - 1 :]))]


def plain_text(text: str) -> str:
    """`text` without the marks of emphasis, code and links."""
    return _MARKUP.sub(lambda match: match[1] or match[2] or "", text)


def markdown_headings(text: str) -> tuple[Heading, ...]:
    """ATX (`# Title`) and Setext (underlined) headings of `text`, in order, none from code fences or front matter."""
    headings: list[Heading] = []
    fence = ""
    previous, previous_start = "", 0
    position = _after_front_matter(text)
    for line in text[position:].split("\n"):
        start, position = position, position + len(line) + 1
        mark = _FENCE.match(line)
        if mark and not fence:
            fence = mark[1]
        elif mark and line.strip().startswith(fence) and not line.strip().strip(fence[0]):
            fence = ""
        elif not fence:
            if atx := _ATX.match(line):
                _add(headings, len(atx[1]), atx[2], start)
                line = ""
            elif (rule := _SETEXT.match(line)) and not _NOT_A_TITLE.match(previous):
                _add(headings, 1 if rule[1][0] == "=" else 2, previous, previous_start)
                line = ""
        previous, previous_start = line if not fence else "", start
    return tuple(headings)


def _after_front_matter(text: str) -> int:
    for mark in ("---", "+++"):
        if text.startswith(f"{mark}\n"):
            end = text.find(f"\n{mark}\n", 3)
            return end + 5 if end > 0 else 0
    return 0


def _stated_title(text: str) -> str:
    """The title that the front matter of a text gives, "" without one."""
    match = _TITLE.search(text[: _after_front_matter(text)])
    return " ".join(plain_text(match[2]).split())[: limits.HEADING_CHARS] if match else ""


def _add(headings: list[Heading], level: int, title: str, start_char: int) -> None:
    plain = " ".join(plain_text(_ATTRIBUTES.sub("", title)).split())
    if plain:
        headings.append(Heading(level, plain[: limits.HEADING_CHARS], start_char))


LOADER = Loader(name="markdown", version=VERSION, suffixes=(".md", ".markdown", ".mdown", ".mkd"), load=load)
