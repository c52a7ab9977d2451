"""Tables that plain-text markup draws with signs: reStructuredText's four kinds, AsciiDoc's, and grids in Markdown.

The layouts are those of docutils' reference (grid tables, simple tables, list-table, csv-table) and of AsciiDoc's table block.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence

from loaders import limits
from loaders.grid import Cell, Grid

_GRID_EDGE = re.compile(r"^\s*\+(?:[-=]+\+)+\s*$")
_SIMPLE_EDGE = re.compile(r"^\s*=+(?: +=+)+\s*$")
_SIMPLE_SPANS = re.compile(r"^\s*-+(?: +-+)*\s*$")
_END = "\ufffe"
"""A line behind the last one of csv: a quotation mark that is never closed swallows it."""
_DIRECTIVE = re.compile(r"^(\s*)\.\. (table|list-table|csv-table)::[ \t]*(.*)$")
_OPTION = re.compile(r"^\s*:([\w-]+):[ \t]*(.*)$")
_MARKS = re.compile(
    r"(?<!\w)(?:\*\*(?=\S)(.+?)(?<=\S)\*\*|\*(?=\S)(.+?)(?<=\S)\*|``(.+?)``"
    r"|:[\w:+-]+:`([^`<]+?)(?: <[^`>]*>)?`|`([^`<]+?)(?: <[^`>]*>)?`_{0,2})(?!\w)"
)
_ADOC_EDGE = re.compile(r"^\s*([|,:!])={3,}\s*$")
_ADOC_CELL = re.compile(r"(?:(?<!\S)(?:(\d{1,4})?(?:\.(\d{1,4}))?\+)?[<^>]?(?:\.[<^>])?[aehlmsd]?)?(?<!\\)\|")
LISTING = re.compile(r"^(?:-{4,}|\.{4,}|/{4,})\s*$")
"""The line above and below a listing or a comment of AsciiDoc, in which nothing is markup."""

_ADOC_TITLE = re.compile(r"^\.[^\s.]")
_ADOC_ATTRIBUTES = re.compile(r"^\[(.*)\]\s*$")
_COLUMNS = re.compile(r'cols\s*=\s*"?([^"\]]*)"?')
_LINES = 20_000
"""A drawn table of more lines than this stays as it is written."""


def rst_blocks(text: str) -> Iterator[str | Grid]:
    """The lines of a reStructuredText file, those of each table together as a grid."""
    lines = text.split("\n")
    place = 0
    while place < len(lines):
        table = _directive(lines, place) or _drawn(lines, place)
        if table is None:
            yield lines[place]
            place += 1
        else:
            grid, place = table
            yield grid


def grid_at(lines: Sequence[str], place: int) -> tuple[Grid, int] | None:
    """The grid table that begins at a line (`+---+---+`) and the line after it; None when there is none."""
    if not _GRID_EDGE.match(lines[place]):
        return None
    end = place
    while end < len(lines) and end - place < _LINES and lines[end].strip()[:1] in ("+", "|") and lines[end].strip():
        end += 1
    grid = _traced([line.strip() for line in lines[place:end]])
    return None if grid is None else (grid, end)


def _drawn(lines: Sequence[str], place: int) -> tuple[Grid, int] | None:
    return grid_at(lines, place) or _simple_at(lines, place)


def _directive(lines: Sequence[str], place: int) -> tuple[Grid, int] | None:
    """A table with a caption, or one that is written as a list or as lines of csv."""
    begins = _DIRECTIVE.match(lines[place])
    if begins is None:
        return None
    indent, kind, caption = begins.groups()
    end = place + 1
    while end < len(lines) and (not lines[end].strip() or len(lines[end]) - len(lines[end].lstrip()) > len(indent)):
        end += 1
    body, options = list(lines[place + 1 : end]), dict[str, str]()
    while body and (option := _OPTION.match(body[0])):
        options[option[1]] = option[2]
        body.pop(0)
    while body and not body[0].strip():
        body.pop(0)
    stated = options.get("header-rows", "")
    declared = int(stated) if re.fullmatch(r"\d{1,4}", stated) else 0
    grid: Grid | None
    if kind == "csv-table":
        grid = _csv_table(body, options, declared)
    elif kind == "list-table":
        grid = _list_table(body, declared)
    else:
        table = _drawn(body, 0) if body else None
        grid = None if table is None else table[0]
    if grid is None or not grid.texts:
        return None
    grid.caption = _plain(caption)
    return grid, end


def _csv_table(body: Sequence[str], options: dict[str, str], declared: int) -> Grid | None:
    if "file" in options or "url" in options:
        return None
    delimiter = {"tab": "\t", "space": " "}.get(options.get("delim", ""), options.get("delim", "") or ",")
    header = [options["header"]] if options.get("header") else []
    rows = _csv_rows([*header, *(line.strip() for line in body)], delimiter[:1])
    if rows is None:
        return None
    return Grid([[_plain(cell) for cell in row] for row in rows], header_rows=declared + len(header) or None)


def _csv_rows(lines: Sequence[str], delimiter: str) -> list[list[str]] | None:
    """The rows of csv that are not empty; None when it is not csv, such as for a quotation mark that is never closed."""
    csv.field_size_limit(limits.TEXT_CHARS)  # one for the whole process: a file must not depend on those read before it
    try:
        reader = csv.reader(io.StringIO("\n".join([*lines, _END])), delimiter=delimiter, skipinitialspace=True)
        rows = [row for row in reader if row]
    except csv.Error:
        return None
    return rows[:-1] if rows[-1] == [_END] else None


def _list_table(body: Sequence[str], declared: int) -> Grid | None:
    rows: list[list[list[str]]] = []
    marks: list[int] = []
    for line in body:
        text = line.strip()
        depth = len(line) - len(line.lstrip())
        if match := re.match(r"[*+-] +([*+-])(?:\s+(.*))?$", text):
            rows.append([[match[2] or ""]])
            marks = [depth, depth + text.index(match[1], 1)]
        elif rows and (match := re.match(r"[*+-](?:\s+(.*))?$", text)) and len(marks) == 2 and depth == marks[1]:
            rows[-1].append([match[1] or ""])
        elif rows:
            rows[-1][-1].append(text)
        elif text:
            return None
    return Grid([[_plain(" ".join(cell)) for cell in row] for row in rows], header_rows=declared or None)


def _traced(block: list[str]) -> Grid | None:
    """The cells of a grid table, each traced along its edges from its upper left corner."""
    width = max(map(len, block))
    block = [line.ljust(width) for line in block]
    corners, seen, cells = [(0, 0)], set[tuple[int, int]](), list[tuple[int, int, int, int]]()
    while corners:
        top, left = corners.pop()
        if (top, left) in seen or top >= len(block) - 1 or left >= width - 1 or block[top][left] != "+":
            continue
        seen.add((top, left))
        corner = _closed(block, top, left)
        if corner is None:
            return None
        bottom, right = corner
        cells.append((top, left, bottom, right))
        corners += [(top, right), (bottom, left)]
    tops = sorted({cell[0] for cell in cells})
    lefts = sorted({cell[1] for cell in cells})
    double = next((row for row, line in enumerate(block) if line.startswith("+=")), None)
    rows: list[list[Cell]] = [[] for _ in tops]
    for top, left, bottom, right in sorted(cells):
        text = " ".join(" ".join(line[left + 1 : right].split()) for line in block[top + 1 : bottom])
        height = sum(top <= other < bottom for other in tops)
        rows[tops.index(top)].append(Cell(_plain(text), height, sum(left <= other < right for other in lefts)))
    header = None if double is None else sum(top < double for top in tops)
    return Grid.of_cells(rows, header or None)


def _closed(block: Sequence[str], top: int, left: int) -> tuple[int, int] | None:
    """The lower right corner of the smallest cell whose upper left corner this is."""
    for right in range(left + 1, len(block[top])):
        if block[top][right] not in "+-=":
            return None
        if block[top][right] != "+":
            continue
        for bottom in range(top + 1, len(block)):
            if block[bottom][right] not in "+|" or block[bottom][left] not in "+|":
                break
            edge = block[bottom][left : right + 1]
            if edge[0] == edge[-1] == "+" and not edge.strip("+-="):
                return bottom, right
    return None


def _simple_at(lines: Sequence[str], place: int) -> tuple[Grid, int] | None:
    """A simple table: columns under `====  ====`, names between the first two such lines, the table ends at the last."""
    if not _SIMPLE_EDGE.match(lines[place]):
        return None
    edges, end = [place], place + 1
    while end < len(lines) and end - place < _LINES:
        if _SIMPLE_EDGE.match(lines[end]):
            edges.append(end)
            if len(edges) > 3:
                return None
            if end + 1 == len(lines) or not lines[end + 1].strip():
                break
        end += 1
    else:
        return None
    columns = [match.start() for match in re.finditer("=+", lines[place])]
    rows: list[list[Cell]] = []
    waiting: list[str] = []
    header = None
    for number in range(place + 1, edges[-1] + 1):
        line = lines[number]
        if number in edges or (_SIMPLE_SPANS.match(line) and waiting):
            _simple_rows(waiting, columns, line if number not in edges else "", rows)
            waiting = []
            if number == edges[1] and len(edges) == 3:
                header = len(rows)
        elif line.strip():
            waiting.append(line)
    return Grid.of_cells(rows, header), edges[-1] + 1


def _simple_rows(lines: Sequence[str], columns: Sequence[int], spans: str, rows: list[list[Cell]]) -> None:
    """Add rows of a simple table; `spans` underlines the last of them where cells go over several columns."""
    groups = [match.start() for match in re.finditer("-+", spans)] if spans else list(columns)
    for number, line in enumerate(lines):
        starts = groups if spans and number == len(lines) - 1 else list(columns)
        texts = [line[start:end].strip() for start, end in zip(starts, [*starts[1:], None])]
        if rows and not texts[0] and len(texts) == len(rows[-1]) and not line[: columns[0] + 1].strip() and number:
            joined = [" ".join(filter(None, (cell.text, text))) for cell, text in zip(rows[-1], texts)]
            rows[-1] = [Cell(_plain(text), columns=cell.columns) for cell, text in zip(rows[-1], joined)]
            continue
        widths = [
            sum(start <= column < (end or 1 << 30) for column in columns)
            for start, end in zip(starts, [*starts[1:], 0])
        ]
        rows.append([Cell(_plain(text.replace("\\", "")), columns=max(1, width)) for text, width in zip(texts, widths)])


def _plain(text: str) -> str:
    """Text without the marks of emphasis, code and roles."""
    return " ".join(_MARKS.sub(lambda match: next(filter(None, match.groups()), ""), text).split())


def adoc_blocks(text: str) -> Iterator[str | Grid]:
    """The lines of an AsciiDoc file, those of each table together as a grid, with its title as the caption."""
    lines = text.split("\n")
    place, fence = 0, ""
    held: list[str] = []
    while place < len(lines):
        line = lines[place]
        if LISTING.match(line):
            fence = "" if line.rstrip() == fence else fence or line.rstrip()
        if not fence and (_ADOC_ATTRIBUTES.match(line) or _ADOC_TITLE.match(line)):
            held.append(line)
            place += 1
            continue
        table = None if fence else _adoc_at(lines, place, held)
        if table is None:
            yield from [*held, line]
            place += 1
        else:
            grid, place = table
            yield grid
        held = []
    yield from held


def _adoc_at(lines: Sequence[str], place: int, before: Sequence[str]) -> tuple[Grid, int] | None:
    """The table that begins at a line (`|===`) and the line after it; `before` are its title and its attributes."""
    edge = _ADOC_EDGE.match(lines[place])
    if edge is None:
        return None
    closing = lines[place].strip()
    end = next((number for number in range(place + 1, len(lines)) if lines[number].strip() == closing), None)
    if end is None:
        return None
    attributes = ",".join(match[1] for one in before if (match := _ADOC_ATTRIBUTES.match(one)))
    caption = next((one[1:] for one in before if _ADOC_TITLE.match(one)), "")
    grid = _adoc_table(lines[place + 1 : end], edge[1], attributes, caption)
    return None if grid is None else (grid, end + 1)


def _adoc_table(body: Sequence[str], mark: str, attributes: str, caption: str) -> Grid | None:
    """The lines of a table as a grid; None when they are not csv where they should be, or make too many rows."""
    content = [line for line in body if not line.startswith("//")]
    first = next((number for number, line in enumerate(content) if line.strip()), 0)
    header = "header" in attributes or (
        first == 0 and len(content) > 1 and not content[1].strip() and "noheader" not in attributes
    )
    if mark in ",:":
        fields = _csv_rows(content, mark)
        if fields is None:
            return None
        return Grid.of_cells(
            [[Cell(cell.strip()) for cell in row] for row in fields], int(header) or None, _plain(caption)
        )
    cells: list[Cell] = []
    line_widths: list[int] = []
    for line in content:
        bars = list(_ADOC_CELL.finditer(line))
        before = line[: bars[0].start()].strip() if bars else line.strip()
        if before and cells:
            last = cells[-1]
            cells[-1] = Cell(f"{last.text} {_plain(before)}".strip(), last.rows, last.columns)
        for bar, after in zip(bars, [*bars[1:], None]):
            text = line[bar.end() : after.start() if after else None].replace("\\|", "|")
            cells.append(Cell(_plain(text), int(bar[2] or 1), int(bar[1] or 1)))
        if bars:
            line_widths.append(sum(int(bar[1] or 1) for bar in bars))
    stated = _COLUMNS.search(attributes)
    width = _stated_columns(stated[1]) if stated else line_widths[0] if line_widths else 1
    rows: list[list[Cell]] = []
    row: list[Cell] = []
    open_spans: list[tuple[int, int]] = []
    free = width
    for cell in cells:
        row.append(cell)
        free -= cell.columns
        while free <= 0:
            if len(rows) == _LINES:
                return None
            rows.append(row)
            open_spans += [(cell.rows, cell.columns) for cell in row]
            open_spans = [(height - 1, columns) for height, columns in open_spans if height > 1]
            row, free = [], width - sum(columns for _, columns in open_spans)
    return Grid.of_cells([*rows, *([row] if row else [])], int(header) or None, _plain(caption))


def _stated_columns(text: str) -> int:
    parts = [part.strip() for part in text.split(",")]
    return sum(int(match[1]) if (match := re.match(r"(\d{1,4})\*", part)) else 1 for part in parts) or 1
