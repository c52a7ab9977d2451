"""The one dim row that stands for everything earlier: what was evicted to recall, and what was folded away."""

from __future__ import annotations

from dataclasses import dataclass

from textual.binding import Binding
from textual.content import Content
from textual.message import Message

from workbench.core.sanitize import sanitize
from workbench.tui.widgets import glyphs
from workbench.tui.widgets.cells import crop, plural, wrap
from workbench.tui.widgets.exchange_rows import CURSOR
from workbench.tui.widgets.lines import Lines, Row

MOST_LINES = 400


class FoldBlock(Lines, can_focus=True):
    """Closed it is one row; opened it pages the messages back in from recall storage, for the person."""

    BINDINGS = [Binding("enter,space", "page_in", "Page the earlier messages in", show=False)]

    @dataclass
    class Opened(Message):
        """The first `messages` messages of the branch are wanted."""

        fold: FoldBlock
        messages: int

    def __init__(self) -> None:
        super().__init__()
        self._messages = 0
        self._evicted = 0
        self._recalled: list[tuple[str, str]] | None = None
        self.display = False

    def hold(self, messages: int, evicted: int) -> None:
        """It stands for so many messages, of which so many have left main context."""
        self._messages, self._evicted = messages, evicted
        self.display = messages > 0
        self.changed()

    def fill(self, recalled: list[tuple[str, str]]) -> None:
        """The messages are here, as (text, style) lines."""
        self._recalled = recalled
        self.changed()

    def close(self) -> None:
        """What was paged in is of another branch."""
        self._recalled = None
        self.changed()

    def rows(self, width: int) -> list[Row]:
        if not self._messages:
            return [Row(Content(""))]
        why = "evicted to recall" if self._evicted else "folded"
        sign, does = (
            (glyphs.CLOSED, "enter pages them in") if self._recalled is None else (glyphs.OPEN, "enter folds them")
        )
        text = f"{sign} {plural(self._messages, 'earlier message')} · {why} · {does}"
        rows = [Row(Content.styled(crop(text, width), CURSOR if self.has_focus else "$muted"))]
        for said, style in self._recalled or ():
            lines = [line for part in sanitize(said).split("\n") for line in wrap(part, width - 3)]
            rows += [Row(Content.assemble("  ", (line, style or "$muted"))) for line in lines]
        return [*rows[:MOST_LINES], Row(Content(""))]

    def action_page_in(self) -> None:
        """Open or close."""
        if self._recalled is None:
            self.post_message(self.Opened(self, self._messages))
        else:
            self._recalled = None
            self.changed()

    def on_click(self) -> None:
        """As enter."""
        self.action_page_in()

    def on_focus(self) -> None:
        """Show that it is here."""
        self.changed(layout=False)

    def on_blur(self) -> None:
        """As before."""
        self.changed(layout=False)
