"""The reading order of a PDF page, where the order in which it was drawn contradicts what stands beside and below what.

A page that was drawn as it is read, which is nearly every one, is left as pdfium gives it. Four things are put right:
columns of prose drawn row by row are read one after the other; labels and values (or the columns of a table) drawn column
by column are put on one line; the parts of a row that pdfium took for two lines are put on one; and a page whose lines were
drawn upwards, or in any order, is read row by row.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from loaders.line_hyphens import MARK
from loaders.pdf_lines import RAISED, SMALLER, Box, PageLines, side_by_side, united

_WIDE = 7.0
"""A column of prose is wider than this, in heights of a line: about 15 letters."""

_ROWS = 3
"""Fewer rows than this tell nothing of an order."""

_FLOWS = 0.25
"""The share of a column's lines that go on in the middle of a sentence, if it is prose."""

_EDGE_LINES = 3
_HEAD_CHARS = 32
_HEAD_LINES = 4
_UPWARDS = 6
_UPWARDS_SHARE = 0.25
"""Pages of two columns step up once or twice, forms and drawings a little more often."""

_FULL = 0.55
_SAME_ROW = 0.6
_TOUCHING = 0.2
_NEAR = 3.0
_TIGHT = 0.12
_CLOSE = 0.35
_FIGURES = re.compile(r"[\s$€£¥(+\-–—−\d.,%)]*\d[\s$€£¥(+\-–—−\d.,%)]*$")
_PARAGRAPH = 1.5
_CELL_ROWS = 6
_FAR = 2.5
_CASELESS = re.compile("[\u0590-\u08ff\u0e00-\u0fff\u3041-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_DIGIT = re.compile(r"\d")


@dataclass
class _Part:
    """A part of a line that stands apart from the others, with its text."""

    box: Box
    text: str


def ordered(page: PageLines) -> list[str] | None:
    """The lines of a page in reading order, not yet as they are printed; None where pdfium's are in that order already."""
    page.part_uneven_lines()
    if not page.lines:
        return None
    if _is_drawn_upwards(page) and (rows := _by_rows(page)):
        return None if _is_turned(page) else rows
    changes: dict[int, list[str]] = {}
    dropped: set[int] = set()
    for start, end, columns in _row_by_row(page):
        changes[start] = [line.strip() for column in columns for line in column]
        dropped.update(range(start + 1, end))
    runs = [] if changes else _runs(page)
    for columns_of in (_column_by_column, _columns_in_order) if len(runs) > 1 else ():
        if not changes:
            changes, dropped = columns_of(page, runs)
    for start, stacks in _column_heads(page):
        places = [place for stack in stacks for place in stack]
        if not any(place in changes or place in dropped for place in places):
            changes[start] = [
                " | ".join(" ".join(page.text(page.lines[at]).strip() for at in stack) for stack in stacks)
            ]
            dropped.update(places[1:])
    for start, count in _broken_rows(page):
        places = list(range(start, start + count))
        if not any(place in changes or place in dropped for place in places):
            changes[start] = [_joined(page, places)]
            dropped.update(places[1:])
    for place in _labels_above(page):
        if not {place, place + 1} & (changes.keys() | dropped):
            changes[place] = [_joined(page, [place, place + 1])]
            dropped.add(place + 1)
    edges = _edges_out_of_order(page)
    if not (changes or edges) or _is_turned(page):
        return None
    texts: list[str] = []
    for place in _in_turn(len(page.lines), edges):
        if place in changes:
            texts += changes[place]
        elif place not in dropped:
            texts.append(page.text(page.lines[place]))
    return texts


def _edges_out_of_order(page: PageLines) -> tuple[int, int] | None:
    """How many lines were drawn first and stand below all others, and how many last and above them; None without any.

    Programs draw a footer before the page or a title after it.
    """
    placed = [(place, box) for place, box in enumerate(page.boxes) if box is not None]
    if len(placed) < 3:
        return None
    middle = placed[len(placed) // 2][1]
    if placed[0][1][3] > middle[1] and placed[-1][1][1] < middle[3]:
        return None
    lowest = list(itertools.accumulate((box[1] for _, box in reversed(placed)), min))[::-1]
    highest = list(itertools.accumulate((box[3] for _, box in placed), max))
    first = last = 0
    for count in range(1, min(_EDGE_LINES, len(placed) - 2) + 1):
        if max(box[3] for _, box in placed[:count]) <= lowest[count]:
            first = placed[count][0]
        if min(box[1] for _, box in placed[-count:]) >= highest[-count - 1]:
            last = len(page.lines) - placed[-count][0]
    return (first, last) if (first or last) and first + last < len(page.lines) else None


def _in_turn(count: int, edges: tuple[int, int] | None) -> Iterator[int]:
    """The places of lines, those drawn first and last in each other's stead."""
    first, last = edges or (0, 0)
    yield from range(count - last, count)
    yield from range(first, count - last)
    yield from range(first)


def _is_turned(page: PageLines) -> bool:
    """Whether the page's lines do not run from left to right above their base line: a turned sheet, a mirrored one, Arabic."""
    written = [line for line in page.lines if line.end - line.start > 3]
    looked_at = written[:: max(1, len(written) // 5)]
    turned = 0
    for line in looked_at:
        if (longest := page.longest_word(line)) is not None:
            first, last = page.origin(longest.start), page.origin(longest.end - 1)
            hangs = longest.box.top - first[1] < first[1] - longest.box.bottom
            turned += hangs or last[0] - first[0] < abs(last[1] - first[1])
    return turned * 2 > len(looked_at)


# -- pages that were drawn in any order ------------------------------------------------------------


def _is_drawn_upwards(page: PageLines) -> bool:
    """Whether line after line stands above the one before it: such an order is none to read in, but that of some program."""
    upwards = steps = 0
    before: Box | None = None
    for box in page.boxes:
        if box is None:
            continue
        if before is not None:
            steps += 1
            upwards += box[1] > before[3] - 0.2 * (before[3] - before[1])
        before = box
    if steps > 1 and upwards == steps:
        return True
    return upwards >= _UPWARDS and upwards >= _UPWARDS_SHARE * steps


def _by_rows(page: PageLines) -> list[str]:
    """The lines by the rows in which they stand; none where rows go across columns of prose."""
    placed = [(box, number) for number, box in enumerate(page.boxes) if box is not None]
    placed.sort(key=lambda item: -(item[0][1] + item[0][3]))
    rows: list[list[tuple[Box, int]]] = []
    for item in placed:
        if rows and side_by_side(rows[-1][0][0], item[0]):
            rows[-1].append(item)
        else:
            rows.append([item])
    if columns := _columns_of_rows(page):
        return columns
    wide = 2 * _WIDE * page.unit
    if sum(sum(box.width > wide for box, _ in row) > 1 for row in rows) >= _ROWS:
        return []
    return [" ".join(page.text(page.lines[number]).strip() for _, number in sorted(row)) for row in rows]


def _columns_of_rows(page: PageLines) -> list[str]:
    """The lines of columns of prose that stand beside each other in rows, one column after the other; none of anything else."""
    placed = [(cell, number) for number, cells in enumerate(page.cells) for cell in cells]
    placed.sort(key=lambda item: -(item[0][1] + item[0][3]))
    rows: list[list[tuple[Box, int]]] = []
    for item in placed:
        if rows and side_by_side(rows[-1][0][0], item[0]):
            rows[-1].append(item)
        else:
            rows.append([item])
    across = [number for number, row in enumerate(rows) if len(row) > 1]
    if len(across) < _ROWS:
        return []
    first, last = across[0], across[-1]
    middle = [sorted(row, key=lambda item: item[0].left) for row in rows[first : last + 1]]
    lefts = [cell.left for cell, _ in middle[0]]
    if any(len(row) != len(lefts) for row in middle) or any(
        abs(cell.left - left) > 3 for row in middle for (cell, _), left in zip(row, lefts)
    ):
        return []
    columns = [[(row[place][0], _part_text(page, *row[place])) for row in middle] for place in range(len(lefts))]
    for column in columns:
        if not _is_prose([text for _, text in column], [cell for cell, _ in column], page.unit):
            return []
    above, below = (
        [_part_text(page, *part) for row in outside for part in row] for outside in (rows[:first], rows[last + 1 :])
    )
    return [*above, *(text for column in columns for _, text in column), *below]


def _part_text(page: PageLines, cell: Box, number: int) -> str:
    """The text of a part of a line that stands apart."""
    line = page.lines[number]
    if len(page.cells[number]) == 1:
        return page.text(line).strip()
    held = (
        word for word in page.words(line) if cell.left - 1 <= (word.box.left + word.box.right) / 2 <= cell.right + 1
    )
    return " ".join(page.raw_text[word.start : word.end] for word in held)


# -- heads of columns that were drawn one after the other ------------------------------------------


def _column_heads(page: PageLines) -> Iterator[tuple[int, list[list[int]]]]:
    """Heads of a table's columns, each of one to four short lines below each other: the first line, the lines of each.

    "December 2, / 2022 / December 3, / 2021" names two columns; a row of at least as many cells has to follow.
    """
    short = [
        len(cells) == 1 and box is not None and line[1] - line[0] <= _HEAD_CHARS
        for line, cells, box in zip(page.lines, page.cells, page.boxes)
    ]
    place = 0
    while place < len(page.lines) - 1:
        if not (short[place] and short[place + 1]):
            place += 1
            continue
        stacks = _stacks(page, place)
        end = place + sum(map(len, stacks))
        if len(stacks) > 1 and any(len(stack) > 1 for stack in stacks) and _heads_a_row(page, stacks, end):
            yield place, stacks
            place = end
        else:
            place += 1


def _stacks(page: PageLines, start: int) -> list[list[int]]:
    """Short lines from `start` on in stacks that stand beside each other, from left to right."""
    stacks: list[list[int]] = []
    around: list[Box] = []
    for place in range(start, len(page.lines)):
        box, line = page.boxes[place], page.lines[place]
        if box is None or line.end - line.start > _HEAD_CHARS or len(page.cells[place]) != 1:
            break
        if stacks:
            last = around[-1]
            common = min(box.right, last.right) - max(box.left, last.left)
            below = last.bottom - box.top
            if (
                common > 0.5 * min(box.width, last.width)
                and -0.5 * box.height < below < box.height
                and len(stacks[-1]) < _HEAD_LINES
            ):
                stacks[-1].append(place)
                around[-1] = united((last, box))
                continue
            beside = box.left > last.right and box.top > around[0].bottom and box.bottom < around[0].top + box.height
            if not beside:
                break
        stacks.append([place])
        around.append(box)
    return stacks


def _heads_a_row(page: PageLines, stacks: Sequence[Sequence[int]], end: int) -> bool:
    """Whether one of the next lines is a row with figures below all of the heads."""
    heads = [page.boxes[stack[-1]] for stack in stacks]
    for place in range(end, min(end + _HEAD_LINES, len(page.lines))):
        line = page.lines[place]
        if not _DIGIT.search(page.raw_text, line.start, line.end):
            continue
        below = sum(
            any(
                min(cell.right, head.right + page.unit) > max(cell.left, head.left - page.unit)
                for cell in page.cells[place]
            )
            for head in heads
            if head is not None
        )
        return below == len(heads) and len(page.cells[place]) >= len(heads)
    return False


# -- rows that pdfium took for several lines -------------------------------------------------------


def _broken_rows(page: PageLines) -> Iterator[tuple[int, int]]:
    """Lines that are parts of one row, the first and how many: each stands at the right of the one before.

    A raised figure or a cell in another size is enough to break a line for pdfium. What stands far off belongs to the row
    when it is a figure.
    """
    start, row = 0, page.boxes[0]
    for place in range(1, len(page.boxes) + 1):
        box = page.boxes[place] if place < len(page.boxes) else None
        if row is not None and box is not None and _goes_on(page, row, place, box):
            raised = (
                box.top > row.top and _is_raised_at(page, place) and page.lines[place].end - page.lines[place].start < 3
            )
            row = Box(row.left, row.bottom, box.right, row.top) if raised else united((row, box))
            continue
        if place - start > 1:
            yield start, place - start
        start, row = place, box


def _goes_on(page: PageLines, row: Box, place: int, box: Box) -> bool:
    """Whether the line at `place` with this box is the next part of a row."""
    if box[0] < row[2] - 1 or page.lines[place - 1].hyphen or not side_by_side(row, box, _TOUCHING):
        return False
    line = page.lines[place]
    figures = bool(_FIGURES.match(page.raw_text, line.start, line.end))
    if figures:
        # A label of two lines often has its figures on a height between them.
        return row.height < 1.5 * box.height or side_by_side(row, box, _SAME_ROW)
    if _is_raised_at(page, place):
        return True
    before = page.lines[place - 1]
    if any(before.start < at < before.end for at in page.raised):
        row = Box(row.left, row.bottom, row.right, min(row.top, row.bottom + page.unit))
    if not side_by_side(row, box, _SAME_ROW) or min(row.height, box.height) < _SAME_ROW * max(row.height, box.height):
        return False
    return box.left - row.right < _NEAR * page.unit


def _is_raised_at(page: PageLines, place: int) -> bool:
    """Whether a line begins with a raised figure, or is a raised letter, right behind the figure that ends the line before."""
    before, line = page.lines[place - 1], page.lines[place]
    text = page.raw_text
    last = len(text[: before.end].rstrip()) - 1
    first = line.start + len(text[line.start : line.end]) - len(text[line.start : line.end].lstrip())
    if last < before.start or first >= line.end or not text[last].isdigit():
        return False
    sign = text[first]
    if not sign.isdigit() and not (sign.isalpha() and len(text[first : line.end].rstrip()) == 1):
        return False
    one, other = page.char_box(last), page.char_box(first)
    if one is None or other is None or not -1 < other.left - one.right < _CLOSE * page.unit:
        return False
    smaller = other.height < SMALLER * one.height
    return smaller and page.origin(first)[1] > page.origin(last)[1] + RAISED * page.unit


def _labels_above(page: PageLines) -> list[int]:
    """Lines of words that have their figures on the next line, further right, where a table of the page is written so."""
    found = []
    for place in range(len(page.lines) - 1):
        box, below = page.boxes[place], page.boxes[place + 1]
        if box is None or below is None or len(page.cells[place]) != 1 or below.left < box.right:
            continue
        line, figures = page.lines[place], page.lines[place + 1]
        if (
            0 <= box.bottom - below.top < 1.2 * page.unit
            and not _DIGIT.search(page.raw_text, line.start, line.end)
            and _FIGURES.match(page.raw_text, figures.start, figures.end)
        ):
            found.append(place)
    return found if len(found) >= _ROWS else []


def _joined(page: PageLines, places: Sequence[int]) -> str:
    text = page.text(page.lines[places[0]]).rstrip()
    for before, place in itertools.pairwise(places):
        left, right = page.boxes[before], page.boxes[place]
        added = page.text(page.lines[place]).strip()
        close = left is not None and right is not None and right.left - left.right < _TIGHT * page.unit
        close = close and not page.raw_text[page.lines[place].start].isspace()
        figures = text[-1:].isdigit() and added[:1].isdigit()
        if place == before + 1 and _is_raised_at(page, place):
            text += f"^{added}"
        else:
            text += added if (close and not figures) or added[:1] in ",.;:)]" else f" {added}"
    return text


# -- columns of prose that were drawn row by row ---------------------------------------------------


def _row_by_row(page: PageLines) -> list[tuple[int, int, list[list[str]]]]:
    """Runs of lines that go across columns of prose: the first line, the one after the last, the lines of each column."""
    cells = page.cells
    wide = _WIDE * page.unit
    across = [
        number
        for number, row in enumerate(cells)
        if len(row) > 1 and sum(cell.right - cell.left >= wide for cell in row) >= 2
    ]
    starts = Counter(round(cell.left) for number in across for cell in cells[number][1:])
    for number in _by_turns(page.boxes, wide):
        across.append(number)
        starts[round(cells[number][0].left)] += 1
    if len(across) < _ROWS:
        return []
    across.sort()
    edges = [edge for edge, _ in starts.most_common(12) if sum(starts[edge + by] for by in (-2, -1, 0, 1, 2)) >= _ROWS]
    edges = _apart(sorted(edges), wide)
    if not edges:
        return []
    runs, number = [], across[0]
    # A column may be drawn a little higher than the other: its first line is then the one before.
    while number < len(cells):
        end = _run_end(cells, page.boxes, number, edges, page.unit)
        if sum(number <= row < end for row in across) >= _ROWS and (
            columns := _columns(page, cells, number, end, edges)
        ):
            runs.append((number, end, columns))
        number = max(end, number + 1)
    return runs


def _by_turns(boxes: Sequence[Box | None], wide: float) -> list[int]:
    """Lines of a right column that were drawn in turn with those of a left one, where the two do not stand on one height."""
    return [
        place
        for place, (before, box, after) in enumerate(zip(boxes, boxes[1:], boxes[2:]), 1)
        if before is not None and box is not None and after is not None
        and box[0] > before[2] and box[0] > after[2] and box[3] > before[1] and after[3] < before[1] + 1
        and min(box[2] - box[0], before[2] - before[0]) >= wide
    ]  # fmt: skip


def _apart(edges: Sequence[int], wide: float) -> list[int]:
    """Edges of columns, those that are too near to the one before left out."""
    kept: list[int] = []
    for edge in edges:
        if not kept or edge - kept[-1] >= wide:
            kept.append(edge)
    return kept


def _run_end(
    cells: Sequence[Sequence[Box]], boxes: Sequence[Box | None], start: int, edges: Sequence[int], unit: float
) -> int:
    """Where the rows that keep to the columns end, from `start` on: each below the one before, none across an edge."""
    end, above = start, None
    while end < len(cells):
        box = boxes[end]
        if box is None:
            end += 1
            continue
        if any(cell.left < edge - 3 and cell.right > edge + 3 for cell in cells[end] for edge in edges):
            break
        if above is not None and (box.bottom >= above.top or above.bottom - box.top > _FAR * unit):
            break
        above = box
        end += 1
    return end


def _columns(
    page: PageLines, cells: Sequence[Sequence[Box]], start: int, end: int, edges: Sequence[int]
) -> list[list[str]] | None:
    """The lines of each column of these rows, None when they are the rows of a table or form and not columns of prose."""
    rows: list[list[_Part | None]] = []
    for number in range(start, end):
        row: list[_Part | None] = [None] * (len(edges) + 1)
        line = page.lines[number]
        for word in page.words(line):
            column = sum(word.box.left >= edge - 3 for edge in edges)
            text = page.raw_text[word.start : word.end]
            part = row[column]
            row[column] = _Part(united((part.box, word.box)), f"{part.text} {text}") if part else _Part(word.box, text)
        if line.hyphen and (last := [part for part in row if part is not None]):
            last[-1].text += MARK
        rows.append(row)
    columns = [[part for row in rows if (part := row[column]) is not None] for column in range(len(edges) + 1)]
    if not all(
        _is_prose([part.text for part in column], [part.box for part in column], page.unit) for column in columns
    ):
        return None
    return None if _are_table_rows(rows) else [_with_marks([part.text for part in column]) for column in columns]


def _with_marks(lines: Sequence[str]) -> list[str]:
    """The lines of a column with a mark at the hyphens that cut words: to pdfium the row went on behind them."""
    return [
        f"{line[:-1]}{MARK}" if line[-1:] == "-" and line[-2:-1].isalpha() and below[:1].islower() else line
        for line, below in zip(lines, [*lines[1:], ""])
    ]


def _is_prose(texts: Sequence[str], boxes: Sequence[Box], unit: float) -> bool:
    """Whether lines are those of a column of prose: wide, most of them full, many going on in the middle of a sentence."""
    if len(texts) < _ROWS:
        return False
    widths = sorted(box.width for box in boxes)
    usual, full = widths[len(widths) // 2], widths[-1]
    if usual < _WIDE * unit or usual < _FULL * full:
        return False
    joined = "".join(texts)
    if len(_CASELESS.findall(joined)) * 2 > len(joined):
        return sum(len(text) for text in texts) / len(texts) >= 8
    flowing = sum(text[:1].islower() for text in texts[1:])
    return flowing >= _FLOWS * (len(texts) - 1)


def _are_table_rows(rows: Sequence[Sequence[_Part | None]]) -> bool:
    """Whether all columns begin anew together, again and again, behind a hole in one of them or a wider gap: cells do."""
    pitches = sorted(
        above.box.bottom - below.box.bottom
        for one, other in itertools.pairwise(rows)
        for above, below in zip(one, other)
        if above and below
    )
    usual = pitches[len(pitches) // 2] if pitches else 0.0
    together = 0
    for above, below in itertools.pairwise(rows):
        whole = [part for part in below if part is not None]
        if len(whole) < len(below) or any(part.text[:1].islower() for part in whole):
            continue
        before = [part for part in above if part is not None]
        gap = min((part.box.bottom for part in before), default=0.0) - max(part.box.bottom for part in whole)
        together += len(before) < len(above) or gap > _PARAGRAPH * usual
    return together >= 2 or together * _CELL_ROWS >= len(rows)


# -- rows that were drawn column by column ---------------------------------------------------------


def _column_by_column(page: PageLines, runs: Sequence[Sequence[int]]) -> tuple[dict[int, list[str]], set[int]]:
    """Lines that stand for rows, by the place of the first of them, and the places of lines that went into others."""
    changes: dict[int, list[str]] = {}
    dropped: set[int] = set()
    first = 0
    while first + 1 < len(runs):
        last = first
        while last + 1 < len(runs) and _belongs(runs[first], runs[last], runs[last + 1], page):
            last += 1
        if last > first:
            table = runs[first : last + 1]
            places = sorted(place for run in table for place in run)
            changes[places[0]] = _rows(table, page)
            dropped.update(places[1:])
        first = last + 1
    return changes, dropped


def _runs(page: PageLines) -> list[list[int]]:
    """The lines in runs, each of which goes down the page from line to line without a jump."""
    runs: list[list[int]] = []
    before: Box | None = None
    for number, box in enumerate(page.boxes):
        if box is None:
            continue
        jump = before is not None and (
            box.bottom > before.bottom - 0.3 * page.unit or before.bottom - box.top > 4 * _FAR * page.unit
        )
        if jump or not runs:
            runs.append([])
        runs[-1].append(number)
        before = box
    return runs


def _belongs(first: Sequence[int], left: Sequence[int], right: Sequence[int], page: PageLines) -> bool:
    """Whether a run is the next column of the table or form whose first two columns are `first` and `left`."""
    before = [box for number in left if (box := page.boxes[number]) is not None]
    values = [(number, box) for number in right if (box := page.boxes[number]) is not None]
    if min(box.left for _, box in values) < max(box.right for box in before) - 1:
        return False
    labels = [(number, box) for number in first if (box := page.boxes[number]) is not None]
    # Colons say of two labels already what they are.
    colons = all(page.raw_text[: page.lines[number].end].rstrip().endswith((":", "：")) for number, _ in labels)
    least = 2 if colons else _ROWS
    if min(len(labels), len(values)) < least:
        return False
    texts = [
        [page.raw_text[page.lines[number].start : page.lines[number].end].strip() for number, _ in column]
        for column in (labels, values)
    ]
    if not _are_labels(*texts):
        return False
    if any(_is_prose(text, [box for _, box in column], page.unit) for text, column in zip(texts, (labels, values))):
        return False
    paired = [(number, label) for number, box in values for label, other in labels if side_by_side(box, other, 0.6)]
    return not (
        len({number for number, _ in paired}) < max(least, 0.7 * len(values)) or len(paired) < 0.6 * len(labels)
    )


def _columns_in_order(page: PageLines, runs: Sequence[Sequence[int]]) -> tuple[dict[int, list[str]], set[int]]:
    """Columns of prose that stand beside each other and were drawn from right to left, in the order in which they are read."""
    changes: dict[int, list[str]] = {}
    dropped: set[int] = set()
    around = [united([box for place in run if (box := page.boxes[place]) is not None]) for run in runs]
    first = 0
    while first + 1 < len(runs):
        last = first
        while last + 1 < len(runs) and _stands_before(around[last + 1], around[last], page.unit):
            last += 1
        columns = runs[first : last + 1]
        if len(columns) > 1 and all(map(page.is_latin, columns)):
            texts = [[page.text(page.lines[place]).strip() for place in run] for run in columns]
            boxes = [[box for place in run if (box := page.boxes[place]) is not None] for run in columns]
            if all(_is_prose(text, box, page.unit) for text, box in zip(texts, boxes)):
                changes[columns[0][0]] = [line for text in reversed(texts) for line in text]
                dropped.update(place for run in columns for place in run if place != columns[0][0])
        first = last + 1
    return changes, dropped


def _stands_before(box: Box, other: Box, unit: float) -> bool:
    """Whether a column stands at the left of another one, beside most of it."""
    common = min(box.top, other.top) - max(box.bottom, other.bottom)
    return box.right < other.left + 0.2 * unit and common > 0.6 * min(box.height, other.height)


def _are_labels(labels: Sequence[str], values: Sequence[str]) -> bool:
    """Whether lines are what others are the values of: most end with a colon, or mostly the others have figures."""
    ends = [sum(text.endswith((":", "：")) for text in column) / len(column) for column in (labels, values)]
    figured = [sum(bool(_DIGIT.search(text)) for text in column) / len(column) for column in (labels, values)]
    return (ends[0] >= 0.5 and ends[1] < 0.3) or (ends[1] < 0.3 and figured[1] - figured[0] >= 0.4)


def _rows(table: Sequence[Sequence[int]], page: PageLines) -> list[str]:
    """The lines of the columns of a table as rows: a label with its value, or cells parted by bars."""
    rows: list[tuple[Box, list[str]]] = []
    for column, run in enumerate(table):
        for number in run:
            box = page.boxes[number]
            if box is None:
                continue
            text = page.text(page.lines[number]).strip()
            row = next((row for row in rows if side_by_side(row[0], box, 0.6) and len(row[1]) <= column), None)
            if row is not None:
                row[1].append(text)
            else:
                rows.append((box, [text]))
    rows.sort(key=lambda row: -row[0].bottom)
    if len(table) > 2:
        return [" | ".join(cells) for _, cells in rows]
    return [f"{cells[0].rstrip(' :：')}: {cells[1]}" if len(cells) == 2 else cells[0] for _, cells in rows]
