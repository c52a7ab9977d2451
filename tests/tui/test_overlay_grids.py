"""Every overlay as a character grid at both sizes of the design, and the states of the main screen that pass quickly."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from tests.support.fake_session import Gate
from tests.support.grid import check, grid
from tests.support.lease import EARLIER, QUESTION, lease
from tests.support.pilot import NARROW, WIDE, ask, piloted, running, wait_until
from tests.tui.test_every_key import OVERLAYS, go
from workbench.api.events import PressureWarning, QuestionAsked, StepStarted, Stopped, Thinking
from workbench.core.errors import ModelUnreachable

SIZES = (("120x36", WIDE), ("80x24", NARROW))
CHANGING = {"HelpScreen", "Choose"}
"""Their rows are the table of commands: they are looked at for their frame alone, below."""

ELSEWHERE = {"AnswerTableScreen", "TextCheckScreen", "ComparisonScreen", "AnswersScreen"}
"""Their grids, filled and half filled, are in test_table_and_check.py and test_other_answers.py."""


@pytest.mark.parametrize("sizes", [SIZES[1:], pytest.param(SIZES[:1], marks=pytest.mark.nightly)])
def test_every_overlay(sizes: Sequence[tuple[str, tuple[int, int]]]) -> None:
    asyncio.run(_every_overlay(sizes))


async def _every_overlay(sizes: Sequence[tuple[str, tuple[int, int]]]) -> None:
    for size_name, size in sizes:
        session = lease()
        session.past = EARLIER
        session.messages = [{"role": "user", "content": f"message {number}"} for number in range(9)]
        session.open_all()
        async with running(session, size) as (app, pilot):
            await ask(pilot, QUESTION)
            await wait_until(pilot, lambda app=app: not app.controller.work.asking and app.chat.citations)
            for name in OVERLAYS:
                if name in ELSEWHERE or (name == "LibraryScreen" and size is NARROW):
                    continue  # There the library is a tab.
                await go(app, pilot, name)
                await wait_until(pilot, lambda app=app: "reading" not in grid(app) and "drawing" not in grid(app))
                if name in CHANGING:
                    assert "esc" in grid(app)
                else:
                    check(app, f"{name.lower()}-{size_name}")


@pytest.mark.parametrize(
    ("name", "script", "shown"),
    [
        ("thinking", [StepStarted(step=1, limit=50), Thinking(text="The amendment names a clause."), Gate("never")], "clause."),
        (
            "pressure",
            [StepStarted(step=1, limit=50), PressureWarning(used=5_000, usable=7_168), Gate("never")],
            "70",
        ),
        ("capped", [StepStarted(step=1, limit=50), Stopped(reason="steps")], "cap on steps"),
        (
            "unreachable",
            [ModelUnreachable("Nothing answers at http://localhost:11434/v1.", "Start the server, or change the model with /model.")],
            "no server",
        ),
    ],
)  # fmt: skip
def test_a_state_that_passes(name: str, script: Sequence[object], shown: str) -> None:
    async def scenario() -> None:
        for size_name, size in SIZES:
            session = lease()
            session.script = list(script)
            async with running(session, size) as (app, pilot):
                await ask(pilot, QUESTION)
                await wait_until(pilot, lambda app=app: shown in grid(app))
                check(app, f"{name}-{size_name}")

    asyncio.run(scenario())


@piloted
async def test_an_answer_that_was_cut_off_and_zoom() -> None:
    for size_name, size in SIZES:
        session = lease()
        session.past = [*EARLIER, QuestionAsked(text="Who signed it?"), StepStarted(step=61, limit=50)]
        async with running(session, size) as (app, pilot):
            check(app, f"interrupted-{size_name}")
            await pilot.press("f10")
            await wait_until(pilot, lambda app=app: app.arrangement.zoomed)
            check(app, f"zoomed-{size_name}")


@piloted
async def test_a_small_screen_stays_usable() -> None:
    """60 by 16: the answer, its citation, the prompt and the way to help can be seen."""
    session = lease()
    session.open_all()
    async with running(session, (60, 16)) as (app, pilot):
        await ask(pilot, QUESTION)
        await wait_until(pilot, lambda: "ready" in grid(app) and app.chat.citations)
        await wait_until(pilot, lambda: "[2] ●" in grid(app))
        check(app, "answer-60x16")
        await pilot.press("ctrl+o", "a")
        await wait_until(pilot, lambda: app.archive.region.area and app.focused is app.archive.goal())
        await pilot.press("down", "down", "down", "x")
        check(app, "archive-60x16")
        await pilot.press("ctrl+down")
        await pilot.press("1")
        await wait_until(pilot, lambda: "quote 1 of 2" in grid(app))
        check(app, "sourcepage-60x16")
