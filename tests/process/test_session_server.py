"""The engine against a real HTTP model server: what is recorded is what was sent, whatever happened on the way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support import model_scripts
from tests.support.model_replies import Reply, calls, refusal, says
from tests.support.model_scripts import quoting
from tests.support.model_server import ModelServer
from workbench.api.events import (
    AnswerDone,
    Evicted,
    Failed,
    FunctionReturned,
    PageRead,
    PressureWarning,
    StepFinished,
    Stopped,
    Yielded,
)
from workbench.core.errors import UsageError

QUOTE = "Alda Marner kept the harbour light number 0 for 3 years."


def ask(session: Any, question: str) -> list[Any]:
    return list(session.submit(question))


def only(events: list[Any], kind: type) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def open_on(server: ModelServer, make_session: Any, papers: Path, **settings: Any) -> Any:
    session = make_session(model="scripted", base_url=server.url, **{"drive": "model", **settings})
    session.open_agent("tester")
    list(session.load([papers]))
    return session


def first_then(first: Reply, script: Any) -> Any:
    """The first request gets one reply, all others what the script says."""
    replies = iter([first])
    return lambda body: next(replies, None) or script(body)


def test_every_step_can_be_rebuilt_as_it_was_sent(make_session: Any, papers: Path) -> None:
    with ModelServer(model_scripts.reads_pages("harbour light keys", 3)) as server:
        session = open_on(server, make_session, papers, window_tokens=4096)
        events = ask(session, "Who kept the light?")
        assert [page.page for page in only(events, PageRead) if page.query == "harbour light keys"] == [1, 2, 3]
        answer = only(events, AnswerDone)[0]
        assert answer.answered
        assert answer.citations
        assert all(citation.verified for citation in answer.citations)
        assert len(server.requests) == len(session.steps()) > 3
        for step, body in zip(session.steps(), server.requests, strict=True):
            assert session.recorded(step).body() == body
            context = session.context(step)
            assert (
                sum(segment.tokens for segment in context.segments) == context.used <= context.window - context.reserve
            )
            sent = json.dumps(body, ensure_ascii=False)
            for segment in context.segments:
                if segment.name not in ("functions", "overhead") and not segment.text.endswith("})"):
                    assert json.dumps(segment.text, ensure_ascii=False)[1:-1] in sent


def test_the_record_survives_a_restart(make_session: Any, papers: Path) -> None:
    with ModelServer(quoting) as server:
        session = open_on(server, make_session, papers, evidence=False)
        ask(session, "Who kept the light?")
        session.close()
        again = make_session(model="scripted", base_url=server.url, evidence=False)
        assert again.open_agent() == "tester"
        assert [again.recorded(step).body() for step in again.steps()] == list(server.requests)
        kinds = [event.name for event in again.history()]
        assert kinds[0] == "attached"
        assert {"question_asked", "page_read", "answer_done", "yielded"} <= set(kinds)
        assert [source.name for source in again.sources() if source.attached] == ["papers"]
        before = list(server.requests)
        ask(again, "And who came after?")
        assert (
            server.requests[len(before)]["messages"][: len(before[-1]["messages"]) - 1] == before[-1]["messages"][:-1]
        )


def test_a_quote_that_is_on_no_page_is_sent_back_once(make_session: Any, papers: Path) -> None:
    false = calls("send_message", message='It says "Alda Marner sold the light." [#a1]')
    search = calls("archival_memory_search", query="Alda Marner", request_heartbeat=True)
    with ModelServer([search, false, calls("send_message", message=f'Better: "{QUOTE}" [#a1]')]) as server:
        session = open_on(server, make_session, papers)
        events = ask(session, "What did Alda do?")
        answer = only(events, AnswerDone)[0]
        assert [c.quote for c in answer.citations] == [QUOTE]
        assert not only(events, FunctionReturned)[-2].ok


@pytest.mark.parametrize("verify", [True, False])
def test_what_is_never_verified_is_never_a_citation(make_session: Any, papers: Path, verify: bool) -> None:
    false = calls("send_message", message='It says "Alda Marner sold the light." [#a1]')
    search = calls("archival_memory_search", query="Alda Marner", request_heartbeat=True)
    with ModelServer([search, false, false]) as server:
        session = open_on(server, make_session, papers, verify=verify)
        answer = only(ask(session, "What did Alda do?"), AnswerDone)[0]
        assert answer.citations == ()
        assert any("Alda Marner sold the light." in note for note in answer.notes)


def test_pressure_warns_once_and_evicts_without_tearing_calls_from_results(make_session: Any, papers: Path) -> None:
    def searches(body: Any) -> Reply:
        step = sum(message["role"] == "assistant" for message in body["messages"]) + len(server.requests)
        if len(server.requests) >= 14:
            return calls("send_message", message="Not found in the documents.")
        return calls("archival_memory_search", query=f"Marner oil barrels {step}", request_heartbeat=True)

    with ModelServer(searches) as server:
        session = open_on(server, make_session, papers, window_tokens=2048, read_ahead=False)
        events = ask(session, "How much oil was ordered in all?")
        assert only(events, Evicted)
        assert only(events, PressureWarning)
        answer = only(events, AnswerDone)[0]
        assert not answer.answered
        assert not answer.citations
        for body in server.requests:
            called = {call["id"] for m in body["messages"] for call in m.get("tool_calls", ())}
            answered = [m["tool_call_id"] for m in body["messages"] if m["role"] == "tool"]
            assert called == set(answered)
            assert any("How much oil" in m["content"] for m in body["messages"] if '"user_message"' in m["content"])
            assert json.loads(body["messages"][-1]["content"])["type"] == "state"
            alerts = [m for m in body["messages"] if '"system_alert"' in m["content"]]
            assert len(alerts) <= 1
        assert [session.recorded(step).body() for step in session.steps()] == list(server.requests)


def test_failures_of_calls_go_back_to_the_model(make_session: Any, papers: Path) -> None:
    script = [
        calls("no_such_function", a=1),
        calls("archival_memory_search", query="light", page="many"),
        calls("core_memory_append", name="nowhere", content="x"),
        calls("core_memory_append", name="task", content="Alda kept the light"),
        calls("send_message", message="Done."),
    ]
    with ModelServer(script) as server:
        session = open_on(server, make_session, papers)
        events = ask(session, "Hello?")
        returned = [event.ok for event in only(events, FunctionReturned)]
        assert returned == [True, False, False, False, True, True]
        assert isinstance(events[-1], Yielded)
        assert "Alda kept the light" in session.memory()[2].text


def test_the_same_call_again_and_again_is_told_and_then_stopped(make_session: Any, papers: Path) -> None:
    with ModelServer(lambda body: calls("archival_memory_search", query="light", request_heartbeat=True)) as server:
        session = open_on(server, make_session, papers)
        stopped = only(ask(session, "Hello?"), Stopped)[0]
        assert stopped.reason == "repeated"
        assert len(server.requests) == 4


def test_a_cap_on_steps_ends_the_question(make_session: Any, papers: Path) -> None:
    with ModelServer(lambda body: calls("archival_memory_search", query=str(len(server.requests)))) as server:
        session = open_on(server, make_session, papers, steps=5)
        assert only(ask(session, "Hello?"), Stopped)[0].reason == "steps"
        assert len(server.requests) == 5


def test_a_dead_server_is_one_sentence_and_loses_nothing(make_session: Any, papers: Path) -> None:
    with ModelServer(quoting) as server:
        session = open_on(server, make_session, papers)
    events = ask(session, "Who kept the light?")
    failed = only(events, Failed)[0]
    assert server.url.split("/v1")[0] in failed.message + failed.hint
    assert only(events, Stopped)[0].reason == "error"
    assert "question_asked" in [event.name for event in session.history()]


def test_a_refusal_ends_the_question_and_the_next_one_works(make_session: Any, papers: Path) -> None:
    with ModelServer(first_then(refusal(400, "the template is broken"), quoting)) as server:
        session = open_on(server, make_session, papers)
        assert only(ask(session, "Who kept the light?"), Failed)
        assert only(ask(session, "Who kept the light, again?"), AnswerDone)[0].answered


def test_one_question_at_a_time(make_session: Any, papers: Path) -> None:
    with ModelServer(quoting) as server:
        session = open_on(server, make_session, papers)
        running = session.submit("Who kept the light?")
        next(running)
        with pytest.raises(UsageError):
            session.submit("And another?")
        assert session.busy
        list(running)
        assert not session.busy


def test_stop_ends_after_the_step_and_a_second_stop_cancels_now(make_session: Any, papers: Path) -> None:
    with ModelServer(lambda body: calls("archival_memory_search", query=str(len(server.requests)))) as server:
        session = open_on(server, make_session, papers)
        events = []
        for event in session.submit("Hello?"):
            events.append(event)
            if isinstance(event, StepFinished):
                session.stop()
        assert only(events, Stopped)[0].reason == "user"
        assert len(server.requests) == 1


def test_a_cancelled_reply_is_kept_as_interrupted_and_the_next_prompt_is_valid(make_session: Any, papers: Path) -> None:
    slow = Reply(calls=[("send_message", {"message": "word " * 400})], chunk_chars=8, chunk_delay_seconds=0.02)
    with ModelServer(first_then(slow, quoting)) as server:
        session = open_on(server, make_session, papers)
        events = []
        for event in session.submit("Hello?"):
            events.append(event)
            if event.name == "answer_delta" and len(events) > 12:
                session.stop()
                session.stop()
        assert only(events, Stopped)[0].reason == "user"
        assert any(m["role"] == "assistant" and m["content"].startswith("word") for m in session.transcript())
        assert only(ask(session, "Who kept the light?"), AnswerDone)


def test_a_reply_in_plain_text_is_the_answer(make_session: Any, papers: Path) -> None:
    with ModelServer([says("Good day.")]) as server:
        session = open_on(server, make_session, papers)
        events = ask(session, "Hello?")
        assert only(events, AnswerDone)[0].text == "Good day."
        assert isinstance(events[-1], Yielded)


def test_an_open_hop_sends_the_answer_back_once(make_session: Any, papers: Path) -> None:
    script = [
        calls("task_update", hop="who came after", status="open"),
        calls("send_message", message="I think it is done."),
        calls("send_message", message="I think it is done."),
    ]
    with ModelServer(script) as server:
        session = open_on(server, make_session, papers)
        events = ask(session, "Hello?")
        assert len(server.requests) == 3
        assert any("who came after" in note for note in only(events, AnswerDone)[0].notes)


def test_a_pasted_book_goes_to_the_archive(make_session: Any, papers: Path) -> None:
    book = "\n\n".join(
        f"Chapter {n}. The lamp of room {n} is trimmed with a pair of scissors made by Orla Quist {n}."
        for n in range(400)
    )
    with ModelServer(
        [calls("archival_memory_search", query='"Orla Quist 250"'), calls("send_message", message="Seen.")]
    ) as server:
        session = open_on(server, make_session, papers, window_tokens=2048, read_ahead=False)
        events = ask(session, book)
        assert only(events, AnswerDone)
        assert only(events, PageRead)[0].total == 1
