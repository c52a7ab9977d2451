"""What all overlays share: a frame in the middle of a dimmed screen, closed with escape."""

from __future__ import annotations

from typing import TypeVar

from textual.binding import Binding
from textual.content import Content
from textual.screen import ModalScreen
from textual.widget import Widget

Result = TypeVar("Result")


class Overlay(ModalScreen[Result]):
    """Base of the overlays; escape closes them without a result."""

    BINDINGS = [Binding("escape", "close", "Close", show=False)]

    def action_close(self) -> None:
        """Close without a result."""
        self.dismiss(None)

    @staticmethod
    def named(widget: Widget, title: str, keys: str = "esc close") -> Widget:
        """`widget` with words in its frame, which are never markup."""
        widget.border_title = Content(title)
        widget.border_subtitle = Content(keys)
        return widget
