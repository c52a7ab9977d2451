"""One agent, many displays: what is done elsewhere is drawn here, and the screen shows what is in context now, after every change."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.grid import grid
from tests.support.model_scripts import quoting
from tests.support.model_server import ModelServer
from tests.support.pilot import NARROW, ask, running, wait_until
from workbench.services.session import Session
from workbench.tui.widgets.cells import number
from workbench.tui.widgets.exchange import ExchangeBlock


def on_screen(make_session: Any, papers: Path, scenario: Callable[..., Any], *, second: bool = False) -> None:
    """Run a scenario with the app on a real session; with `second`, another session of the same agent beside it."""
    with ModelServer(quoting) as server:
        session = make_session(base_url=server.url, read_ahead=False)
        session.open_agent("tester")
        list(session.load([papers]))
        session.open_all = lambda: None

        async def run() -> None:
            async with running(session, NARROW) as (app, pilot):
                if not second:
                    await scenario(session, app, pilot)
                    return
                with Session(session.settings, session.app.paths, app=session.app) as other:
                    other.open_agent("tester")
                    await scenario(session, other, app, pilot)

        asyncio.run(run())


def is_exact(session: Any, app: Any) -> bool:
    """Gauge, dots and trace say what the next prompt holds."""
    now = session.context()
    return (
        f"{number(now.used)}/{number(now.usable)}" in grid(app)
        and app.archive._in_context == now.in_context == app.chat._in_context
        and app.trace._drawn.rows(100)[0].plain.endswith((f"now {now.fullness:.0%}", "no step yet"))
    )


@pytest.mark.nightly
def test_after_an_answer_gauge_and_dots_show_what_is_left_in_context(make_session: Any, papers: Path) -> None:
    async def scenario(session: Any, app: Any, pilot: Any) -> None:
        async def done(text: str) -> None:
            await ask(pilot, text)
            await wait_until(
                pilot, lambda: not app.controller.work.asking and app.controller.drawn and is_exact(session, app)
            )

        await done("How long was the light kept?")
        assert len(app.archive.shown.hits) > len(session.context().in_context) > 0, "the answer left what it cites"
        assert session.model_label in grid(app)
        assert "http" not in grid(app)
        await done("And the oil?")
        for command in (
            "/undo",
            "/redo",
            "/rewrite No quote.",
            "/undo",
            "/pop",
            "/undo",
            "/detach papers",
            "/preset chat",
        ):
            before = session.context().used
            await done(command)
            assert session.context().used != before or command == "/rewrite No quote."
        await done("/edit human likes tea")
        await done("/summarize")
        assert not app.chat._fold.display, "what was said in this session stays"
        assert [block.exchange.evicted for block in app.chat.query(ExchangeBlock)][0]
        await done("/retry")

    on_screen(make_session, papers, scenario)


@pytest.mark.nightly
def test_what_left_the_branch_leaves_the_archive_and_the_trace(make_session: Any, papers: Path) -> None:
    async def scenario(session: Any, app: Any, pilot: Any) -> None:
        await ask(pilot, "How long was the light kept?")
        await wait_until(pilot, lambda: not app.controller.work.asking and app.archive.shown)
        steps = len(app.trace._drawn.steps)
        await ask(pilot, "/pop")
        await wait_until(pilot, lambda: app.archive.shown is None and not app.trace._drawn.steps)
        await ask(pilot, "/undo")
        await wait_until(pilot, lambda: app.archive.shown and len(app.trace._drawn.steps) == steps)
        assert len(app.archive._pages) == 1

    on_screen(make_session, papers, scenario)


def test_what_another_display_does_is_drawn_as_it_happens(make_session: Any, papers: Path) -> None:
    async def scenario(session: Any, other: Any, app: Any, pilot: Any) -> None:
        seen: list[bool] = []

        async def elsewhere(work: Callable[[], Any], *shown: str, gone: str = "\0") -> None:
            await asyncio.to_thread(lambda: [seen.append(app.controller.work.asking) for _ in work() or ()])
            await wait_until(
                pilot,
                lambda: (
                    all(text in grid(app) for text in shown)
                    and gone not in grid(app)
                    and not app.controller.work.asking
                    and app.controller.drawn
                    and is_exact(session, app)
                ),
            )

        await elsewhere(lambda: other.submit("How long was the light kept?"), "How long was", "[1]", "○ ready")
        assert any(seen), "a question of another display is being answered here as well"
        assert app.archive.shown is not None
        await elsewhere(lambda: other.edit_memory("human", "", "likes tea") and None)
        await wait_until(pilot, lambda: "likes tea" in app.memory.texts()["human"].text)
        await elsewhere(lambda: other.timeline.undo() and None)
        await elsewhere(lambda: other.timeline.pop() and None, gone="How long was")
        await elsewhere(lambda: other.detach("papers") and None)
        await wait_until(pilot, lambda: not any(source.attached for source in app.library._drawn.sources))
        await elsewhere(lambda: other.library.rename("papers", "lights"))
        await wait_until(pilot, lambda: [source.name for source in app.library._drawn.sources] == ["lights"])
        other.use_model("another-one")
        await wait_until(pilot, lambda: app.status._identity[1] == "another-one")
        await elsewhere(lambda: other.attach("lights") and None)
        await elsewhere(lambda: other.submit("And the oil?"), "another-one")
        assert app.chat.exchange.question == "And the oil?"
        assert app.chat.exchange.answer
        # The other way: this screen asks, the other display hears every event of it.
        heard: list[Any] = []
        listening = asyncio.create_task(asyncio.to_thread(lambda: heard.extend(other.subscription.events())))
        await wait_until(pilot, lambda: other.subscription.listening)
        await ask(pilot, "Once more?")
        await wait_until(pilot, lambda: heard and heard[-1].name == "context_assembled" and heard[-1].step is None)
        other.subscription.close()
        await listening
        names = [event.name for event in heard]
        assert names[0] == "question_asked"
        assert {"step_started", "answer_done", "yielded", "changed"} <= set(names)
        assert heard[-1].used == session.context().used

    on_screen(make_session, papers, scenario, second=True)
