"""A list with a cursor that keys move; how its rows are drawn, and how the cursor stays in sight, is a subclass's."""

from __future__ import annotations

from textual.binding import Binding
from textual.message import Message

from workbench.tui.widgets.lines import Lines


class CursorList(Lines, can_focus=True):
    """The cursor stands on one of `count` rows."""

    BINDINGS = [
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("home", "go(0)", show=False),
        Binding("end", "go(-1)", show=False),
    ]
    EMPTY = ""
    """What stands there when there is no row."""

    class Moved(Message):
        """The cursor stands elsewhere."""

    class Opened(Message):
        """The row of the cursor was opened, by a key or a click."""

    def __init__(self) -> None:
        super().__init__()
        self.cursor = 0

    @property
    def count(self) -> int:
        """How many rows there are."""
        raise NotImplementedError

    def keep_in_sight(self) -> None:
        """The cursor has moved: its row is to be seen."""

    def action_move(self, by: int) -> None:
        """So many rows further on."""
        self.go(max(0, min(self.cursor + by, self.count - 1)))

    def action_go(self, at: int) -> None:
        """The first or, with -1, the last row."""
        self.go(at if at >= 0 else self.count - 1)

    def go(self, at: int) -> None:
        """Put the cursor on row `at`."""
        if 0 <= at < self.count and at != self.cursor:
            self.cursor = at
            self.changed(layout=False)
            self.keep_in_sight()
            self.post_message(self.Moved())
