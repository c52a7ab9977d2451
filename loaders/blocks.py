"""Builds a page from blocks: headings, paragraphs, list items and table rows go in, text with its headings comes out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from loaders import limits
from loaders.document import Heading, Page, clean_text
from loaders.tables import PlacedRows

_NUMERIC = re.compile(r"^[\s$€£¥(+-]*\d[\d\s.,:/%)-]*$")

HEADER_ROWS = 3
"""A table has its first number below at most so many rows of names."""


class PageBuilder:
    """Collects the text of one page. Blocks are separated by a blank line, lines of one block are not."""

    def __init__(self, number: int, label: str | None, budget: limits.TextBudget) -> None:
        self.number, self.label, self._budget = number, label, budget
        self._parts: list[str] = []
        self._headings: list[Heading] = []
        self._chars = 0
        self._newlines = 0
        self._tight = False
        self.last_line = 0
        """The line, from 1, on which what was added last begins."""

    def heading(self, level: int, title: str) -> None:
        """A heading; its text stands on the page too."""
        title = " ".join(clean_text(title).split())
        if title:
            start = self._append(title, tight=False)
            self._headings.append(Heading(level, title[: limits.HEADING_CHARS], start))

    def paragraph(self, text: str) -> None:
        """A block of its own."""
        self._append(text, tight=False)

    def line(self, text: str) -> None:
        """A list item or a table row: it follows other lines without a blank line."""
        self._append(text, tight=self._tight)
        self._tight = True

    def table(
        self, rows: Iterable[Sequence[str]], header: Sequence[str] = (), shown_chars: float = float("inf")
    ) -> PlacedRows:
        """A table, every row with the header of its columns: its own, else the one that is given. Where its rows stand.

        Rows after `shown_chars` are not written but only returned, without a line.
        """
        self._tight = False
        cells = filled_rows(rows)
        place = header_place(cells)
        names = header if place is None else cells[place]
        placed: list[tuple[int | None, tuple[str, ...]]] = []
        before, hidden = self._chars, 0
        for number, row in enumerate(cells):
            below = place is None or number > place
            if hidden or self._chars - before > shown_chars:
                hidden += 1
                placed.append((None, tuple(row)))
                continue
            self.line(labelled(names if below else (), row))
            if below:
                placed.append((self.last_line, tuple(row)))
        self._tight = False
        if hidden:
            self.paragraph(f"({hidden:,} more rows are in the table only: ask for them by SQL.)")
        return PlacedRows(tuple(names), tuple(placed))

    def page(self) -> Page:
        """What was collected."""
        return Page(self.number, self.label, "".join(self._parts), tuple(self._headings))

    @property
    def empty(self) -> bool:
        """Whether nothing has been added."""
        return not self._parts

    def _append(self, text: str, *, tight: bool) -> int:
        text = clean_text(text).strip("\n").rstrip()
        self._tight = False
        if not text.strip():
            return self._chars
        gap = "" if not self._parts else "\n" if tight else "\n\n"
        self._parts += [gap, self._budget.add(text)]
        self.last_line = 1 + self._newlines + len(gap)
        self._newlines += len(gap) + text.count("\n")
        self._chars += len(gap) + len(text)
        return self._chars - len(text)


def filled_rows(rows: Iterable[Sequence[str]]) -> list[list[str]]:
    """The rows that are not empty, each cell on one line."""
    cells = [[" ".join(cell.split()) for cell in row] for row in rows]
    return [row for row in cells if any(row)]


def header_place(rows: Sequence[Sequence[str]]) -> int | None:
    """Which row names the columns: the last one of text above the first number, else a first row that looks like names."""
    first_number = next((place for place, row in enumerate(rows) if any(map(_NUMERIC.match, row))), len(rows))
    if 0 < first_number < len(rows) and first_number <= HEADER_ROWS and _are_names(rows[first_number - 1]):
        return first_number - 1
    if first_number > 0 and len(rows) > 1 and _are_names(rows[0]) and sum(map(bool, rows[1])) >= 2:
        return 0
    return None


def has_numbers(rows: Iterable[Sequence[str]]) -> bool:
    """Whether any cell is a number."""
    return any(_NUMERIC.match(cell) for row in rows for cell in row)


def _are_names(row: Sequence[str]) -> bool:
    names = [cell for cell in row if cell]
    return len(names) >= 2 and len(set(names)) == len(names) and all(len(name) <= 80 for name in names)


def labelled(header: Sequence[str], cells: Sequence[str]) -> str:
    """The cells of a row that are not empty, each after the name of its column if it has one."""
    parts = []
    for place, cell in enumerate(cells):
        name = header[place] if place < len(header) else ""
        if cell:
            parts.append(f"{name}: {cell}" if name and name != cell else cell)
    return " | ".join(parts)
