"""Random keys in bursts, over all screens and sizes: whatever is typed, the screen lives until it is asked to quit."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest
from textual import events
from textual.keys import _character_to_key
from textual.pilot import Pilot
from textual.screen import ModalScreen

from tests.support.fake_session import FakeSession
from tests.support.lease import EARLIER, lease
from tests.support.pilot import piloted, wait_until
from workbench.tui.app import WorkbenchApp
from workbench.tui.screens.choose import Choose
from workbench.tui.screens.jump import Jump
from workbench.tui.screens.overlay import DismissOnce

SIZES = ((120, 36), (80, 24), (60, 16), (100, 30), (40, 10), (200, 50), (20, 5))
NAMED = (
    "enter escape tab shift+tab up down left right pageup pagedown home end space backspace delete "
    "f1 f2 f3 f4 f5 f8 f9 f10 ctrl+o ctrl+p ctrl+r ctrl+j ctrl+t ctrl+a ctrl+k ctrl+u ctrl+z ctrl+c ctrl+up ctrl+down"
).split()
OPENERS = ("f1", "f2", "f3", "f4", "f5", "f8", "ctrl+o", "ctrl+p", "ctrl+r", "ctrl+t")
PRINTABLE = "abcdefghijklmnopqrstuvwxyzCZ0123456789[]{}/@#!?.,:-\"' é"


class Unending(WorkbenchApp):
    """The app without its way out: /exit and Quit in the palette are counted, and anything else that ends it is a fault."""

    quits = 0

    def exit(self, *args: object, **options: object) -> None:
        self.quits += 1


def _keys(source: random.Random, count: int) -> list[events.Key]:
    keys = []
    for _ in range(count):
        chance = source.random()
        name = source.choice(OPENERS if chance < 0.25 else NAMED if chance < 0.6 else PRINTABLE)
        character = name if len(name) == 1 else {"enter": "\r", "tab": "\t", "space": " "}.get(name)
        keys.append(events.Key(_character_to_key(name) if len(name) == 1 else name, character))
    return keys


async def _hammer(seed: int, count: int, folder: Path) -> None:
    source = random.Random(seed)
    session = lease()
    session.past = EARLIER
    session.open_all()
    app = Unending(lambda: session, now=lambda: 107.0)
    app.animation_level = "none"
    typed: list[str] = []
    async with app.run_test(size=SIZES[0]) as pilot:
        await wait_until(pilot, lambda: app.is_open)
        while len(typed) < count:
            burst = _keys(source, source.randint(1, 6))
            typed += [key.key for key in burst]
            for key in burst:
                # Not pilot.press, which waits after every key: what breaks screens is the key that is queued already.
                app.post_message(key)
            await asyncio.sleep(0)
            if source.random() < 0.05:
                await pilot.resize_terminal(*source.choice(SIZES))
            await _settled(pilot)
            assert app._exception is None, f"seed {seed}: {app._exception!r} after {' '.join(typed[-40:])}"
            assert app.is_running, f"seed {seed}: ended after {' '.join(typed[-40:])}"
        app.controller.work.leave()
        session.open_all()
    assert app._exception is None


async def _settled(pilot: Pilot[int]) -> None:
    await asyncio.wait_for(pilot.pause(), 60)


def test_no_burst_of_keys_ends_the_screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The double dismissal of ctrl+o and two quick keys was found this way."""
    monkeypatch.chdir(tmp_path)
    asyncio.run(_hammer(16, 300, tmp_path))


@pytest.mark.nightly
def test_five_thousand_random_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A seed of its own every time; a failure names it."""
    monkeypatch.chdir(tmp_path)
    asyncio.run(_hammer(random.SystemRandom().randrange(2**32), 5_000, tmp_path))


def test_every_modal_closes_only_once() -> None:
    """A modal of ours that is dismissed twice would close what lies below it."""

    def subclasses(kind: type) -> set[type]:
        return {kind}.union(*(subclasses(below) for below in kind.__subclasses__()))

    ours = {kind for kind in subclasses(ModalScreen) if kind.__module__.startswith("workbench.")}
    assert {Jump, Choose} <= ours
    assert all(issubclass(kind, DismissOnce) for kind in ours), ours


@piloted
async def test_two_quick_keys_after_ctrl_o() -> None:
    """Both keys are in the queue of the jump screen before it closes; the second one closes nothing."""
    app = WorkbenchApp(FakeSession)
    async with app.run_test(size=(120, 36)) as pilot:
        await wait_until(pilot, lambda: app.is_open)
        await pilot.press("ctrl+o")
        jump = app.screen
        assert isinstance(jump, Jump)
        for letter in "aq":
            jump.post_message(events.Key(letter, letter))
        await pilot.pause()
        await pilot.pause()
        assert app.is_running
        assert len(app.screen_stack) == 1
        app.controller.work.leave()
