"""Tables as text (csv, tsv): every record a line with the header of its columns."""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from loaders import limits
from loaders.blocks import PageBuilder
from loaders.document import Document, LoadError
from loaders.grid import is_number
from loaders.registry import Loader
from loaders.tables import TableKeeper
from loaders.text import read_text

VERSION = 6

_DELIMITERS = ",;\t|"
_SAMPLE_LINES = 50
_SPACED_QUOTE = re.compile(r'[,;|] +"[^"\n]*"[ ]*(?:[,;|\n]|$)')
"""A cell in quotation marks after a space, as people and some programs write them."""

_REPAIRS = 100
"""After so many torn records quotation marks of a table mean nothing."""

_COMMENTS = re.compile(r"(?:#[^\n]*\n)+(?=[^#\s])")
"""What programs say of a table above it."""

_STATED_DELIMITER = re.compile(r"sep=([,;\t|])[ \t]*\n")
"""Excel's own first line, which says how the others are cut."""


def load(path: Path) -> Document:
    """The table at `path` as one page. Raises LoadError."""
    text = read_text(path)
    csv.field_size_limit(limits.TEXT_CHARS)
    builder = PageBuilder(1, None, limits.TextBudget())
    stated = _STATED_DELIMITER.match(text)
    text = text[stated.end() :] if stated else text
    comments, text = _comments(text)
    delimiter = "\t" if path.suffix.lower() == ".tsv" else stated[1] if stated else delimiter_of(text)
    text = _with_doubled_quotes(text, delimiter) if '\\"' in text else text
    quote = _quote_of(text, delimiter) if "'" in text else '"'
    if comments and 0 < comments[-1].count(delimiter) == text.partition("\n")[0].count(delimiter):
        text = f"{comments.pop()}\n{text}"  # the names of the columns
    for line in comments:
        builder.line(line)
    try:
        rows = _rows(text, delimiter, quote)
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


def _comments(text: str) -> tuple[list[str], str]:
    """The lines of comment above a table, and the rest."""
    match = _COMMENTS.match(text)
    return (match[0].rstrip("\n").split("\n"), text[match.end() :]) if match else ([], text)


def _with_doubled_quotes(text: str, delimiter: str) -> str:
    """A table whose quotation marks in cells have a backslash before them with each of them doubled; else the text as it is.

    A backslash may also end a cell (a folder of Windows): then no cell has a mark in it.
    """
    doubled = text.replace('\\"', '""')
    as_is, otherwise = (_sampled(_first_lines(one), delimiter) for one in (text, doubled))
    torn = len(set(map(len, as_is))) > 1 or any('\\"' in cell or '"' in cell[-1:] for row in as_is for cell in row)
    return doubled if torn and len(set(map(len, otherwise))) == 1 else text


def _first_lines(text: str) -> list[str]:
    return text.split("\n", _SAMPLE_LINES + 1)[:_SAMPLE_LINES]


def _sampled(lines: Sequence[str], delimiter: str, quote: str = '"') -> list[list[str]]:
    """The rows of the first lines of a table; empty ones are left out."""
    return [row for row in csv.reader(lines, delimiter=delimiter, quotechar=quote) if row]


def _quote_of(text: str, delimiter: str) -> str:
    """The mark around cells: \' where no cell has another one, and only so all rows get the same number of cells."""
    lines = _first_lines(text)
    if '"' in text or sum(line.startswith("'") or f"{delimiter}'" in line for line in lines) < 2:
        return '"'
    plain, quoted = (_sampled(lines, delimiter, one) for one in "\"'")
    if len({len(row) for row in quoted}) != 1:
        return '"'
    marked = [cell for row in plain for cell in row if cell.startswith("'")]
    as_one = len({len(row) for row in plain}) == 1
    # Where both give the same number of cells, every mark that begins one has to end it too.
    return '"' if as_one and not all(len(cell) > 1 and cell.endswith("'") for cell in marked) else "'"


def _rows(text: str, delimiter: str, quote: str = '"') -> list[list[str]]:
    """The records of a table. A quotation mark that nobody closes is one of the text, and ends with its line."""
    lines = text.split("\n")
    rows: list[list[str]] = []
    start = repairs = 0
    spaced = delimiter != "\t" and _SPACED_QUOTE.search(text) is not None
    while start < len(lines):
        literal = repairs >= _REPAIRS
        reader = csv.reader(
            (f"{line}\n" for line in itertools.islice(lines, start, None)),
            delimiter=delimiter,
            quotechar=quote,
            quoting=csv.QUOTE_NONE if literal else csv.QUOTE_MINIMAL,
            skipinitialspace=spaced,
        )
        before, torn = 0, False
        for row in reader:
            if reader.line_num > before + 1 and _swallows(
                lines, start + before, start + reader.line_num, row, delimiter, quote
            ):
                torn = True
                break
            rows.append(row)
            before = reader.line_num
        start += before
        if not torn:
            break
        rows += csv.reader([lines[start]], delimiter=delimiter, quoting=csv.QUOTE_NONE)
        start, repairs = start + 1, repairs + 1
    return rows


def _swallows(lines: Sequence[str], start: int, end: int, row: Sequence[str], delimiter: str, quote: str) -> bool:
    """Whether a record of several lines is none: its quotation mark is never closed, or a cell has taken in whole rows."""
    if end >= len(lines) and sum(line.count(quote) for line in lines[start:end]) % 2:
        return True
    return delimiter == "\t" and any("\n" in cell and "\t" in cell for cell in row)


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
    lines = _first_lines(text)
    best, best_score = ",", 0.0
    for delimiter in _DELIMITERS:
        widths = [len(row) for row in _sampled(lines, delimiter)]
        common = max(set(widths), key=widths.count, default=1)
        score = (common - 1) * widths.count(common) / max(1, len(widths))
        if score > best_score:
            best, best_score = delimiter, score
    return best


LOADER = Loader(name="delimited", version=VERSION, suffixes=(".csv", ".tsv"), load=load)
