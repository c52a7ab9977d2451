"""Properties of an agent's past over random operations: nothing is lost or torn, everything goes back, all is known to the byte."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.clock import Ticking
from tests.support.embedding import embedding_words
from tests.support.properties import examples
from tests.support.scripted import Scripted, using
from workbench.api.events import AnswerDone, QuestionAsked
from workbench.core.errors import NotFound, UsageError
from workbench.core.paths import locate
from workbench.core.settings import Settings
from workbench.core.tokens import count_message, count_prompt
from workbench.models.base import ModelRequest
from workbench.services.session import Session

WORDS = ("light", "oil", "Marner", "harbour", "Käthe", "灯台", "HX-203/7", "🚢", "it's\n\n", "keys")
texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=8).map(" ".join)
long_texts = st.tuples(texts, st.integers(1, 60)).map(lambda pair: f"{pair[0]}. " * pair[1])
operations = st.one_of(
    st.tuples(st.just("ask"), long_texts),
    st.tuples(st.just("ask"), long_texts),
    st.tuples(st.just("ask"), texts),
    st.tuples(st.just("pop"), st.one_of(st.none(), st.integers(1, 12))),
    st.tuples(st.just("undo"), st.none()),
    st.tuples(st.just("undo"), st.none()),
    st.tuples(st.just("redo"), st.none()),
    st.tuples(st.just("retry"), st.none()),
    st.tuples(st.just("rewrite"), texts),
    st.tuples(st.just("rethink"), texts),
    st.tuples(st.just("summarize"), st.none()),
    st.tuples(st.just("heartbeat"), st.none()),
    st.tuples(st.just("edit"), texts),
    st.tuples(st.just("fork"), st.integers(0, 20)),
    st.tuples(st.just("forget"), st.integers(0, 20)),
    st.tuples(st.just("restart"), st.none()),
)


class Course:
    """One agent on a home of its own, and what must hold of it after every operation."""

    def __init__(self, folder: Path, window: int) -> None:
        self.folder = folder
        self.chosen = Settings(window_tokens=window, model="gpt-4o", read_ahead=False, verify=False)
        self.model = Scripted(self.reply)
        self.clock = Ticking()
        self.asked = 0
        self.sent: dict[tuple[str, int], str] = {}
        self.logged: set[int] = set()
        self.erased = False
        self.open("first")

    def open(self, name: str) -> None:
        self.session = Session(self.chosen, locate(self.folder / "home"), clock=self.clock)
        with using(self.model):  # a model that cannot be asked would make no agent
            self.session.open_agent(name)

    def reply(self, request: ModelRequest, number: int) -> Any:
        assert count_prompt(request.messages, request.tools) <= self.chosen.usable_tokens
        check_pairs([dict(message) for message in request.messages])
        if number % 3 == 0:
            return ("core_memory_append", {"name": "human", "content": f"note {number} oil", "request_heartbeat": True})
        if number % 3 == 1:
            return ("conversation_search", {"query": "light oil", "request_heartbeat": True})
        return ("send_message", {"message": f"Reply {number}. " + "The sea was grey. " * (number % 7)})

    def do(self, name: str, value: Any) -> None:
        session, line = self.session, self.session.timeline
        before = self.state()
        try:
            if name == "ask":
                self.asked += 1
                list(session.submit(f"Question {self.asked}: {value}"))
            elif name in ("retry", "summarize", "heartbeat"):
                list(getattr(line, name)())
            elif name == "pop":
                line.pop(value)
                after = self.state()
                self.undone_is(before)
                line.pop(value)
                assert self.state() == after
            elif name == "rewrite":
                line.rewrite(f"Rewritten {len(self.logged)}: {value}")
                self.undone_is(before)
                line.rewrite(f"Rewritten {len(self.logged)}: {value}")
            elif name == "rethink":
                line.rethink(f"Thought {value}")
                self.undone_is(before)
                line.rethink(f"Thought {value}")
            elif name == "undo":
                line.undo()
                after = self.state()
                line.redo()
                assert self.state() == before
                line.undo()
                assert self.state() == after
            elif name == "redo":
                line.redo()
                self.undone_is(before)
                line.redo()
            elif name == "edit":
                session.edit_memory("human", "", f"edit {self.clock.now}")
                self.undone_is(before)
            elif name == "fork" and session.steps():
                steps = session.steps()
                step = steps[value % len(steps)]
                made = line.fork(step)
                assert self.state() == before
                session.open_agent(made)
                for number in session.steps():
                    self.sent[made, number] = body_of(session, number)
            elif name == "forget":
                self.forget(value)
            elif name == "restart":
                agent = session.agent
                session.close()
                self.open(agent)
                assert self.state() == before
        except (UsageError, NotFound):
            assert self.state() == before
        self.check()

    def undone_is(self, before: Any) -> None:
        """An undo brings back everything."""
        self.session.timeline.undo()
        assert self.state() == before

    def forget(self, value: int) -> None:
        rows = self.session.app.database.rows("SELECT message_id FROM messages WHERE kind = 'user_message' ORDER BY 1")
        if rows:
            eraser = self.session.timeline.eraser
            eraser.erase(eraser.message(int(rows[value % len(rows)][0])))
            self.erased = True

    def state(self) -> Any:
        memory = self.session.current_agent.workspace.memory
        told = [event.text for event in self.session.history() if isinstance(event, (QuestionAsked, AnswerDone))]
        wires = [json.dumps(message.wire, ensure_ascii=False) for message in memory.queue.messages]
        summary = memory.summary.text if memory.summary else ""
        return memory.head, list(memory.branch), wires, memory.queue.question, summary, memory.working.texts(), told

    def check(self) -> None:
        session = self.session
        memory, space = session.current_agent.workspace.memory, session.current_agent.workspace
        rows = session.app.database.rows("SELECT message_id, agent_id, kind FROM messages")
        stored = {int(row[0]) for row in rows}
        assert self.logged <= stored
        self.logged = stored
        branch = session.app.recorder.branch(memory.agent.id, memory.head)
        assert memory.branch == branch
        assert set(branch) <= {int(row[0]) for row in rows if row[1] == memory.agent.id}
        found = [item.message for item in space.recall.items(memory.agent.id, space.branch())]
        assert len(found) == len(set(found))
        assert (
            {int(row[0]) for row in rows if row[2] == "user_message" and row[0] in set(branch)}
            <= set(found)
            <= set(branch)
        )
        check_pairs([dict(message.wire) for message in memory.queue.messages])
        check_pairs(session.transcript())
        assert memory.queue.tokens == sum(count_message(message.wire) for message in memory.queue.messages)
        again = session.app.recorder.queue(memory.agent.id, memory.head, memory.ranges())
        assert [message.wire for message in again] == [message.wire for message in memory.queue.messages]
        for step in session.steps():
            recorded = session.recorded(step)
            if recorded.forgotten:
                assert self.erased
                continue
            assert recorded.prompt.digest() == recorded.digest
            assert recorded.prompt.used == recorded.used
            known = self.sent.setdefault((session.agent, step), body_of(session, step))
            assert body_of(session, step) == known


def body_of(session: Session, step: int) -> str:
    return json.dumps(session.recorded(step).body(), ensure_ascii=False)


def check_pairs(messages: list[dict[str, Any]]) -> None:
    """Every call is followed by its results, and no result stands alone."""
    wanted: list[str] = []
    for message in messages:
        if message["role"] == "tool":
            assert message["tool_call_id"] == wanted.pop(0)
            continue
        assert not wanted, "a call without its result"
        wanted = [call["id"] for call in message.get("tool_calls", ())]
    assert not wanted


@pytest.fixture(scope="module", autouse=True)
def words() -> Iterator[None]:
    with embedding_words():
        yield


@examples(3, shrink=False)
@given(window=st.sampled_from((2_048, 4_096, 16_384, 131_072)), todo=st.lists(operations, min_size=3, max_size=14))
def test_the_past_holds_its_promises(tmp_path_factory: pytest.TempPathFactory, window: int, todo: list[Any]) -> None:
    course = Course(tmp_path_factory.mktemp("past"), window)
    try:
        with using(course.model):
            course.do("ask", "Who kept the light?")
            for name, value in todo:
                course.do(name, value)
        kept = {body for (agent, _), body in course.sent.items() if agent == "first"}
        assert kept <= set(course.model.bodies)
    finally:
        course.session.close()
