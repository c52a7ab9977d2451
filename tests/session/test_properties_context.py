"""Properties of main context over random events: nothing overflows, nothing is torn, nothing is lost, all is repeatable."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.clock import Ticking
from tests.support.embedding import embedding_words
from tests.support.properties import examples
from tests.support.scripted import Call, Scripted, using
from workbench.api.events import Failed
from workbench.core.paths import locate
from workbench.core.settings import Settings
from workbench.core.tokens import Calibration, count_message, count_prompt, encoding_for
from workbench.memory.messages import render
from workbench.memory.queue_manager import Pressure
from workbench.models.base import ModelRequest
from workbench.services.session import Session

WORDS = (
    "light",
    "oil",
    "barrels",
    "Marner",
    "keys",
    "harbour",
    "Käthe",
    "灯台",
    "part HX-203/7",
    '"keys of the light"',
    "🚢",
    "it's\n\n",
)
texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=12).map(" ".join)
long_texts = st.tuples(texts, st.integers(1, 120)).map(lambda pair: (pair[0] + ". ") * pair[1])

calls = st.one_of(
    st.builds(lambda q, p: ("archival_memory_search", {"query": q, "page": p}), texts, st.integers(0, 2)),
    st.builds(lambda t: ("core_memory_append", {"name": "task", "content": t}), texts),
    st.builds(lambda t: ("core_memory_append", {"name": "human", "content": f"{t} [#a1]"}), texts),
    st.builds(lambda a, b: ("core_memory_replace", {"name": "task", "old_content": a, "new_content": b}), texts, texts),
    st.builds(lambda q: ("conversation_search", {"query": q}), texts),
    st.builds(lambda t: ("no_such_function", {"x": t}), long_texts),
)
replies = st.one_of(calls, st.lists(calls, min_size=2, max_size=4), st.just(""))
answers = st.one_of(
    st.builds(lambda t: ("send_message", {"message": t}), long_texts),
    st.just(("send_message", {"message": 'It says "The keys of the light went" [#a1]'})),
    long_texts,
)


@dataclass(frozen=True)
class Course:
    """What happens to one agent."""

    window: int
    eviction: str
    summary_by: str
    evidence: bool
    model: str
    shares: tuple[float, ...]
    questions: tuple[tuple[str, tuple[Any, ...], Any], ...]

    def settings(self) -> Settings:
        warn, flush, evict, page, summary, fixed, working = self.shares
        return Settings(
            window_tokens=self.window, eviction=self.eviction, summary_by=self.summary_by, evidence=self.evidence, model=self.model,
            warn_share=warn, flush_share=flush, evict_to_share=evict, page_share=page, summary_share=summary, fixed_share=fixed,
            working_share=working, verify=False, steps=12, drive="model",
        )  # fmt: skip


SHARES = (
    (0.7, 1.0, 0.5, 0.25, 0.0625, 0.25, 0.12), (0.3, 0.6, 0.1, 0.6, 0.25, 0.25, 0.05), (1.0, 1.0, 1.0, 0.05, 0.01, 0.2, 0.12),
    (0.6, 0.8, 0.3, 1.0, 0.25, 0.3, 0.12), (0.7, 1.0, 0.5, 0.25, 0.0625, 0.5, 0.25),
)  # fmt: skip
"""Warning, flush, eviction, page, summary, fixed and working: the defaults, and what else a user may choose."""

courses = st.builds(
    Course,
    st.sampled_from((2_048, 3_000, 4_096, 8_192, 32_768, 131_072)),
    st.sampled_from(("fifo", "lru", "pinned")),
    st.sampled_from(("condense", "model")),
    st.booleans(),
    st.sampled_from(("gpt-4o", "gpt-4", "local-7b")),
    st.sampled_from((*SHARES[:1] * 3, *SHARES[1:])),
    st.lists(st.tuples(long_texts, st.lists(replies, max_size=5).map(tuple), answers), min_size=1, max_size=5).map(
        tuple
    ),
)


class Checking(Scripted):
    """Follows a course and checks every request before it answers."""

    def __init__(self, course: Course) -> None:
        super().__init__(self._reply, usage=self._usage)
        self.course = course
        self.todo: list[Any] = []
        self.alone = 0

    def start(self, actions: tuple[Any, ...], answer: Any) -> None:
        self.todo = [*actions, answer]

    def _usage(self, request: ModelRequest) -> int:
        counted = count_prompt(request.messages, request.tools, encoding_for(self.course.model)[0])
        return counted + 11 if encoding_for(self.course.model)[1] else int(counted * 1.2)

    def _reply(self, request: ModelRequest, number: int) -> Call | list[Call] | str:
        limits = self.course.settings()
        if number > 1:
            # The first reply teaches what the server adds; from then on what the server counts must fit.
            assert self._usage(request) <= limits.usable_tokens
        assert count_prompt(request.messages, request.tools, encoding_for(self.course.model)[0]) <= limits.usable_tokens
        if not request.tools:
            return " ".join(f"Statement {number} about oil and light {k}." for k in range(80))
        check_shape(request, Pressure.of(limits))
        return self.todo.pop(0) if self.todo else ("send_message", {"message": "Done."})


def check_shape(request: ModelRequest, pressure: Pressure) -> None:
    """Calls and results in pairs, one alert, the summary in its bound, the question there, the state last."""
    messages = list(request.messages)
    wanted: list[str] = []
    kinds = []
    for message in messages[1:]:
        if message["role"] == "tool":
            assert message["tool_call_id"] == wanted.pop(0)
            continue
        assert not wanted, "a call without its result"
        wanted = [call["id"] for call in message.get("tool_calls", ())]
        if message["role"] == "user":
            content = json.loads(message["content"])
            kinds.append(content["type"])
            if content["type"] == "summary":
                assert count_message(message) <= pressure.summary_tokens
                assert len(content["stubs"]) <= 20
    assert not wanted
    assert kinds[-1] == "state"
    assert kinds.count("state") == 1
    assert kinds.count("summary") <= 1
    assert "user_message" in kinds
    pressure_alerts = [m for m in messages if m["role"] == "user" and "Memory pressure: the context" in m["content"]]
    assert len(pressure_alerts) <= 1


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """One archive for all examples; every example has an agent of its own."""
    yield from opened(tmp_path_factory.mktemp("properties"))


def opened(folder: Path) -> Iterator[Session]:
    with embedding_words():
        session = Session(Settings(), locate(folder / "home"), clock=Ticking())
        (folder / "papers").mkdir()
        for number in range(10):
            text = f"# Papers {number}\n\nThe keys of the light went to Marner {number} with {number} barrels of oil, HX-20{number}/7.\n\n"
            (folder / "papers" / f"{number}.md").write_text(text * 4, encoding="utf-8")
        list(session.load([folder / "papers"], source="papers"))
        yield session
        session.close()


def follow(session: Session, course: Course, name: str) -> Checking:
    """Run a course with an agent of that name."""
    model = Checking(course)
    with using(model):
        session.open_agent(name)
        session.attach("papers")
        for question, actions, answer in course.questions:
            model.start(actions, answer)
            for event in session.submit(question):
                # Room is always found: a window is never declared too small for what this course asks of it.
                assert not (isinstance(event, Failed) and "window has room" in event.message)
    return model


@examples(4, shrink=False)
@given(course=courses)
@example(
    # Wide shares for what cannot leave, and a question just short of being stored as a stub.
    course=Course(
        2_048, "fifo", "condense", False, "gpt-4o", SHARES[4],
        tuple((("light " * 12 + ". ") * n, (), ("send_message", {"message": "Seen."})) for n in (36, 38, 40)),
    )
)  # fmt: skip
@example(
    # A question that fits as we count, and no longer once the server's usage has taught that it counts a fifth more.
    course=Course(
        3_000, "fifo", "model", True, "local-7b", SHARES[3],
        (("light oil oil light. " * 94, tuple(
            ("archival_memory_search", {"query": query, "page": 0})
            for query in ("light", "oil", "keys of the light", "barrels", "Marner")
        ), ("send_message", {"message": "Seen."})),),
    )
)  # fmt: skip
def test_main_context_holds_its_promises(shared: Session, course: Course) -> None:
    name = f"agent {next_number()}"
    with Session(course.settings(), app=shared.app) as session:
        model = follow(session, course, name)
        check_records(session, model)
        check_log(session, model, name)


_numbers = iter(range(10**9))


def next_number() -> int:
    return next(_numbers)


def check_records(session: Session, model: Checking) -> None:
    """Every request is one recorded step and comes out again; its counts equal a count from scratch."""
    steps = session.steps()
    assert len(steps) == len(model.bodies)
    for step, body in zip(steps, model.bodies, strict=True):
        recorded = session.recorded(step)
        assert json.dumps(recorded.body(), ensure_ascii=False) == body
        assert recorded.prompt.digest() == recorded.digest
        assert recorded.prompt.used == recorded.used
        calibration = Calibration(**recorded.request["calibration"])
        sent = json.loads(body)
        assert recorded.prompt.counted == count_prompt(sent["messages"], sent.get("tools", ()), calibration.encoding)
        assert (
            sum(segment.tokens for segment in recorded.prompt.segments)
            == recorded.used
            == calibration.predict(recorded.prompt.counted)
        )


def check_log(session: Session, model: Checking, name: str) -> None:
    """Every message ever is in the log; those of the branch are in recall exactly once; the queue's sums are right."""
    space = session.current_agent.workspace
    memory, database = space.memory, session.app.database
    rows = database.rows(
        "SELECT message_id, role, kind, body, created_at FROM messages WHERE agent_id = ? ORDER BY message_id",
        [memory.agent.id],
    )
    stored = [int(row[0]) for row in rows]
    assert stored == memory.branch == session.app.recorder.branch(memory.agent.id, memory.head)
    logged = {
        json.dumps(render(role, kind, json.loads(body), created, memory.texts), ensure_ascii=False)
        for _, role, kind, body, created in rows
    } | {
        # A question that no longer fits once the server has taught what it counts is sent with its ends only.
        json.dumps(render(role, kind, json.loads(body), created, memory.texts, ()), ensure_ascii=False)
        for _, role, kind, body, created in rows
        if kind == "user_message"
    }
    for body in model.bodies:
        for message in json.loads(body)["messages"][1:]:
            text = message["content"]
            ours = any(f'"type": "{kind}"' in text[:40] for kind in ("summary", "state", "summary_request"))
            if not ours and not (message["role"] == "tool" and '"message": "Receipt: ' in text):
                assert json.dumps(message, ensure_ascii=False) in logged
    found = [item.message for item in space.recall.items(memory.agent.id, space.branch())]
    assert len(found) == len(set(found))
    assert {int(row[0]) for row in rows if row[2] == "user_message"} <= set(found) <= set(stored)
    assert memory.queue.tokens == sum(count_message(message.wire) for message in memory.queue.messages)
    again = session.app.recorder.queue(memory.agent.id, memory.head, memory.ranges())
    assert [message.wire for message in again] == [message.wire for message in memory.queue.messages]


@examples(1, shrink=False)
@given(course=courses)
@pytest.mark.nightly
def test_the_same_replies_give_the_same_prompts(tmp_path_factory: pytest.TempPathFactory, course: Course) -> None:
    runs = []
    for _ in range(2):
        for session in opened(tmp_path_factory.mktemp("again")):
            with Session(course.settings(), app=session.app) as display:
                runs.append(follow(display, course, "twin").bodies)
    assert runs[0] == runs[1]
