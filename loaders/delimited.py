"""Tables as text (csv, tsv): every record a line with the header of its columns."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from loaders import limits
from loaders.blocks import PageBuilder
from loaders.document import Document, LoadError
from loaders.registry import Loader
from loaders.tables import TableKeeper
from loaders.text import read_text

VERSION = 3

_DELIMITERS = ",;\t|"
_SAMPLE_LINES = 50


def load(path: Path) -> Document:
    """The table at `path` as one page. Raises LoadError."""
    text = read_text(path)
    csv.field_size_limit(limits.TEXT_CHARS)
    builder = PageBuilder(1, None, limits.TextBudget())
    delimiter = "\t" if path.suffix.lower() == ".tsv" else delimiter_of(text)
    try:
        rows = list(csv.reader(io.StringIO(text), delimiter=delimiter))
    except csv.Error as error:
        raise LoadError(f"it is not a table: {error}", "Check its quotation marks, or rename it to .txt.") from None
    keeper = TableKeeper()
    keeper.add("", 1, builder.table(rows, shown_chars=keeper.shown_chars(rows)))
    return Document("", (builder.page(),), LOADER.name, VERSION, keeper.notes, tables=tuple(keeper.tables))


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
