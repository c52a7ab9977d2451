"""The context X-ray: the exact prompt of a step, segment by segment, with the tokens of each."""

from __future__ import annotations

from collections.abc import Callable

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content

from workbench.api.events import ContextAssembled, Segment
from workbench.api.segment_titles import segment_title
from workbench.tui.screens.overlay import Overlay
from workbench.tui.screens.part_list import PartList
from workbench.tui.screens.text_view import TextBox
from workbench.tui.widgets.cells import number
from workbench.tui.widgets.segment_styles import part_of

FetchContext = Callable[[int | None, int, Callable[[ContextAssembled], None]], None]
"""A step, None the next prompt; by how many recorded steps to move on from it; and what takes the prompt."""

_KEYS = "up down segment · ] [ step · d diff · esc close"

OpenDiff = Callable[[int | None, int | None], None]


class SegmentList(PartList[Segment]):
    """One row a segment: letter, what it is, tokens."""

    EMPTY = "nothing yet"

    def lead(self, item: Segment) -> Content:
        part = part_of(item)
        return Content.assemble((f"{part.letter} ", f"bold {part.style}"))

    def title(self, item: Segment) -> str:
        return segment_title(item)

    def tokens(self, item: Segment) -> str:
        return number(item.tokens)


class XRay(Overlay[None]):
    """The exact prompt of a step."""

    HELP = (
        "Every segment of the prompt in the order it is sent, with its tokens; the text is exact. Letters\n"
        "as in the bar: S system, M memory, the sum sign for the summary, C conversation, P passages.\n"
        "] and [ go to the next and previous step, d shows what changed since the step before."
    )
    BINDINGS = [
        Binding("right_square_bracket", "step(1)", "Next step", show=False),
        Binding("left_square_bracket", "step(-1)", "Previous step", show=False),
        Binding("d", "diff", "What changed since the step before", show=False),
        Binding("f5,q", "close", "Close", show=False),
    ]

    def __init__(self, context: ContextAssembled, fetch: FetchContext, open_diff: OpenDiff) -> None:
        super().__init__()
        self._shown = context
        self._open_diff = open_diff
        self._fetch = fetch

    def compose(self) -> ComposeResult:
        with Horizontal(id="xray") as frame:
            with VerticalScroll(id="segments", can_focus=False):
                yield SegmentList()
            yield TextBox(id="segment")
        self.named(frame, "Context", _KEYS)

    def on_mount(self) -> None:
        """Show the prompt."""
        self.query_one(SegmentList).focus()
        # Only laid out widgets know how long a text is: what is put in before that stays one line high.
        self.call_after_refresh(self._show, self._shown)

    def _show(self, context: ContextAssembled) -> None:
        if not self.is_open:  # it came after the overlay was closed
            return
        self._shown = context
        step = "next prompt" if context.step is None else f"step {number(context.step)}"
        sign = "" if context.exact else "~"
        used = f"{sign}{number(context.used)}/{number(context.usable)} tokens · {number(context.reserve)} reserved"
        self.named(self.query_one("#xray"), f"Context · {step} · {used}", _KEYS)
        self.query_one(SegmentList).put(context.segments)

    def on_cursor_list_moved(self) -> None:
        """The text follows the cursor."""
        if (segment := self.query_one(SegmentList).chosen) is not None:
            box = self.query_one(TextBox)
            box.put(segment.text)
            role = f" · {segment.role}" if segment.role else ""
            self.named(
                box,
                f"{segment.name.replace('_', ' ')}{role} · {number(segment.tokens)} tokens",
                f"{number(len(segment.text))} characters",
            )

    def action_diff(self) -> None:
        """What changed from the step before to this one."""
        self._open_diff(None, self._shown.step)

    def action_step(self, by: int) -> None:
        """The prompt of the recorded step before or after; after the last comes the next prompt."""
        self._fetch(self._shown.step, by, self._show)
