"""Page faults: the recorded reference string replayed at other windows under FIFO, LRU and Belady's optimum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content

from workbench.api.paging import POLICIES, Faults, Reference, thrashing
from workbench.tui.screens.overlay import Overlay
from workbench.tui.widgets import glyphs
from workbench.tui.widgets.cells import crop, fit, number, plural, right, short_window, wrap
from workbench.tui.widgets.lines import Lines


@dataclass(frozen=True)
class FaultView:
    """The string, the table of replays, and the window as it is."""

    string: Sequence[Reference]
    table: Sequence[tuple[int, tuple[Faults, ...]]]
    window: int


class FaultLines(Lines):
    """What it means, a table, and where in time the faults of the present window fall."""

    def __init__(self, view: FaultView) -> None:
        super().__init__()
        self._view = view

    def rows(self, width: int) -> list[Content]:
        view = self._view
        if not view.string:
            return [Content.styled("Nothing was read yet: ask a question about a document first.", "$muted")]
        passages = len({item.passage for item in view.string})
        about = (
            f"{plural(len(view.string), 'reference')} to {plural(passages, 'passage')}. A fault is a passage that was "
            "evicted and is needed again: it is read twice. First reads are not counted. What leaves first: under FIFO the "
            "oldest, under LRU the one unused for longest, under the optimum the one needed last, which only hindsight knows."
        )
        rows = [Content.styled(line, "$muted") for line in wrap(about, width)]
        head = fit("  window", 12) + "".join(right(policy, 10) for policy in POLICIES)
        bars = crop(f"  under {POLICIES[0]}, used here", max(0, width - len(head)))
        rows += [Content(""), Content.assemble((head, "bold"), (bars, "$muted"))]
        most = max((item.faults for _, items in view.table for item in items), default=0)
        for window, items in view.table:
            here = window == view.window
            cells = max(0, min(28, width - 50))
            bar = glyphs.bar(items[0].faults / most if most else 0, cells) if cells else ""
            mark = "  now" if here else ""
            numbers = "".join(right(number(item.faults), 10) for item in items)
            head = fit(f"{glyphs.CLOSED if here else ' '} {number(window)}", 12)
            style = "bold" if here else ""
            rows.append(
                Content.assemble((head + numbers, style), ("  " + bar, "$text-warning"), (mark, "$accent")).truncate(
                    width
                )
            )
        return [*rows, Content(""), *self._says(width), Content(""), *self._when(width)]

    def _says(self, width: int) -> list[Content]:
        """The table in a sentence."""
        view = self._view
        now = next((items for window, items in view.table if window == view.window), None)
        enough = next((window for window, items in view.table if not items[0].faults), None)
        if now is None:
            return []
        text = f"{plural(now[0].faults, 'fault')} at {short_window(view.window)}"
        if not now[0].faults:
            text = f"No faults at {short_window(view.window)}: nothing was read twice because it was evicted."
        elif enough is not None:
            text += f", none at {short_window(enough)}."
        else:
            text += "; a larger window would not have avoided them all."
        if now[0].faults > now[2].faults:
            text += f" The best possible choice of what to evict would have had {number(now[2].faults)}."
        if thrashing(now[0].faults, now[0].references):
            text += " It is thrashing: every fourth reference or more reads something again."
        return [Content.styled(line, "$accent") for line in wrap(text, width)]

    def _when(self, width: int) -> list[Content]:
        view = self._view
        now = next((items[0] for window, items in view.table if window == view.window), None)
        if now is None or not now.faults:
            return []
        steps = sorted({item.step for item in view.string})
        counts = {step: now.steps.count(step) for step in steps}
        most = max(counts.values())
        shown = steps[-max(1, width - 8) :]
        line = glyphs.spark([counts[step] / most for step in shown])
        caption = f"faults by step, {number(shown[0])} to {number(shown[-1])}, FIFO, at most {number(most)} in one"
        return [Content.styled(line, "$text-warning"), Content.styled(crop(caption, width), "$muted")]


class PageFaults(Overlay[None]):
    """The replays in a box that scrolls."""

    HELP = (
        "What the model read is a reference string; it is replayed at other windows and under three ways\n"
        "to choose what leaves: first in first out, least recently used, and the best choice possible.\n"
        "A fault is a passage that had been evicted and was read again."
    )
    BINDINGS = [Binding("q", "close", "Close", show=False)]

    def __init__(self, view: FaultView) -> None:
        super().__init__()
        self._view = view

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="page-faults") as box:
            yield FaultLines(self._view)
        self.named(box, "Page faults", "up down scroll · esc close")

    def on_mount(self) -> None:
        """It scrolls with the keys."""
        self.query_one(VerticalScroll).focus()
