"""One exchange of the chat: question, steps, answer and citations in one widget, with a cursor over what can be opened."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.actions import SkipAction
from textual.binding import Binding
from textual.events import Click
from textual.geometry import Region
from textual.message import Message

from workbench.api.citation_marks import cited
from workbench.tui.widgets import glyphs
from workbench.tui.widgets.cells import plural
from workbench.tui.widgets.exchange_rows import CURSOR, answer_rows, citation_rows, note_rows, question_rows, step_rows
from workbench.tui.widgets.exchange_state import Exchange, by_page
from workbench.tui.widgets.lines import Lines, Row, Target
from workbench.tui.widgets.step_lines import StepLine

if TYPE_CHECKING:
    from workbench.api.events import Citation

EMPTY = Row(note_rows("", 10)[0].content)


class ExchangeBlock(Lines, can_focus=True):
    """A question and all that came of it."""

    BINDINGS = [
        Binding("up", "move(-1)", "Previous step or citation", show=False),
        Binding("down", "move(1)", "Next step or citation", show=False),
        Binding("left", "move(-1)", show=False),
        Binding("right", "move(1)", show=False),
        Binding("space,enter", "act", "Expand the step, open the source", show=False),
    ]

    @dataclass
    class CitationChosen(Message):
        """The user wants to see the page a citation names."""

        citation: Citation
        all: Sequence[Citation]

    def __init__(self, exchange: Exchange) -> None:
        super().__init__()
        self.exchange = exchange
        self._cursor = 0
        self._in_context: Collection[int] = frozenset()
        self._files: Mapping[int, str] = {}

    def show_context(self, in_context: Collection[int]) -> None:
        """Which passages are in main context now."""
        if in_context != self._in_context:
            self._in_context = in_context
            if self.exchange.citations:
                self.changed()

    def evict(self) -> None:
        """All of it has left main context."""
        if not self.exchange.evicted:
            self.exchange.evicted = True
            self.changed()

    def link(self, files: Mapping[int, str]) -> None:
        """The file:// addresses of passages, where the terminal has links."""
        self._files = files
        if self.exchange.citations:
            self.changed(layout=False)

    @property
    def steps(self) -> list[StepLine]:
        """The steps that are drawn one by one."""
        return [] if self.exchange.folded_steps else self.exchange.visible_steps

    def rows(self, width: int) -> list[Row]:
        exchange = self.exchange
        cursor = self._cursor if self.has_focus else None
        shown = cited(exchange.citations)
        parts = [question_rows(exchange.question, width) if exchange.question else []]
        steps = self._folded_row(width, cursor) if exchange.folded_steps else step_rows(self.steps, width, cursor)
        if exchange.waiting and not exchange.finished:
            steps += note_rows(exchange.waiting, width, sign="…")
        parts.append(steps)
        parts.append(answer_rows(exchange, width, shown))
        parts.append(
            citation_rows(
                by_page(exchange.citations), width, self._in_context, cursor, self._first_citation(), self._files
            )
        )
        parts.append([row for note in exchange.notes for row in note_rows(note, width)])
        if exchange.outcome:
            parts.append(note_rows(exchange.outcome, width, "$text-warning", glyphs.READY))
        rows: list[Row] = []
        for part in filter(None, parts):
            rows += [*part, EMPTY]
        if exchange.evicted:
            rows = [Row(row.content.stylize("$muted"), row.targets) for row in rows]
            rows = [*note_rows("evicted to recall", width, "$muted", glyphs.UP), *rows]
        return rows

    def _first_citation(self) -> int:
        return 1 if self.exchange.folded_steps else len(self.steps)

    def _folded_row(self, width: int, cursor: int | None) -> list[Row]:
        steps = self.exchange.visible_steps
        if not steps:
            return []
        searches = sum(step.glyph == glyphs.SEARCH for step in steps)
        read = sum(step.hits for step in steps)
        said = [plural(self.exchange.model_steps or len(steps), "step")]
        said += [plural(searches, "search")] if searches else []
        said += [f"{plural(read, 'passage')} read"] if read else []
        failed = sum(step.ok is False for step in steps)
        said += [f"{failed} failed"] if failed else []
        said += [self.exchange.took] if self.exchange.took else []
        row = note_rows(f"{glyphs.CLOSED} {' · '.join(said)} · space unfolds", width)[0]
        content = row.content.stylize(CURSOR) if cursor == 0 else row.content
        return [Row(content, (Target(0, width, 0),))]

    @property
    def items(self) -> int:
        """How many things the cursor can stand on."""
        return self._first_citation() + len(by_page(self.exchange.citations))

    def action_move(self, by: int) -> None:
        """Move the cursor; at the ends the key goes on to the chat, which scrolls."""
        if not 0 <= self._cursor + by < self.items:
            raise SkipAction()
        self._cursor += by
        self.changed(layout=False)
        self._show_cursor()

    def _show_cursor(self) -> None:
        for y, row in enumerate(self.laid_out(self.content_size.width)):
            if any(target.item == self._cursor for target in row.targets) and self.parent is not None:
                region = Region(0, self.virtual_region.y + y, self.size.width, 1)
                self.screen.get_widget_by_id("chat").scroll_to_region(region, animate=False)
                return

    def action_act(self) -> None:
        """Open what the cursor stands on."""
        self.open_item(self._cursor)

    def open_item(self, item: int) -> None:
        """Expand or close a step, or open a citation."""
        exchange = self.exchange
        if exchange.folded_steps and item == 0 and exchange.visible_steps:
            exchange.folded_steps = False
        elif item < len(self.steps):
            self.steps[item].opened = not self.steps[item].opened
        else:
            shown = by_page(exchange.citations)
            at = item - self._first_citation()
            if 0 <= at < len(shown):
                self.post_message(self.CitationChosen(shown[at][1], cited(exchange.citations)))
            return
        self.changed()

    def on_click(self, event: Click) -> None:
        """A click acts on what was clicked."""
        rows = self.laid_out(self.content_size.width)
        if not 0 <= event.y < len(rows):
            return
        for target in rows[event.y].targets:
            if target.start <= event.x < target.end:
                self._cursor = target.item
                self.open_item(target.item)

    def on_focus(self) -> None:
        """Show the cursor."""
        self._cursor = min(self._cursor, max(self.items - 1, 0))
        self.changed(layout=False)

    def on_blur(self) -> None:
        """Hide it."""
        self.changed(layout=False)
