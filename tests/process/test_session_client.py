"""A display in another process: it is told what a session of its own would say, also after the owner has ended."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.model_scripts import quoting
from tests.support.model_server import ModelServer
from tests.support.processes import wait_until
from workbench.api import session as session_api
from workbench.api.events import Changed, ContextAssembled, PageRead
from workbench.api.results import Hit
from workbench.api.search import SearchOptions
from workbench.cli.main import LocalCommands
from workbench.core.errors import ArchiveBusy, NotFound, UsageError
from workbench.ipc import rpc
from workbench.ipc.server import CommandServer
from workbench.ipc.session_client import RemoteSession


@pytest.fixture
def pair(make_session: Any, papers: Path, home: Path) -> Iterator[Any]:
    """The session of an owner, and a guest's of the same agent; a new owner is made where the guest opens the database itself."""
    with ModelServer(quoting) as server:
        settings = {"model": "scripted", "base_url": server.url, "read_ahead": False}
        session = make_session(**settings)
        session.open_agent("tester")
        list(session.load([papers]))
        owner = CommandServer(session.app, LocalCommands())
        session.leave = lambda: (owner.close(), session.close())

        @contextmanager
        def open_here() -> Iterator[Any]:
            try:
                yield make_session(**settings)
            except ArchiveBusy:
                raise

        chosen = {"agent": "tester", "paths": [], "given": {}}
        with RemoteSession(session.app.paths.socket_file, session.settings, chosen, open_here) as guest:
            yield session, guest
        owner.close()


def test_a_guest_is_told_what_the_owner_is(pair: Any) -> None:
    session, guest = pair
    assert (guest.agent, guest.model_label, guest.window_tokens, guest.busy) == ("tester", "scripted", 8_192, False)
    events = list(guest.submit("How long was the light kept?"))
    assert [event.name for event in events][:: len(events) - 1] == ["question_asked", "yielded"]
    assert guest.context().in_context == session.context().in_context
    assert guest.context(1) == session.context(1)
    assert list(guest.history())[:-1] == list(session.history())[:-1]
    assert guest.memory() == session.memory()
    assert guest.documents("papers") == session.documents("papers")
    assert guest.search("oil", 2) == session.search("oil", 2)
    only = SearchOptions(document="00-alda.md")
    assert guest.search_service.search("oil", 1, only) == session.search_service.search("oil", 1, only)
    assert guest.timeline.eraser.words("How long was") == session.timeline.eraser.words("How long was")
    assert guest.agent_service.presets() == session.agent_service.presets()
    assert guest.timeline.undo().operation == "undo"
    assert guest.context().in_context == session.context().in_context
    with pytest.raises(NotFound, match="There is no source named 'nothing'"):
        guest.attach("nothing")
    with pytest.raises(UsageError, match="There is no 'app' here"):
        _ = guest.app
    with pytest.raises(UsageError, match="There is no 'timeline._undo' here"):
        rpc.invoke(session, "timeline._undo", [], {})


def test_a_guest_hears_what_the_owner_does_and_the_other_way_round(pair: Any) -> None:
    session, guest = pair
    heard: dict[str, list[Any]] = {"owner": [], "guest": []}
    threads = [
        threading.Thread(target=lambda n=name, s=side: heard[n].extend(s.subscription.events()))
        for name, side in (("owner", session), ("guest", guest))
    ]
    for thread in threads:
        thread.start()
    guests = session.app.broadcaster
    assert wait_until(lambda: sum(item.listening for item in guests._all) == 2)
    list(session.submit("How long was the light kept?"))
    list(guest.submit("And the oil?"))
    session.timeline.undo()
    last = guest.context()
    ends = [event for event in last.segments if event.name == "conversation"]
    assert ends

    def of(name: str, kind: type) -> list[Any]:
        return [event for event in heard[name] if isinstance(event, kind)]

    assert wait_until(lambda: [e for e in heard["guest"] if e == Changed(what="branch")])
    session.subscription.close()
    guest.subscription.close()
    for thread in threads:
        thread.join(20)
    assert [event.text for event in heard["guest"] if event.name == "question_asked"] == [
        "How long was the light kept?"
    ]
    assert [event.text for event in heard["owner"] if event.name == "question_asked"] == ["And the oil?"]
    assert any(event.step is None and event.used == last.used for event in of("owner", ContextAssembled))


def test_a_guest_goes_on_by_itself_when_the_owner_ends(pair: Any) -> None:
    session, guest = pair
    list(guest.submit("How long was the light kept?"))
    before = list(guest.history())
    heard: list[Any] = []
    thread = threading.Thread(target=lambda: heard.extend(guest.subscription.events()))
    thread.start()
    assert wait_until(lambda: sum(item.listening for item in session.app.broadcaster._all) == 1)
    session.leave()
    assert wait_until(lambda: Changed(what="branch") in heard)
    assert guest.agent == "tester"
    assert [event.name for event in guest.history()] == [event.name for event in before]
    assert list(guest.submit("And the oil?"))[-1].name == "yielded"
    guest.subscription.close()
    thread.join(20)
    assert not thread.is_alive()


def test_values_of_the_seam_come_back_as_they_were() -> None:
    page = PageRead(query="\ud800 x", hits=(Hit(1, "#a1", "a.md", 1, None, "", "text", 0.5),), agent="a", step=3)
    context = ContextAssembled(in_context=frozenset({3, 1}))
    for value in (page, context, {"a": (1, [2.5, None])}, Path("/tmp/x"), [{1: "b"}]):
        assert rpc.decode(rpc.encode(value)) == value
    assert {rpc.member_kind(name) for name in dir(session_api.SessionProtocol) if not name.startswith("_")} == {
        "service", "value", "call", "stream",
    }  # fmt: skip
