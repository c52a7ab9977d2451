"""Tables of a PDF page that are ruled by lines, or whose cells have wrapped text: their rows as a grid.

A program draws such a table cell by cell, so that the lines of one cell stand between those of the next and no order of
lines gives the rows. The rules say which words are one cell. Pages that are drawn line by line, which is nearly every
one, are told by the boxes of their lines alone; the rules of the others are asked for.
"""

from __future__ import annotations

import bisect
import ctypes
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from loaders.document import clean_text
from loaders.grid import Grid, arranged, is_number
from loaders.line_hyphens import MARK
from loaders.pdf_lines import Box, PageLines, united
from loaders.pdf_objects import PageObjects

_EAST_ASIAN = re.compile("[\u3001-\u303f\u3041-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")
_THIN = 2.5
"""A drawing that is thinner than this, in points, is a rule."""

_NEAR = 3.0
_OBJECTS = 2_000
_FEW_OBJECTS = 400
"""Of pages with more objects than this the rules are asked for where cells are wrapped or many of them are rules."""

_SAMPLE, _RULED = 40, 4
"""Of so many drawings, spread over the page, one in so many is a rule where a table is ruled cell by cell."""

_RULES = 1_200
_LONG, _LONG_DOWN = 0.6, 0.45
_SHORTEST = 15.0
_SHORT, _MANY_PATHS = 4.0, 120
_FRAME_POINTS, _POINTS = 5, 400
_GAP = 30.0
_APART = 2.0
"""Words of one cell do not stand so far apart, in heights of a line."""

_CLOSE = 0.75
"""Letters are not wider than this on average, in heights of a line, where no wide gap is between them."""

_MARK_BY_ITSELF = re.compile(r"(?<!\S)[^\w\s]+(?!\S)")
_COLUMNS, _ROWS = 30, 200
_NAME_CHARS = 40
_CELL_CHARS = 450
_FILLED = 0.5
"""The share of cells with text, if lines are the rules of a table."""


@dataclass(frozen=True)
class FoundTable:
    """The places of the lines of the page that a table is made of, and its grid."""

    places: frozenset[int]
    grid: Grid
    xs: tuple[float, ...]
    ys: tuple[float, ...]
    """Where its rules stand, from the left and from the top."""


def tables_of(objects: PageObjects, lines: PageLines) -> list[FoundTable]:
    """The ruled tables of a page, from the top, or those with wrapped cells; none where no cells stand beside each other."""
    wrapped = _has_cells_drawn_one_by_one(lines.boxes)
    if not wrapped and (
        sum(len(cells) > 1 for cells in lines.cells) < 2 or (objects.count > _FEW_OBJECTS and not _is_ruled(objects))
    ):
        return []
    across, down = (_in_one_piece(rules, axis) for axis, rules in enumerate(_rules(objects)))
    if len(down) < 3 or len(across) < 3:
        return _unruled(lines) if wrapped else []
    tables: list[FoundTable] = []
    for xs, ys in _frames(across, down):
        table = _table(lines, xs, ys, across, down)
        if table is not None and tables and _goes_on(tables[-1], table):
            tables[-1] = _as_one(tables[-1], table)
        elif table is not None:
            tables.append(table)
    return [table for table in tables if _is_worth_it(table.grid, wrapped)]


def _is_ruled(objects: PageObjects) -> bool:
    """Whether many of a page's drawings are rules, told by some of them: those of every cell, as browsers print a table."""
    import pypdfium2.raw as raw

    thin = 0
    for item, kind in objects.some(_SAMPLE):
        if kind == raw.FPDF_PAGEOBJ_PATH and (bounds := objects.bounds(item)) is not None:
            left, bottom, right, top = bounds
            thin += min(right - left, top - bottom) <= _THIN < max(right - left, top - bottom)
    return thin * _RULED >= _SAMPLE


def _unruled(lines: PageLines) -> list[FoundTable]:
    """Tables without rules whose cells are wrapped and were drawn cell by cell, row by row, each row from its top on.

    The first line has the names; every part of the lines below begins where one of them does.
    """
    tables, place = list[FoundTable](), 0
    while place < len(lines.lines):
        found = _cell_by_cell(lines, place) if len(lines.cells[place]) > 1 else None
        if found is None:
            place += 1
            continue
        tables.append(found)
        place = max(found.places) + 1
    return tables


def _cell_by_cell(lines: PageLines, start: int) -> FoundTable | None:
    lefts = [cell.left for cell in lines.cells[start]]
    if lefts != sorted(lefts):
        return None
    rows: list[list[list[tuple[int, Box]]]] = []
    row_top = bottom = 0.0
    column, jumps, place = len(lefts), 0, start
    while place < len(lines.lines):
        cells = lines.cells[place]
        if len(rows) == 1 and cells and cells[0].left > lefts[-1] + _NEAR and abs(cells[0].top - row_top) <= _NEAR:
            # A cell of the first row behind a wrapped one.
            lefts += [cell.left for cell in cells]
            rows[0] += [[] for _ in cells]
        places = [_begins_at(cell.left, lefts) for cell in cells]
        if not cells or -1 in places or places != sorted(set(places)):
            break
        box = cells[0]
        if places[0] == 0 and column > 0:
            if rows and (box.top > bottom + _NEAR or bottom - box.top > 3 * box.height):
                break
            rows.append([[] for _ in lefts])
            row_top = box.top
        elif places[0] > column and abs(box.top - row_top) <= _NEAR:
            jumps += box.bottom > bottom + 1
        elif not (len(places) == 1 and places[0] == column and box.top < row_top):
            break
        for cell, at in zip(cells, places):
            rows[-1][at].append((place, cell))
        bottom = min([cell.bottom for cell in cells] + ([bottom] if rows and places[0] > 0 else []))
        column = places[-1]
        place += 1
    if jumps < 1 or len(rows) < 3 or any(sum(map(bool, row)) < 2 for row in rows):
        return None
    texts = [
        [_cell_text([(at, said) for at, cell in cells for said in _words_in(lines, at, cell)]) for cells in row]
        for row in rows
    ]
    numbers = any(is_number(text) for row in texts[1:] for text in row[1:])
    named = (len(lefts) > 2 or numbers) and all(0 < len(text) <= _NAME_CHARS for text in texts[0])
    header = named and not any(map(str.isdigit, "".join(texts[0])))
    return FoundTable(frozenset(range(start, place)), Grid(texts, header_rows=int(header)), tuple(lefts), ())


def _begins_at(left: float, lefts: Sequence[float]) -> int:
    for number, edge in enumerate(lefts):
        if -_NEAR <= left - edge <= _NEAR:
            return number
    return -1


def _words_in(lines: PageLines, place: int, cell: Box) -> Iterator[str]:
    line = lines.lines[place]
    words = lines.words(line)
    for word in words:
        if cell.left - 1 <= (word.box.left + word.box.right) / 2 <= cell.right + 1:
            yield lines.raw_text[word.start : word.end] + (MARK if line.hyphen and word is words[-1] else "")


def _is_worth_it(grid: Grid, wrapped: bool) -> bool:
    """Whether a table has names of columns, or wrapped cells of two columns of words: labels with what is said of them.

    Of others the lines of the page say as much, and more of what stands around them.
    """
    if len(grid.texts[0]) == 2 and not any(is_number(row[1]) for row in grid.texts):
        grid.header_rows = 0
        return wrapped
    return arranged(grid).header


def _goes_on(above: FoundTable, below: FoundTable) -> bool:
    """Whether a table has the columns of the one right above it."""
    return (
        len(above.xs) == len(below.xs)
        and all(abs(one - other) <= _NEAR for one, other in zip(above.xs, below.xs))
        and 0 <= above.ys[-1] - below.ys[0] < _GAP
    )


def _as_one(above: FoundTable, below: FoundTable) -> FoundTable:
    shift = len(above.grid.texts)
    merged = {(row + shift, column): (top + shift, left) for (row, column), (top, left) in below.grid.merged.items()}
    grid = Grid([*above.grid.texts, *below.grid.texts], {**above.grid.merged, **merged})
    return FoundTable(above.places | below.places, grid, above.xs, below.ys)


def _in_one_piece(rules: Sequence[Box], axis: int) -> list[Box]:
    """Rules in one direction (0: across, 1: down), those that go on where another ends as one; short ones are none."""
    lines: list[list[Box]] = []
    edge = float("-inf")
    for rule in sorted(rules, key=lambda box: box[1 - axis] + box[3 - axis]):
        middle = (rule[1 - axis] + rule[3 - axis]) / 2
        if middle - edge > _NEAR:
            lines.append([])
            edge = middle
        lines[-1].append(rule)
    kept: list[Box] = []
    for line in lines:
        line.sort(key=lambda box: box[axis])
        piece = line[0]
        for rule in line[1:]:
            if rule[axis] <= piece[axis + 2] + _NEAR:
                piece = united((piece, rule))
            else:
                kept.append(piece)
                piece = rule
        kept.append(piece)
    return [piece for piece in kept if piece[axis + 2] - piece[axis] >= _SHORTEST]


def _has_cells_drawn_one_by_one(boxes: Sequence[Box | None]) -> bool:
    """Whether a line stands higher than the one before it and at its right: the next cell after a wrapped one."""
    before: Box | None = None
    for box in boxes:
        if box is None:
            continue
        if before is not None and box[0] >= before[2] - 1 and box[3] > before[3] + 1 and box[1] > before[1] + 1:
            return True
        before = box
    return False


def _rules(objects: PageObjects) -> tuple[list[Box], list[Box]]:
    """The thin drawings of a page, those across and those down; of a frame its sides."""
    import pypdfium2.raw as raw

    across, down = list[Box](), list[Box]()
    path, paths = raw.FPDF_PAGEOBJ_PATH, 0
    for item, kind in objects.first(_OBJECTS):
        if kind != path or (bounds := objects.bounds(item)) is None:
            continue
        paths += 1
        if paths > _MANY_PATHS and not down:
            return [], []  # lines under figures, areas behind rows
        box = Box(*bounds)
        if box[3] - box[1] < _SHORT and box[2] - box[0] < _SHORT:
            continue
        for one in _sides(raw, item, box):
            (down if one.height > one.width else across).append(one)
        if len(across) + len(down) > _RULES:
            return [], []
    return across, down


def _sides(raw: Any, item: Any, box: Box) -> Iterator[Box]:
    """A rule itself; of a frame that is drawn, or of several lines in one path, the parts. A filled area is no frame."""
    if min(box.width, box.height) <= _THIN:
        if max(box.width, box.height) > _THIN:
            yield box
        return
    shape = ctypes.cast(item, raw.FPDF_PAGEOBJECT)
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    if not raw.FPDFPath_GetDrawMode(shape, fill, stroke) or not stroke.value:
        return
    count = max(0, raw.FPDFPath_CountSegments(shape))
    if count <= _FRAME_POINTS:
        left, bottom, right, top = box
        yield from (Box(left, bottom, right, bottom), Box(left, top, right, top))
        yield from (Box(left, bottom, left, top), Box(right, bottom, right, top))
        return
    points: list[tuple[float, float]] = []
    x, y = ctypes.c_float(), ctypes.c_float()
    matrix = raw.FS_MATRIX()
    raw.FPDFPageObj_GetMatrix(shape, matrix)
    for place in range(min(_POINTS, count)):
        segment = raw.FPDFPath_GetPathSegment(shape, place)
        raw.FPDFPathSegment_GetPoint(segment, x, y)
        if raw.FPDFPathSegment_GetType(segment) == raw.FPDF_SEGMENT_MOVETO:
            points.clear()
        points.append(
            (matrix.a * x.value + matrix.c * y.value + matrix.e, matrix.b * x.value + matrix.d * y.value + matrix.f)
        )
        if len(points) > 1:
            yield from _straight(points[-2], points[-1])
        if raw.FPDFPathSegment_GetClose(segment) and len(points) > 2:
            yield from _straight(points[-1], points[0])


def _straight(one: tuple[float, float], other: tuple[float, float]) -> Iterator[Box]:
    box = Box(min(one[0], other[0]), min(one[1], other[1]), max(one[0], other[0]), max(one[1], other[1]))
    if min(box.width, box.height) <= _THIN < max(box.width, box.height):
        yield box


def _frames(across: Sequence[Box], down: Sequence[Box]) -> Iterator[tuple[list[float], list[float]]]:
    """Where the rules of each table stand: those down from the left, those across from the top.

    A line under a few figures is no rule of a table: rules go over most of its height or width, in one piece or several.
    """
    groups: list[tuple[Box, list[Box]]] = []
    for rule in sorted([*across, *down], key=lambda box: -box.top):
        merged, apart = [rule], list[tuple[Box, list[Box]]]()
        for frame, rules in groups:
            if _touch(rule, frame) and _touches_any(rule, rules):
                merged += rules
            else:
                apart.append((frame, rules))
        groups = [*apart, (united(merged), merged)]
    for frame, group in sorted(groups, key=lambda group: -group[0].top):
        xs = _long_ones(group, 0, frame.height)
        ys = _long_ones(group, 1, frame.width)[::-1]
        if 3 <= len(xs) <= _COLUMNS and 3 <= len(ys) <= _ROWS:
            yield xs, ys


def _long_ones(group: Sequence[Box], axis: int, full: float) -> list[float]:
    """The places of rules in one direction (0: down, 1: across) that together are most of `full` long."""
    lengths: dict[float, float] = {}
    rules = [box for box in group if (box.height > box.width) == (axis == 0)]
    middles = [((box[axis] + box[axis + 2]) / 2, box[3 - axis] - box[1 - axis]) for box in rules]
    for place in _distinct([middle for middle, _ in middles]):
        lengths[place] = sum(length for middle, length in middles if -0.1 <= middle - place <= _NEAR)
    # Between columns a rule may be missing at the names over them and at what was merged below.
    least = _LONG if axis else _LONG_DOWN
    return [place for place, length in lengths.items() if length >= least * full]


def _touch(one: Box, other: Box) -> bool:
    return (
        one[0] <= other[2] + _NEAR and other[0] <= one[2] + _NEAR
        and one[1] <= other[3] + _NEAR and other[1] <= one[3] + _NEAR
    )  # fmt: skip


def _touches_any(rule: Box, others: Sequence[Box]) -> bool:
    left, bottom, right, top = rule[0] - _NEAR, rule[1] - _NEAR, rule[2] + _NEAR, rule[3] + _NEAR
    return any(
        left <= high_x and low_x <= right and bottom <= high_y and low_y <= top
        for low_x, low_y, high_x, high_y in others
    )


def _distinct(values: Sequence[float]) -> list[float]:
    kept: list[float] = []
    for value in sorted(values):
        if not kept or value - kept[-1] > _NEAR:
            kept.append(value)
    return kept


def _table(
    lines: PageLines, xs: Sequence[float], ys: Sequence[float], across: Sequence[Box], down: Sequence[Box]
) -> FoundTable | None:
    """The grid between these rules; None where a line goes over its edge, or most of it is empty."""
    places = [
        place
        for place, box in enumerate(lines.boxes)
        if box is not None and ys[-1] < (box.bottom + box.top) / 2 < ys[0] and box.left < xs[-1] and box.right > xs[0]
    ]
    cells: dict[tuple[int, int], list[tuple[int, str]]] = {}
    apart = 0
    upwards = [-y for y in ys]
    for place in places:
        line = lines.lines[place]
        said = lines.raw_text[line.start : line.end].strip()
        pieces = lines.cells[place]
        if _stands_together(said, pieces) and (cell := _cell_of(pieces, xs, upwards)) is not None:
            cells.setdefault(cell, []).append((place, " ".join(said.split()) + (MARK if line.hyphen else "")))
            continue
        words = lines.words(line)
        last_cell, last_right = (-1, -1), 0.0
        for start, end, (left, bottom, right, top) in words:
            cell = bisect.bisect_left(upwards, -(bottom + top) / 2) - 1, bisect.bisect_left(xs, (left + right) / 2) - 1
            if not (0 <= cell[0] < len(ys) - 1 and 0 <= cell[1] < len(xs) - 1):
                return None
            # Columns that no rule parts: the rules are those of something else.
            apart += cell == last_cell and left - last_right > _APART * (top - bottom)
            last_cell, last_right = cell, right
            cells.setdefault(cell, []).append((place, lines.raw_text[start:end]))
        if line.hyphen and words:
            cells[last_cell][-1] = (place, cells[last_cell][-1][1] + MARK)
    texts = [[_cell_text(cells.get((row, column), ())) for column in range(len(xs) - 1)] for row in range(len(ys) - 1)]
    filled = sum(bool(text) for row in texts for text in row)
    if not places or apart * 3 > len(texts) or any(len(text) > _CELL_CHARS for row in texts for text in row):
        return None
    grid = Grid(texts)
    spans = _spans(xs, ys, across, down)
    for top, left, height, width in spans:
        parts = [grid.texts[row][column] for row in range(top, top + height) for column in range(left, left + width)]
        grid.texts[top][left] = " ".join(filter(None, parts))
        grid.merge(top, left, height, width)
        filled += height * width - sum(map(bool, parts))
    rows = sum(grid.own_cells(row) > 1 for row in range(len(texts)))
    if filled < _FILLED * len(texts) * len(texts[0]) or rows * 2 < len(texts):
        return None
    return FoundTable(frozenset(places), grid, tuple(xs), tuple(ys))


def _stands_together(said: str, parts: Sequence[Box]) -> bool:
    """Whether the words of a line stand so near each other that nothing parts them: then each need not be looked at."""
    if len(parts) != 1 or not said:
        return False
    if " " not in said:
        return True
    left, bottom, right, top = parts[0]
    return right - left < _CLOSE * (top - bottom) * len(said) and _MARK_BY_ITSELF.search(said) is None


def _cell_of(parts: Sequence[Box], xs: Sequence[float], upwards: Sequence[float]) -> tuple[int, int] | None:
    """The row and column of a line of one part that touches no rule; None of any other one, of which the words decide."""
    if len(parts) != 1:
        return None
    left, bottom, right, top = parts[0]
    column, row = bisect.bisect_left(xs, left) - 1, bisect.bisect_left(upwards, -top) - 1
    inside = 0 <= column < len(xs) - 1 and 0 <= row < len(upwards) - 1
    return (row, column) if inside and right < xs[column + 1] and -bottom < upwards[row + 1] else None


def _cell_text(words: Sequence[tuple[int, str]]) -> str:
    """The words of a cell, those of one line after those of the other; a mark stands where a line end cut a word."""
    text = ""
    last = -1
    for place, said in words:
        unspaced = place != last and _EAST_ASIAN.match(text[-1:]) and _EAST_ASIAN.match(said)
        text += said if not text or text.endswith(MARK) or unspaced else f" {said}"
        last = place
    return clean_text(text.rstrip(MARK))


def _spans(
    xs: Sequence[float], ys: Sequence[float], across: Sequence[Box], down: Sequence[Box]
) -> list[tuple[int, int, int, int]]:
    """Cells over several rows or columns, where no rule parts them: top, left, height, width of each."""

    standing = [((left + right) / 2, bottom, top) for left, bottom, right, top in down]
    lying = [((bottom + top) / 2, left, right) for left, bottom, right, top in across]
    rows = [(one + other) / 2 for one, other in itertools.pairwise(ys)]
    columns = [(one + other) / 2 for one, other in itertools.pairwise(xs)]
    beside, below = [_between(standing, x, rows) for x in xs], [_between(lying, y, columns) for y in ys]
    taken: set[tuple[int, int]] = set()
    spans = []
    for row, column in itertools.product(range(len(ys) - 1), range(len(xs) - 1)):
        if (row, column) in taken:
            continue
        width = height = 1
        while column + width < len(xs) - 1 and row not in beside[column + width]:
            width += 1
        while row + height < len(ys) - 1 and below[row + height].isdisjoint(range(column, column + width)):
            height += 1
        if width > 1 or height > 1:
            taken.update((row + down_, column + step) for down_ in range(height) for step in range(width))
            spans.append((row, column, height, width))
    return spans


def _between(rules: Sequence[tuple[float, float, float]], edge: float, middles: Sequence[float]) -> frozenset[int]:
    """Which of the middles of rows or columns one of the rules at an edge goes past: its place, where it begins and ends."""
    reach = [(low, high) for place, low, high in rules if -_NEAR <= place - edge <= _NEAR]
    return frozenset(number for number, middle in enumerate(middles) for low, high in reach if low < middle < high)
