"""The timeline: all steps on one page, how full each prompt was and what it did; every pane can be put back to any of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalGroup, VerticalScroll
from textual.content import Content

from workbench.api.citation_marks import without_handles
from workbench.api.paging import StepRecord
from workbench.core.sanitize import one_line
from workbench.tui.screens.overlay import Overlay
from workbench.tui.screens.part_list import PartList
from workbench.tui.widgets import glyphs
from workbench.tui.widgets.cells import crop, fit, number, plural, right
from workbench.tui.widgets.lines import Lines

GAUGE_CELLS, NARROW_GAUGE_CELLS = 24, 12
WIDE_CELLS = 90


class StepList(PartList[StepRecord]):
    """One row a step: its size against the marks, and signs for what it did."""

    EMPTY = "no step yet"
    marks = (0.7, 1.0)
    """Where the model is warned and where messages leave, as shares of what is usable."""

    BINDINGS = [Binding("enter", "open", show=False)]

    def action_open(self) -> None:
        """enter."""
        self.post_message(self.Opened())

    def rows(self, width: int) -> list[Content]:
        rows: list[Content] = []
        cells = GAUGE_CELLS if width >= WIDE_CELLS else NARROW_GAUGE_CELLS
        for at, item in enumerate(self.items):
            share = item.used / item.usable if item.usable else 0.0
            style = "$text-error" if share >= self.marks[1] else "$text-warning" if share >= self.marks[0] else "$muted"
            bar = list(glyphs.bar(share, cells))
            mark = min(cells - 1, round(cells * self.marks[0]))
            bar[mark] = glyphs.WARN_MARK if bar[mark] == " " else bar[mark]
            did = [f"{glyphs.SEARCH}{len(item.hits)}"] if item.hits else []
            did += [f"{glyphs.EDIT}{item.edits}"] if item.edits else []
            did += ["!"] if item.warned else []
            did += [f"{glyphs.UP}{item.evicted_messages}"] if item.evicted_messages else []
            head = f"{right(number(item.step), 5)}  "
            size = f" {right(number(item.used), 7)} {share:>4.0%}  " if item.used else "  interrupted  "
            said = f"{glyphs.BAR} {item.question}" if item.question else ""
            said = said or (f"{glyphs.ARROW} {gist(item.answer)}" if item.answer else "")
            signs = fit(" ".join(did), 16)
            text = crop(one_line(said, 300), width - len(head) - cells - len(size) - 17)
            here = self.CURSOR if at == self.cursor else ""
            rows.append(
                Content.assemble(
                    (head, here or "$accent"), ("".join(bar), style), (size, ""), (signs, "$in-context"), (text, "")
                ).truncate(width)
            )
        return rows or [Content.styled(self.EMPTY, "$muted")]


def gist(answer: str) -> str:
    """An answer from where it says something: a first line that ends in a colon only leads up to what follows."""
    first, _, rest = without_handles(answer).partition("\n")
    return rest if rest.strip() and first.rstrip().endswith(":") else f"{first} {rest}"


class Legend(Lines):
    """One dim line, cut at the width; it may differ on a narrow screen."""

    def __init__(self, wide: str, narrow: str) -> None:
        super().__init__()
        self._texts = (wide, narrow)

    def rows(self, width: int) -> list[Content]:
        return [Content.styled(crop(self._texts[width < WIDE_CELLS], width), "$muted")]


HEADS = (
    f" step  {'prompt, of what is usable':<{GAUGE_CELLS}}  tokens        {'what it did':<16}question or answer",
    f" step  {'prompt':<{NARROW_GAUGE_CELLS}}  tokens        {'what it did':<16}question or answer",
)
SIGNS = (
    f"{glyphs.SEARCH} passages read   {glyphs.EDIT} memory edits   ! warned that the window fills   {glyphs.UP} messages evicted",
    f"{glyphs.SEARCH} passages read  {glyphs.EDIT} memory edits  ! warning  {glyphs.UP} evicted",
)


class TimelineScreen(Overlay[int]):
    """All steps. Dismissed with a step that the panes are to show; x and d open its prompt and what it changed."""

    HELP = (
        "One row a step: how full its prompt was, the passages it read, its edits, ! for a warning and an\n"
        "arrow for evictions, then the question that began or the answer that ended there. enter puts\n"
        "every pane back to that step until esc; x opens its prompt, d what it changed."
    )
    BINDINGS = [
        Binding("x", "xray", "The prompt of the step", show=False),
        Binding("d", "diff", "What changed", show=False),
        Binding("q", "close", "Close", show=False),
    ]

    def __init__(
        self,
        steps: Sequence[StepRecord],
        marks: tuple[float, float],
        open_context: Callable[[int | None], None],
        open_diff: Callable[[int | None, int | None], None],
    ) -> None:
        super().__init__()
        self._steps = steps
        self._marks = marks
        self._open_context = open_context
        self._open_diff = open_diff

    def compose(self) -> ComposeResult:
        with VerticalGroup(id="timeline") as frame:
            yield Legend(*HEADS)
            with VerticalScroll(can_focus=False):
                yield StepList()
            yield Legend(*SIGNS)
        keys = "enter panes at this step · x prompt · d changes · esc close"
        self.named(frame, f"Timeline · {plural(len(self._steps), 'step')}", keys)

    def on_mount(self) -> None:
        """The newest step is at the end."""
        rows = self.query_one(StepList)
        rows.marks = self._marks
        rows.put(self._steps, len(self._steps) - 1)
        rows.focus()

    @property
    def _chosen(self) -> StepRecord | None:
        return self.query_one(StepList).chosen

    def on_cursor_list_opened(self) -> None:
        """enter."""
        if (chosen := self._chosen) is not None:
            self.dismiss(chosen.step)

    def action_xray(self) -> None:
        """x."""
        if (chosen := self._chosen) is not None:
            self._open_context(chosen.step)

    def action_diff(self) -> None:
        """d."""
        if (chosen := self._chosen) is not None:
            self._open_diff(None, chosen.step)
