"""The first line: agent, model and window, what is attached, and what is going on right now."""

from __future__ import annotations

import time
from collections.abc import Callable

from textual.content import Content

from workbench.core.activity import ACTIVITIES, Activity
from workbench.core.sanitize import one_line
from workbench.tui.widgets import glyphs
from workbench.tui.widgets.cells import clock, crop, number, plural, short_window
from workbench.tui.widgets.lines import Lines

SLOW_SECONDS = 3.0
"""After so long whoever waits is told what for."""


class StatusLine(Lines):
    """Agent, model and window, sources, state."""

    def __init__(
        self,
        *,
        id: str,
        now: Callable[[], float] = time.monotonic,
        activity: Callable[[], Activity | None] = ACTIVITIES.current,
    ) -> None:
        """`activity` is what the program does at this moment, for whoever waits for the session or for a first step."""
        super().__init__(id=id)
        self._now = now
        self._activity = activity
        self._identity = ("", "", 0, "")
        self._library: tuple[int, int] | None = None
        self._started: float | None = None
        self._step = (0, 0)
        self._stopping = ""
        self._loading: tuple[int, int] | None = None
        self._moment: int | None = None
        self._server = True
        self._leaving: str | None = None

    def on_mount(self) -> None:
        """A clock that only draws while something runs."""
        self.set_interval(1.0, self._tick)

    def _tick(self) -> None:
        if self._started is not None or not self._identity[0]:
            self.renewed()

    def identify(self, agent: str, model: str, window_tokens: int, drive: str = "") -> None:
        """Who answers, and who searches for it ("" where that is the model that answers)."""
        self._identity = (agent, model, window_tokens, drive if drive != "model" else "")
        self.renewed()

    def attached(self, documents: int, passages: int) -> None:
        """What is searched."""
        self._library = (documents, passages)
        self.renewed()

    def started(self) -> None:
        """A question is being answered from now on."""
        self._started, self._step, self._stopping = self._now(), (0, 0), ""
        self.renewed()

    def step(self, step: int, limit: int) -> None:
        """The agent is at this step of this question."""
        self._step = (step, limit)
        self.renewed()

    def stopping(self, *, now: bool) -> None:
        """The user asked for the end of the answer: after this step, or now."""
        self._stopping = "cancelling" if now else "stopping after step"
        self.renewed()

    def elapsed(self) -> str:
        """How long the answer takes so far, "" when nothing is being answered."""
        return f"{self._now() - self._started:.0f} s" if self._started is not None else ""

    def ended(self) -> None:
        """Nothing is being answered."""
        self._started = None
        self.renewed()

    def moment(self, step: int | None) -> None:
        """The panes show this step; None what is now."""
        self._moment = step
        self.renewed()

    def server(self, *, there: bool) -> None:
        """Whether the model server answered when it was last asked."""
        if there != self._server:
            self._server = there
            self.renewed()

    @property
    def server_there(self) -> bool:
        """Whether the model server answered when it was last asked."""
        return self._server

    def load(self, progress: tuple[int, int] | None) -> None:
        """How far a load is (passages done, of), None when there is none."""
        self._loading = progress
        self.renewed()

    def leaving(self, doing: str) -> None:
        """The program ends; this is told to stop before ("" for nothing)."""
        self._leaving = doing
        self.renewed()

    def rows(self, width: int) -> list[Content]:
        agent = self._identity[0]
        state = self._state()
        room = width - state.cell_length - 2
        # On a narrow screen the clock stays whole, and the name of the program goes first.
        head = [("workbench", "bold"), (" · " if agent else "", "$muted")] if room >= 20 else []
        left = Content.assemble(*head, (crop(one_line(agent, 80), max(0, room - 12 * bool(head))), "$accent"))
        middle = Content("")
        for facts in self._facts():
            middle = Content.styled(" · ".join(facts), "$muted")
            start = max((width - middle.cell_length) // 2, left.cell_length + 2)
            if start + middle.cell_length + 2 <= width - state.cell_length:
                break
        else:
            middle, start = Content(""), left.cell_length
        gap = width - start - middle.cell_length - state.cell_length
        return [
            Content.assemble(left, " " * (start - left.cell_length), middle, " " * max(gap, 1), state).truncate(width)
        ]

    def _waits_for(self) -> str:
        """What keeps a start waiting, once it has for a few seconds; "" before."""
        activity = self._activity()
        return activity.what if activity is not None and activity.seconds >= SLOW_SECONDS else ""

    def _facts(self) -> list[list[str]]:
        """What is worth saying in the middle: all of it, then less; on a narrow screen the model stays longest."""
        _, model, window, drive = self._identity
        who = [f"{one_line(model, 60)} {short_window(window)}".strip()]
        searches = [one_line(drive, 20)] if drive else []
        documents, passages = self._library or (0, 0)
        held = [plural(documents, "doc")] if documents else ["no documents"] if self._library is not None else []
        read = [plural(passages, "passage")] if documents else []
        return [who + searches + held + read, who + searches + held, who + held, who]

    def _state(self) -> Content:
        if self._leaving is not None:
            what = f" · stopping {self._leaving}" if self._leaving else ""
            return Content.styled(f"{glyphs.RUNNING} leaving{what}", "$text-warning")
        if self._moment is not None:
            return Content.styled(f"{glyphs.READY} at step {number(self._moment)} · esc back to now", "$text-warning")
        if self._started is not None:
            seconds = clock(self._now() - self._started)
            step, limit = self._step
            doing = f"step {step}/{limit}" if step else self._waits_for() or "starting"
            if self._stopping:
                doing = f"{self._stopping} {step or ''}".strip()
            return Content.assemble((f"{glyphs.RUNNING} ", "$accent"), f"{doing} · {seconds}")
        if self._loading is not None:
            done, of = self._loading
            count = f" {number(done)}/{number(of)}" if of else ""
            return Content.assemble((f"{glyphs.DOWN} ", "$accent"), f"loading{count}")
        if not self._identity[0]:
            activity = self._activity()
            waited = f"{self._waits_for()} · {clock(activity.seconds)}" if activity and self._waits_for() else "opening"
            return Content.styled(f"{glyphs.READY} {waited}", "$muted")
        if not self._server:
            return Content.styled(f"{glyphs.FAILED} no server · /retry", "$text-error")
        return Content.styled(f"{glyphs.READY} ready", "$muted")
