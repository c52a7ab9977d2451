"""Jump mode: a letter on every pane that can be seen; pressing it moves the focus there."""

from __future__ import annotations

from collections.abc import Mapping

from textual.app import ComposeResult
from textual.content import Content
from textual.events import Key
from textual.geometry import Offset
from textual.widgets import Static

from workbench.tui.screens.overlay import Overlay


class Jump(Overlay[str]):
    """Letters over the panes; dismissed with the letter that was pressed."""

    def __init__(self, places: Mapping[str, Offset]) -> None:
        super().__init__()
        self._places = places

    def compose(self) -> ComposeResult:
        for letter, at in self._places.items():
            label = Static(Content(letter.upper()), classes="jump-letter")
            label.styles.offset = (at.x, at.y)
            yield label

    def on_key(self, event: Key) -> None:
        """A letter of a pane jumps; any other key closes. What was typed behind it is meant for where it jumped."""
        event.stop()
        if self.is_dismissed:
            self.app.post_message(Key(event.key, event.character))
            return
        self.dismiss(event.character if event.character in self._places else None)
