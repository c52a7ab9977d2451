"""Before the first question the status says whether the model server is there, and a server that comes back is seen by itself."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest

from tests.support.fake_session import FakeSession
from tests.support.grid import grid
from tests.support.model_server import ModelServer, says
from tests.support.pilot import NARROW, ask, piloted, running, wait_until
from workbench.models.openai import discovery
from workbench.tui import controller


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def first_line(app: Any) -> str:
    return grid(app).splitlines()[0]


@pytest.fixture
def on_screen(make_session: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Run a scenario with the app on a real session whose server is looked for all the time."""
    monkeypatch.setattr(controller, "SERVER_SECONDS", 0.05)
    monkeypatch.setattr(controller, "IDLE_SERVER_SECONDS", 0.05)

    def run(scenario: Callable[..., Any], **settings: Any) -> None:
        session = make_session(read_ahead=False, **settings)
        session.open_agent("tester")
        session.open_all = lambda: None

        async def go() -> None:
            async with running(session, NARROW) as (app, pilot):
                await scenario(session, app, pilot)

        asyncio.run(go())

    return run


def test_a_server_that_is_not_there_is_told_before_the_first_question(on_screen: Callable[..., None]) -> None:
    """Nothing is asked: not of a dead server, and not of the one that comes in its place."""
    port = free_port()

    async def scenario(session: Any, app: Any, pilot: Any) -> None:
        await wait_until(pilot, lambda: "no server · /retry" in first_line(app))
        said = " ".join(app.chat.said)
        assert f"No model server answers at http://127.0.0.1:{port}/v1 (" in said
        assert "/model reader" in said
        assert said.count("No model server") == 1
        with ModelServer(lambda body: says("There."), port=port) as server:
            await wait_until(pilot, lambda: "ready" in first_line(app))
            assert server.requests == []

    on_screen(scenario, model="scripted", base_url=f"http://127.0.0.1:{port}/v1")


def test_a_server_that_dies_while_nothing_is_asked_is_told(on_screen: Callable[..., None]) -> None:
    """The status promised it until the next question; now a look tells, without a question and without a redirect."""
    port = free_port()
    with ExitStack() as running_server:
        server = running_server.enter_context(ModelServer(lambda body: says("There."), port=port))

        async def scenario(session: Any, app: Any, pilot: Any) -> None:
            await wait_until(pilot, lambda: "ready" in first_line(app))
            running_server.close()
            await wait_until(pilot, lambda: "no server · /retry" in first_line(app))
            assert " ".join(app.chat.said).count("No model server answers") == 1
            with ModelServer(lambda body: says("There."), port=port) as again:
                await wait_until(pilot, lambda: "ready" in first_line(app))
                assert server.requests == again.requests == []

        on_screen(scenario, model="scripted", base_url=f"http://127.0.0.1:{port}/v1")


def test_unasked_only_a_near_server_is_looked_for(make_session: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else's server hears from a program that merely stands open."""
    asked: list[str] = []
    monkeypatch.setattr(discovery, "absence", lambda url: str(asked.append(url) or "nobody is there"))
    for url in ("https://models.example.org/v1", "http://9.9.9.9/v1", ""):
        session = make_session(model="scripted", base_url=url)
        session.open_agent("tester")
        assert session.missing_server(unasked=True) == ""
        assert asked == []
    session = make_session(model="scripted", base_url="http://127.0.0.1:9/v1")
    session.open_agent("near")
    assert "nobody is there" in session.missing_server(unasked=True)
    session = make_session(model="reader")
    session.open_agent("reading")
    assert session.missing_server(unasked=True) == session.missing_server() == ""
    assert asked == ["http://127.0.0.1:9/v1"]


def test_the_reader_needs_no_server(on_screen: Callable[..., None]) -> None:
    """With the model changed to the reader nothing is missing any more."""
    port = free_port()

    async def scenario(session: Any, app: Any, pilot: Any) -> None:
        await wait_until(pilot, lambda: "no server" in first_line(app))
        await ask(pilot, "/model reader")
        await wait_until(pilot, lambda: "ready" in first_line(app))

    on_screen(scenario, model="scripted", base_url=f"http://127.0.0.1:{port}/v1")


@piloted
async def test_retry_looks_for_the_server_at_once() -> None:
    session = FakeSession(no_server="No model server answers at http://there/v1 (connection refused).")
    async with running(session, NARROW) as (app, pilot):
        await wait_until(pilot, lambda: "no server · /retry" in first_line(app))
        session.no_server = ""
        await ask(pilot, "/retry")
        await wait_until(pilot, lambda: "ready" in first_line(app))
        assert session.calls.count("retry") == 1
