"""Agents beside each other on one archive, and what becomes of an agent as a whole: made, renamed, deleted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests import model_scripts
from tests.model_server import ModelServer
from workbench.session import Session


def open_on(server: ModelServer, make_session: Any, name: str, **settings: Any) -> Session:
    session: Session = make_session(model="scripted", base_url=server.url, **settings)
    session.open_agent(name)
    return session


def test_agents_at_work_in_one_process_do_not_meet_each_others_numbers(make_session: Any, papers: Path) -> None:
    with ModelServer(model_scripts.reads_pages("harbour light keys", 2)) as server:
        first = open_on(server, make_session, "first")
        list(first.load([papers]))
        second = Session(first.settings, first.engine.paths, clock=first.engine.clock, engine=first.engine)
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
