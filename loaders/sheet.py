"""A sheet of a workbook as loaders see it, whatever the file's format is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from loaders.grid import Grid

STRUCK_OUT = "(struck out)"
"""What stands behind the text of a cell that is struck out as a whole: its row would say nothing without it."""


@dataclass
class Row:
    """A row by its number from 0: what is shown in each cell, and what is stored (None where it is the same text)."""

    number: int
    texts: list[str]
    values: list[Any]
    hidden: bool = False


@dataclass(frozen=True)
class Comment:
    """A comment on the cell at `row` and `column` (both from 0), or the target of the link in it."""

    row: int
    column: int
    author: str
    text: str
    kind: str = "Comment"


@dataclass(frozen=True)
class NamedRange:
    """A range that the workbook itself calls a table. `header` says whether its first row has the names."""

    name: str
    top: int
    left: int
    bottom: int
    right: int
    header: bool


@dataclass
class Sheet:
    """A sheet. `merges` are (top, left, bottom, right) from 0; `extras` are texts and tables of its drawings."""

    name: str
    hidden: bool
    rows: list[Row]
    merges: Sequence[tuple[int, int, int, int]] = ()
    hidden_columns: frozenset[int] = frozenset()
    comments: Sequence[Comment] = ()
    ranges: Sequence[NamedRange] = ()
    extras: Sequence[str | Grid] = field(default_factory=list)
