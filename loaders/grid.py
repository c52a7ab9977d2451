"""A table as a grid of cells: spans resolved, stacked header rows joined to one name a column, rows rendered with names.

HTML, Word, slides, workbooks, csv and Markdown all make this one type, so that a merged label stands on each of its
rows and no cell is ever read under the name of another column, in the text as in SQL.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

NO_VALUE = frozenset(("-", "–", "—", "n/a", "na", "nan", "null", "none", "..", "..."))
"""What stands in a column of numbers where there is none."""

NO_STORED_VALUE = "(formula without a stored value)"

HEADER_ROWS = 4
"""The first number of a table stands below at most so many rows of names."""

COLUMNS = 2_000
"""Cells of a row beyond this are not read."""

_SPREAD_PLACES = 500_000
"""Spans that would fill more places than this in one table are not spread: a small hostile file can claim billions."""

_NAME_CHARS = 120
_LONG_CHARS = 200
_COLLAPSED_PLACES = 200_000

_NUMERIC = re.compile(
    r"^[\s$€£¥(+−-]*\d[\d\s.,:/%)'’−-]*(?:\s?[€$£¥])?(?:\s?(?:\[\w{1,3}\]|[*†‡]{1,2}))?(?: \(struck out\))?$"
)
_MEASURE = re.compile(r"^[+−-]?\d[\d\s.,]*\s?(?:°[CF]|%|‰|[kMmµ]?[gmWVAl]|[kMG]?Wh|[€$£¥])$")
_PERIOD = re.compile(
    r"^(?:(?:FY|CY|H[12]|Q[1-4])?[ -]?(?:19|20)\d\d(?:[/–-]\d{2,4})?[AEFPB]?"
    r"|\d{1,2}[./]\d{1,2}[./](?:19|20)?\d\d|(?:19|20)\d\d-\d\d(?:-\d\d)?)$"
)
_NOTE = re.compile(
    r"(?:sources?|notes?|remarks?|quellen?|anm(?:erkung(?:en)?)?|hinweis|fuentes?|notas?|fonte|bron|kilde|källa|źródło|出典|注|资料来源)"
    r"\s?[.:：]|[*†‡]\s?\S|(?:\(?[1-9a-z]\)|[¹²³])\s?\S{2}",
    re.IGNORECASE,
)
_DAY = re.compile(r"^(?:(?:19|20)\d\d-\d\d-\d\d|\d{1,2}[./]\d{1,2}[./](?:19|20)\d\d)(?:[ T]\d.*)?$")
_DASHES = ("-", "–", "—")
_SYMBOLS_BEFORE = re.compile(r"^[$€£¥(\[<>~≈±+−-]*$")
_SYMBOLS_AFTER = re.compile(r"^[)\]%‰*†‡]*$")
_UNIT_WORD = re.compile(
    r"^[(\[]?(?:%|‰|°[CF]?|[kMGTmµμnc]?(?:m|g|s|W|Wh|J|V|A|Hz|Pa|N|l|L|t|B|bit|bar|cal)(?:[²³23])?|kWh|MWh|GWh|kVA|kNm|Nm|ha|km|kt|Mt|"
    r"rpm|min|sec|h|hrs?|hours?|days?|years?|pcs?|units?|ea|dB|ppm|mol|bn|mn?|k|EUR|USD|GBP|CHF|JPY|SEK|NOK|DKK|"
    r"[€$£¥]|TEUR|T€|k€|Mio\.?|Mrd\.?|million|thousand|Stück|Std\.?)[)\]]?$"
)
_MILLIONS = re.compile(
    r"^[(\[]?(?:(?:Mio|Mrd|Tsd|mn|bn|m|k|millions?|billions?|thousands?)\.? ?(?:[A-Z]{3}|[€$£¥])"
    r"|(?:[A-Z]{3}|[€$£¥]) ?(?:Mio|Mrd|Tsd|mn|bn|m|k|millions?|billions?|thousands?)\.?)[)\]]?$"
)
_UNIT_PHRASE = re.compile(
    r"\b(?:(?:in|all amounts in|figures in|amounts in)\s+)?(?:(?-i:[A-Z]{3})|US ?\$|[$€£¥]|dollars|euros)\s?(?:in\s+)?"
    r"(?:millions?|thousands?|billions?|mn|bn|m|k|['’]?000s?|Mio\.?|Mrd\.?|Tsd\.?)(?![\w'’])"
    r"|\bin\s+(?:thousands|millions|billions|thousand|million|billion|tausend|Tausend|Millionen|Mio\.?|Mrd\.?|milliers|millones|miles)"
    r"(?:\s+(?:of\s+[a-z]{3,12}\b"
    r"|(?:(?:of|de|d['’])\s?)?(?:(?-i:[A-Z]{3})\b|US ?\$|[$€£¥]|(?:US )?dollars|euros?|Euro|pounds|yen|francs))|(?![\w'’]))"
    r"|\bin\s+(?:EUR|USD|GBP|CHF|JPY|CNY|SEK|NOK|DKK|PLN|CAD|AUD|kWh|MWh|GWh|tonnes|percent|per cent|%)(?!\w)"
    r"|\b(?:[Uu]nits?|Einheit|Unité|Unidad)\s?:\s?[^\s;,.)]{1,12}(?:\s(?:of\s)?[^\s;,.)]{1,12})?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell where it begins. `rows` and `columns` are how many it spans (0 rows: all that follow).

    `header` says that the document marks it as one; `value` is what is stored where `text` is how it is shown.
    """

    text: str
    rows: int = 1
    columns: int = 1
    header: bool = False
    value: Any = None


@dataclass
class Grid:
    """The texts of a table by row and column, every cell that spans several on each of its places.

    `merged` gives for such places the one where the cell begins. `header_rows` is how many rows the document says are
    names (None: it does not say). `values` has what is stored beside what is shown. `marks` stand before a row's line,
    `notes` are lines of their own below it, both by row number.
    """

    texts: list[list[str]]
    merged: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    header_rows: int | None = None
    caption: str = ""
    values: list[list[Any]] | None = None
    marks: Mapping[int, str] = field(default_factory=dict)
    notes: Mapping[int, Sequence[str]] = field(default_factory=dict)
    hidden_columns: frozenset[int] = frozenset()
    above: str = ""
    """What stands right above the table; it may say in what unit its numbers are."""

    @classmethod
    def of_cells(cls, rows: Iterable[Sequence[Cell]], header_rows: int | None = None, caption: str = "") -> Grid:
        """The grid of cells in reading order: each takes the next free place of its row, as HTML says."""
        given = [list(row) for row in rows]
        grid = cls([[] for _ in given], header_rows=header_rows, caption=" ".join(caption.split()))
        taken: dict[tuple[int, int], str] = {}
        for number, row in enumerate(given):
            column, line = 0, grid.texts[number]
            waiting = list(reversed(row))
            while (waiting or (number, column) in taken) and column < COLUMNS:
                if (number, column) in taken:
                    line.append(taken[number, column])
                    column += 1
                    continue
                cell = waiting.pop()
                text = " ".join(cell.text.split())
                width = max(1, min(cell.columns, COLUMNS - column))
                while width > 1 and any((number, column + step) in taken for step in range(width)):
                    width -= 1
                height = max(1, min(cell.rows or len(given), len(given) - number))
                if len(taken) + width * height > _SPREAD_PLACES:
                    width = height = 1
                if width > 1 or height > 1:
                    grid._merge(number, column, height, width)
                    for below in range(1, height):
                        taken.update(((number + below, column + step), text) for step in range(width))
                line.extend([text] * width)
                column += width
        return grid

    def _merge(self, row: int, column: int, height: int, width: int) -> None:
        for down in range(height):
            for step in range(width):
                self.merged[row + down, column + step] = (row, column)

    def merge(self, row: int, column: int, height: int, width: int) -> None:
        """Let the cell at `row` and `column` stand on `height` rows and `width` columns, as a merged range says."""
        if len(self.merged) + height * width > _SPREAD_PLACES:
            return
        height = min(height, len(self.texts) - row)
        if height < 1 or column >= len(self.texts[row]):
            return
        text = self.texts[row][column]
        value = self.values[row][column] if self.values is not None else None
        for down in range(height):
            line = self.texts[row + down]
            line.extend([""] * (column + width - len(line)))
            line[column : column + width] = [text] * width
            if self.values is not None:
                stored = self.values[row + down]
                stored.extend([None] * (column + width - len(stored)))
                stored[column : column + width] = [value] * width
        self._merge(row, column, height, width)

    def as_row(self, row: int) -> tuple[str, ...]:
        """The texts of a row for a table of its own: what stands across all columns is in the first one only."""
        texts = self.texts[row]
        if self.merged and len(texts) > 1 and self.own_cells(row) == 1 and all(texts):
            return (texts[0], *[""] * (len(texts) - 1))
        return tuple(texts)

    def own_cells(self, row: int) -> int:
        """How many different cells with text a row has; one that spans several columns counts once."""
        texts = self.texts[row]
        if not self.merged:
            return sum(map(bool, texts))
        return len({self.merged.get((row, place), (row, place)) for place, text in enumerate(texts) if text})

    def begins_none(self, row: int) -> bool:
        """Whether every cell of a row has begun above it."""
        places = [self.merged.get((row, place)) for place in range(len(self.texts[row]))]
        return bool(places) and all(place is not None and place[0] < row for place in places)


@dataclass(frozen=True)
class Arrangement:
    """What the rows of a grid are: `titles` are texts above the table, `above` rows before its names, `body` the rest.

    `names` are the columns' names, `shown` the same with the unit that the title or the caption gives. `header` says
    whether the names stand in this table.
    """

    titles: tuple[str, ...]
    above: tuple[int, ...]
    names: tuple[str, ...]
    shown: tuple[str, ...]
    body: tuple[int, ...]
    header: bool
    fields: bool = False
    """Whether the rows are labels with their values, as in a form."""
    below: tuple[int, ...] = ()
    """Rows after the table's own: where its numbers come from, notes on it."""


def is_number(text: str) -> bool:
    """Whether a cell is a number, with or without currency, percent and grouping."""
    return _NUMERIC.match(text) is not None


def arranged(grid: Grid, inherited: Sequence[str] = ()) -> Arrangement:
    """Tell titles, names and body of a table apart. `inherited` are names for a table that has none of its own."""
    texts = grid.texts
    rows = [row for row in range(len(texts)) if any(texts[row]) and not (grid.merged and grid.begins_none(row))]
    width = max((grid.own_cells(row) for row in rows[:200]), default=0)
    titles: list[str] = []
    while len(rows) > 1 and width > 1 and _is_title(grid, rows[0], rows[1]):
        titles.append(next(filter(None, texts[rows.pop(0)])))
    start, end = _header(grid, rows, grid.header_rows)
    while (
        end > start
        and end < len(rows)
        and _is_units(texts[rows[end]])
        and any(map(_has_number, _some(texts, rows[end + 1 :])))
    ):
        end += 1
    if end == start:
        names = tuple(inherited)
        fields = not names and grid.header_rows is None and _are_fields([texts[row] for row in rows])
        return Arrangement(tuple(titles), (), names, _marked(grid, names), tuple(rows), False, fields)
    names = tuple(_joined(grid, rows[start:end]))
    above = [" ".join(dict.fromkeys(filter(None, texts[row]))) for row in rows[:start]]
    # Where a table goes on on another page, or files were put together, the names stand among the rows again.
    said = [texts[row] for row in rows[start:end]]
    body = tuple(row for row in rows[end:] if texts[row] not in said)
    notes = 0
    while notes < len(body) - 1 and grid.own_cells(row := body[-1 - notes]) == 1 and _NOTE.match(texts[row][0]):
        notes += 1
    body, below = body[: len(body) - notes], body[len(body) - notes :]
    shown = _with_unit(names, " ".join([grid.above, grid.caption, *titles, *above]), _some(texts, body))
    return Arrangement(tuple(titles), tuple(rows[:start]), names, _marked(grid, shown), body, True, False, below)


def _marked(grid: Grid, names: tuple[str, ...]) -> tuple[str, ...]:
    """The names to show, those of hidden columns marked."""
    if not grid.hidden_columns:
        return names
    width = max(max(map(len, grid.texts), default=0), len(names))
    padded = [*names, *[""] * (width - len(names))]
    return tuple(
        f"{name} (hidden column)".strip() if place in grid.hidden_columns else name for place, name in enumerate(padded)
    )


def _some(texts: Sequence[Sequence[str]], rows: Sequence[int]) -> list[Sequence[str]]:
    return [texts[row] for row in rows[:20]]


def _has_number(row: Sequence[str]) -> bool:
    return any(map(_NUMERIC.match, row))


def _is_title(grid: Grid, row: int, following: int) -> bool:
    """Whether a row is one text above the table rather than a name or a value of it."""
    texts = grid.texts[row]
    if grid.own_cells(row) != 1:
        return False
    first = next(place for place, text in enumerate(texts) if text)
    if is_number(texts[first]):
        return False
    # A table may begin some columns from the edge of its sheet.
    if first > 0 and _begins_at(grid, following, first):
        return True
    # "Rent" alone above the second of two columns is its name.
    if first > 0 and (row, first) not in grid.merged and grid.own_cells(following) <= 2:
        return False
    # A group's name over some of the columns is no title either.
    spans = sum(map(bool, texts))
    return not (first > 0 and 1 < spans < max(len(texts), len(grid.texts[following])) - first)


def _begins_at(grid: Grid, row: int, column: int) -> bool:
    """Whether the rows from `row` on have their first cell in a column, and nothing before it."""
    rows = [texts for texts in grid.texts[row : row + 9] if any(texts)]
    return bool(rows) and not any(any(texts[:column]) for texts in rows) and bool(rows[0][column : column + 1])


def _header(grid: Grid, rows: Sequence[int], declared: int | None) -> tuple[int, int]:
    """Between which of these rows the names stand: (0, 0) when there are none."""
    texts = grid.texts
    if declared is not None:
        end = sum(row < declared for row in rows)
        return (0, end) if end < len(rows) else (0, 0)
    # A text across the whole table names the rows below it, and is no value.
    if _are_fields([texts[row] for row in rows if grid.own_cells(row) > 1 or not all(texts[row])]):
        return 0, 0
    first_number = next((place for place, row in enumerate(rows) if not _all_names(grid, rows, place)), len(rows))
    if 0 < first_number < len(rows) and first_number <= HEADER_ROWS:
        filled = [grid.own_cells(row) + _from_above(grid, row) for row in rows[:first_number]]
        bottom = filled.index(max(filled))
        start, bottom = _stacked(grid, rows, bottom, first_number)
        if _are_names(grid, rows[start : bottom + 1], rows[bottom + 1]):
            return start, bottom + 1
    if first_number > 0 and len(rows) > 1:
        start, bottom = _stacked(grid, rows, 0, min(first_number, HEADER_ROWS))
        if (
            bottom + 1 < len(rows)
            and _are_names(grid, rows[: bottom + 1], None)
            and sum(map(bool, texts[rows[bottom + 1]])) >= 2
        ):
            return 0, bottom + 1
    return 0, 0


def _are_fields(rows: Sequence[Sequence[str]]) -> bool:
    """Whether rows of two cells are labels with their values, as in a form: the labels end so, or the values are mixed."""
    if any(len([cell for cell in row if cell]) > 2 for row in rows):
        return False
    pairs = [(row[0], row[1]) for row in rows if len(row) > 1 and row[0]]
    if len(pairs) < 2:
        return False
    if sum(label.endswith((":", "：")) for label, _ in pairs) * 2 > len(pairs):
        return True
    values = [
        value
        for _, value in pairs[1:]
        if value and value.casefold() not in NO_VALUE and value[0] not in "=#" and NO_STORED_VALUE not in value
    ]
    # A column of a table has values of one kind.
    kinds = Counter("day" if _DAY.match(value) else "number" if is_number(value) else "word" for value in values)
    return len(values) >= 2 and len(kinds) > 1 and max(kinds.values()) <= len(values) * 0.6


def _from_above(grid: Grid, row: int) -> int:
    if not grid.merged:
        return 0
    return sum(place[0] < row for column in range(len(grid.texts[row])) if (place := grid.merged.get((row, column))))


def _all_names(grid: Grid, rows: Sequence[int], place: int) -> bool:
    """Whether a row may be one of names: it has no number, or none but the years and days of a header row."""
    cells = grid.texts[rows[place]]
    numbers = [column for column, cell in enumerate(cells) if _NUMERIC.match(cell)]
    unknown = [(column, cell) for column, cell in enumerate(cells) if cell and cell.casefold() in NO_VALUE]
    if any(cell in grid.texts[row][column : column + 1] for column, cell in unknown for row in rows[place + 1 :]):
        return False  # what says in the rows below that there is no value says so here
    if not numbers:
        return True
    if not all(_PERIOD.match(cells[column]) for column in numbers):
        return False
    if numbers[0] == 0 and (rows[place], 0) not in grid.merged:
        return False
    spread = [column for column in numbers if (rows[place], column) in grid.merged]
    if len(numbers) < 2 and not spread and not any(cell for cell in cells[1:] if not _NUMERIC.match(cell)):
        return False
    under_group = place > 0 and any((rows[place - 1], column) in grid.merged for column in numbers)
    if place > 0 and not under_group and grid.own_cells(rows[place - 1]) > 1:
        return False
    # A column of years below a year is data: born, died.
    below = [grid.texts[row] for row in rows[place + 1 : place + 6]]
    return any(
        row[column] and not _PERIOD.match(row[column]) for row in below for column in numbers if column < len(row)
    )


def _stacked(grid: Grid, rows: Sequence[int], bottom: int, limit: int) -> tuple[int, int]:
    """The rows that belong to the names with the row `bottom`: groups above it, and what divides a group below it."""
    start = bottom
    while bottom + 1 < min(limit, len(rows) - 1) and (
        _divides(grid, rows[bottom], rows[bottom + 1]) or _tells_apart(grid, rows[bottom], rows[bottom + 1])
    ):
        bottom += 1
    while start > 0 and _groups(grid, rows[start - 1], rows[start]):
        start -= 1
    return start, bottom


def _divides(grid: Grid, upper: int, lower: int) -> bool:
    """Whether a row of names is divided by the one below: a cell over several columns has several cells below it."""
    if not grid.merged or any(map(_MEASURE.match, grid.texts[lower])):
        return False
    texts = grid.texts
    if grid.merged.get((lower, 0)) == (lower, 0) and grid.merged.get((lower + 1, 0)) == (lower, 0):
        # A label that goes on over the rows below begins the body.
        return False
    for column in range(len(texts[upper]) - 1):
        here = grid.merged.get((upper, column))
        if here is None or not texts[upper][column] or grid.merged.get((upper, column + 1)) != here:
            continue
        below = [grid.merged.get((lower, place), (lower, place)) for place in (column, column + 1)]
        if below[0] == here or column + 1 >= len(texts[lower]):
            continue
        if below[0] != below[1] and texts[lower][column] and texts[lower][column + 1]:
            return True
    return any(
        (place := grid.merged.get((lower, column))) is not None and place[0] <= upper and texts[lower][column]
        for column in range(len(texts[lower]))
    )


def _tells_apart(grid: Grid, upper: int, lower: int) -> bool:
    """Whether a row gives names of their own to columns that the row above it names alike: 2032, 2032 over Q1, Q2."""
    above, below = grid.texts[upper], grid.texts[lower]
    twins = [column for column, name in enumerate(above) if name and above.count(name) > 1]
    if not twins or grid.merged or below[0] or any(map(_MEASURE.match, below)):
        return False
    named = [(above[column], below[column]) for column in twins if column < len(below) and below[column]]
    return len(named) == len(twins) == len(set(named))


def _groups(grid: Grid, upper: int, lower: int) -> bool:
    """Whether a row names groups of the columns below it: by merged cells, or by texts each over several alike columns."""
    texts = grid.texts
    if grid.own_cells(upper) <= 1 and not texts[upper][:1]:
        return False
    if any((upper, column) in grid.merged for column, text in enumerate(texts[upper]) if text):
        return True
    names = [name for name in texts[lower] if name]
    return len(set(names)) < len(names) and sum(map(bool, texts[upper])) >= 2


def _are_names(grid: Grid, header: Sequence[int], below: int | None) -> bool:
    """Whether rows can be names: two or more, not too long, and different from each other unless numbers follow."""
    last = header[-1]
    names = [
        name
        for column, name in enumerate(_joined(grid, header))
        # A name over several columns counts once.
        if name
        and not (
            column
            and (last, column) in grid.merged
            and grid.merged[last, column] == grid.merged.get((last, column - 1))
        )
    ]
    bottom = grid.texts[last]
    corner = len(names) == 1 and not bottom[:1][0] and below is not None and grid.own_cells(below) == 2
    if len(names) < 2 and not corner:
        return False
    if any(len(name) > _NAME_CHARS for name in names):
        return False
    different = len(set(names))
    return different == len(names) or (below is not None and different >= 2)


def _joined(grid: Grid, header: Sequence[int]) -> list[str]:
    """One name a column of the rows of names: each cell once, the widest first."""
    texts = grid.texts
    width = max(len(texts[row]) for row in header)
    filled_on = [_carried(grid, row, width) if row != header[-1] else texts[row] for row in header]
    names: list[str] = []
    for column in range(width):
        parts: list[str] = []
        seen: set[tuple[int, int]] = set()
        for row, cells in zip(header, filled_on):
            text = cells[column] if column < len(cells) else ""
            place = grid.merged.get((row, column), (row, column))
            if not text or place in seen or (parts and (parts[-1] == text or text in _DASHES)):
                continue
            seen.add(place)
            # A cell across the whole table is its title, and says nothing of one column.
            across = sum(grid.merged.get((row, step)) == place for step in range(width)) if place in grid.merged else 1
            if across < width or width == 1:
                parts.append(text)
        if len(parts) > 1 and _is_unit(parts[-1]):
            parts[-1] = f"({parts[-1].strip('()[]')})"
        names.append(" ".join(parts))
    return names


def _carried(grid: Grid, row: int, width: int) -> list[str]:
    """A row of groups that are not merged: each text stands for the empty columns after it too."""
    cells = list(grid.texts[row])
    if any((row, column) in grid.merged for column, cell in enumerate(cells) if cell):
        return cells
    cells += [""] * (width - len(cells))
    start = next((column for column, cell in enumerate(cells) if cell and column > 0), len(cells))
    for column in range(start + 1, len(cells)):
        cells[column] = cells[column] or cells[column - 1]
    return cells


def _is_units(row: Sequence[str]) -> bool:
    """Whether a row below the names has nothing but units."""
    cells = [cell for cell in row if cell and cell not in _DASHES]
    return bool(cells) and all(map(_is_unit, cells))


def _is_unit(cell: str) -> bool:
    parts = cell.replace(" ", "").split("/")
    of_money = _MILLIONS.match(cell)
    return of_money is not None or (len(parts) <= 2 and all(map(_UNIT_WORD.match, parts)))


def _with_unit(names: tuple[str, ...], above: str, body: Iterable[Sequence[str]]) -> tuple[str, ...]:
    """The names to show: the unit that is said above a table of numbers is part of what its rows are of."""
    phrase = _UNIT_PHRASE.search(above)
    if phrase is None or not names or not any(map(_has_number, body)):
        return names
    unit = phrase[0].strip(" ()[]")
    if any(unit.casefold() in name.casefold() or _UNIT_PHRASE.search(name) for name in names):
        return names
    return (f"{names[0]} ({unit})" if names[0] else unit, *names[1:])


def labelled(header: Sequence[str], cells: Sequence[str]) -> str:
    """The cells of a row that are not empty, each after the name of its column if it has one."""
    parts = []
    for place, cell in enumerate(cells):
        name = header[place] if place < len(header) else ""
        if cell:
            parts.append(f"{name}: {cell}" if name and name != cell else cell)
    return " | ".join(parts)


def line_of(grid: Grid, row: int, names: Sequence[str]) -> str:
    """A row as a line: `name: value | name: value`, a cell over several columns under each of their names."""
    cells = grid.texts[row]
    mark = grid.marks.get(row, "")
    if not grid.merged:
        return mark + labelled(names, cells)
    parts: list[str] = []
    column = 0
    while column < len(cells):
        place = grid.merged.get((row, column))
        width = 1
        while place is not None and grid.merged.get((row, column + width)) == place:
            width += 1
        text = cells[column]
        if text:
            across = [name for name in names[column : column + width] if name]
            if width >= len(cells) > 1 or (width > 1 and (len(text) * width > _LONG_CHARS or not across)):
                parts.append(text)
            else:
                parts += [f"{name}: {text}" if name != text else text for name in dict.fromkeys(across)] or [text]
        column += width
    return mark + " | ".join(parts)


def field_line(grid: Grid, row: int) -> str:
    """A row of a form as a line: `label: value`, or what stands there alone."""
    label, *values = dict.fromkeys(filter(None, grid.texts[row]))
    return grid.marks.get(row, "") + (f"{label.rstrip(' :：')}: {values[0]}" if values else label)


def collapsed(grid: Grid) -> Grid:
    """The grid without the columns that pages lay out numbers with: a currency sign, a bracket, a gap of their own.

    Two neighbours become one column where no row has a value of its own in both.
    """
    width = max(map(len, grid.texts), default=0)
    if width < 2 or width * len(grid.texts) > _COLLAPSED_PLACES:
        return grid
    for row in grid.texts:
        row.extend([""] * (width - len(row)))
    groups: list[list[int]] = [[0]]
    for column in range(1, width):
        if _one_column(grid, groups[-1], column):
            groups[-1].append(column)
        else:
            groups.append([column])
    if len(groups) == width:
        return grid
    result = Grid(
        [], header_rows=grid.header_rows, caption=grid.caption, marks=grid.marks, notes=grid.notes, above=grid.above
    )
    begins: dict[tuple[int, int], tuple[int, int]] = {}
    for number, cells in enumerate(grid.texts):
        result.texts.append([_put_together(grid, number, group, cells) for group in groups])
        for column, group in enumerate(groups):
            spanning = [grid.merged[number, one] for one in group if (number, one) in grid.merged and cells[one]]
            place = spanning[0] if spanning else grid.merged.get((number, group[0]))
            if place is not None:
                result.merged[number, column] = begins.setdefault(place, (number, column))
    places = Counter(result.merged.values())
    result.merged = {key: place for key, place in result.merged.items() if places[place] > 1}
    return result


def _put_together(grid: Grid, row: int, group: Sequence[int], cells: Sequence[str]) -> str:
    text, seen = "", None
    for column in group:
        place = grid.merged.get((row, column), (row, column))
        if cells[column] and place != seen:
            text += cells[column]
        seen = place
    return text


def _one_column(grid: Grid, group: Sequence[int], column: int) -> bool:
    """Whether `column` only carries on the columns of `group`."""
    shared = False
    for row, cells in enumerate(grid.texts):
        right = cells[column]
        here = grid.merged.get((row, column), (row, column))
        if grid.merged.get((row, 0)) == here and grid.merged.get((row, len(cells) - 1)) == here:
            continue
        lefts = [
            cells[place] for place in group if cells[place] and grid.merged.get((row, place), (row, place)) != here
        ]
        if len(lefts) < sum(bool(cells[place]) for place in group):
            shared = True
            if lefts:
                return False
            continue
        left = "".join(lefts)
        if not right or not left:
            continue
        if _SYMBOLS_BEFORE.match(left) or _SYMBOLS_AFTER.match(right):
            shared = True
            continue
        return False
    return (
        shared
        or all(not cells[column] for cells in grid.texts)
        or all(not cells[place] for cells in grid.texts for place in group)
    )
