"""What the keys of overlays do: the ones behind enter, those that move, copy, play and open another overlay."""

from __future__ import annotations

from pathlib import Path

from textual.containers import VerticalScroll

from tests.support.grid import grid
from tests.support.lease import EARLIER, QUESTION, lease
from tests.support.pilot import NARROW, ask, piloted, running, wait_until
from workbench.core.paths import samples
from workbench.tui.screens.choose import Choose
from workbench.tui.screens.memory_map import MemoryMap
from workbench.tui.screens.page_faults import PageFaults
from workbench.tui.screens.recall import RecallScreen
from workbench.tui.screens.source_page import SourcePage
from workbench.tui.screens.step_diff import StepDiff
from workbench.tui.screens.timeline import StepList, TimelineScreen
from workbench.tui.screens.xray import XRay


@piloted
async def test_the_timeline_opens_prompt_and_changes_and_puts_the_panes_back() -> None:
    session = lease()
    session.past = EARLIER
    session.open_all()
    async with running(session) as (app, pilot):
        await ask(pilot, QUESTION)
        await wait_until(pilot, lambda: not app.controller.work.asking and app.chat.citations)
        session.past = [*EARLIER, *[event for event in session.script if hasattr(event, "step")]]
        await ask(pilot, "/timeline")
        await wait_until(pilot, lambda: isinstance(app.screen, TimelineScreen))
        steps = app.screen.query_one(StepList)
        assert len(steps.items) >= 3
        await pilot.press("home")
        first = steps.chosen
        assert first is not None
        await pilot.press("x")
        await wait_until(pilot, lambda: isinstance(app.screen, XRay))
        assert session.calls[-1] == f"context {first.step}"
        await pilot.press("escape", "end", "d")
        await wait_until(pilot, lambda: isinstance(app.screen, StepDiff))
        await pilot.press("escape", "home", "enter")
        await wait_until(pilot, lambda: app.controller.moment == first.step)
        assert not isinstance(app.screen, TimelineScreen)
        await pilot.press("escape")
        await wait_until(pilot, lambda: app.controller.moment is None)
        await ask(pilot, "/timeline")
        await wait_until(pilot, lambda: isinstance(app.screen, TimelineScreen))
        await pilot.press("q")
        assert not isinstance(app.screen, TimelineScreen)


@piloted
async def test_recall_is_scrolled_by_keys() -> None:
    session = lease()
    async with running(session, (80, 10)) as (app, pilot):
        await pilot.press("ctrl+r")
        await wait_until(pilot, lambda: isinstance(app.screen, RecallScreen) and "2 messages" in grid(app))
        box = app.screen.query_one(VerticalScroll)
        for key, there in (("down", 1), ("up", 0), ("pagedown", box.max_scroll_y), ("pageup", 0)):
            await pilot.press(key)
            await wait_until(pilot, lambda there=there: round(box.scroll_y) == there)
        assert box.max_scroll_y > 0


@piloted
async def test_the_map_is_played_and_paused_by_space() -> None:
    session = lease()
    session.past = EARLIER
    async with running(session) as (app, pilot):
        await pilot.press("f8")
        await wait_until(pilot, lambda: isinstance(app.screen, MemoryMap) and "Memory map · now" in grid(app))
        await pilot.press("space")
        await wait_until(pilot, lambda: "· 1/" in grid(app))
        await pilot.press("space")
        await pilot.press("q")
        assert not isinstance(app.screen, MemoryMap)


@piloted
async def test_what_is_marked_on_a_page_is_copied() -> None:
    session = lease()
    async with running(session) as (app, pilot):
        app.controller.run_command("/open lease-2019.pdf:12")
        await wait_until(pilot, lambda: isinstance(app.screen, SourcePage) and "page 12" in grid(app))
        await pilot.press("y")
        assert app.clipboard.startswith("This is page 12 of lease-2019.pdf.")
        await wait_until(pilot, lambda: "copied" in grid(app))


@piloted
async def test_the_key_that_opened_a_list_closes_it() -> None:
    session = lease()
    async with running(session, NARROW) as (app, pilot):
        for key in ("ctrl+p", "ctrl+t"):
            await pilot.press(key)
            await wait_until(pilot, lambda: isinstance(app.screen, Choose))
            await pilot.press(key)
            assert not isinstance(app.screen, Choose)
        app.controller.run_command("/faults")
        await wait_until(pilot, lambda: isinstance(app.screen, PageFaults))
        await pilot.press("q")
        assert not isinstance(app.screen, PageFaults)


@piloted
async def test_f9_loads_the_samples() -> None:
    session = lease(attached=False)
    async with running(session) as (app, pilot):
        await pilot.press("f9")
        await wait_until(pilot, lambda: f"load {samples()}" in session.calls)
        assert Path(samples()).is_dir()
        session.open_all()
        assert "loading the sample documents" in "\n".join(app.chat.said)
