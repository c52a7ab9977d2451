"""An overlay that shows a run: what it yields comes here one by one, a line says how it goes, space stops it and goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from textual.binding import Binding
from textual.content import Content

from workbench.core.sanitize import one_line
from workbench.tui.screens.overlay import Overlay
from workbench.tui.widgets.lines import Lines

Item = TypeVar("Item")


@dataclass(frozen=True)
class Run(Generic[Item]):
    """How an overlay starts and stops what it shows; everything comes back on the event loop.

    `start` takes what gets each item and what is told at the end (why it failed, "" when it did not); it returns False
    while an earlier run has not ended yet. `stop` ends it after the present item.
    """

    start: Callable[[Callable[[Item], None], Callable[[str], None]], bool]
    stop: Callable[[], None]


class RunLine(Lines):
    """One line on how a run goes."""

    def __init__(self) -> None:
        super().__init__()
        self._text, self._style = "", "$muted"

    def say(self, text: str, style: str) -> None:
        """Show this."""
        self._text, self._style = text, style
        self.changed(layout=False)

    def rows(self, width: int) -> list[Content]:
        return [Content.styled(one_line(self._text, 400), self._style).truncate(width, ellipsis=True)]


class RunScreen(Overlay[None], Generic[Item]):
    """Starts, stops and goes on with a run. A subclass has a RunLine, and says what is left and how an item and the end look."""

    BINDINGS = [Binding("space", "pause", "Stop, or go on", show=False)]
    NOUN = ""
    """What a run does one by one."""
    BUSY = ""
    """Said where an earlier run has not ended."""

    def __init__(self, run: Run[Item]) -> None:
        super().__init__()
        self._run = run
        self.going = False
        """Whether the run goes on now."""
        self._stopping = False

    @property
    def unfinished(self) -> bool:
        """Whether something is left to do."""
        raise NotImplementedError

    def item_arrived(self, item: Item) -> None:
        """Show what the run yielded."""
        raise NotImplementedError

    def run_ended(self, failure: str) -> None:
        """Say how the run ended: why it failed, "" when it did not."""
        raise NotImplementedError

    def tell(self, text: str) -> None:
        """Say something about what was asked for here, or why it could not be done."""
        if self.is_open:
            self._say(text)

    def _say(self, text: str, style: str = "$muted") -> None:
        self.query_one(RunLine).say(text, style)

    def _go_on(self) -> None:
        self._stopping = False
        self.going = self._run.start(self._arrived, self._over)
        if not self.going:
            self._say(self.BUSY, "$text-warning")

    def _arrived(self, item: Item) -> None:
        if self.is_open:
            self.item_arrived(item)

    def _over(self, failure: str) -> None:
        self.going = False
        if self.is_open:
            self.run_ended(failure)

    def action_pause(self) -> None:
        """space."""
        if self.going:
            self._stopping = True
            self._run.stop()
            self._say(f"stopping after this {self.NOUN}")
        elif self.unfinished:
            self._go_on()
