"""The commands over the past on the screen, with a real session and a real model server: what is drawn is the branch as it is."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.support.conversations import talks
from tests.support.grid import grid
from tests.support.lease import lease
from tests.support.model_server import ModelServer
from tests.support.pilot import NARROW, ask, piloted, running, wait_until
from workbench.tui.screens.confirm import Confirm
from workbench.tui.screens.step_diff import ChangeList, StepDiff
from workbench.tui.screens.xray import XRay


@pytest.mark.nightly
def test_the_chat_follows_the_branch(make_session: Any) -> None:
    async def scenario(session: Any) -> None:
        async with running(session) as (app, pilot):

            async def shows(command: str, here: list[str], gone: list[str]) -> None:
                await ask(pilot, command)
                await wait_until(
                    pilot,
                    lambda: (
                        not app.controller.work.asking
                        and all(text in grid(app) for text in here)
                        and not any(text in grid(app) for text in gone)
                    ),
                )

            await shows("first thing", ["first thing", "Reply to 6"], [])
            await shows("second thing", ["second thing", "Reply to 12"], [])
            await shows("/pop", ["Reply to 6", "6 messages off the branch"], ["second thing", "Reply to 12"])
            await shows("/undo", ["second thing", "Reply to 12", "the messages are back"], [])
            await shows("/redo", ["Reply to 6", "as it was before the last /undo"], ["second thing"])
            await shows("/undo", ["second thing", "Reply to 12", "the messages are back"], [])
            await shows("/rewrite It is better so.", ["second thing", "It is better so."], ["Reply to 12"])
            await shows("/retry", ["second thing", "Reply to 12"], ["It is better so."])
            await shows("/undo", ["second thing", "It is better so."], ["Reply to 12"])
            await shows("/rethink I see it now.", ["It is better so.", "the last thought is rewritten"], [])
            await shows("/summarize", ["evicted to recall", "first thing", "Reply to 6"], ["earlier message"])
            await shows("/heartbeat", ["Reply to 7"], [])
            await shows("/memorywarning", ["Reply to 10"], [])
            await shows("/pop x", ["'x' is not a number of messages"], [])
            await shows("/fork 2", ["tester-step-2 goes on from step 2", "first thing", "Reply to 6"], ["second thing"])
            assert app.controller.session.agent == "tester-step-2"
            await shows("third thing", ["third thing", "Reply to 12"], [])
            session.open_agent("tester")

    with ModelServer(talks) as server:
        session = make_session(model="scripted", base_url=server.url, read_ahead=False)
        session.open_agent("tester")
        session.open_all = lambda: None
        asyncio.run(scenario(session))
        assert [session.recorded(step).body() for step in session.steps()] == server.requests[:-2]


def test_the_xray_shows_what_changed_between_two_steps(make_session: Any) -> None:
    async def scenario(session: Any, size: tuple[int, int]) -> None:
        async with running(session, size) as (app, pilot):
            await pilot.press("f5")
            await wait_until(pilot, lambda: isinstance(app.screen, XRay))
            await pilot.press("left_square_bracket")
            await wait_until(pilot, lambda: "step 4" in grid(app))
            await pilot.press("d")
            await wait_until(pilot, lambda: isinstance(app.screen, StepDiff) and "step 3 → step 4" in grid(app))
            found = app.screen.query_one(ChangeList)
            kinds = [(change.kind, change.segment.name) for change in found.items]
            assert kinds == [("added", "conversation")] * 3 + [("changed", "working_context")]
            await pilot.press("down", "down", "down")
            await wait_until(pilot, lambda: "+ said: two" in grid(app))
            await pilot.press("left_curly_bracket")
            await wait_until(pilot, lambda: "step 2 → step 4" in grid(app))
            await pilot.press("right_square_bracket")
            await wait_until(pilot, lambda: "step 2 → next prompt" in grid(app))
            await pilot.press("escape", "escape")
            await wait_until(pilot, lambda: len(app.screen_stack) == 1)
            await ask(pilot, "/diff 1 2")
            await wait_until(pilot, lambda: isinstance(app.screen, StepDiff) and "step 1 → step 2" in grid(app))
            await pilot.press("escape")
            await ask(pilot, "/diff 1 99")
            await wait_until(pilot, lambda: "has no step 99" in grid(app))

    with ModelServer(talks) as server:
        session = make_session(model="scripted", base_url=server.url, read_ahead=False)
        session.open_agent("tester")
        session.open_all = lambda: None
        list(session.submit("one"))
        list(session.submit("two"))
        asyncio.run(scenario(session, NARROW))


@pytest.mark.nightly
def test_the_xray_steps_over_numbers_that_a_fork_does_not_have(make_session: Any) -> None:
    async def scenario(session: Any) -> None:
        async with running(session) as (app, pilot):
            await pilot.press("f5")
            await wait_until(pilot, lambda: isinstance(app.screen, XRay) and "next prompt" in grid(app))
            for key, step in (
                ("left", 6),
                ("left", 5),
                ("left", 2),
                ("right", 5),
                ("left", 2),
                ("left", 1),
                ("left", 1),
            ):
                await pilot.press(f"{key}_square_bracket")
                await wait_until(pilot, lambda step=step: f"Context · step {step} " in grid(app))
            await pilot.press("escape")
            await wait_until(pilot, lambda: len(app.screen_stack) == 1)
            await ask(pilot, "/context 3")
            await wait_until(pilot, lambda: "Recorded next to it: 2 and 5." in grid(app))

    with ModelServer(talks) as server:
        session = make_session(model="scripted", base_url=server.url, read_ahead=False)
        session.open_agent("tester")
        session.open_all = lambda: None
        list(session.submit("one"))
        list(session.submit("two"))
        session.timeline.undo()
        list(session.submit("three"))
        session.open_agent(session.timeline.fork(6, "twin"))
        assert session.steps() == [1, 2, 5, 6]
        asyncio.run(scenario(session))


@piloted
async def test_nothing_is_erased_before_a_yes() -> None:
    session = lease()
    async with running(session) as (app, pilot):
        for what, shown, erased in (
            ("the rent review", "#7 user: the rent review", "erase 1 0 0"),
            ("#12", "#12 user: something", "erase 1 0 0"),
            ("@amend-2021.pdf", "leases: amend-2021.pdf", "erase 0 1 0"),
            ("source leases", "leases: b.pdf", "erase 0 2 1"),
        ):
            for key, said in (("escape", "nothing was erased"), ("y", "forgotten: all of it")):
                session.calls.clear()
                await ask(pilot, f"/forget {what}")
                await wait_until(pilot, lambda: isinstance(app.screen, Confirm) and shown in grid(app))
                await pilot.press(key)
                await wait_until(pilot, lambda: said in grid(app) and len(app.screen_stack) == 1)
                assert [call for call in session.calls if call.startswith("erase")] == ([erased] if key == "y" else [])


def test_a_message_is_forgotten_on_the_screen(make_session: Any) -> None:
    async def scenario(session: Any) -> None:
        async with running(session) as (app, pilot):
            await ask(pilot, "My secret is the green cormorant of Kalmar.")
            await wait_until(pilot, lambda: "Reply to 6" in grid(app) and not app.controller.work.asking)
            await ask(pilot, "/forget green cormorant")
            await wait_until(pilot, lambda: isinstance(app.screen, Confirm))
            await pilot.press("y")
            await wait_until(pilot, lambda: "forgotten: " in grid(app) and "▎ [erased]" in grid(app))
            assert "Kalmar" not in grid(app)

    with ModelServer(talks) as server:
        session = make_session(model="scripted", base_url=server.url, read_ahead=False)
        session.open_agent("tester")
        session.open_all = lambda: None
        asyncio.run(scenario(session))
