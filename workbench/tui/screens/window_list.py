"""A list that draws only the rows in sight, so that thousands of them cost no more than a screenful."""

from __future__ import annotations

from collections.abc import Sequence

from textual.binding import Binding
from textual.content import Content
from textual.events import Click, MouseScrollDown, MouseScrollUp, Resize

from workbench.tui.screens.cursor_list import CursorList


class WindowList(CursorList):
    """As many rows as its height has, the cursor among them. A subclass says how many rows there are and draws one."""

    BINDINGS = [
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("enter", "open", show=False),
    ]
    DEFAULT_CSS = """
    WindowList { height: 1fr; }
    """
    HEAD = 0
    """Rows above the list that stay where they are."""

    def __init__(self) -> None:
        super().__init__()
        self._top = 0

    def row(self, at: int, width: int) -> Content:
        """A row, no wider than this."""
        raise NotImplementedError

    def head(self, width: int) -> Sequence[Content]:
        """The rows above the list, as many as HEAD says."""
        return ()

    @property
    def in_sight(self) -> int:
        """How many rows of the list can be seen."""
        return max(1, self.size.height - self.HEAD)

    def rows(self, width: int) -> list[Content]:
        self.cursor = max(0, min(self.cursor, self.count - 1))
        room = self.in_sight
        self._top = max(0, min(max(self._top, self.cursor - room + 1), self.cursor, max(0, self.count - room)))
        drawn = [self.row(at, width) for at in range(self._top, min(self._top + room, self.count))]
        return [*self.head(width), *(drawn or [Content.styled(self.EMPTY, "$muted")])]

    def on_resize(self, event: Resize) -> None:
        """Another height shows other rows."""
        self.changed(layout=False)

    def action_page(self, by: int) -> None:
        """A screenful further on."""
        self.action_move(by * self.in_sight)

    def action_open(self) -> None:
        """enter."""
        if self.count:
            self.post_message(self.Opened())

    def on_click(self, event: Click) -> None:
        """The row that was clicked."""
        self.clicked(event.x, event.y - self.HEAD)

    def clicked(self, x: int, y: int) -> None:
        """A cell `x` of row `y` in sight was clicked, -1 and less are the head; a click on the cursor's row opens it."""
        at = self._top + y
        if y >= 0 and at == self.cursor:
            self.action_open()
        elif y >= 0:
            self.go(at)

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """The wheel moves the cursor, which stays in sight."""
        event.stop()
        self.action_move(3)

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Back."""
        event.stop()
        self.action_move(-3)
