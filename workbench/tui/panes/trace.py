"""The trace: how big each prompt was, with the pressure line, what was paged in and what left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content

from workbench.tui.panes.pane import Pane
from workbench.tui.widgets import glyphs
from workbench.tui.widgets.cells import number, plural, right, signed
from workbench.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from workbench.api.events import ContextAssembled
    from workbench.api.paging import LiveFaults

KEPT_STEPS = 500
OUT = "passage out"
"""What is counted beside steps, searches, writes and evictions: passages whose results were shrunk to receipts."""


@dataclass
class StepSize:
    """One step: tokens of its prompt, what is usable, and what it moved."""

    step: int
    used: int
    usable: int
    warn: int
    paged_in: int = 0
    paged_out: int = 0
    shrunk: int = 0

    @property
    def share(self) -> float:
        """How full the usable window was."""
        return self.used / self.usable if self.usable else 0.0


class TraceLines(Lines):
    """A sparkline, a line of counts, and a line a step where there is room."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[StepSize] = []
        self.counts: dict[str, int] = {}
        self.now: StepSize | None = None
        """What is in context now, where that is not the newest step's prompt."""

    def rows(self, width: int) -> list[Content]:
        return [
            self._sparkline(width),
            self._counts(width),
            *(self._step(step, width) for step in reversed(self.steps)),
        ]

    def _sparkline(self, width: int) -> Content:
        steps = [step for step in self.steps if step.used]
        if not steps:
            return Content.styled("no step yet", "$muted")
        latest = self.now or steps[-1]
        now = f"  now {latest.share:.0%}"
        recent = steps[-max(1, width - 7 - len(now)) :]
        pieces = [(glyphs.spark([step.share]), _pressure_style(step) or "$in-context") for step in recent]
        return Content.assemble(("tokens ", "$muted"), *pieces, (now, _pressure_style(latest) or "bold"))

    def _counts(self, width: int) -> Content:
        nouns = ("step", "search", "write", "eviction")
        said = [plural(self.counts.get(noun, 0), noun) for noun in nouns]
        choices = [" · ".join(said), ", ".join(said), ", ".join(said[:2])]
        if out := self.counts.get(OUT, 0):
            from workbench.api.events import paged_out  # the first frame does without

            # What did happen is told before what did not.
            happened = [plural(self.counts[noun], noun) for noun in nouns if self.counts.get(noun)]
            left, brief = paged_out(out), f"{plural(out, 'passage')} dropped"
            choices = [
                " · ".join(parts) for parts in ([*said, left], [*happened, brief], [*happened[:2], brief], [brief])
            ]
        return Content.styled(next((text for text in choices if len(text) <= width), choices[-1]), "$muted")

    def _step(self, step: StepSize, width: int) -> Content:
        if not step.used:
            return Content.assemble((f"step {step.step:<4}", "$accent"), ("  interrupted", "$muted")).truncate(width)
        moved = [f"{signed(step.paged_in)} paged in"] if step.paged_in else []
        moved += [f"{signed(-step.paged_out)} evicted"] if step.paged_out else []
        moved += [f"{signed(-step.shrunk)} not cited"] if step.shrunk else []
        return Content.assemble(
            (f"step {step.step:<4}", "$accent"),
            right(number(step.used), 7),
            (f" {step.share:>4.0%}  ", _pressure_style(step) or "$muted"),
            ("  ".join(moved), "$muted"),
        ).truncate(width)


class TracePane(VerticalScroll, Pane):
    """The size of every prompt."""

    TITLE = "Trace"
    JUMP = "t"
    HELP = (
        "One bar a step: how full the usable window was when the prompt was sent. The model is warned at the\n"
        "first mark and messages are evicted at the second; bars beyond a mark change their colour.\n"
        "Below, each step: tokens of its prompt, what its searches paged in and what was evicted.\n"
        "Once a question is answered, passages that the answer does not cite leave the window; one line of each result stays.\n"
        "A fault is a passage that was evicted and is read again; every fourth read a fault is thrashing.\n"
        "f5 shows the prompt of a step word for word."
    )

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._drawn = TraceLines()
        self._marks = ""
        self._thrashing = ""

    def compose(self) -> ComposeResult:
        yield self._drawn

    @property
    def last_step(self) -> int | None:
        """The newest step there is."""
        return self._drawn.steps[-1].step if self._drawn.steps else None

    def clear(self) -> None:
        """The branch is another one."""
        self._drawn.steps, self._drawn.counts, self._drawn.now = [], {}, None
        self._thrashing = ""
        self._entitle()
        self._drawn.changed()

    def begin(self) -> None:
        """A question begins: the counts are its own."""
        self._drawn.counts = {}
        self._drawn.changed()

    def assembled(self, context: ContextAssembled) -> None:
        """A prompt was put together."""
        usable = context.usable
        if context.step is not None:
            self.sized(context.step, context.used, usable, context.warn)
        else:
            self._drawn.now = StepSize(0, context.used, usable, context.warn)
        if context.warn and usable:
            self._marks = f"warns at {context.warn / usable:.0%} · evicts at {context.flush / usable:.0%}"
            self._entitle()
        self._drawn.changed()
        if context.step is not None:
            self.mark_changed()

    def fault(self, faults: LiveFaults) -> None:
        """Passages were read: whether the model is thrashing now."""
        again, of = faults.recent
        self._thrashing = f"thrashing: {number(again)} of {number(of)} read again" if faults.thrashing else ""
        self._entitle()

    def _entitle(self) -> None:
        self.frame(number=Content.styled(self._thrashing, "$text-error") if self._thrashing else self._marks)

    def begin_step(self, step: int) -> None:
        """A step begins; what is moved from now on is its doing."""
        if not self._drawn.steps or self._drawn.steps[-1].step != step:
            self._drawn.steps = [*self._drawn.steps, StepSize(step, 0, 0, 0)][-KEPT_STEPS:]

    def sized(self, step: int, used: int, usable: int, warn: int = 0) -> None:
        """The prompt of a step had this size."""
        self.begin_step(step)
        last = self._drawn.steps[-1]
        last.used, last.usable, last.warn = used, usable, warn or last.warn
        self._drawn.now = None
        self._drawn.changed()

    def receipts(self, passages: int, tokens: int) -> None:
        """Results were shrunk to receipts: so many passages left the window, so many tokens are free."""
        self._drawn.counts[OUT] = self._drawn.counts.get(OUT, 0) + passages
        if self._drawn.steps:
            self._drawn.steps[-1].shrunk += tokens
        self._drawn.changed()

    def count(self, noun: str, *, paged_in: int = 0, paged_out: int = 0) -> None:
        """Something was done: a step, a search, a write, an eviction; tokens that came or went."""
        if noun:
            self._drawn.counts[noun] = self._drawn.counts.get(noun, 0) + 1
        if self._drawn.steps:
            self._drawn.steps[-1].paged_in += paged_in
            self._drawn.steps[-1].paged_out += paged_out
        self._drawn.changed()


def _pressure_style(step: StepSize) -> str:
    if step.used >= step.usable > 0:
        return "$text-error"
    return "$text-warning" if step.warn and step.used >= step.warn else ""
