"""What every region has in common: a title that is a noun, a number in its frame, and a text that helps."""

from __future__ import annotations

from typing import ClassVar

from textual.content import Content
from textual.message import Message
from textual.widget import Widget


class Pane(Widget):
    """Base of the regions. One that scrolls names its container first: styles and keys follow the first base."""

    DEFAULT_CLASSES = "pane"

    TITLE: ClassVar[str] = ""
    NUMBER: ClassVar[str] = ""
    HELP: ClassVar[str] = ""
    JUMP: ClassVar[str] = ""

    class Changed(Message):
        """A pane's content changed: its tab shows a mark when the pane cannot be seen."""

        def __init__(self, pane: Pane) -> None:
            super().__init__()
            self.pane = pane

    def on_mount(self) -> None:
        """Name the frame."""
        self.frame(number=self.NUMBER)

    def frame(self, *, title: str | Content | None = None, number: str | Content = "") -> None:
        """Set the words in the frame. A str in a border would be parsed for markup, so only content is ever set."""
        self.border_title = Content.assemble(title or self.TITLE)
        self.border_subtitle = number if isinstance(number, Content) else Content(number) if number else None

    def goal(self) -> Widget:
        """What gets the focus when the user jumps here."""
        return self

    def mark_changed(self) -> None:
        """Tell that something new is in here."""
        self.post_message(self.Changed(self))
