"""Sizes and texts nobody asked for: resized in mid-answer, very narrow, all scripts, no colour, ASCII, a megabyte in the prompt."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from tests.support.grid import grid
from tests.support.lease import lease
from tests.support.pilot import WIDE, ask, running, wait_until
from workbench.api.events import AnswerDone, QuestionAsked, Yielded

SIZES = [(40, 12), (120, 36), (80, 24), (30, 8), (200, 60)]
SCRIPTS = "租约第四条 · عقد الإيجار · שכירות · 👩‍👩‍👧 ✋🏽 · e\u0301\u200d\u202e · \x1b[31m [bold]x[/] " + "長" * 80


def play(scenario: Any) -> None:
    asyncio.run(scenario())


@pytest.mark.nightly
@pytest.mark.parametrize(
    "options",
    [
        {},
        pytest.param({"ascii": True}, marks=pytest.mark.nightly),
        pytest.param({"theme": "workbench-light"}, marks=pytest.mark.nightly),
    ],
)
def test_a_screen_resized_in_mid_answer_stays_whole(options: dict[str, Any]) -> None:
    async def scenario() -> None:
        session = lease()
        async with running(session, WIDE, **options) as (app, pilot):
            await ask(pilot, "Which clause?")
            await wait_until(pilot, lambda: session.busy and app.archive.shown is not None)
            for width, height in SIZES:
                await pilot.resize_terminal(width, height)
                await wait_until(pilot, lambda w=width: app.size.width == w)
                shown = grid(app)
                if width >= 40:
                    assert f"{app.gauge._shown.used:,}/7,168" in shown
                    assert "00:07" in shown, "the clock is whole"
                for key in ("f8", "f5", "ctrl+r", "f1"):
                    await pilot.press(key)
                    await wait_until(pilot, lambda: len(app.screen_stack) == 2)
                    grid(app)
                    await pilot.press("escape")
                    await wait_until(pilot, lambda: len(app.screen_stack) == 1)
            session.open_all()
            await wait_until(pilot, lambda: not app.controller.work.asking)
            assert app.memory._drawn.whole is False, "beside the chat the blocks are in brief again"

    play(scenario)


def test_every_script_is_drawn_at_every_size(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        session = lease(attached=False)
        session.shelf = [replace(item, name=SCRIPTS) for item in lease().shelf]
        session.agent = SCRIPTS
        session.script = [AnswerDone(text=SCRIPTS), Yielded()]
        session.past = [QuestionAsked(text=SCRIPTS), AnswerDone(text=SCRIPTS, notes=(SCRIPTS,)), Yielded()]
        async with running(session, WIDE) as (app, pilot):
            await ask(pilot, SCRIPTS)
            await wait_until(pilot, lambda: not app.controller.work.asking and len(session.asked) == 1)
            for width, height in SIZES:
                await pilot.resize_terminal(width, height)
                await pilot.pause()
                assert "\x1b" not in grid(app)

    monkeypatch.setenv("NO_COLOR", "1")
    play(scenario)


@pytest.mark.nightly
def test_a_megabyte_in_the_prompt_is_sent_as_it_is() -> None:
    async def scenario() -> None:
        session = lease()
        session.script = [AnswerDone(text="Long."), Yielded()]
        text = "0123456789 " * 95_000
        async with running(session, (40, 12)) as (app, pilot):
            await ask(pilot, text)
            await wait_until(pilot, lambda: session.asked and not app.controller.work.asking)
            assert session.asked == [text.strip()]
            grid(app)

    play(scenario)
