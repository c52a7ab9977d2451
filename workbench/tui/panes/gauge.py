"""The stacked context gauge: one line that shows what fills the context window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from workbench.tui.widgets import glyphs
from workbench.tui.widgets.cells import number
from workbench.tui.widgets.lines import Lines
from workbench.tui.widgets.segment_styles import PARTS, tokens_by_part

if TYPE_CHECKING:
    from workbench.api.events import ContextAssembled

HEAD = "context "
SMALLEST_CELLS = 2


class Gauge(Lines):
    """Letters, sizes and colours of what fills the window; marks where the model is warned and where messages leave.

    The bar is the whole window, with what is reserved for the answer at its end; number and percent are of what is usable, as in
    the trace and the timeline: at 100% messages are evicted.
    """

    def __init__(self, usable_tokens: int, *, id: str) -> None:
        super().__init__(id=id)
        self._usable_tokens = usable_tokens
        self._shown: ContextAssembled | None = None

    def show(self, context: ContextAssembled) -> None:
        """Draw this prompt."""
        self._shown = context
        self.changed(layout=False)

    def rows(self, width: int) -> list[Content]:
        shown = self._shown
        if shown is None:
            numbers = f" 0/{number(self._usable_tokens)}   0%" if self._usable_tokens else ""
            free = glyphs.FREE * max(0, width - len(HEAD) - len(numbers))
            return [Content.assemble((HEAD, "$muted"), (free, "$muted"), (numbers, "bold")).truncate(width)]
        sign = "" if shown.exact else "~"
        numbers = f" {sign}{number(shown.used)}/{number(shown.usable)} {shown.fullness:>4.0%}"
        full = shown.flush and shown.used >= shown.flush
        style = "$text-error" if full else "$text-warning" if shown.warn and shown.used >= shown.warn else "bold"
        cells = width - len(HEAD) - len(numbers)
        if cells < 8:
            return [Content.assemble((HEAD, "$muted"), (numbers.strip(), style)).truncate(width)]
        return [Content.assemble((HEAD, "$muted"), stack(shown, cells), (numbers, style))]


def stack(context: ContextAssembled, cells: int) -> Content:
    """The bar alone, exactly `cells` wide."""
    totals = tokens_by_part(context.segments)
    sizes = share_out([totals[part.letter] for part in PARTS] + [context.reserve], context.window, cells)
    drawn: list[tuple[str, str]] = []
    for part, size in zip(PARTS, sizes, strict=False):
        drawn += segment_cells(part.letter, part.label, totals[part.letter], part.style, size)
    free = cells - sum(sizes)
    drawn += [(glyphs.FREE, "$muted")] * free
    drawn += [("R" if i == 0 else glyphs.RESERVED, "$muted") for i in range(sizes[-1])]
    if context.window and context.warn:
        at = min(cells - 1, round(cells * context.warn / context.window))
        # A mark never hides a letter or a number: it may stand in free room or in the texture of a segment.
        if drawn[at][0] in (glyphs.FREE, glyphs.FILL):
            drawn[at] = (glyphs.WARN_MARK, "$text-warning")
        if sizes[-1] and free:
            drawn[cells - sizes[-1] - 1] = (glyphs.FLUSH_MARK, "$text-error")
    return Content.assemble(*drawn)


def segment_cells(letter: str, label: str, tokens: int, style: str, size: int) -> list[tuple[str, str]]:
    """The cells of one segment: an edge, the longest name that fits, and texture."""
    if size <= 0:
        return []
    names = (f"{label} {number(tokens)}", f"{letter} {number(tokens)}", letter)
    name = next((name for name in names if len(name) + 2 <= size), letter)[: max(size - 1, 0)]
    cells = [(glyphs.EDGE, style)] + [(sign, f"bold {style}") for sign in name]
    return cells + [(glyphs.FILL, style)] * (size - len(cells))


def share_out(amounts: list[int], whole: int, cells: int) -> list[int]:
    """Cells for each amount of `whole`; what is there is always seen, and together they never exceed `cells`."""
    if whole <= 0:
        return [0] * len(amounts)
    sizes = [max(SMALLEST_CELLS, round(cells * amount / whole)) if amount > 0 else 0 for amount in amounts]
    while sum(sizes) > cells:
        sizes[sizes.index(max(sizes))] -= 1
    return sizes
