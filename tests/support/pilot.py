"""Running the app on a fake session: start it, wait for what must become true, never sleep for a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from tests.support.fake_session import FakeSession
from workbench.tui.app import WorkbenchApp

WAIT_SECONDS = 60.0
WIDE = (120, 36)
NARROW = (80, 24)


@asynccontextmanager
async def running(
    session: FakeSession, size: tuple[int, int] = WIDE, *, load: tuple[Path, ...] = (), **options: Any
) -> AsyncIterator[tuple[WorkbenchApp, Pilot[int]]]:
    """The app with its clock at 7 seconds after every start; gates are opened at the end so that no thread is left."""
    ticks = iter([100.0])
    app = WorkbenchApp(lambda: session, load=load, now=lambda: next(ticks, 107.0), **options)
    app.animation_level = "none"
    async with app.run_test(size=size) as pilot:
        await wait_until(pilot, lambda: app.is_open and app.controller.drawn)
        try:
            yield app, pilot
        finally:
            app.controller.work.leave()
            session.open_all()


async def wait_until(pilot: Pilot[int], predicate: Callable[[], object], seconds: float = WAIT_SECONDS) -> None:
    """Return once `predicate` holds; fail after `seconds`."""
    for _ in range(int(seconds * 50)):
        await pilot.pause()
        if predicate():
            await pilot.pause()
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"it never became true; the screen is\n{_screen(pilot)}")


def _screen(pilot: Pilot[int]) -> str:
    from tests.support.grid import grid

    return grid(pilot.app)


async def ask(pilot: Pilot[int], text: str) -> None:
    """Type a question and send it."""
    app = pilot.app
    assert isinstance(app, WorkbenchApp)
    app.prompt.area.focus()
    app.prompt.area.load_text(text)
    await pilot.press("enter")


def piloted(scenario: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """Make a test of a coroutine; no plug-in is needed to run it."""

    def test() -> None:
        asyncio.run(scenario())

    test.__name__ = scenario.__name__
    test.__doc__ = scenario.__doc__
    test.__module__ = scenario.__module__
    return test
