"""The queue manager at work: policies of eviction, the summary by a model, receipts once a question is answered, and one alert a period."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.scripted import Scripted, results, using
from workbench.api.events import (
    AnswerDone,
    ContextAssembled,
    Evicted,
    PagedOut,
    PressureWarning,
    StepStarted,
    SummaryWritten,
)
from workbench.api.paging import steps_of
from workbench.api.results import Hit, ResultPage
from workbench.core.errors import ConfigError, ModelError
from workbench.core.settings import Settings
from workbench.core.tokens import Calibration, count_message, count_prompt
from workbench.memory.fifo_queue import FifoQueue, group
from workbench.memory.main_context import Summary
from workbench.memory.messages import StoredMessage, render
from workbench.memory.queue_manager import Pressure, counted_limit, leaving, policy
from workbench.memory.recall_page import RecallPage
from workbench.memory.references import Fetched
from workbench.memory.summary import STUBS, condense, telling
from workbench.services.replay import verify

EXACT = Calibration.for_model("reader", embedded=True)


class Log:
    """Makes messages as they are stored."""

    def __init__(self) -> None:
        self.queue = FifoQueue()
        self.made: list[StoredMessage] = []

    def add(self, role: str, kind: str, body: dict[str, Any]) -> StoredMessage:
        number = len(self.made) + 1
        created = datetime(2026, 1, 1) + timedelta(seconds=number)
        texts = Fetched(
            {key: f"Passage {key} of the archive." for key in range(40)}, {m.id: m.spoken for m in self.made}
        )
        wire = render(role, kind, body, created, texts)
        message = StoredMessage(number, number - 1 or None, role, kind, body, wire, count_message(wire), created)
        self.made.append(message)
        self.queue.append(message)
        return message

    def ask(self, text: str) -> StoredMessage:
        message = self.add("user", "user_message", {"message": text})
        self.queue.question = message.id
        return message

    def search(self, *passages: int, query: str = "oil") -> StoredMessage:
        call = {"id": f"c{len(self.made)}", "name": "archival_memory_search", "arguments": json.dumps({"query": query})}
        self.add("assistant", "assistant", {"content": "", "calls": [call]})
        hits = tuple(Hit(key, f"#a{key}", f"paper-{key}.md", 1, score=0.5) for key in passages)
        page = ResultPage("archival_memory_search", query, 0, 3, 11, 40, False, hits)
        return self.add("tool", "function_result", {"call": call["id"], "status": "OK", "archive": page.dump()})

    def say(self, text: str) -> StoredMessage:
        return self.add("assistant", "assistant", {"content": text, "calls": []})


def leave(log: Log, name: str, target: int, notes: str = "") -> list[int]:
    chosen = policy(name)
    return [m.id for m in log.queue.leaving(target, 1, lambda groups: chosen.order(groups, notes))]


def test_fifo_lets_the_oldest_go_and_never_the_question_or_half_a_pair() -> None:
    log = Log()
    log.say("old talk")
    log.ask("Who kept the light?")
    first, second = log.search(1, 2), log.search(3)
    assert leave(log, "fifo", 0) == [1, first.parent, first.id]
    log.queue.remove([log.made[0]])
    assert [len(members) for members in group(log.queue.messages)] == [1, 2, 2]
    assert second.id not in leave(log, "fifo", 0)


def test_lru_keeps_what_was_mentioned_or_recalled() -> None:
    log = Log()
    said = log.ask("My cat is called Tom.")
    log.queue.question = None
    cited, other = log.search(1), log.search(2)
    log.say('It says "oil" [#a1].')
    recalled = RecallPage("conversation_search", {"query": "cat"}, 0, 1, 1, ((said.id, None),)).dump()
    call = {"id": "r", "name": "conversation_search", "arguments": "{}"}
    log.add("assistant", "assistant", {"content": "", "calls": [call]})
    log.add(
        "tool", "function_result", {"call": "r", "function": "conversation_search", "status": "OK", "recall": recalled}
    )
    log.ask("What is my cat called?")
    room = log.queue.tokens - 1
    assert leave(log, "fifo", room) == [said.id]
    assert leave(log, "lru", room) == [other.parent, other.id]
    assert leave(log, "lru", room - count_pair(other)) == [cited.parent, cited.id, other.parent, other.id]


def count_pair(message: StoredMessage) -> int:
    return message.tokens + 20


def test_pinned_keeps_what_the_working_context_names() -> None:
    log = Log()
    first, second = log.search(1), log.search(2)
    log.ask("Who?")
    assert leave(log, "pinned", log.queue.tokens - 1, "found [#a1]") == [second.parent, second.id]
    assert leave(log, "pinned", 0, "found [#a1]") == [first.parent, first.id, second.parent, second.id]


def test_an_unknown_policy_is_named_with_those_there_are() -> None:
    with pytest.raises(ConfigError, match="random"):
        policy("random")
    with pytest.raises(ConfigError, match="eviction is one of fifo, lru, pinned"):
        Settings(eviction="random")


def test_a_flush_is_one_batch_down_to_half_of_what_is_not_fixed() -> None:
    log = Log()
    log.ask("Who kept the light?")
    for number in range(60):
        log.search(number * 3 + 1, number * 3 + 2)
    pressure = Pressure.of(Settings(window_tokens=4_096))
    gone = leaving(log.queue, 1_000, pressure, policy("fifo"), "", EXACT)
    log.queue.remove(gone)
    capacity = pressure.usable - 1_000 - pressure.summary_tokens
    assert capacity // 2 - 400 < log.queue.tokens <= capacity // 2
    assert log.queue.messages[0].kind == "user_message"
    assert log.queue.tokens == sum(count_message(message.wire) for message in log.queue.messages)


def test_results_too_large_for_the_window_leave_rather_than_overflow() -> None:
    log = Log()
    log.ask("Who kept the light?")
    log.search(*range(1, 200))
    pressure = Pressure.of(Settings(window_tokens=2_048))
    log.queue.remove(leaving(log.queue, 900, pressure, policy("fifo"), "", EXACT))
    assert [message.kind for message in log.queue.messages] == ["user_message"]


def test_the_condensed_summary_stays_in_its_bound_however_often_it_is_rewritten() -> None:
    summary: Summary | None = None
    for number in range(40):
        log = Log()
        log.ask(f"Question {number}: who kept the light of {'the very long pier ' * 20}?")
        log.search(*range(number * 5 + 1, number * 5 + 6), query=f"light {number}")
        log.say("An answer of some length. " * 30)
        summary = condense(summary, log.made, 128 if number % 2 else 512, number + 1, "2026-01-01T00:00:00Z")
        assert count_message(summary.wire()) <= (128 if number % 2 else 512)
        assert len(summary.stubs) <= STUBS
        assert "An answer" in summary.text
    assert summary is not None
    assert summary.evicted_messages == 160
    assert any(stub.startswith("#a200 ") for stub in summary.stubs)


def test_the_limit_in_our_counts_is_the_largest_that_the_server_accepts() -> None:
    for calibration in (EXACT, Calibration("o200k_base", True, 37), Calibration("o200k_base", False, 0, 1.37)):
        limit = counted_limit(calibration, 5_000)
        assert calibration.predict(limit) <= 5_000 < calibration.predict(limit + 1)


# -- through the session ------------------------------------------------------------------------------------------------


def talk(
    make_session: Any, plan: Callable[..., Any], questions: list[str], papers: Path, **settings: Any
) -> tuple[Any, Scripted, list[Any]]:
    with using(Scripted(plan)) as model:
        session = make_session(model="gpt-4o", **settings)
        session.open_agent("tester")
        list(session.load([papers]))
        events = [event for question in questions for event in session.submit(question)]
    return session, model, events


def citing(request: Any, number: int) -> Any:
    """Answers with a sentence of the last page of results, under its handle."""
    last = results(request)[-1].split("\n")
    handle = last[1].split(" | ")[0]
    sentence = next(line for line in last if " kept the harbour light number " in line).strip().split(". ")[0]
    return "send_message", {"message": f'It says "{sentence}" [{handle}].'}


def tokens_of_results(messages: list[Any]) -> list[int]:
    return [count_message(message) for message in messages if message["role"] == "tool"]


def test_once_answered_cited_passages_stay_whole_and_other_results_become_receipts(
    make_session: Any, papers: Path
) -> None:
    questions = ["Who kept the harbour light number 3?", "And number 7?"]
    session, model, events = talk(make_session, citing, questions, papers)
    before, after = (json.loads(body)["messages"] for body in model.bodies)
    cited = [event for event in events if isinstance(event, AnswerDone)][0].citations[0]
    old, new = ([m for m in messages if m["role"] == "tool"][0]["content"] for messages in (before, after))
    assert json.loads(old)["message"].startswith("Showing 5 of")
    receipt = json.loads(new)["message"]
    assert receipt.startswith("Receipt: 5 of 12 results, 1 cited, below. Again: archival_memory_search(query=")
    assert cited.quote in receipt
    assert [line.split(" | ")[0] for line in receipt.split("\n") if line.startswith("#")] == [cited.handle]
    assert len(new) < len(old) / 2
    assert [json.dumps(session.recorded(step).body(), ensure_ascii=False) for step in session.steps()] == model.bodies
    assert all(verdict.same for verdict in verify(session))
    # The journal says what left, passage by passage, before the answer that caused it.
    shown = [event.in_context for event in events if isinstance(event, ContextAssembled)]
    kinds = [type(event) for event in events]
    left = next(event for event in events if isinstance(event, PagedOut))
    assert len(left.passages) == 4
    assert set(left.passages) == shown[0] - {cited.passage}
    assert left.tokens == sum(tokens_of_results(before)) - sum(tokens_of_results(after[: len(before)]))
    assert kinds.index(PagedOut) < kinds.index(AnswerDone)
    assert steps_of(session.history())[0].receipts == frozenset(left.passages)
    session.close()
    with using(Scripted(citing)) as again:
        session = make_session(model="gpt-4o")
        session.open_agent("tester")
        list(session.submit("And number 9?"))
    third = json.loads(again.bodies[0])["messages"]
    assert [m for m in third if m["role"] == "tool"][0]["content"] == new


def test_without_the_rule_results_stay_as_they_were(make_session: Any, papers: Path) -> None:
    _, model, events = talk(make_session, citing, ["Who kept number 3?", "And number 7?"], papers, evidence=False)
    assert not [event for event in events if isinstance(event, PagedOut)]
    before, after = (json.loads(body)["messages"] for body in model.bodies)
    assert after[: len(before) - 1] == before[:-1]


def searching(request: Any, number: int) -> Any:
    if not request.tools:
        return f"The user asks about oil.\nRequest {number} was summarised."
    if number % 9 == 8:
        return "send_message", {"message": "Not found in the documents."}
    return "archival_memory_search", {"query": f"Marner oil barrels {number}", "request_heartbeat": True}


@pytest.mark.nightly
def test_the_model_writes_the_summary_in_recorded_requests_of_its_own(make_session: Any, papers: Path) -> None:
    questions = ["How much oil was ordered?", "And by whom?"]
    session, model, events = talk(
        make_session, searching, questions, papers, window_tokens=2_048, summary_by="model", summary_form="prose"
    )
    bodies = [json.loads(body) for body in model.bodies]
    asked = [body for body in bodies if "tools" not in body]
    assert asked
    assert len([e for e in events if isinstance(e, StepStarted) and e.reason == "summary"]) == len(asked)
    assert [json.dumps(session.recorded(step).body(), ensure_ascii=False) for step in session.steps()] == model.bodies
    written = [event for event in events if isinstance(event, SummaryWritten)]
    assert all(event.text.startswith("The user asks about oil.") for event in written)
    later = json.loads(asked[-1]["messages"][1]["content"])
    assert later["summary"].startswith("The user asks about oil.")
    assert "plain prose" in asked[0]["messages"][0]["content"]
    for body in bodies:
        assert count_prompt(body["messages"], body.get("tools", ())) <= Settings(window_tokens=2_048).usable_tokens
    assert all(verdict.same for verdict in verify(session))


def test_a_summary_too_large_for_one_request_is_made_part_by_part(make_session: Any, papers: Path) -> None:
    def chatting(request: Any, number: int) -> Any:
        if not request.tools:
            return f"Part {number} was summarised."
        return "send_message", {"message": " ".join(f"word{number}x{k}" for k in range(150))}

    questions = [f"Tell me about light {n}: " + "why " * 60 for n in range(30)]
    session, model, events = talk(
        make_session, chatting, questions, papers, window_tokens=4_096, summary_by="model", read_ahead=False
    )
    asked = [json.loads(body) for body in model.bodies if "tools" not in json.loads(body)]
    batches = len([event for event in events if isinstance(event, Evicted)])
    assert batches
    assert len(asked) >= batches
    assert [json.dumps(session.recorded(step).body(), ensure_ascii=False) for step in session.steps()] == model.bodies


def test_a_model_that_fails_to_summarise_is_replaced_by_condensation(make_session: Any, papers: Path) -> None:
    def failing(request: Any, number: int) -> Any:
        if not request.tools:
            raise ModelError("The server said no.", "Try later.")
        return searching(request, number)

    session, model, events = talk(
        make_session, failing, ["How much oil was ordered?"], papers, window_tokens=2_048, summary_by="model"
    )
    assert any(isinstance(event, AnswerDone) for event in events)
    written = [event for event in events if isinstance(event, SummaryWritten)]
    assert written
    lines = [line for event in written for line in event.text.splitlines()]
    assert all(line.startswith(("archival_memory_search '", "you answered: ")) for line in lines), (
        "condensed, not summarised"
    )
    assert len(session.steps()) == len(model.bodies)
    assert {session.recorded(step).status for step in session.steps()} == {"done", "failed"}


def test_the_alert_comes_once_between_two_flushes(make_session: Any, papers: Path) -> None:
    session, model, events = talk(
        make_session, searching, ["How much oil was ordered?", "By whom?", "When?"], papers, window_tokens=3_000
    )
    order = [type(event) for event in events if isinstance(event, (PressureWarning, Evicted))]
    assert PressureWarning in order
    assert Evicted in order
    assert all(pair != (PressureWarning, PressureWarning) for pair in zip(order, order[1:], strict=False))


def test_the_state_says_high_only_while_something_presses(make_session: Any) -> None:
    session = make_session()
    session.open_agent("tester")
    agent = session.current_agent
    memory, context = agent.workspace.memory, agent.context

    def pressure() -> str:
        return str(json.loads(context.prompt().messages[-1]["content"])["context"]["pressure"])

    assert pressure() == "normal"
    memory.add("user", "system_alert", {"message": context._alert(6_000)})
    assert pressure() == "normal", "what pressed has shrunk to receipts since the alert"
    context.pressure = replace(context.pressure, warn=10)
    assert pressure() == "high"


def test_of_a_long_text_the_question_and_what_has_numbers_and_names_stay() -> None:
    said = (
        "Well, that was a long day out there. The lamp was lit by Edda. It weighs 340 kilos, and so on. How old is it?"
    )
    assert telling(said, 200) == said
    assert telling(said, 70) == "… It weighs 340 kilos, and so on. How old is it?"
    assert telling(said, 70, facts_first=True) == "… It weighs 340 kilos, and so on. …"
    assert telling("no end " * 40, 20) == "no end no end no…"


def test_older_statements_keep_their_facts_where_room_is_short() -> None:
    line = "user said: It was a fine day again and we talked. Lock {0} opens with 400{0}."
    old = Summary(1, "\n".join(line.format(at) for at in range(9)), (), 9, "t")
    whole = condense(old, [], 2_000, 2, "t")
    assert whole.text == old.text
    assert condense(whole, [], 2_000, 3, "t").text == old.text
    short = condense(old, [], 215, 2, "t")
    assert count_message(short.wire()) <= 215
    assert all(f"400{at}" in short.text for at in range(9))
    assert "fine day" in short.text.splitlines()[-1]
    assert "fine day" not in short.text.splitlines()[0]
    again = Summary(1, "you answered: I see.\nuser said: Yes.\nyou answered: I see.", (), 3, "t")
    assert condense(again, [], 2_000, 2, "t").text == "user said: Yes.\nyou answered: I see."


def test_what_the_queue_adds_up_is_the_same_after_a_swap() -> None:
    log = Log()
    log.ask("Which lamp burnt oil?")
    call = log.add("assistant", "assistant", {"content": "", "calls": [{"id": "c1", "name": "f", "arguments": "{}"}]})
    page = ResultPage("archival_memory_search", "oil", 0, 1, 1, 9, False, (Hit(7, "#a1", "a.md", 1, None, ""),)).dump()
    shown = log.add("tool", "function_result", {"call": "c1", "status": "OK", "archive": page})
    log.add("user", "system_alert", {"message": "Memory pressure: much is used."})
    queue, texts = log.queue, Fetched({7: "Passage 7 of the archive."})
    for name in ("o200k_base", "cl100k_base"):
        assert queue.tokens_in(name) == sum(part.tokens for part in queue.parts(name)) > 0
    wire = render(shown.role, shown.kind, shown.body, shown.created, texts, ())
    receipt = replace(shown, wire=wire, tokens=count_message(wire), kept=())
    queue.swap([receipt])
    fresh = FifoQueue()
    fresh.messages = queue.messages
    assert queue.messages[2] is receipt is queue.results[0]
    assert queue.messages[1] is call
    assert queue.tokens_in("o200k_base") == sum(message.tokens for message in queue.messages) == fresh.tokens
    assert queue.tokens_in("cl100k_base") == fresh.tokens_in("cl100k_base")
    log.ask("And which burnt most?")
    fresh.messages = queue.messages
    assert [list(queue.parts(name)) for name in ("o200k_base", "cl100k_base")] == [
        list(fresh.parts(name)) for name in ("o200k_base", "cl100k_base")
    ]
    assert (queue.ranges(), queue.alerts, queue.results) == (fresh.ranges(), fresh.alerts, fresh.results)
