"""A page of a document, with the quote of a citation or the passage of a hit marked in its place."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace

from textual.app import ComposeResult, SuspendNotSupported
from textual.binding import Binding

from workbench.api.events import Citation
from workbench.api.matching import across_lines, quote_span
from workbench.api.session import PageView
from workbench.core.sanitize import one_line, sanitize
from workbench.core.secrets import environment_without_keys
from workbench.tui.screens.ask_for import AskFor
from workbench.tui.screens.overlay import Overlay
from workbench.tui.screens.text_view import TextBox


class SourcePage(Overlay[None]):
    """One page of a document."""

    HELP = (
        "A page of a document; the cited passage is marked. ] and [ turn pages, / finds words on it, v shows the page\n"
        "as it looks, n and N go to the next and previous quote or match, e opens $PAGER, y copies what is marked.\n"
        "Paragraphs fill the window; l shows the lines as they are in the document, and again joins them."
    )
    BINDINGS = [
        Binding("right_square_bracket", "turn(1)", "Next page", show=False),
        Binding("left_square_bracket,p", "turn(-1)", "Previous page", show=False),
        Binding("n", "other(1)", "Next quote or match", show=False),
        Binding("N", "other(-1)", "Previous quote or match", show=False),
        Binding("y", "copy", "Copy the text", show=False),
        Binding("v", "picture", "The page as it looks", show=False),
        Binding("l", "lines", "The lines of the document, or paragraphs", show=False),
        Binding("e", "pager", "Read in $PAGER", show=False),
        Binding("slash", "find", "Find on this page", show=False),
        Binding("q", "close", "Close", show=False),
    ]

    def __init__(
        self,
        page: PageView,
        turn: Callable[[str, int, Callable[[PageView], None]], None],
        quotes: Sequence[Citation] = (),
        quote: Citation | None = None,
        picture: Callable[[PageView, str], None] = lambda page, quote: None,
    ) -> None:
        super().__init__()
        self._open_picture = picture
        self._quotes = list(quotes)
        self._quote = quote
        self._page = page
        self._turn = turn
        self._words = ""
        self._count = ""

    def compose(self) -> ComposeResult:
        yield TextBox(id="source", flows=True)

    def on_mount(self) -> None:
        """Show the page and go to the passage."""
        self.query_one(TextBox).focus()
        self.call_after_refresh(self._show_quoted, self._page)

    def _show_quoted(self, page: PageView) -> None:
        """Show a page with the quote marked, where it stands there word for word; else the passage."""
        place = quote_span(page.text, self._quote.quote) if self._quote else None
        self._show(replace(page, start=place[0], end=place[1]) if place else page)

    def action_other(self, by: int) -> None:
        """The next quote of the answer, whatever page it stands on; after a search, the next match."""
        if self._words:
            self._mark(self._words, by)
        elif self._quote in self._quotes and len(self._quotes) > 1:
            self._quote = self._quotes[(self._quotes.index(self._quote) + by) % len(self._quotes)]
            self._turn(self._quote.document, self._quote.page, self._show_quoted)

    def _show(self, page: PageView) -> None:
        if not self.is_open:  # it came after the overlay was closed
            return
        self._page = page
        box = self.query_one(TextBox)
        box.put(page.text, (page.start, page.end))
        label = f" (label {one_line(page.label, 20)})" if page.label and page.label != str(page.number) else ""
        self.named(
            box,
            f"{one_line(page.document, 200)} · page {page.number} of {page.pages}{label}",
            self._keys(),
        )
        if page.end > page.start:
            self.call_after_refresh(box.show_mark)

    def _keys(self) -> str:
        if self._count:
            return f"{self._count} · n next · N previous · / find · esc close"
        if self._quote in self._quotes:
            at = f"quote {self._quotes.index(self._quote) + 1} of {len(self._quotes)}"
            following = " · n next" if len(self._quotes) > 1 else ""
            return f"{at}{following} · esc close · ] [ page · v picture · / find · e pager · y copy · l lines"
        return "] next · [ prev · v picture · / find · e pager · y copy · l lines · esc close"

    def action_turn(self, by: int) -> None:
        """The next or previous page of the document."""
        if 1 <= self._page.number + by <= self._page.pages:
            self._turn(self._page.document, self._page.number + by, self._show)

    def action_picture(self) -> None:
        """The page as it looks, with what is marked marked there too."""
        page = self._page
        self._open_picture(page, page.text[page.start : page.end])

    def action_lines(self) -> None:
        """l."""
        box = self.query_one(TextBox)
        box.flow(not box.flows)

    def action_find(self) -> None:
        """Mark the next place on this page that says something; the same words again go on to the next one."""

        def done(words: str | None) -> None:
            if words:
                self._words = words
                self._mark(words)

        self.app.push_screen(AskFor("Find on this page", "words", ("enter again finds the next",), self._words), done)

    def action_pager(self) -> None:
        """The page in the program that $PAGER names, which gets the terminal until it ends."""
        page = self._page
        words = shlex.split(os.environ.get("PAGER", "")) or ["less"]
        try:
            with self.app.suspend():
                subprocess.run(words, input=sanitize(page.text).encode(), check=False, env=environment_without_keys())
        except (OSError, SuspendNotSupported):
            box = self.query_one(TextBox)
            self.named(box, f"{one_line(page.document, 200)} · page {page.number} of {page.pages}", "no $PAGER here")

    def _mark(self, words: str, by: int = 1) -> None:
        """Mark the next match, or the previous one, and say which of how many it is."""
        page, low = self._page, self._page.text.casefold()
        # Folding may change the length of a text: then the letters are compared as they are.
        text, wanted = (low, words.casefold()) if len(low) == len(page.text) else (page.text, words)
        places = [match.span() for match in across_lines(wanted).finditer(text)]
        if not places:
            self._count = "not on this page"
            self._show(replace(page, start=0, end=0))
            return
        if by > 0:
            at = next((n for n, place in enumerate(places) if place[0] >= page.end), 0)
        else:
            at = next((n for n in range(len(places) - 1, -1, -1) if places[n][0] < page.start), len(places) - 1)
        self._count = f"match {at + 1} of {len(places)}"
        self._show(replace(page, start=places[at][0], end=places[at][1]))

    def action_copy(self) -> None:
        """Copy the marked passage, else the page."""
        page = self._page
        self.app.copy_to_clipboard(page.text[page.start : page.end] or page.text)
        self.named(
            self.query_one(TextBox),
            f"{one_line(page.document, 200)} · page {page.number} of {page.pages}",
            "copied · esc close",
        )
