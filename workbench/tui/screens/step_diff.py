"""Compares the prompts of two steps: changed segments as rows, and the changed lines of one of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content

from workbench.api.history import SIGNS, ContextDiff, SegmentChange
from workbench.api.segment_titles import segment_title
from workbench.core.sanitize import sanitize
from workbench.tui.screens.overlay import Overlay
from workbench.tui.screens.part_list import PartList
from workbench.tui.widgets.cells import number, wrap
from workbench.tui.widgets.lines import Lines
from workbench.tui.widgets.segment_styles import part_of

FetchDiff = Callable[[int | None, int | None, int, int, Callable[[ContextDiff], None]], None]
"""Steps, by how many each is moved on, and what takes the diff."""

_STYLES = {"+": "$in-context", "-": "$text-error"}
_KEYS = "up down segment · ] [ other second step · } { other first step · esc close"


class ChangeList(PartList[SegmentChange]):
    """One row a change: sign, letter, what it is, tokens more or less."""

    EMPTY = "the two prompts are the same"
    TOKEN_CELLS = 8

    def lead(self, item: SegmentChange) -> Content:
        part, sign = part_of(item.segment), SIGNS[item.kind]
        return Content.assemble((f"{sign} ", _STYLES.get(sign, "bold")), (f"{part.letter} ", f"bold {part.style}"))

    def title(self, item: SegmentChange) -> str:
        return segment_title(item.segment)

    def tokens(self, item: SegmentChange) -> str:
        return more(item.tokens)


class DiffLines(Lines):
    """Lines of a diff, each with its sign, coloured by it."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: Sequence[str] = ()

    def put(self, lines: Sequence[str]) -> None:
        """Show these."""
        self._lines = lines
        self.changed()

    def rows(self, width: int) -> list[Content]:
        rows: list[Content] = []
        for line in self._lines:
            sign, text = line[:1], sanitize(line[1:])
            style = _STYLES.get(sign, "$muted")
            # A line that is wrapped keeps its sign on every row, so that colour is never needed.
            rows += [Content.styled(f"{sign} {part}", style) for part in wrap(text, max(1, width - 2)) or [""]]
        return rows or [Content("")]


class StepDiff(Overlay[None]):
    """What changed from one prompt to another."""

    BINDINGS = [
        Binding("right_square_bracket", "turn(0, 1)", "Next step", show=False),
        Binding("left_square_bracket", "turn(0, -1)", "Previous step", show=False),
        Binding("right_curly_bracket", "turn(1, 0)", "Next first step", show=False),
        Binding("left_curly_bracket", "turn(-1, 0)", "Previous first step", show=False),
        Binding("d,q", "close", "Close", show=False),
    ]

    def __init__(self, diff: ContextDiff, fetch: FetchDiff) -> None:
        super().__init__()
        self._shown = diff
        self._fetch = fetch

    def compose(self) -> ComposeResult:
        with Horizontal(id="xray") as frame:
            with VerticalScroll(id="segments", can_focus=False):
                yield ChangeList()
            with VerticalScroll(id="segment"):
                yield DiffLines()
        self.named(frame, "Diff", _KEYS)

    def on_mount(self) -> None:
        """Show the diff."""
        self.query_one(ChangeList).focus()
        self.call_after_refresh(self._show, self._shown)

    def _show(self, diff: ContextDiff) -> None:
        if not self.is_open:  # it came after the overlay was closed
            return
        self._shown = diff
        sizes = f"{number(diff.used_before)} → {number(diff.used_after)} tokens"
        about = f"{more(diff.used_after - diff.used_before)} · {number(diff.unchanged)} segments the same"
        steps = f"{step_name(diff.first)} → {step_name(diff.second)}"
        self.named(self.query_one("#xray"), f"Diff · {steps} · {sizes} · {about}", _KEYS)
        self.query_one(ChangeList).put(diff.changes)
        if not diff.changes:
            self.query_one(DiffLines).put(())
            same = diff.first == diff.second and diff.first is not None
            what = "there is no step before this one" if same else "nothing changed"
            self.named(self.query_one("#segment"), what, "")

    def on_cursor_list_moved(self) -> None:
        """The lines follow the cursor."""
        if (change := self.query_one(ChangeList).chosen) is not None:
            box = self.query_one("#segment", VerticalScroll)
            self.query_one(DiffLines).put(change_lines(change))
            self.named(box, f"{change.kind} · {segment_title(change.segment)} · {more(change.tokens)} tokens", "")
            box.scroll_home(animate=False)

    def action_turn(self, first: int, second: int) -> None:
        """Other steps."""
        self._fetch(self._shown.first, self._shown.second, first, second, self._show)


def change_lines(change: SegmentChange) -> list[str]:
    """The lines of a change, each with its sign first."""
    if change.kind == "changed":
        return list(change.lines)
    sign = SIGNS[change.kind]
    return [f"{sign}{line}" for line in change.segment.text.splitlines() or [""]]


def step_name(step: int | None) -> str:
    """A step as titles say it."""
    return "next prompt" if step is None else f"step {number(step)}"


def more(tokens: int) -> str:
    """A difference with its sign."""
    return f"+{number(tokens)}" if tokens > 0 else f"−{number(-tokens)}" if tokens else "±0"
