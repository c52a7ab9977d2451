"""One exchange of the chat: question, steps, answer and citations in one widget, with a cursor over what can be opened."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.actions import SkipAction
from textual.binding import Binding
from textual.events import Click
from textual.geometry import Region
from textual.message import Message
from textual.widget import Widget

from workbench.api.citation_marks import cited
from workbench.tui.widgets import glyphs
from workbench.tui.widgets.cells import plural
from workbench.tui.widgets.exchange_rows import CURSOR, answer_rows, citation_rows, note_rows, question_rows, step_rows
from workbench.tui.widgets.exchange_state import Exchange, by_page
from workbench.tui.widgets.lines import Lines, Row, Target
from workbench.tui.widgets.markdown import GrowingProse
from workbench.tui.widgets.step_lines import StepLine

if TYPE_CHECKING:
    from workbench.api.events import Citation

EMPTY = Row(note_rows("", 10)[0].content)


def show_rows(widget: Widget, first: int, count: int) -> bool:
    """Scroll the chat to these rows of a widget in it; False when they are too many to be seen together.

    Unless they can be seen already, the chat no longer follows what comes.
    """
    chat = widget.screen.get_widget_by_id("chat")
    top = widget.virtual_region.y + first
    height = chat.scrollable_content_region.height
    if count > height:
        return False
    if not chat.scroll_y <= top <= top + count <= chat.scroll_y + height:
        chat.release_anchor()
        chat.scroll_to_region(Region(0, top, widget.size.width, count), animate=False)
    return True


class Room:
    """How many blank rows stand below an answer that streams.

    Each row more moves all others, and painting a whole screen takes five times as long as painting the last line. So a fast
    stream gets room for the rows of half a second at once; a slow one gets none, and goes on row by row. `now` is a clock in seconds.
    """

    MOST_ROWS = 6
    SECONDS = 0.5

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._rows = 0
        self._from: tuple[int, float] | None = None

    def below(self, rows: int) -> int:
        """The blank rows below so many rows of text."""
        now = self._now()
        if self._from is None or rows < self._from[0]:
            self._from, self._rows = (rows, now), rows
        elif rows > self._rows:
            before, since = self._from
            speed = (rows - before) / max(now - since, self.SECONDS)
            self._from, self._rows = (rows, now), rows + min(self.MOST_ROWS, int(speed * self.SECONDS))
        return max(0, self._rows - rows)


class ExchangeBlock(Lines, can_focus=True):
    """A question and all that came of it."""

    BINDINGS = [
        Binding("up", "move(-1)", "Previous step or citation", show=False),
        Binding("down", "move(1)", "Next step or citation", show=False),
        Binding("left", "move(-1)", show=False),
        Binding("right", "move(1)", show=False),
        Binding("space,enter", "act", "Expand the step, open the source", show=False),
        *(Binding(str(digit), f"cite({digit})", "Open this citation", show=False) for digit in range(1, 10)),
    ]

    @dataclass
    class CitationChosen(Message):
        """The user wants to see the page a citation names."""

        citation: Citation
        all: Sequence[Citation]

    def __init__(self, exchange: Exchange) -> None:
        super().__init__()
        self.exchange = exchange
        self.pointed = False
        """Whether its cursor is drawn although it has not the focus: it has left the chat as a widget."""
        self._cursor = 0
        self._in_context: Collection[int] = frozenset()
        self._files: Mapping[int, str] = {}
        self._growing = GrowingProse()
        self._room = Room(time.monotonic)

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
        cursor = self._cursor if self.has_focus or self.pointed else None
        shown = cited(exchange.citations)
        parts = [question_rows(exchange.question, width) if exchange.question else []]
        steps = self._folded_row(width, cursor) if exchange.folded_steps else step_rows(self.steps, width, cursor)
        if exchange.waiting and not exchange.finished:
            steps += note_rows(exchange.waiting, width, sign="…")
        parts.append(steps)
        parts.append(answer_rows(exchange, width, shown, self._growing))
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
        if exchange.streaming:
            rows += [EMPTY] * self._room.below(len(rows))
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
        said += [f"{plural(failed, 'call')} failed"] if failed else []
        said += [self.exchange.took] if self.exchange.took else []
        counts = f"{glyphs.CLOSED} {' · '.join(said)}"
        hinted = note_rows(f"{counts} · space unfolds", width)
        row = hinted[0] if len(hinted) == 1 else note_rows(counts, width)[0]
        content = row.content.stylize(CURSOR) if cursor == 0 else row.content
        return [Row(content, (Target(0, width, 0),))]

    @property
    def items(self) -> int:
        """How many things the cursor can stand on."""
        return self._first_citation() + len(by_page(self.exchange.citations))

    def move(self, by: int) -> bool:
        """Move the cursor; False at the ends."""
        if not 0 <= self._cursor + by < self.items:
            return False
        self._cursor += by
        self.changed(layout=False)
        return True

    def point_at_sources(self) -> None:
        """Put the cursor on the first citation, else on the last thing it can stand on."""
        self._cursor = min(self._first_citation(), max(self.items - 1, 0))
        self.changed(layout=False)

    def cursor_row(self, width: int) -> int:
        """The row that the cursor stands on; the first where there is nothing to stand on."""
        rows = self.laid_out(width)
        return next((y for y, row in enumerate(rows) if any(item.item == self._cursor for item in row.targets)), 0)

    def act(self, item: int | None = None) -> CitationChosen | None:
        """Expand or close a step, by default the one under the cursor; of a citation, what opens it."""
        exchange = self.exchange
        item = self._cursor if item is None else item
        if exchange.folded_steps and item == 0 and exchange.visible_steps:
            exchange.folded_steps = False
        elif item < len(self.steps):
            self.steps[item].opened = not self.steps[item].opened
        else:
            shown = by_page(exchange.citations)
            at = item - self._first_citation()
            return self.CitationChosen(shown[at][1], cited(exchange.citations)) if 0 <= at < len(shown) else None
        self.changed()
        return None

    def citation(self, number: int) -> CitationChosen | None:
        """What opens the citation of this number."""
        shown = cited(self.exchange.citations)
        chosen = next((item for item in shown if item.number == number), None)
        return self.CitationChosen(chosen, shown) if chosen is not None else None

    def clicked(self, x: int, y: int, width: int) -> CitationChosen | None:
        """Act on what stands in this cell."""
        rows = self.laid_out(width)
        for target in rows[y].targets if 0 <= y < len(rows) else ():
            if target.start <= x < target.end:
                self._cursor = target.item
                return self.act()
        return None

    def action_move(self, by: int) -> None:
        """Move the cursor; at the ends the key goes on to the chat, which scrolls."""
        if not self.move(by):
            raise SkipAction()
        self.show_cursor()

    def show_cursor(self) -> None:
        """Scroll the chat to the row of the cursor."""
        show_rows(self, self.cursor_row(self.content_size.width), 1)

    def show_whole(self) -> None:
        """Scroll the chat so that all of it can be seen, where it is too long the row of the cursor."""
        if not show_rows(self, 0, self.size.height):
            self.show_cursor()

    def action_act(self) -> None:
        """Open what the cursor stands on."""
        self._open(self.act())

    def action_cite(self, number: int) -> None:
        """1-9."""
        self._open(self.citation(number))

    def on_click(self, event: Click) -> None:
        """A click acts on what was clicked."""
        self._open(self.clicked(event.x, event.y, self.content_size.width))

    def _open(self, chosen: CitationChosen | None) -> None:
        if chosen is not None:
            self.post_message(chosen)

    def on_focus(self) -> None:
        """Show the cursor."""
        self._cursor = min(self._cursor, max(self.items - 1, 0))
        self.changed(layout=False)

    def on_blur(self) -> None:
        """Hide it."""
        self.changed(layout=False)
