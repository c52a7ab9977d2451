"""Recall storage: everything said on the branch is found by its words and by its date, page by page, and nothing else is."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.support.conversations import talks
from tests.support.model_replies import Reply, calls
from tests.support.model_server import ModelServer
from tests.support.scripted import OneModel
from workbench.agent.tools import memory
from workbench.retrieval.paging.text_page import TextPage

FACTS = [f"My lamp number {n} burns {n * 3} drops of oil." for n in range(60)]


@pytest.fixture
def talker(make_session: Any, clock: Any) -> Any:
    """A session in which sixty facts were told, one a day, in a window that soon forgets them."""
    with ModelServer(lambda body: calls("send_message", message="I see.")) as server:
        session = make_session(model="scripted", base_url=server.url, window_tokens=2048)
        session.open_agent("tester")
        for fact in FACTS:
            list(session.submit(fact))
            clock.now = (clock.now + timedelta(days=1)).replace(hour=9, minute=0, second=0)
        yield session


def results(session: Any, question: str, name: str, **arguments: Any) -> list[str]:
    """The texts of all pages that a model gets which follows the next calls and does nothing else."""
    pages: list[str] = []

    def script(body: Any) -> Reply:
        asked = max(
            n for n, m in enumerate(body["messages"]) if m["role"] == "user" and '"user_message"' in m["content"]
        )
        given = [m for m in body["messages"][asked:] if m["role"] == "tool"]
        if given:
            pages.append(json.loads(given[-1]["content"])["message"])
            line = pages[-1].split("\n")[-1]
            if not line.startswith("Next: "):
                return calls("send_message", message="Done.")
            arguments["page"] = int(re.search(r"page=(\d+)\)$", line).group(1))  # type: ignore[union-attr]
        return calls(name, **arguments, request_heartbeat=True)

    with ModelServer(script) as server:
        session.current_agent.use_models(OneModel(*_model(server.url)))
        list(session.submit(question))
    return pages


def _model(url: str) -> Any:
    from workbench.models.openai.client import OpenAIChat

    return OpenAIChat("scripted", base_url=url, api_key=None, timeout_seconds=20), "scripted"


def lines(pages: list[str]) -> list[str]:
    return [line for page in pages for line in page.split("\n")[1:-1]]


def test_every_fact_is_found_again_however_long_ago(talker: Any) -> None:
    space = talker.current_agent.workspace
    assert FACTS[0] not in json.dumps([message.wire for message in space.memory.queue.messages])
    assert FACTS[0] in json.dumps(talker.transcript())
    for fact in FACTS:
        found = space.recall.search(space.memory.agent.id, space.branch(), fact)
        assert [item.text for item in found] == [fact]
        number = fact.split()[3]
        assert fact in [
            item.text for item in space.recall.search(space.memory.agent.id, space.branch(), f"number {number} oil")
        ]


def test_paging_gives_every_message_once_and_not_the_question_itself(talker: Any) -> None:
    pages = results(talker, "What did I say about lamp oil?", "conversation_search", query="lamp oil")
    shown = lines(pages)
    assert len(pages) > 3
    assert len(shown) == len(set(shown)) == 60
    assert all(page.startswith(f"Showing {len(page.splitlines()) - 2} of 60 results (page {n}/{len(pages) - 1})")
               for n, page in enumerate(pages))  # fmt: skip
    assert "lamp number 59" in shown[0]
    assert "lamp number 0 " in shown[-1]
    assert not any("What did I say" in line for line in shown)


def test_dates_are_days_both_included(talker: Any, clock: Any) -> None:
    # A window this small is not offered the function; it must hold its promise all the same.
    talker.current_agent.executor.functions = memory.FUNCTIONS
    pages = results(talker, "When?", "conversation_search_date", start_date="2026-01-10", end_date="2026-01-12")
    shown = lines(pages)
    assert shown, pages
    assert [line[:10] for line in shown] == ["2026-01-10"] * 2 + ["2026-01-11"] * 2 + ["2026-01-12"] * 2
    assert [" user: " in line for line in shown] == [True, False] * 3
    assert "No results found." in results(
        talker, "When?", "conversation_search_date", start_date="2020-01-01", end_date="2020-02-01"
    )
    ever = results(talker, "When?", "conversation_search_date", start_date="0001-01-01", end_date="9999-12-31")
    assert lines(ever)[0].startswith("2026-01-02")
    wrong = results(talker, "When?", "conversation_search_date", start_date="2026-02-01", end_date="2026-01-01")
    assert "before start_date" in wrong[0]


def test_calls_results_and_alerts_stay_out(talker: Any) -> None:
    space = talker.current_agent.workspace
    everything = space.recall.items(space.memory.agent.id, space.branch())
    said = {item.text for item in everything}
    assert said == {*FACTS, "I see."}
    assert len(everything) == 120


def test_hostile_lines_fit_and_the_call_for_the_next_page_is_exact() -> None:
    from workbench.retrieval.paging.page_fit import text_room
    from workbench.text.result_text import text_tokens

    hostile = ["\U00020000" * 700, '"\\' * 400, "Next: x(page=3)", "", "a" * 5_000, "word " * 500]
    for page_tokens in (512, 1024, 4096):
        number, seen = 0, 0
        while True:
            page = TextPage.of(hostile, number, page_tokens, lambda n: f"f(page={n})", hits=2)
            assert text_tokens(page.text) <= text_room(page_tokens)
            seen += page.shown
            if not page.text.endswith(f"\nNext: f(page={number + 1})"):
                assert page.text.endswith("\nNo more results.")
                break
            number += 1
        assert seen == len(hostile) == page.total
        assert "There is no page 99" in TextPage.of(hostile, 99, page_tokens, str).text


def test_time_is_that_of_the_message(talker: Any) -> None:
    space = talker.current_agent.workspace
    found = space.recall.search(space.memory.agent.id, space.branch(), FACTS[1])[0]
    assert found.created.date() == datetime(2026, 1, 3).date()


def test_a_person_recalls_what_was_said_and_sees_what_is_in_context(make_session: Any) -> None:
    with ModelServer(talks) as server:
        session = make_session(model="scripted", base_url=server.url, read_ahead=False)
        session.open_agent("tester")
        for text in ("first thing", "second thing"):
            list(session.submit(text))
        list(session.timeline.summarize())
        said = session.search_service.recall()
        assert [item.text for item in said if item.who == "user"] == ["second thing", "first thing"]
        assert {item.text: item.in_context for item in said if item.who == "user"} == {
            "second thing": True,
            "first thing": False,
        }
        assert [item.text for item in session.search_service.recall("first")] == ["first thing"]
        session.timeline.pop()
        assert [item.text for item in session.search_service.recall("second")] == []
