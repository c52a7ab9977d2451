"""The context X-ray: a prompt comes in, its segments with tokens and exact text go out; ] and [ change the step."""

from __future__ import annotations

from collections.abc import Callable

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.content import Content
from textual.events import Click
from textual.message import Message

from workbench.events import ContextAssembled, Segment
from workbench.foreign import one_line
from workbench.tui.blocks.drawing import CURSOR
from workbench.tui.cells import crop, number, right
from workbench.tui.glossary import part_of
from workbench.tui.lines import Lines
from workbench.tui.screens.overlay import Overlay
from workbench.tui.screens.text_view import TextBox

FetchContext = Callable[[int | None, Callable[[ContextAssembled], None]], None]

_KEYS = "up down segment · ] [ step · d diff · esc close"

OpenDiff = Callable[[int | None, int | None], None]

LAST = -1
"""Asks for the newest recorded step."""


class SegmentList(Lines, can_focus=True):
    """One row a segment: letter, what it is, tokens."""

    BINDINGS = [Binding("up", "move(-1)", show=False), Binding("down", "move(1)", show=False)]

    class Moved(Message):
        """The cursor stands on another segment."""

    def __init__(self) -> None:
        super().__init__()
        self.segments: tuple[Segment, ...] = ()
        self.cursor = 0

    def put(self, segments: tuple[Segment, ...]) -> None:
        """Show these, the cursor on the first."""
        self.segments, self.cursor = segments, 0
        self.changed()
        self.post_message(self.Moved())

    def rows(self, width: int) -> list[Content]:
        rows: list[Content] = []
        for at, segment in enumerate(self.segments):
            part = part_of(segment)
            tokens = right(number(segment.tokens), 7)
            title = one_line(segment.title or segment.name.replace("_", " "), 200)
            name = crop(title, width - 3 - len(tokens))
            pad = " " * max(0, width - 2 - len(tokens) - Content(name).cell_length)
            if at == self.cursor:
                rows.append(Content.assemble((f"{part.letter} ", f"bold {part.style}"), (name + pad + tokens, CURSOR)))
            else:
                rows.append(Content.assemble((f"{part.letter} ", f"bold {part.style}"), name, pad, (tokens, "$muted")))
        return rows or [Content.styled("nothing yet", "$muted")]

    def action_move(self, by: int) -> None:
        """Another segment."""
        self.go(self.cursor + by)

    def go(self, at: int) -> None:
        """Put the cursor on segment `at`."""
        if 0 <= at < len(self.segments):
            self.cursor = at
            self.changed(layout=False)
            self.scroll_visible()
            self.post_message(self.Moved())

    def on_click(self, event: Click) -> None:
        """The segment that was clicked."""
        self.go(event.y)


class XRay(Overlay[None]):
    """The exact prompt of a step."""

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
            yield SegmentList()
            yield TextBox(id="segment")
        self.named(frame, "Context", _KEYS)

    def on_mount(self) -> None:
        """Show the prompt."""
        self.query_one(SegmentList).focus()
        self._show(self._shown)

    def _show(self, context: ContextAssembled) -> None:
        self._shown = context
        step = "next prompt" if context.step is None else f"step {number(context.step)}"
        sign = "" if context.exact else "~"
        used = f"{sign}{number(context.used)}/{number(context.window)} tokens · {number(context.reserve)} reserved"
        self.named(self.query_one("#xray"), f"Context · {step} · {used}", _KEYS)
        self.query_one(SegmentList).put(context.segments)

    def on_segment_list_moved(self) -> None:
        """The text follows the cursor."""
        segments = self.query_one(SegmentList)
        if segments.segments:
            segment = segments.segments[segments.cursor]
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
        """The prompt of the step before or after; after the last comes the next prompt."""
        step = self._shown.step
        if step is not None and step + by >= 1:
            self._fetch(step + by, self._show)
        elif step is None and by < 0:
            self._fetch(LAST, self._show)
