"""Long plain text in a scrolling box, wrapped for its width, with an optional marked stretch."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content

from workbench.core.sanitize import sanitize
from workbench.tui.widgets.cells import wrap
from workbench.tui.widgets.lines import Lines
from workbench.tui.widgets.reflow import flowed

_COLUMNS = re.compile(r"(\s*\S.*?\s{2,})(?=\S)")


def hanging(text: str, width: int) -> list[str]:
    """`text` as lines of at most `width` cells; of a row with two columns, what has no room goes on below the second one."""
    match = _COLUMNS.match(text)
    if cell_len(text) <= width or match is None or cell_len(match[1]) > width * 3 // 5:
        return wrap(text, width)
    indent = cell_len(match[1])
    first, *rest = wrap(text[match.end() :], width - indent)
    return [match[1] + first, *(" " * indent + line for line in rest)]


class TextLines(Lines):
    """Foreign text, with an optional marked stretch of characters.

    `flows`: paragraphs fill the width, whatever lines they came in. `hangs`: what goes on in the next line stands in its column.
    """

    def __init__(self, text: str, mark: tuple[int, int] = (0, 0), *, flows: bool = False, hangs: bool = False) -> None:
        super().__init__()
        self.first_marked = 0
        self.flows, self.hangs = flows, hangs
        self.put(text, mark)

    def put(self, text: str, mark: tuple[int, int] = (0, 0)) -> None:
        """Show another text. `mark` counts characters of `text` as it came."""
        start, end = mark
        # Cleaning changes lengths, so the three parts are cleaned one by one.
        before, marked, after = sanitize(text[:start]), sanitize(text[start:end]), sanitize(text[end:])
        self._text, self._mark = before + marked + after, (len(before), len(before) + len(marked))
        self.changed()

    def rows(self, width: int) -> Sequence[Content]:
        text, (start, end) = self._text, self._mark
        if self.flows:
            shown = flowed(text, width, start, end)
            text, start, end = shown.text, shown.start, shown.end
        before, marked, after = text[:start], text[start:end], text[end:]
        if not marked:
            broken = hanging if self.hangs else wrap
            return [Content(line) for part in (before + after).split("\n") for line in broken(part, width)]
        content = Content.assemble(before, (marked, "$background on $in-context"), after)
        rows: list[Content] = []
        self.first_marked = 0
        at = 0
        for part in content.split("\n", allow_blank=True):
            if at <= len(before):
                self.first_marked = len(rows)
            rows += part.wrap(max(width, 1))
            at += len(part.plain) + 1
        return rows


class TextBox(VerticalScroll):
    """A scrolling box of text."""

    def __init__(
        self,
        text: str = "",
        mark: tuple[int, int] = (0, 0),
        *,
        id: str | None = None,
        flows: bool = False,
        hangs: bool = False,
    ) -> None:
        super().__init__(id=id)
        self._lines = TextLines(text, mark, flows=flows, hangs=hangs)
        self._wanted = False

    def compose(self) -> ComposeResult:
        yield self._lines

    def put(self, text: str, mark: tuple[int, int] = (0, 0)) -> None:
        """Show another text from its start."""
        self._lines.put(text, mark)
        self.scroll_home(animate=False)

    @property
    def flows(self) -> bool:
        """Whether paragraphs fill the width."""
        return self._lines.flows

    def flow(self, on: bool) -> None:
        """Let paragraphs fill the width, or show the lines as they came; what is marked stays in sight."""
        self._lines.flows = on
        self._lines.changed()
        self.show_mark()

    def show_mark(self) -> None:
        """Scroll to the marked stretch, at the latest when the text has been laid out."""
        self._wanted = True
        self._go()

    def watch_virtual_size(self) -> None:
        """The text was laid out: what is marked may be in reach now."""
        self._go()

    def _go(self) -> None:
        width = self._lines.content_size.width
        if self._wanted and width:
            # Where the mark stands is known once the text is laid out for its width.
            self._lines.laid_out(width)
            at = max(0, self._lines.first_marked - 3)
            self.scroll_to(y=at, animate=False, force=True)
            self._wanted = self.max_scroll_y < at
