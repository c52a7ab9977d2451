"""Workbooks (Excel, OpenDocument): every sheet is a page labelled with its name, every row a line with the names of its columns."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from loaders import limits, locked_office
from loaders.blocks import PageBuilder
from loaders.document import Document, LoadError, Page, PasswordNeededError
from loaders.grid import HEADER_ROWS, Grid, arranged, is_number
from loaders.left_out import LeftOut
from loaders.ods_sheets import ods_sheets
from loaders.opc import Package, check_unpacked_size
from loaders.registry import Loader
from loaders.sheet import Comment, Row, Sheet
from loaders.sniff import Kind, kind_of
from loaders.tables import TableKeeper
from loaders.xls_sheets import xls_sheets
from loaders.xlsb_sheets import is_xlsb, xlsb_sheets
from loaders.xlsx_sheets import cell_name, xlsx_sheets

VERSION = 5

_REMEDY = "Open it in the program that made it and save it again, or export it as CSV."
_HIDDEN_SHEET = "(hidden sheet) "
_HIDDEN_ROW = "(hidden row) "
_ALIKE_ROWS = 50
_PARTS = 6


def load(path: Path) -> Document:
    """The workbook at `path`, the values its formulas last had. Raises LoadError."""
    check_unpacked_size(path)
    with path.open("rb") as file:
        kind = kind_of(file.read(4096), path)
    omitted, keeper = LeftOut(), TableKeeper()
    try:
        if kind is Kind.XLS:
            pages = _pages(xls_sheets(path, omitted), keeper)
        else:
            with Package(path) as package:
                sheets = ods_sheets if kind is Kind.ODS else xlsb_sheets if is_xlsb(package) else xlsx_sheets
                pages = _pages(sheets(package, omitted), keeper)
    except (MemoryError, RecursionError, LoadError):
        raise
    except Exception as error:
        # lxml and xlrd raise KeyError, TypeError, struct.error and more for damaged files.
        if "encrypted" in str(error).lower():
            raise PasswordNeededError from None
        raise LoadError(f"it is damaged or not a workbook ({type(error).__name__}: {error})", _REMEDY) from None
    return _document(pages, keeper, omitted)


def document_of(sheets: Iterable[Sheet], omitted: LeftOut) -> Document:
    """A workbook of sheets that were read from another format. Raises LoadError when they have no text."""
    keeper = TableKeeper()
    return _document(_pages(sheets, keeper), keeper, omitted)


def _document(pages: Sequence[Page], keeper: TableKeeper, omitted: LeftOut) -> Document:
    if not any(page.text.strip() for page in pages):
        raise LoadError("the workbook has no cells with text", "Nothing to load.")
    notes = {**keeper.notes, **omitted.notes}
    return Document("", tuple(pages), LOADER.name, VERSION, notes, tables=tuple(keeper.tables))


def _pages(sheets: Iterable[Sheet], keeper: TableKeeper) -> list[Page]:
    budget = limits.TextBudget()
    pages = []
    for number, sheet in enumerate(sheets, 1):
        builder = PageBuilder(number, sheet.name, budget)
        _SheetPage(sheet, builder, keeper).fill()
        pages.append(builder.page())
    return pages


class _SheetPage:
    """Writes one sheet on its page, and keeps its tables."""

    def __init__(self, sheet: Sheet, builder: PageBuilder, keeper: TableKeeper) -> None:
        self.sheet, self.builder, self.keeper = sheet, builder, keeper
        self.name = f"{sheet.name} (hidden)" if sheet.hidden else sheet.name
        self.mark = _HIDDEN_SHEET if sheet.hidden else ""
        self.comments: dict[int, list[Comment]] = {}
        for comment in sheet.comments:
            self.comments.setdefault(comment.row, []).append(comment)

    def fill(self) -> None:
        self.builder.heading(1, f"{self.sheet.name} (hidden sheet)" if self.sheet.hidden else self.sheet.name)
        header: tuple[str, ...] = ()
        before: list[Row] = []
        for block in (part for whole in self._blocks() for part in _side_by_side(whole)):
            names = header if before and _goes_on(before, block) else ()
            header, before = self._add(block, names), block
        for row in sorted(self.comments):
            for comment in self.comments[row]:
                self.builder.paragraph(self.mark + _said(comment))
        for extra in self.sheet.extras:
            if isinstance(extra, Grid):
                extra.marks = dict.fromkeys(range(len(extra.texts)), self.mark)
                self.keeper.offer(extra.caption, self.builder.number, self.builder.table(extra))
            else:
                self.builder.paragraph(self.mark + extra)

    def _blocks(self) -> Iterator[list[Row]]:
        """Rows without an empty one between them; names that an empty row parts from their numbers are one with them."""
        bridged = {
            row for top, _, bottom, _ in self.sheet.merges if bottom - top < 10_000 for row in range(top, bottom)
        }  # fmt: skip
        blocks: list[list[Row]] = []
        last = -2
        for row in self.sheet.rows:
            gap = row.number - last
            if gap <= 1 or (gap <= 3 and all(between in bridged for between in range(last, row.number))):
                blocks[-1].append(row)
            else:
                blocks.append([row])
            last = row.number
        place = 0
        while place < len(blocks):
            block = blocks[place]
            if place + 1 < len(blocks) and _only_names(block, blocks[place + 1]):
                place += 1
                block = block + blocks[place]
            yield block
            place += 1

    def _add(self, rows: list[Row], inherited: tuple[str, ...]) -> tuple[str, ...]:
        """Add a block; returns the names of its columns, () when it has none."""
        grid = Grid([row.texts for row in rows], values=[row.values for row in rows])
        places = {row.number: place for place, row in enumerate(rows)}
        columns = _columns(rows)
        for top, left, bottom, right in self.sheet.merges:
            if top in places and left in columns:
                height = sum(top <= row.number <= bottom for row in rows[places[top] : places[top] + bottom - top + 1])
                grid.merge(places[top], left, height, right - left + 1)
        named = next((one for one in self.sheet.ranges if one.top in places), None)
        if named is not None and named.header:
            grid.header_rows = places[named.top] + 1
        grid.hidden_columns = self.sheet.hidden_columns
        grid.marks = {
            place: self.mark + (_HIDDEN_ROW if row.hidden else "")
            for place, row in enumerate(rows)
            if row.hidden or self.mark
        }
        if max(map(grid.own_cells, range(len(rows)))) <= 1:
            for place, row in enumerate(rows):
                self.builder.paragraph(grid.marks.get(place, "") + next(filter(None, row.texts)))
                for note in self._notes(row, (), columns):
                    self.builder.line(note)
            return ()
        plan = arranged(grid, inherited)
        if self.comments:
            grid.notes = {
                place: notes for place, row in enumerate(rows) if (notes := self._notes(row, plan.names, columns))
            }
        placed = self.builder.table(grid, inherited, self.keeper.shown_chars(grid.texts))
        self.keeper.add(self.name, self.builder.number, placed)
        return plan.names

    def _notes(self, row: Row, names: Sequence[str], columns: range) -> list[str]:
        """The comments on the cells of a row in these columns, each with what the cell is."""
        label = next((text for text in row.texts if text), "")
        notes = []
        here = [comment for comment in self.comments.get(row.number, ()) if comment.column in columns]
        self.comments[row.number] = [one for one in self.comments.get(row.number, ()) if one not in here]
        for comment in here:
            column = names[comment.column] if comment.column < len(names) else ""
            own = row.texts[comment.column] if comment.column < len(row.texts) else ""
            of = ", ".join(dict.fromkeys(part for part in (label, column, own if own != label else "") if part))
            notes.append(self.mark + _said(comment, of))
        return notes


def _side_by_side(block: list[Row]) -> Iterator[list[Row]]:
    """A block, or the tables that stand beside each other in it, an empty column between them.

    A gap in one table looks the same: they are two when each has words for names and begins with a column of words, and
    either each has a title of its own or one has rows that the other has not.
    """
    width = max(len(row.texts) for row in block)
    filled = [any(place < len(row.texts) and row.texts[place] for row in block) for place in range(width)]
    gaps = [place for place in range(1, width - 1) if not filled[place] and filled[place + 1]]
    edges = [-1, *gaps, width]
    parts = [(start + 1, end) for start, end in itertools.pairwise(edges)]
    if len(parts) < 2 or len(parts) > _PARTS:
        yield block
        return
    cut = [[part for row in block if any((part := _part(row, start, end)).texts)] for start, end in parts]
    titled = all(len(part) > 2 and sum(map(bool, part[0].texts)) == 1 for part in cut)
    uneven = len({tuple(row.number for row in part) for part in cut}) > 1
    if (titled or uneven) and all(_is_table(part, 1 if titled else 0) for part in cut):
        yield from cut
    else:
        yield block


def _part(row: Row, start: int, end: int) -> Row:
    """The cells of some columns of a row, in their places."""
    texts = [text if place >= start else "" for place, text in enumerate(row.texts[:end])]
    values = [value if place >= start else None for place, value in enumerate(row.values[:end])]
    return Row(row.number, texts if any(texts) else [], values, row.hidden)


def _is_table(rows: Sequence[Row], first: int) -> bool:
    """Whether rows have names in words from the row `first` on, two at least, and words below the first of them."""
    if len(rows) < first + 2:
        return False
    names = [place for place, text in enumerate(rows[first].texts) if text]
    if len(names) < 2 or any(_is_value(rows[first], place) for place in names):
        return False
    labels = [row for row in rows[first + 1 :] if names[0] < len(row.texts) and row.texts[names[0]]]
    return bool(labels) and not any(_is_value(row, names[0]) for row in labels)


def _columns(rows: Sequence[Row]) -> range:
    """The columns between the first and the last that have a cell."""
    firsts = [next((place for place, text in enumerate(row.texts) if text), 0) for row in rows]
    return range(min(firsts), max(max(len(row.texts) for row in rows), 1 + max(firsts)))


def _said(comment: Comment, of: str = "") -> str:
    by = f" by {comment.author}" if comment.author else ""
    on = f" ({of[:120]})" if of else ""
    return f"{comment.kind}{by} on {cell_name(comment.row, comment.column)}{on}: {comment.text}"


def _only_names(block: Sequence[Row], following: Sequence[Row]) -> bool:
    """Whether a block has nothing but the names of the columns of the next one, whose first row has numbers."""
    filled = [sum(map(bool, row.texts)) for row in block]
    if (
        len(block) > HEADER_ROWS
        or filled[-1] < 2
        or any(_is_value(row, place) for row in block for place in range(len(row.texts)))
    ):
        return False
    numbers = [place for place in range(len(following[0].texts)) if _is_value(following[0], place)]
    named = block[-1].texts
    return bool(numbers) and all(place < len(named) and named[place] for place in numbers)


def _is_value(row: Row, place: int) -> bool:
    """Whether a cell is a number that is no name: stored as one, or as text that reads like one."""
    value = row.values[place]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return not (isinstance(value, int) and 1900 <= value <= 2100 and row.texts[place] == str(value))
    return isinstance(value, str) and is_number(value) and not value.isdigit()


def _goes_on(before: Sequence[Row], block: Sequence[Row]) -> bool:
    """Whether a block without names goes on with the table above it after one empty row.

    It must have its numbers in the same columns, two at least, and its other columns where that table has them: another
    table would be read under false names.
    """
    if block[0].number - before[-1].number != 2:
        return False
    above, here = _number_columns(before), _number_columns(block)
    return above is not None and here is not None and len(here[0]) >= 2 and above == here


def _number_columns(rows: Sequence[Row]) -> tuple[frozenset[int], frozenset[int]] | None:
    """The columns with numbers only and those with text only, below the names; None when a column has both."""
    kinds: dict[int, set[bool]] = {}
    body = list(
        itertools.dropwhile(lambda row: not any(_is_value(row, place) for place in range(len(row.texts))), rows)
    )
    for row in body[-_ALIKE_ROWS:]:
        for place, text in enumerate(row.texts):
            if text:
                kinds.setdefault(place, set()).add(_is_value(row, place))
    if any(len(both) > 1 for both in kinds.values()):
        return None
    return (
        frozenset(place for place, kind in kinds.items() if kind == {True}),
        frozenset(place for place, kind in kinds.items() if kind == {False}),
    )


LOADER = Loader(
    name="workbook",
    version=VERSION,
    suffixes=(".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"),
    kinds=(Kind.XLSX, Kind.XLS, Kind.ODS),
    load=load,
    unlock=locked_office.unlock,
)
