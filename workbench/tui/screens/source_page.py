"""The page of a document a citation or a hit comes from, the passage marked; pages turn with ] and [."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Callable
from dataclasses import replace

from textual.app import ComposeResult, SuspendNotSupported
from textual.binding import Binding

from workbench.api.session import PageView
from workbench.core.sanitize import one_line, sanitize
from workbench.tui.screens.ask_for import AskFor
from workbench.tui.screens.overlay import Overlay
from workbench.tui.screens.text_view import TextBox


class SourcePage(Overlay[None]):
    """One page of a document."""

    HELP = (
        "A page of a document; the cited passage is marked. ] and [ turn pages, / finds words on it,\n"
        "n and N go to the next and previous quote or match, e opens $PAGER, y copies what is marked."
    )
    BINDINGS = [
        Binding("right_square_bracket,n", "turn(1)", "Next page", show=False),
        Binding("left_square_bracket,p", "turn(-1)", "Previous page", show=False),
        Binding("y", "copy", "Copy the text", show=False),
        Binding("e", "pager", "Read in $PAGER", show=False),
        Binding("slash", "find", "Find on this page", show=False),
        Binding("q", "close", "Close", show=False),
    ]

    def __init__(self, page: PageView, turn: Callable[[str, int, Callable[[PageView], None]], None]) -> None:
        super().__init__()
        self._page = page
        self._turn = turn
        self._found = ""

    def compose(self) -> ComposeResult:
        yield TextBox(id="source")

    def on_mount(self) -> None:
        """Show the page and go to the passage."""
        self._show(self._page)
        self.query_one(TextBox).focus()

    def _show(self, page: PageView) -> None:
        self._page = page
        box = self.query_one(TextBox)
        box.put(page.text, (page.start, page.end))
        label = f" (label {one_line(page.label, 20)})" if page.label and page.label != str(page.number) else ""
        self.named(
            box,
            f"{one_line(page.document, 200)} · page {page.number} of {page.pages}{label}",
            "] next · [ prev · / find · e pager · y copy · esc close",
        )
        if page.end > page.start:
            self.call_after_refresh(box.show_mark)

    def action_turn(self, by: int) -> None:
        """The next or previous page of the document."""
        if 1 <= self._page.number + by <= self._page.pages:
            self._turn(self._page.document, self._page.number + by, self._show)

    def action_find(self) -> None:
        """Mark the next place on this page that says something; the same words again go on to the next one."""

        def done(words: str | None) -> None:
            if words:
                self._found = words
                self._mark(words)

        self.app.push_screen(AskFor("Find on this page", "words", ("enter again finds the next",), self._found), done)

    def action_pager(self) -> None:
        """The page in the program that $PAGER names, which gets the terminal until it ends."""
        page = self._page
        words = shlex.split(os.environ.get("PAGER", "")) or ["less"]
        try:
            with self.app.suspend():
                subprocess.run(words, input=sanitize(page.text).encode(), check=False)
        except (OSError, SuspendNotSupported):
            box = self.query_one(TextBox)
            self.named(box, f"{one_line(page.document, 200)} · page {page.number} of {page.pages}", "no $PAGER here")

    def _mark(self, words: str) -> None:
        page, low, wanted = self._page, self._page.text.casefold(), words.casefold()
        # Folding may change the length of a text: then the letters are compared as they are.
        text = low if len(low) == len(page.text) else page.text
        at = text.find(wanted, page.end)
        at = at if at >= 0 else text.find(wanted)
        box = self.query_one(TextBox)
        if at < 0:
            self.named(box, f"{one_line(page.document, 200)} · page {page.number} of {page.pages}", "not on this page")
            return
        self._show(replace(page, start=at, end=at + len(wanted)))

    def action_copy(self) -> None:
        """Copy the marked passage, else the page."""
        page = self._page
        self.app.copy_to_clipboard(page.text[page.start : page.end] or page.text)
        self.named(
            self.query_one(TextBox),
            f"{one_line(page.document, 200)} · page {page.number} of {page.pages}",
            "copied · esc close",
        )
