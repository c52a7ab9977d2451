"""ctrl+q: the screen says what it stops, waits no longer than a moment for it, and not at all when it is asked again."""

from __future__ import annotations

import threading
import time

import pytest

from tests.support.fake_session import FakeSession, Gate
from tests.support.grid import grid
from tests.support.lease import QUESTION
from tests.support.pilot import ask, piloted, running, wait_until
from workbench.cli.commands.screen import ClosingLine
from workbench.tui import controller


class Deaf(FakeSession):
    """A session of a process that does not answer."""

    gate_of_stop: threading.Event

    def stop_load(self) -> None:
        self.gate_of_stop.wait(30)


def deaf() -> Deaf:
    session = Deaf(script=[Gate("never")])
    session.gate_of_stop = threading.Event()
    return session


@piloted
async def test_it_says_what_it_stops_and_a_second_ctrl_q_waits_for_nothing() -> None:
    session = deaf()
    async with running(session) as (app, pilot):
        await ask(pilot, QUESTION)
        await wait_until(pilot, lambda: session.busy)
        await pilot.press("ctrl+q")
        await wait_until(pilot, lambda: "leaving · stopping the answer" in grid(app))
        assert app.return_code is None
        await pilot.press("ctrl+q")
        assert app.return_code == 0
        session.gate_of_stop.set()


@piloted
async def test_it_does_not_wait_for_a_process_that_does_not_answer() -> None:
    session = deaf()
    async with running(session) as (app, pilot):
        begun = time.monotonic()
        await pilot.press("ctrl+q")
        await wait_until(pilot, lambda: app.return_code == 0)
        assert controller.LEAVE_SECONDS <= time.monotonic() - begun < 25
        session.gate_of_stop.set()


def ended() -> None:
    """All timers have run or were cancelled."""
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.join(20)


def test_what_the_program_waits_for_is_said_after_its_screen(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ClosingLine, "SECONDS", 0.0)
    with ClosingLine() as line:
        line.begin("the answer")
        ended()
    assert capsys.readouterr().err == "Waiting for the answer to stop; what is done is saved.\n"


def test_nothing_is_said_where_it_ends_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    with ClosingLine() as line:
        line.begin("")
    ended()
    assert capsys.readouterr().err == ""
