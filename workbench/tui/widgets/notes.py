"""Lines of our own in the chat: the answer of a command, a load that ended, an error with its remedy, a greeting."""

from __future__ import annotations

from textual.content import Content

from workbench.tui.widgets import glyphs
from workbench.tui.widgets.cells import plural
from workbench.tui.widgets.exchange_rows import note_rows
from workbench.tui.widgets.lines import Lines, Row


class NoteBlock(Lines):
    """A remark of ours, one blank line below it. `told_again`: the history of the conversation says it too."""

    told_again = False

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
    ("f1  helps with whatever has the focus, ctrl+q leaves", ""),
    ("/model  lets a language model answer; the built-in one only quotes", ""),
    ("", ""),
)


class Welcome(Lines):
    """What stands in an empty chat."""

    def __init__(self) -> None:
        super().__init__()
        self._documents = 0
        self._loading = False

    def show(self, documents: int, *, loading: bool) -> None:
        """There are so many documents to ask about, and whether more are on their way."""
        if (documents, loading) != (self._documents, self._loading):
            self._documents, self._loading = documents, loading
            self.changed(layout=False)

    def rows(self, width: int) -> list[Content]:
        lines = [*WELCOME, (self._next(), "$accent"), ("", "")]
        return [Content.assemble("  ", (text, style)).truncate(width, ellipsis=True) for text, style in lines]

    def _next(self) -> str:
        if self._loading:
            return "documents are loading: the first question can be asked now"
        if self._documents:
            return f"{plural(self._documents, 'document')} to ask about"
        return "f9  loads sample documents to try it with"
