"""What happens outside a step reaches the model in order, and a question ends at its caps with what was found."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.conversations import only, open_on, searching, told_to_model
from tests.support.model_replies import Reply, calls, says
from tests.support.model_server import ModelServer
from workbench.agent.budget import LAST_CALL
from workbench.agent.inbox import Inbox, heartbeat_after
from workbench.api.events import AnswerDone, Stopped, Yielded
from workbench.core.errors import ConfigError
from workbench.core.settings import Settings

# -- the inbox ------------------------------------------------------------------------------------------------------


def test_what_waits_comes_out_by_priority_then_by_arrival_once() -> None:
    inbox = Inbox()
    inbox.put("heartbeat", reason="timer")
    inbox.put("system_alert", message="one")
    inbox.put("system_alert", message="two")
    inbox.put("login", last_login="then")
    inbox.put("system_alert", message="one")
    taken = [(event.kind, *event.body.values()) for event in inbox.take()]
    assert taken == [("login", "then"), ("system_alert", "one"), ("system_alert", "two"), ("heartbeat", "timer")]
    assert inbox.take() == []
    with pytest.raises(ValueError):
        inbox.put("rumour", message="x")


def test_nothing_is_lost_between_threads() -> None:
    inbox, taken = Inbox(), []
    threads = [
        threading.Thread(target=lambda k=k: [inbox.put("system_alert", message=f"{k}/{n}") for n in range(200)])
        for k in range(4)
    ]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        taken += inbox.take()
    taken += inbox.take()
    assert len(taken) == len({event.body["message"] for event in taken}) == 800


@pytest.mark.parametrize(
    ("failed", "requested", "owed", "reason"),
    [
        (True, True, True, "the call failed"), (True, False, False, "the call failed"), (False, True, False, "requested"),
        (False, False, True, "no answer was sent yet"), (False, False, False, ""),
    ],
)  # fmt: skip
def test_why_the_model_goes_on(failed: bool, requested: bool, owed: bool, reason: str) -> None:
    assert heartbeat_after(failed=failed, requested=requested, owed=owed) == reason


# -- events --------------------------------------------------------------------------------------------------------


def test_who_comes_back_after_an_hour_is_told_of(make_session: Any, clock: Any) -> None:
    with ModelServer([calls("send_message", message="Hello.")] * 4) as server:
        session = open_on(server, make_session)
        list(session.submit("Hello."))
        last = clock.now
        session.close()
        clock.now += timedelta(minutes=30)
        session = open_on(server, make_session)
        list(session.submit("Again."))
        session.close()
        clock.now += timedelta(hours=2)
        session = open_on(server, make_session)
        list(session.submit("And again."))
        assert [item["type"] for item in told_to_model(server.requests[1])] == ["user_message"] * 2
        kinds = [item["type"] for item in told_to_model(server.requests[2])]
        assert kinds == ["user_message", "user_message", "login", "user_message"]
        assert told_to_model(server.requests[2])[2]["last_login"].startswith(last.strftime("%Y-%m-%dT03:3"))
        list(session.submit("Once more."))
        assert [item["type"] for item in told_to_model(server.requests[3])].count("login") == 1


def test_loaded_documents_are_told_with_the_next_question_and_start_nothing(make_session: Any, papers: Path) -> None:
    with ModelServer([calls("send_message", message="Hello.")] * 3) as server:
        session = open_on(server, make_session)
        list(session.submit("Hello."))
        list(session.load([papers]))
        assert len(server.requests) == 1
        list(session.submit("What is new?"))
        alert = told_to_model(server.requests[1])[1]
        assert alert["type"] == "system_alert"
        assert "12 documents" in alert["message"]
        assert [item["type"] for item in told_to_model(server.requests[1])] == [
            "user_message",
            "system_alert",
            "user_message",
        ]
        assert session.recorded(2).body() == server.requests[1]
        list(session.load([papers]))
        list(session.submit("And now?"))
        assert [item["type"] for item in told_to_model(server.requests[2])].count("system_alert") == 1


def test_a_running_question_hears_of_documents_at_its_next_step(make_session: Any, papers: Path) -> None:
    script = [searching(1), calls("send_message", message="Done.")]
    with ModelServer(script) as server:
        session = open_on(server, make_session)
        events = session.submit("Where is the light?")
        for event in events:
            if event.name == "step_started":
                list(session.load([papers]))
        alerts = [item["message"] for item in told_to_model(server.requests[1]) if item["type"] == "system_alert"]
        assert len(alerts) == 1
        assert "12 documents" in alerts[0]


def test_timed_heartbeats_come_when_idle_and_can_be_paused(make_session: Any, clock: Any) -> None:
    script = [
        calls("send_message", message="Hello."),
        calls("core_memory_append", name="human", content="Is often away."),
        calls("pause_heartbeats", minutes=60),
        calls("send_message", message="Are you there?"),
    ]
    with ModelServer(script) as server:
        session = open_on(server, make_session, heartbeat_minutes=5)
        assert list(session.heartbeat()) == []
        list(session.submit("Hello."))
        assert list(session.heartbeat()) == []
        clock.now += timedelta(minutes=6)
        events = list(session.heartbeat())
        assert isinstance(events[-1], Yielded)
        assert told_to_model(server.requests[1])[-1]["reason"] == "timer"
        assert len(server.requests) == 2
        clock.now += timedelta(minutes=6)
        list(session.heartbeat())
        clock.now += timedelta(minutes=30)
        assert list(session.heartbeat()) == []
        assert len(server.requests) == 3
        clock.now += timedelta(minutes=40)
        assert only(list(session.heartbeat()), AnswerDone)[0].text == "Are you there?"
        assert not session.busy
        assert [session.recorded(step).body() for step in session.steps()] == list(server.requests)


def test_heartbeats_are_off_by_default_and_never_for_the_reader(make_session: Any, papers: Path, clock: Any) -> None:
    for settings in ({}, {"heartbeat_minutes": 1}):
        session = make_session(**settings)
        session.open_agent("tester")
        list(session.load([papers]))
        list(session.submit("Who kept the harbour light number 3?"))
        clock.now += timedelta(days=1)
        assert list(session.heartbeat()) == []
        session.close()


# -- caps -----------------------------------------------------------------------------------------------------------

FINDING = '[#a1] 00-alda.md p.1: "Alda Marner kept the harbour light number 0 for 3 years."'


def noting(server_requests: list[Any]) -> Reply:
    """Searches, notes a finding, and then searches for ever."""
    number = len(server_requests)
    if number == 1:
        return calls("archival_memory_search", query='"Alda Marner kept"', request_heartbeat=True)
    if number == 2:
        return calls("core_memory_append", name="task", content=FINDING, request_heartbeat=True)
    return searching(number)


@pytest.mark.parametrize(
    ("reason", "limits"),
    [
        ("steps", {"steps": 6}),
        ("tokens", {"question_tokens": 12_000}),
        ("cost", {"question_cost": 0.05, "price_in": 4.0, "price_out": 8.0}),
    ],
)
def test_a_cap_ends_a_question_with_what_was_found(
    make_session: Any, papers: Path, reason: str, limits: dict[str, Any]
) -> None:
    with ModelServer(lambda body: noting(server.requests)) as server:
        session = open_on(server, make_session, read_ahead=False, **limits)
        list(session.load([papers]))
        events = list(session.submit("Who kept the light?"))
        assert only(events, Stopped)[0].reason == reason
        answer = only(events, AnswerDone)[0]
        assert answer.text == FINDING
        assert [citation.document for citation in answer.citations] == ["00-alda.md"]
        assert "Partial:" in answer.notes[0]
        assert 2 < len(server.requests) < 12
        alerts = [item["message"] for item in told_to_model(server.requests[-1]) if item["type"] == "system_alert"]
        assert alerts.count(LAST_CALL) == 1, [session.recorded(step).used for step in session.steps()]
        assert [session.recorded(step).body() for step in session.steps()] == list(server.requests)


def test_time_is_a_cap(make_session: Any) -> None:
    slow = Reply(
        calls=[("core_memory_append", {"name": "task", "content": "x", "request_heartbeat": True})], delay_seconds=0.4
    )
    with ModelServer(lambda body: slow) as server:
        session = open_on(server, make_session, minutes=0.5 / 60)
        assert only(list(session.submit("Hello?")), Stopped)[0].reason in ("time", "repeated")
        assert len(server.requests) <= 3


def test_an_answer_at_the_last_step_is_no_stop(make_session: Any) -> None:
    def script(body: Any) -> Reply:
        warned = any(item.get("message") == LAST_CALL for item in told_to_model(body))
        return says("Enough.") if warned else searching(len(server.requests))

    with ModelServer(script) as server:
        session = open_on(server, make_session, steps=4)
        events = list(session.submit("Hello?"))
        assert only(events, AnswerDone)[0].text == "Enough."
        assert not only(events, Stopped)
        assert len(server.requests) == 4


def test_settings_of_caps_are_checked() -> None:
    for wrong in ({"question_cost": -1.0}, {"question_tokens": -1}, {"price_in": -1.0}, {"function_seconds": 0.0}):
        with pytest.raises(ConfigError):
            Settings(**wrong)


def test_read_ahead_searches_for_a_long_question_in_a_small_window(make_session: Any, papers: Path) -> None:
    from workbench.api.events import FunctionReturned

    with ModelServer(lambda body: calls("send_message", message="Hello.")) as server:
        session = open_on(server, make_session, window_tokens=2048)
        list(session.load([papers]))
        for question in ("灯台守は誰ですか、" * 30, "𠀀𠀁" * 20 + " harbour light", "Who kept the light? " * 30):
            ahead = only(list(session.submit(question)), FunctionReturned)[0]
            assert ahead.ok
            assert ahead.tokens <= 512
