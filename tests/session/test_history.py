"""Branches of history: undo, pop, retry, rethink, rewrite, summarise; nothing is lost from the log, everything goes back together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.conversations import ask, recalled, state, talks, told
from tests.support.model_replies import Reply, calls
from tests.support.model_server import ModelServer
from workbench.api.events import AnswerDone, Evicted, QuestionAsked, StepFinished, SummaryWritten
from workbench.core.errors import UsageError
from workbench.core.paths import locate
from workbench.core.settings import Settings
from workbench.services.session import Session


@pytest.fixture
def session(make_session: Any) -> Any:
    with ModelServer(talks) as server:
        session = make_session(model="scripted", base_url=server.url, read_ahead=False)
        session.open_agent("tester")
        session.server = server
        yield session


def unchanged(session: Any, bodies: list[Any]) -> None:
    assert [session.recorded(step).body() for step in session.steps()[: len(bodies)]] == bodies


def test_undo_and_pop_go_back_to_exactly_what_was(session: Any, make_session: Any) -> None:
    empty = state(session)
    ask(session, "one")
    first, first_told = state(session), told(session)
    ask(session, "two")
    second, second_told = state(session), told(session)
    assert "two" in session.memory()[1].text
    sent = list(session.server.requests)

    assert session.timeline.pop().messages == 6
    assert state(session) == first
    assert told(session) == first_told == recalled(session)
    assert "two" not in session.memory()[1].text
    session.timeline.undo()
    assert (state(session), told(session)) == (second, second_told)
    session.timeline.undo()
    session.timeline.undo()
    assert state(session)[0] is empty[0] is None
    assert told(session) == recalled(session) == []
    with pytest.raises(UsageError):
        session.timeline.undo()
    ask(session, "three")
    assert [text[:5] for text in told(session)] == ["three", "Reply"]
    unchanged(session, sent)
    rows = session.app.database.rows("SELECT count(*) FROM messages")
    assert rows == [(18,)]

    before, seen = state(session), told(session)
    session.close()
    again = make_session(model="scripted", base_url=session.server.url, read_ahead=False)
    again.open_agent("tester")
    assert (state(again), told(again)) == (before, seen)
    again.timeline.undo()
    assert told(again) == []


def test_pop_takes_whole_steps(session: Any) -> None:
    ask(session, "one")
    whole = state(session)
    assert session.timeline.pop(1).messages == 2
    assert [json.loads(wire).get("role") for wire in state(session)[2]] == ["user", "assistant", "tool", "user"]
    assert "said: one" in session.memory()[1].text
    assert session.timeline.pop(1).messages == 4
    assert session.current_agent.workspace.memory.branch == []
    session.timeline.undo()
    session.timeline.undo()
    assert state(session) == whole
    assert session.timeline.pop(100).messages == 6
    with pytest.raises(UsageError):
        session.timeline.pop()


def test_retry_asks_again_on_a_branch_before_the_question(session: Any) -> None:
    ask(session, "one")
    start = state(session)
    ask(session, "two")
    old, seen = state(session), told(session)
    events = list(session.timeline.retry())
    assert [e.text for e in events if isinstance(e, QuestionAsked)] == ["two"]
    first, second = session.server.requests[2], session.server.requests[4]
    texts = [[m["content"] for m in body["messages"][1:-2]] for body in (first, second)]
    assert texts[0] == texts[1]
    assert [text for text in told(session) if text == "two"] == ["two"]
    assert len(told(session)) == 4
    session.timeline.undo()
    assert (state(session), told(session)) == (old, seen)
    session.timeline.undo()
    assert state(session) == start


def test_rewrite_and_rethink_change_one_message_on_a_new_branch(session: Any) -> None:
    ask(session, "one")
    before, seen = state(session), told(session)
    session.timeline.rewrite("A better reply.")
    assert told(session) == recalled(session) == ["one", "A better reply."]
    session.timeline.rethink("I was wrong.")
    wires = [json.loads(wire) for wire in state(session)[2]]
    assert [wire["content"] for wire in wires if wire["role"] == "assistant"] == ["I should note it.", "I was wrong."]
    ask(session, "two")
    sent = json.dumps(session.server.requests[-1])
    assert "A better reply." in sent
    assert "I was wrong." in sent
    assert "Reply to 6" not in sent
    for _ in range(3):
        session.timeline.undo()
    assert (state(session), told(session)) == (before, seen)
    with pytest.raises(UsageError):
        session.timeline.rewrite("  ")


def test_summarise_evicts_now_and_can_be_undone(session: Any) -> None:
    for text in ("one", "two", "three"):
        ask(session, text)
    before = state(session)
    events = list(session.timeline.summarize())
    assert [type(e) for e in events if isinstance(e, (Evicted, SummaryWritten))] == [Evicted, SummaryWritten]
    memory = session.current_agent.workspace.memory
    assert [m.kind for m in memory.queue.messages] == ["user_message", "assistant", "function_result"]
    assert memory.summary is not None
    assert state(session)[1] == before[1]
    with pytest.raises(UsageError):
        list(session.timeline.summarize())
    session.timeline.undo()
    assert state(session) == before


def test_heartbeat_and_warning_give_the_model_a_turn(session: Any) -> None:
    with pytest.raises(UsageError):
        list(session.timeline.heartbeat())
    ask(session, "one")
    before = state(session)
    list(session.timeline.heartbeat())
    assert json.loads(session.server.requests[-1]["messages"][-2]["content"])["type"] == "heartbeat"
    session.timeline.undo()
    assert state(session) == before
    list(session.timeline.memory_warning())
    assert "Memory pressure" in session.server.requests[-1]["messages"][-2]["content"]
    with pytest.raises(UsageError):
        list(session.timeline.memory_warning())


def test_an_edit_of_the_working_context_is_undone_alone(session: Any) -> None:
    ask(session, "one")
    before = state(session)
    session.edit_memory("human", "", "likes tea")
    session.timeline.undo()
    assert state(session) == before


def test_redo_goes_forward_until_something_else_is_done(session: Any, make_session: Any) -> None:
    def stands() -> Any:
        return state(session), told(session), session.memory()[1].text

    line = session.timeline
    with pytest.raises(UsageError, match="nothing to go forward to"):
        line.redo()
    past = [stands()]
    for act in (lambda: ask(session, "one"), lambda: ask(session, "two"), lambda: list(line.retry()),
                lambda: line.rewrite("better"), lambda: line.pop(1), lambda: session.edit_memory("human", "", "x")):  # fmt: skip
        act()
        past.append(stands())
    for at in range(5, -1, -1):
        line.undo()
        # A retry and its question are one.
        assert stands() == past[at]
        line.redo()
        assert stands() == past[at + 1]
        line.undo()
    with pytest.raises(UsageError):
        line.undo()
    session.close()
    session = make_session(model="scripted", base_url=session.server.url, read_ahead=False)
    session.open_agent("tester")
    line = session.timeline
    for at in range(6):
        assert line.redo().operation == "redo"
        assert stands() == past[at + 1]
    with pytest.raises(UsageError):
        line.redo()
    line.undo()
    ask(session, "three")
    with pytest.raises(UsageError):
        line.redo()
    line.undo()
    assert stands() == past[5]


def test_an_undo_can_be_redone_in_another_home(session: Any, tmp_path: Path) -> None:
    ask(session, "one")
    ask(session, "two")
    both = told(session)
    session.timeline.undo()
    session.timeline.redo()
    session.timeline.undo()
    session.timeline.undo()
    session.agent_service.export("tester", tmp_path / "tester.agent")
    with Session(Settings(model="reader"), locate(tmp_path / "elsewhere")) as home:
        home.open_agent("somebody")
        list(home.submit("Who?"))
        home.agent_service.import_agent(tmp_path / "tester.agent")
        home.open_agent("tester")
        assert told(home) == []
        home.timeline.redo()
        assert told(home) == both[:2]
        home.timeline.redo()
        assert told(home) == both
        with pytest.raises(UsageError):
            home.timeline.redo()


def test_what_a_prefix_cache_can_reuse_is_the_same_from_the_record(session: Any) -> None:
    ask(session, "one")
    ask(session, "two")
    shares = [event.cacheable_share for event in session.history() if isinstance(event, StepFinished)]
    assert shares == [session.timeline.cacheable_share(step) for step in session.steps()]
    assert shares[0] == 0
    assert all(0.5 < share < 1 for share in shares[1:])
    assert session.timeline.cacheable_share(None) > 0.5


def test_everything_is_refused_while_a_question_is_answered(session: Any) -> None:
    ask(session, "one")
    events = session.submit("two")
    next(events)
    line = session.timeline
    for attempt in (
        line.undo,
        line.redo,
        line.pop,
        line.retry,
        line.summarize,
        line.heartbeat,
        lambda: line.rewrite("x"),
        lambda: line.rethink("x"),
    ):
        with pytest.raises(UsageError, match="being answered"):
            attempt()
    list(events)
    line.undo()


def test_evidence_goes_back_as_well(make_session: Any, papers: Path) -> None:
    def script(body: Any) -> Reply:
        if not any(m["role"] == "tool" and "Showing" in m["content"] for m in body["messages"][-3:]):
            return calls("archival_memory_search", query="harbour light", request_heartbeat=True)
        return calls("send_message", message="Not found in the documents.")

    with ModelServer(script) as server:
        session = make_session(model="scripted", base_url=server.url, window_tokens=8192, drive="model")
        session.open_agent("tester")
        list(session.load([papers]))
        ask(session, "Who kept the light?")
        answered = state(session)
        assert any("Receipt" in wire for wire in answered[2])
        session.timeline.pop(1)
        assert not any("Receipt" in wire for wire in state(session)[2])
        session.timeline.undo()
        assert state(session) == answered
        hit = session.current_agent.workspace.memory.queue.messages[2].body["archive"]["hits"][0]
        text = session.app.search.texts([hit["passage"]])[hit["passage"]]
        sentence = next(part for part in text.split("\n") if "kept" in part).split(". ")[0]
        session.timeline.rewrite(f'It says "{sentence}" [{hit["handle"]}]')
        assert any("Receipt" in wire for wire in state(session)[2])
        answer = [e for e in session.history() if isinstance(e, AnswerDone)][-1]
        assert answer.citations[0].verified
        assert [session.recorded(step).body() for step in session.steps()] == server.requests
