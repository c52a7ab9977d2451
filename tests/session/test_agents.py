"""Agents beside each other on one archive, and what becomes of an agent as a whole: made, renamed, deleted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.support import model_scripts
from tests.support.model_replies import calls
from tests.support.model_server import ModelServer
from workbench.services.session import Session


def open_on(server: ModelServer, make_session: Any, name: str, **settings: Any) -> Session:
    session: Session = make_session(model="scripted", base_url=server.url, **settings)
    session.open_agent(name)
    return session


def test_agents_at_work_in_one_process_do_not_meet_each_others_numbers(make_session: Any, papers: Path) -> None:
    with ModelServer(model_scripts.reads_pages("harbour light keys", 2)) as server:
        first = open_on(server, make_session, "first")
        list(first.load([papers]))
        second = Session(first.settings, first.app.paths, clock=first.app.clock, app=first.app)
        second.open_agent("second")
        second.attach("papers")
        sent: dict[str, list[Any]] = {"first": [], "second": []}
        for session in (first, second, first, second):
            before = len(server.requests)
            list(session.submit("Who kept the light?"))
            sent[session.agent] += server.requests[before:]
        for session in (first, second):
            assert [session.recorded(step).body() for step in session.steps()] == sent[session.agent]
            asked = [row for row in session.transcript() if '"user_message"' in str(row["content"])]
            assert len(asked) == 2


def test_a_fork_shows_its_steps_when_the_original_is_gone(make_session: Any, papers: Path) -> None:
    pages = model_scripts.reads_pages("lamp", 1)
    notes = [calls("archival_memory_insert", content="The lamp of pier nine was blue.", request_heartbeat=True)]
    with ModelServer(lambda body: notes.pop() if notes else pages(body)) as server:
        session = open_on(server, make_session, "first")
        list(session.load([papers]))
        list(session.submit("Which lamp?"))
        last = session.steps()[-1]
        session.timeline.fork(last, "second")
        session.open_agent("second")
        before = [session.recorded(step).body() for step in session.steps()]
        session.agent_service.delete("first")
        assert [agent.name for agent in session.agents()] == ["second"]
        assert [session.recorded(step).body() for step in session.steps()] == before == list(server.requests)
        session.agent_service.create("third")
        session.agent_service.delete("third")


def test_two_displays_of_one_agent_go_on_together_when_its_model_changes(make_session: Any) -> None:
    with ModelServer(lambda body: "Good day.") as server:
        first = open_on(server, make_session, "shared")
        second = Session(first.settings, first.app.paths, clock=first.app.clock, app=first.app)
        second.open_agent("shared")
        list(first.submit("First?"))
        second.use_model("other")
        list(second.submit("Second?"))
        list(first.submit("Third?"))
        said = str(server.requests[-1]["messages"])
        assert server.requests[-1]["model"] == "other"
        assert all(word in said for word in ("First?", "Second?", "Third?"))
