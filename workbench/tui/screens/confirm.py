"""Asks for a yes before something that cannot be undone; every key but y means no."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.binding import Binding

from workbench.tui.screens.overlay import Overlay
from workbench.tui.screens.text_view import TextBox


class Confirm(Overlay[bool]):
    """Asks before something that cannot be undone; dismissed with True, or with None."""

    BINDINGS = [Binding("y", "yes", "Yes", show=False), Binding("n,q", "close", "No", show=False)]

    def __init__(self, question: str, lines: Sequence[str]) -> None:
        super().__init__()
        self._question = question
        self._lines = lines

    def compose(self) -> ComposeResult:
        box = TextBox("\n".join(self._lines), id="source")
        self.named(box, self._question, "y yes, erase · n no · esc no")
        yield box

    def on_mount(self) -> None:
        """The box scrolls."""
        self.query_one(TextBox).focus()

    def action_yes(self) -> None:
        """Do it."""
        self.dismiss(True)
