"""Tables as text (csv, tsv): every record a line with the header of its columns."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

from loaders import limits
from loaders.blocks import PageBuilder
from loaders.document import Document, LoadError
from loaders.grid import is_number
from loaders.registry import Loader
from loaders.tables import TableKeeper
from loaders.text import read_text

VERSION = 4

_DELIMITERS = ",;\t|"
_SAMPLE_LINES = 50
_STATED_DELIMITER = re.compile(r"sep=([,;\t|])[ \t]*\n")
"""Excel's own first line, which says how the others are cut."""


def load(path: Path) -> Document:
    """The table at `path` as one page. Raises LoadError."""
    text = read_text(path)
    csv.field_size_limit(limits.TEXT_CHARS)
    builder = PageBuilder(1, None, limits.TextBudget())
    stated = _STATED_DELIMITER.match(text)
    text = text[stated.end() :] if stated else text
    delimiter = "\t" if path.suffix.lower() == ".tsv" else stated[1] if stated else delimiter_of(text)
    try:
        rows = list(csv.reader(io.StringIO(text), delimiter=delimiter))
    except csv.Error as error:
        raise LoadError(f"it is not a table: {error}", "Check its quotation marks, or rename it to .txt.") from None
    keeper = TableKeeper()
    for block in _blocks([[" ".join(cell.split()) for cell in row] for row in rows]):
        if max(sum(map(bool, row)) for row in block) <= 1 < max(map(len, rows)):
            for row in block:
                builder.paragraph(" ".join(row))
        else:
            keeper.add("", 1, builder.table(block, shown_chars=keeper.shown_chars(block)))
    return Document("", (builder.page(),), LOADER.name, VERSION, keeper.notes, tables=tuple(keeper.tables))


def _blocks(rows: list[list[str]]) -> Iterator[list[list[str]]]:
    """The tables of a file: rows behind an empty one are another table when they begin with names of their own."""
    blocks: list[list[list[str]]] = [[]]
    gap = False
    for number, row in enumerate(rows):
        if not any(row):
            gap = True
            continue
        if gap and blocks[-1] and _begins(rows, number, blocks[-1]):
            blocks.append([])
        blocks[-1].append(row)
        gap = False
    return iter(block for block in blocks if block)


def _begins(rows: list[list[str]], number: int, before: list[list[str]]) -> bool:
    """Whether a row has the names of another table: words only, above another number of cells or a row with figures."""
    row = rows[number]
    filled, width = sum(map(bool, row)), sum(map(bool, before[-1]))
    following = next((one for one in rows[number + 1 : number + 2] if any(one)), None)
    if any(map(is_number, row)) or following is None:
        return width <= 1 < filled
    return width <= 1 or filled != width or (any(map(is_number, following)) and not any(map(is_number, before[0])))


def delimiter_of(text: str) -> str:
    """The delimiter that cuts the first lines into most columns, and into the same number of them."""
    lines = text.split("\n", _SAMPLE_LINES + 1)[:_SAMPLE_LINES]
    best, best_score = ",", 0.0
    for delimiter in _DELIMITERS:
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
        common = max(set(widths), key=widths.count, default=1)
        score = (common - 1) * widths.count(common) / max(1, len(widths))
        if score > best_score:
            best, best_score = delimiter, score
    return best


LOADER = Loader(name="delimited", version=VERSION, suffixes=(".csv", ".tsv"), load=load)
