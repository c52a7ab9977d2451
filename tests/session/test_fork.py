"""Forks: a new agent goes on from an old step, with all that the original knew there, and the original never notices."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support import model_scripts
from tests.support.conversations import ask, recalled, state, talks, told
from tests.support.model_replies import Reply
from tests.support.model_server import ModelServer
from workbench.core.errors import NotFound, UsageError


def everything(session: Any, agent: int) -> dict[str, list[Any]]:
    """All rows of an agent but the time it was last used."""
    tables = ("messages", "summaries", "context_versions", "steps", "operations", "journal", "handles", "attachments")
    found = {
        table: session.app.database.rows(f"SELECT * FROM {table} WHERE agent_id = ? ORDER BY ALL", [agent])
        for table in tables
    }
    found["agents"] = session.app.database.rows(
        "SELECT * EXCLUDE (last_used_at) FROM agents WHERE agent_id = ?", [agent]
    )
    return found


def body_of(session: Any, step: int) -> str:
    return json.dumps(session.recorded(step).body(), ensure_ascii=False)


def test_a_fork_makes_the_step_that_the_original_made(make_session: Any, papers: Path, clock: Any) -> None:
    """Asked the same at the same time, the fork sends the very prompt that the original sent."""
    with ModelServer(model_scripts.reads_pages("harbour light keys", 3)) as server:
        session = make_session(model="scripted", base_url=server.url, window_tokens=4096)
        session.open_agent("tester")
        list(session.load([papers]))
        ask(session, "Who kept the light?")
        ended, seen, last = state(session), told(session), session.steps()[-1]
        moment = clock.now
        ask(session, "And who ordered the oil?")
        original = session.current_agent.workspace.memory.agent.id
        before = everything(session, original)
        bodies = {step: body_of(session, step) for step in session.steps()}

        name = session.timeline.fork(last, "twin")
        session.open_agent(name)
        assert told(session) == seen == recalled(session)
        assert state(session)[2:] == (ended[2], *state(session)[3:5], ended[5])
        assert session.steps() == [step for step in bodies if step <= last]
        assert all(body_of(session, step) == bodies[step] for step in session.steps())
        assert [source.name for source in session.sources() if source.attached] == ["papers"]
        clock.now = moment
        ask(session, "And who ordered the oil?")
        assert body_of(session, last + 1) == bodies[last + 1]
        assert everything(session, original) == before

        session.timeline.undo()
        assert told(session) == seen
        session.timeline.undo()
        assert told(session) == []
        session.open_agent("tester")
        assert len(told(session)) == 4


def test_a_fork_inside_a_question_holds_what_that_step_brought(make_session: Any, papers: Path) -> None:
    with ModelServer(model_scripts.reads_pages("harbour light keys", 3)) as server:
        session = make_session(model="scripted", base_url=server.url, window_tokens=8192)
        session.open_agent("tester")
        list(session.load([papers]))
        ask(session, "Who kept the light?")
        following = session.context(3)
        session.open_agent(session.timeline.fork(2))
        assert session.agent == "tester-step-2"
        now = session.context()
        assert [s.text for s in now.segments[:-1]] == [s.text for s in following.segments[:-1]]
        assert now.used == following.used
        space = session.current_agent.workspace
        assert len(space.memory.handles) > 0
        ask(session, "Go on.")
        assert [session.recorded(step).body() for step in session.steps()[2:]] == server.requests[
            -len(session.steps()) + 2 :
        ]


def test_a_fork_from_a_branch_that_was_left(make_session: Any) -> None:
    with ModelServer(talks) as server:
        session = make_session(model="gpt-4o", base_url=server.url, read_ahead=False)
        session.open_agent("tester")
        for text in ("one", "two"):
            ask(session, text)
        left, seen = state(session), told(session)
        session.timeline.pop()
        ask(session, "three")
        session.timeline.rewrite("Another reply.")
        session.open_agent(session.timeline.fork(4, "left"))
        assert told(session) == seen
        assert state(session)[2] == left[2]
        session.open_agent("tester")
        session.open_agent(session.timeline.fork(6, "newer"))
        assert told(session)[2] == "three"
        assert told(session)[3].startswith("Reply to")
        session.close()
        again = make_session(model="gpt-4o", base_url=server.url, read_ahead=False)
        again.open_agent("newer")
        assert told(again)[2] == "three"
        with pytest.raises(NotFound):
            again.timeline.fork(99)
        with pytest.raises(UsageError, match="already"):
            again.timeline.fork(1, "left")


def test_a_fork_carries_summaries_and_receipts(make_session: Any) -> None:
    def script(body: Any) -> Reply:
        if not body.get("tools"):
            return Reply(content="They talked about gulls.")
        return talks(body)

    with ModelServer(script) as server:
        session = make_session(
            model="gpt-4o", base_url=server.url, read_ahead=False, window_tokens=2048, summary_by="model"
        )
        session.open_agent("tester")
        for number in range(8):
            ask(session, f"number {number}: " + "the gulls sat on the pier and looked at the sea. " * 3)
        memory = session.current_agent.workspace.memory
        assert memory.summary is not None
        summaries = [
            row[0] for row in session.app.database.rows("SELECT step FROM steps WHERE state LIKE '%summary_tokens%'")
        ]
        with pytest.raises(UsageError, match="only wrote a summary"):
            session.timeline.fork(summaries[-1])
        bodies = {step: body_of(session, step) for step in session.steps()}
        session.open_agent(session.timeline.fork(session.steps()[-1], "twin"))
        assert {step: body_of(session, step) for step in session.steps()} == bodies
        assert session.current_agent.workspace.memory.summary.text == memory.summary.text
        ask(session, "once more")
        assert session.recorded(session.steps()[-1]).body() == server.requests[-1]


def test_a_reopened_agent_counts_as_its_server_taught_it(make_session: Any) -> None:
    with ModelServer(talks, overhead_tokens=40) as server:
        session = make_session(model="scripted", base_url=server.url, read_ahead=False)
        session.open_agent("tester")
        ask(session, "one")
        used = session.context().used
        session.close()
        again = make_session(model="scripted", base_url=server.url, read_ahead=False)
        again.open_agent("tester")
        assert again.context().used == used
        again.current.use_model("another-tokenizer")
        assert again.context().used > used
