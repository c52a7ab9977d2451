"""The caps of a question hold before a request is sent, and what was found by then is the answer."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.conversations import only, open_on, searching, told_to_model
from tests.support.model_replies import Reply, calls, says
from tests.support.model_server import ModelServer, count_usage
from tests.support.scripted import Scripted, using
from workbench.agent.budget import LAST_CALL
from workbench.api.events import AnswerDone, FunctionCalled, Stopped
from workbench.cli.main import main
from workbench.core.errors import ConfigError
from workbench.core.settings import Settings
from workbench.core.tokens import count_prompt


def exact(request: Any) -> int:
    """What the embedded reader's counting, which is exact by definition, says of a prompt."""
    return count_prompt(request.messages, request.tools)


def long_search(request: Any, number: int) -> Any:
    return "archival_memory_search", {"query": f"harbour light {number}", "request_heartbeat": True}


@pytest.mark.parametrize(("name", "cap"), [("tokens", 9_000), ("cost", 12_345)])
def test_no_cap_is_passed_by_a_single_token(make_session: Any, papers: Path, name: str, cap: int) -> None:
    """Two whole sessions; tests/unit/agent/test_budget.py has the arithmetic with caps of any size."""
    limits = {"question_tokens": cap} if name == "tokens" else {
        "question_cost": cap / 1_000_000, "price_in": 1.0, "price_out": 1.0
    }  # fmt: skip
    with using(Scripted(long_search, usage=exact)) as model:
        session = make_session(model="gpt-4o", **limits)
        session.open_agent("tester")
        list(session.load([papers]))
        list(session.submit("Who kept the harbour light?"))
        first = model.number
        events = list(session.submit("And who kept the harbour light before?"))
        steps = [session.recorded(step) for step in session.steps()]
    reserve = session.settings.reserve
    for part in (steps[:first], steps[first:]):
        spent = sum(step.used + 1 for step in part)
        assert spent <= cap
        assert spent - 1 + reserve <= cap
        # One more would have passed it: nothing is left lying about.
        assert spent + part[-1].used // 2 + reserve > cap - part[-1].used
    stopped = only(events, Stopped)[0]
    assert stopped.reason == name
    assert f"--{name}" in stopped.detail
    assert only(events, AnswerDone)[0].text


def test_the_model_is_told_once_before_the_last_step_that_fits(make_session: Any, papers: Path) -> None:
    alerts: list[int] = []

    def plan(request: Any, number: int) -> Any:
        alerts.append(sum(LAST_CALL in str(message["content"]) for message in request.messages))
        return long_search(request, number)

    with using(Scripted(plan, usage=exact)):
        session = make_session(model="gpt-4o", question_tokens=16_000)
        session.open_agent("tester")
        list(session.load([papers]))
        list(session.submit("Who kept the harbour light?"))
    assert alerts[0] == 0
    assert alerts[-1] == 1


@pytest.mark.parametrize(
    ("limits", "says_so"),
    [
        ({"question_tokens": 900}, "cannot start within 900 tokens"),
        ({"question_cost": 0.001, "price_in": 2.0}, "cannot start for 0.001"),
    ],
)
def test_a_question_that_cannot_start_says_so_and_sends_nothing(
    make_session: Any, papers: Path, limits: dict[str, Any], says_so: str
) -> None:
    with using(Scripted(long_search)) as model:
        session = make_session(model="gpt-4o", **limits)
        session.open_agent("tester")
        list(session.load([papers]))
        events = list(session.submit("Who kept the harbour light?"))
        assert model.number == 0
        assert session.steps() == []
    stopped = only(events, Stopped)[0]
    assert says_so in stopped.detail
    assert stopped.detail.count(". ") == 0
    assert not only(events, FunctionCalled)


def test_summaries_by_the_model_count_and_are_not_asked_for_beyond_the_cap(make_session: Any, papers: Path) -> None:
    def plan(request: Any, number: int) -> Any:
        return long_search(request, number) if request.tools else "- The light was kept."

    with using(Scripted(plan, usage=exact)) as model:
        session = make_session(
            model="gpt-4o",
            window_tokens=4096,
            question_tokens=20_000,
            summary_by="model",
            warn_share=0.5,
            flush_share=0.6,
        )
        session.open_agent("tester")
        list(session.load([papers]))
        events = list(session.submit("Who kept the harbour light?"))
        steps = [session.recorded(step) for step in session.steps()]
        assert any(not step.prompt.tools for step in steps)
        assert len(steps) == model.number
        assert sum(step.used + 1 for step in steps) - 1 + session.settings.reserve <= 20_000
        assert only(events, Stopped)[0].reason in ("tokens", "repeated")


def test_a_silent_server_does_not_outlast_the_cap_on_time(make_session: Any) -> None:
    with ModelServer([Reply(content="Too late.", delay_seconds=30)]) as server:
        session = open_on(server, make_session, minutes=0.6 / 60)
        began = time.monotonic()
        stopped = only(list(session.submit("Hello?")), Stopped)[0]
        assert stopped.reason == "time"
        assert "0.6 seconds" in stopped.detail
        assert time.monotonic() - began < 10
        server.closing.set()


def test_an_answer_that_the_time_cut_short_is_what_had_come(make_session: Any) -> None:
    slow = Reply(calls=[("send_message", {"message": "The light was kept. " * 40})], chunk_delay_seconds=0.05)
    with ModelServer([says("Hello."), slow, says("Again.")]) as server:
        session = open_on(server, make_session)
        list(session.submit("Hello?"))
        session.usage_service.limit("seconds", 0.6)
        events = list(session.submit("Who kept it?"))
        assert only(events, Stopped)[0].reason == "time"
        answer = only(events, AnswerDone)[0]
        assert answer.text.startswith("The light was kept.")
        assert not answer.text.endswith("kept. " * 40)
        assert "Partial:" in answer.notes[0]
        # The next question is not cut short by the time of this one.
        assert only(list(session.submit("And now?")), AnswerDone)[0].text == "Again."
        assert [session.recorded(step).body() for step in session.steps()] == list(server.requests)


def test_what_was_only_read_is_quoted_at_a_cap(make_session: Any, papers: Path) -> None:
    with ModelServer(lambda body: searching(len(server.requests))) as server:
        session = open_on(server, make_session, steps=3)
        list(session.load([papers]))
        events = list(session.submit("What did Dora Marner keep?"))
        assert only(events, Stopped)[0].reason == "steps"
        answer = only(events, AnswerDone)[0]
        assert 1 <= len(answer.citations) <= 3
        assert all(citation.verified for citation in answer.citations)
        assert answer.citations[0].quote.startswith("Dora Marner")
        assert not answer.false_quotes
        assert "lines of what was read" in answer.notes[0]
        # The next request holds it, as it was said.
        list(session.submit("And now?"))
        assert any(message.get("content") == answer.text for message in server.requests[-1]["messages"])
        assert [session.recorded(step).body() for step in session.steps()] == list(server.requests)


def test_notes_that_quote_nothing_come_with_lines_that_were_read(make_session: Any, papers: Path) -> None:
    def script(body: Any) -> Reply:
        if len(server.requests) == 2:
            return calls("core_memory_append", name="task", content="Not sure yet.", request_heartbeat=True)
        return searching(len(server.requests))

    with ModelServer(script) as server:
        session = open_on(server, make_session, steps=3)
        list(session.load([papers]))
        answer = only(list(session.submit("What did Dora Marner keep?")), AnswerDone)[0]
        assert answer.text.startswith('Not sure yet.\n"')
        assert answer.citations


def test_nothing_noted_and_nothing_read_is_no_answer(make_session: Any) -> None:
    with ModelServer(lambda body: searching(len(server.requests))) as server:
        session = open_on(server, make_session, steps=3)
        events = list(session.submit("Who kept the light?"))
        assert only(events, Stopped)[0].reason == "steps"
        assert not only(events, AnswerDone)
        assert count_usage(server.requests[0], says("x"))["prompt_tokens"] > 0
        assert told_to_model(server.requests[-1])[-1]["message"] == LAST_CALL


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--steps", "0"), "--steps: it must be at least 1, not 0"),
        (("--steps", "many"), "--steps: 'many' is not a whole number"),
        (("--seconds", "0"), "--seconds: it must be more than 0"),
        (("--tokens", "-5"), "--tokens: it must be at least 0, not -5"),
        (("--cost", "nan"), "--cost: it must be a number from 0 on, not nan"),
        (("--cost", "0.5"), "--price-in"),
    ],
)
def test_a_wrong_limit_is_told_by_the_flag_that_was_typed(
    words: tuple[str, ...], said: str, capsys: Any, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    monkeypatch.setenv("WORKBENCH_HOME", str(home))
    assert main(["ask", "Hello?", *words]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert not any(name in error for name in ("page_hits", "minutes", "question_"))


@pytest.mark.parametrize("wrong", [{"minutes": float("nan")}, {"question_cost": float("inf")}, {"steps": 0}])
def test_a_wrong_limit_in_the_file_is_told_by_its_key(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        Settings(**wrong)  # type: ignore[arg-type]


def test_a_reply_that_broke_off_is_recorded_as_it_was_sent(make_session: Any) -> None:
    refuses = Reply(
        status=400, error={"error": {"message": "Unknown parameter: stream_options", "param": "stream_options"}}
    )
    slow = Reply(calls=[("send_message", {"message": "The light was kept. " * 40})], chunk_delay_seconds=0.05)
    with ModelServer([says("Hello."), refuses, slow, refuses_all(), says("Again.")]) as server:
        session = open_on(server, make_session)
        for question, seconds in (("Hello?", 9), ("Who kept it?", 0.6), ("Who else?", 9), ("And now?", 9)):
            session.usage_service.limit("seconds", seconds)
            list(session.submit(question))
        sent = [body for body, reply in zip(server.requests, (1, 0, 1, 1, 1), strict=True) if reply]
        assert "stream_options" not in sent[1]
        assert [session.recorded(step).body() for step in session.steps()] == sent


def refuses_all() -> Reply:
    return Reply(status=401, error={"error": {"message": "bad key"}})
