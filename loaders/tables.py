"""Keeps the tables of a document as typed Arrow tables beside its text.

A column has a type when every cell of it does: whole number, number, date, time, truth; else it stays text. What a
workbook stores goes before what it shows. The column `_row` says on which line of the document's page a row stands.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from loaders.date_text import dates
from loaders.document import Table
from loaders.grid import NO_VALUE
from loaders.number_text import decimal_sign, numbers

if TYPE_CHECKING:
    import pyarrow as pa

ROW = "_row"
ROWS = 1_000_000
COLUMNS = 500
CELLS = 5_000_000
BYTES = 64 * 1024 * 1024
"""Beyond any of these a table is not kept; its text is."""

SHOWN_CHARS = 1_000_000
"""A table has this much text; the rows after it are asked by SQL, for nobody reads them, and cutting them takes minutes."""

TEXT_TABLES = 60
"""A document of text keeps at most so many tables for SQL; those after them are text only."""

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?")
_CODE = re.compile(r"^0\d|[^\W\d_]")
"""A number that is shown with letters or leading zeros is a code: both forms are columns."""

_SHOWN = "as shown"
_TRUTHS = {"true": True, "false": False}
_RESERVED = frozenset(
    "all analyse analyze and any array as asc both case cast check collate column constraint create default deferrable "
    "desc describe distinct do else end except false fetch for foreign from group having in initially intersect into "
    "lambda lateral leading limit not null offset on only or order pivot placing primary qualify references returning "
    "select show some summarize symmetric table then to trailing true union unique unpivot using variadic when where "
    "window with rowid".split()
)


@dataclass(frozen=True)
class PlacedRows:
    """A table as it stands on a page: the names of its columns, and each row of cells with its line (from 1, if any)."""

    names: tuple[str, ...]
    rows: tuple[tuple[int | None, tuple[str, ...]], ...]
    stored: Sequence[Sequence[Any]] | None = None
    """What is stored where the cells are as they are shown: a value for each cell, None where there is none."""
    unwritten: int = 0
    """How many of the rows are not in the text."""


class TableKeeper:
    """Collects the tables of one document; what is too large for a table is left out, and `left_out` counts it."""

    def __init__(self) -> None:
        self.tables: list[Table] = []
        self.left_out = 0
        self._cells = self._beyond = 0

    def add(self, name: str, page: int, placed: PlacedRows) -> None:
        """Keep a table of the page with that number. One without rows below its header is none."""
        width = max((len(cells) for _, cells in placed.rows), default=0)
        if not placed.rows or not width:
            return
        self._cells += width * len(placed.rows)
        if len(placed.rows) > ROWS or width > COLUMNS or self._cells > CELLS:
            self.left_out += 1
            return
        named = [placed.names[place] if place < len(placed.names) else "" for place in range(width)]
        cut = [[cells[place] if place < len(cells) else "" for _, cells in placed.rows] for place in range(width)]
        # Narrow columns without a name or a cell are there for looks.
        used = [place for place in range(width) if named[place] or any(cut[place])]
        # A column that does not prove its decimal sign has that of the others.
        signs = {
            place: decimal_sign(cut[place]) if placed.stored is None or _are_texts(placed.stored, place) else ""
            for place in used
        }
        proven = set(signs.values()) - {""}
        usual_sign = proven.pop() if len(proven) == 1 else "."
        labels, arrays = [], []
        for place in used:
            stored = None if placed.stored is None else [_at(row, place) for row in placed.stored]
            array = None if stored is None else _stored(cut[place], stored)
            labels.append(named[place])
            arrays.append(_typed(cut[place], signs[place] or usual_sign) if array is None else array)
            if (
                array is not None
                and str(array.type) in ("int64", "double")
                and any(
                    isinstance(value, int | float) and _CODE.search(cell)
                    for cell, value in zip(cut[place], stored or ())
                )
            ):
                labels.append(f"{named[place]} {_SHOWN}".strip())
                arrays.append(_texts(cut[place]))
        self.keep(name, page, labels, arrays, [line for line, _ in placed.rows])
        self._beyond += placed.unwritten

    def offer(self, name: str, page: int, placed: PlacedRows) -> None:
        """Keep a table that stands among text, when it is data: its columns have names and it has two rows or more."""
        if len(placed.rows) < 2 or sum(map(bool, placed.names)) < 2:
            return
        if len(self.tables) >= TEXT_TABLES:
            self.left_out += 1
            return
        self.add(name, page, placed)

    def keep(
        self, name: str, page: int, labels: Sequence[str], arrays: Sequence[Any], lines: Sequence[int | None]
    ) -> None:
        """Keep columns that have their types already."""
        import pyarrow as pa

        names = column_names(labels)
        table = pa.table([*arrays, pa.array(lines, pa.int64())], names=[*names, ROW])
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        data = sink.getvalue().to_pybytes()
        if len(data) > BYTES:
            self.left_out += 1
            return
        self.tables.append(Table(name, page, tuple(labels), len(lines), data))

    def shown_chars(self, rows: Sequence[Sequence[str]]) -> float:
        """How much of these rows need be text: all where they are too many for a table, else what a person might read."""
        width = max(map(len, rows), default=0)
        fits = len(rows) <= ROWS and width <= COLUMNS and self._cells + width * len(rows) <= CELLS
        return SHOWN_CHARS if fits else float("inf")

    @property
    def notes(self) -> dict[str, str]:
        """Metadata of the document: what was not kept, and how many rows are in its tables only."""
        beyond = {"rows_by_sql_only": str(self._beyond)} if self._beyond else {}
        return {**beyond, **({"tables_left_out": str(self.left_out)} if self.left_out else {})}


def column_names(labels: Sequence[str]) -> list[str]:
    """Names that need no quotes in SQL, all different: "Stanley Cups" is stanley_cups, a column without a name c3."""
    names: list[str] = []
    for number, label in enumerate(labels, 1):
        base = identifier(label) or f"c{number}"
        name, copy = base, 2
        while name in names or name == ROW:
            name, copy = f"{base}_{copy}", copy + 1
        names.append(name)
    return names


def identifier(text: str) -> str:
    """`text` as a name in SQL, "" when nothing of it can be one."""
    name = re.sub(r"\W+", "_", text.casefold()).strip("_")[:60].strip("_")
    if name[:1].isdigit():
        name = f"_{name}"
    return f"{name}_" if name in _RESERVED else name


def _at(row: Sequence[Any], place: int) -> Any:
    return row[place] if place < len(row) else None


def _are_texts(stored: Sequence[Sequence[Any]], place: int) -> bool:
    """Whether a column of a workbook is stored as text, numbers among it or not."""
    return all(isinstance(_at(row, place), str | None) for row in stored)


def _texts(cells: Sequence[str]) -> pa.Array:
    import pyarrow as pa

    return pa.array([cell or None for cell in cells], pa.string())


def _stored(cells: Sequence[str], values: Sequence[Any]) -> pa.Array | None:
    """A column of the values that are stored; None when they are text, or of several kinds."""
    import pyarrow as pa

    values = [
        None if isinstance(value, str) and (not value or value.casefold() in NO_VALUE) else value for value in values
    ]
    kinds = {type(value) for value in values if value is not None}
    if not kinds or str in kinds:
        return None
    if kinds == {bool}:
        return pa.array(values, pa.bool_())
    if kinds <= {int, float}:
        if all(value is None or (float(value).is_integer() and abs(value) < 2**53) for value in values):
            return pa.array([None if value is None else int(value) for value in values], pa.int64())
        return pa.array([None if value is None else float(value) for value in values], pa.float64())
    if kinds == {datetime.datetime}:
        if all(value is None or value.time() == datetime.time() for value in values):
            return pa.array([None if value is None else value.date() for value in values], pa.date32())
        return pa.array(values, pa.timestamp("us"))
    return None


def _typed(cells: Sequence[str], sign: str) -> pa.Array:
    """A column of the narrowest type that all its cells have; empty cells are NULL."""
    import pyarrow as pa

    held = [bool(cell) and cell.casefold() not in NO_VALUE for cell in cells]
    filled = [cell for cell, holds in zip(cells, held) if holds]
    if not filled:
        return _texts(cells)
    if all(cell.casefold() in _TRUTHS for cell in filled):
        return pa.array([_TRUTHS[cell.casefold()] if holds else None for cell, holds in zip(cells, held)], pa.bool_())
    kinds: tuple[tuple[Callable[[str], Any], Callable[[str], Any], Any], ...] = (
        (_DATE.fullmatch, datetime.date.fromisoformat, pa.date32()),
        (_TIME.fullmatch, datetime.datetime.fromisoformat, pa.timestamp("us")),
    )
    try:
        if any(cell.isdigit() for cell in filled[0]) and (read := numbers(filled, sign)) is not None:
            values = iter(read)
            kind = pa.float64() if any(isinstance(value, float) for value in read) else pa.int64()
            return pa.array([next(values) if holds else None for holds in held], kind)
        for fits, value, kind in kinds:
            if all(map(fits, filled)):
                return pa.array([value(cell) if holds else None for cell, holds in zip(cells, held)], kind)
        if (days := dates(filled)) is not None:
            written = iter(days)
            return pa.array([next(written) if holds else None for holds in held], pa.date32())
    except (ValueError, OverflowError):
        pass
    return _texts(cells)
