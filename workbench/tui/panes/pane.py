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

    _framed: tuple[object, ...] = ()

    class Changed(Message):
        """A pane's content changed: its tab shows a mark when the pane cannot be seen."""

        def __init__(self, pane: Pane) -> None:
            super().__init__()
            self.pane = pane

    def on_mount(self) -> None:
        """Name the frame."""
        self.frame(number=self.NUMBER)

    def frame(self, *, title: str | Content | None = None, number: str | Content = "") -> None:
        """Set the words in the frame. A str in a border would be parsed for markup, so only content is ever set.

        The same words again cost nothing: setting them has all of the pane painted anew.
        """
        words = Content.assemble(title or self.TITLE), number if isinstance(number, Content) else Content(number)
        named = tuple((type(content), content.plain, tuple(content.spans)) for content in words)
        if named != self._framed:
            self._framed = named
            self.border_title, self.border_subtitle = words[0], words[1] if number else None

    def goal(self) -> Widget:
        """What gets the focus when the user jumps here."""
        return self

    def mark_changed(self) -> None:
        """Tell that something new is in here."""
        self.post_message(self.Changed(self))
