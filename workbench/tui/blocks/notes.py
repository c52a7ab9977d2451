"""Lines of our own in the chat: the answer of a command, a load that ended, an error with its remedy, a greeting."""

from __future__ import annotations

from textual.content import Content

from workbench.tui import glyphs
from workbench.tui.blocks.drawing import note_rows
from workbench.tui.lines import Lines, Row


class NoteBlock(Lines):
    """A remark of ours, one blank line below it."""

    def __init__(self, text: str, *, style: str = "$muted", sign: str = "") -> None:
        super().__init__()
        self._said = (text, style, sign)

    @property
    def text(self) -> str:
        """What it says."""
        return self._said[0]

    def rows(self, width: int) -> list[Row]:
        text, style, sign = self._said
        return [*note_rows(text, width, style, sign), Row(Content(""))]


class ErrorBlock(NoteBlock):
    """Something failed: one sentence, and the next step. It stays until the chat moves on."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message, style="$text-error", sign=glyphs.FAILED)
        self._hint = hint

    def rows(self, width: int) -> list[Row]:
        rows = super().rows(width)
        hint = (
            [Row(Content.assemble("  ", row.content)) for row in note_rows(self._hint, width - 2)] if self._hint else []
        )
        return [*rows[:-1], *hint, rows[-1]]


WELCOME = (
    ("Ask questions about your documents.", "bold"),
    ("", ""),
    ("The model has a small memory, and you see all of it: the bar above", ""),
    ("is its context window; what it reads from the archive is paged in,", ""),
    ("what no longer fits is evicted, and every answer quotes its pages.", ""),
    ("", ""),
    ("f2  adds documents: files or folders", ""),
    ("f1  helps with whatever has the focus", ""),
    ("", ""),
    ("or try: workbench sample_docs", "$accent"),
)


class Welcome(Lines):
    """What stands in an empty chat."""

    def rows(self, width: int) -> list[Content]:
        return [Content.assemble("  ", (text, style)).truncate(width, ellipsis=True) for text, style in WELCOME] + [
            Content("")
        ]
