"""Builds the text of a page from headings, paragraphs, list items and tables, and keeps where its headings stand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from loaders import limits
from loaders.document import Heading, Page, clean_text
from loaders.grid import Grid, arranged, field_line, line_of
from loaders.tables import PlacedRows

_LINE_ABOVE = 160
"""A paragraph above a table that is not longer may say in what unit its numbers are."""


class PageBuilder:
    """Collects the text of one page. Blocks are separated by a blank line, lines of one block are not."""

    def __init__(self, number: int, label: str | None, budget: limits.TextBudget) -> None:
        self.number, self.label, self._budget = number, label, budget
        self._parts: list[str] = []
        self._headings: list[Heading] = []
        self._chars = 0
        self._newlines = 0
        self._tight = False
        self._last = ""
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
        self, rows: Grid | Iterable[Sequence[str]], header: Sequence[str] = (), shown_chars: float = float("inf")
    ) -> PlacedRows:
        """A table, every row with the names of its columns: its own, else those that are given. Where its rows stand.

        Rows after `shown_chars` are not written but only returned, without a line.
        """
        grid = rows if isinstance(rows, Grid) else Grid([[" ".join(cell.split()) for cell in row] for row in rows])
        if len(self._last) <= _LINE_ABOVE:
            grid.above = grid.above or self._last
        plan = arranged(grid, header)
        for title in plan.titles:
            self.paragraph(title)
        self._tight = False
        if grid.caption:
            self.line(grid.caption)
        for row in plan.above:
            self.line(line_of(grid, row, ()))
        if plan.header:
            self.line(" | ".join(filter(None, plan.shown)))
        placed: list[tuple[int | None, tuple[str, ...]]] = []
        before, unwritten = self._chars, 0
        for row in plan.body:
            if unwritten or self._chars - before > shown_chars:
                unwritten += 1
                placed.append((None, grid.as_row(row)))
                continue
            self.line(field_line(grid, row) if plan.fields else line_of(grid, row, plan.shown))
            placed.append((self.last_line, grid.as_row(row)))
            for note in grid.notes.get(row, ()):
                self.line(note)
        for row in plan.below:
            self.line(grid.marks.get(row, "") + next(filter(None, grid.texts[row])))
        self._tight, self._last = False, ""
        if unwritten:
            self.paragraph(f"({unwritten:,} more rows are in the table only: ask for them by SQL.)")
        stored = None if grid.values is None else [grid.values[row] for row in plan.body]
        return PlacedRows(plan.names, tuple(placed), stored, unwritten)

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
        self._last = text
        gap = "" if not self._parts else "\n" if tight else "\n\n"
        self._parts += [gap, self._budget.add(text)]
        self.last_line = 1 + self._newlines + len(gap)
        self._newlines += len(gap) + text.count("\n")
        self._chars += len(gap) + len(text)
        return self._chars - len(text)
