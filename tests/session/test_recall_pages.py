"""Pages of recall by reference: the log keeps which messages were shown and how much of each; every step shows them as they were sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.conversations import ask, state, verdicts
from tests.support.model_replies import Reply, calls
from tests.support.model_server import ModelServer
from tests.support.properties import examples
from tests.support.scripted import OneModel
from workbench.api.results import TOMBSTONE
from workbench.core.paths import locate
from workbench.core.settings import Settings
from workbench.memory.recall_page import RecallPage
from workbench.retrieval.paging.page_fit import paginate, text_room
from workbench.retrieval.paging.text_page import TextPage, _fitting
from workbench.services.session import Session
from workbench.text.result_text import text_tokens

FACT = "The brass lamp of the seventh pier burns whale oil."
OTHER = "A tin lamp burns spirits, says the chandler."
LONG = "About lamps: " + "the wick is trimmed at dusk and the glass is wiped at dawn, " * 30


def looks_up(body: Any) -> Reply:
    """Searches recall for lamps when it is asked to find something, and answers in one sentence."""
    last = json.loads(body["messages"][-2]["content"]) if body["messages"][-2]["role"] == "user" else {}
    if last.get("type") == "user_message" and last["message"].startswith("Find"):
        return calls("conversation_search", query="lamp", request_heartbeat=True)
    return calls("send_message", message=f"Noted at {len(body['messages'])}.")


@pytest.fixture
def session(make_session: Any) -> Any:
    with ModelServer(looks_up) as server:
        session = make_session(model="scripted", base_url=server.url, read_ahead=False, window_tokens=4_096)
        session.open_agent("tester")
        for text in (FACT, OTHER, LONG, "Find it, please."):
            ask(session, text)
        session.server = server
        yield session


def shown(session: Any, step: int) -> str:
    """What recall showed in a step's prompt."""
    sent = [m for m in session.recorded(step).body()["messages"] if m["role"] == "tool"]
    return next(text for m in reversed(sent) if " results (" in (text := json.loads(m["content"])["message"]))


def stored(session: Any) -> list[str]:
    rows = session.app.database.rows("SELECT body FROM messages WHERE body LIKE '%\"recall\"%' ORDER BY message_id")
    return [body for (body,) in rows]


def test_the_log_keeps_which_messages_were_shown_not_their_words(session: Any) -> None:
    (body,) = stored(session)
    assert "lamp of" not in body
    assert len(body) < 300
    text = shown(session, session.steps()[-1])
    assert FACT in text
    assert OTHER in text
    line = next(line for line in text.splitlines() if "About lamps" in line)
    assert len(line) < len(LONG)
    assert line.endswith("…")
    assert [session.recorded(step).body() for step in session.steps()] == list(session.server.requests)
    assert set(verdicts(session).values()) == {"same"}
    state(session)


def test_a_forgotten_message_is_erased_where_recall_showed_it_and_the_others_stay(session: Any) -> None:
    eraser = session.timeline.eraser
    plan = eraser.words(FACT)
    eraser.erase(plan)
    text = shown(session, session.steps()[-1])
    assert FACT not in text
    assert f" user: {TOMBSTONE}" in text
    assert OTHER in text
    assert verdicts(session)[session.steps()[-1]] == "forgotten"
    state(session)


def test_a_fork_brings_along_what_recall_showed_before_a_rewrite(session: Any, make_session: Any) -> None:
    """A turn of the model's own looks up an answer; then that answer is rewritten: the old one is off the branch."""

    def beats(body: Any) -> Reply:
        if '"type": "heartbeat"' in str(body["messages"][-2]["content"]):
            return calls("conversation_search", query="Noted")
        return Reply(content="I have seen it.")

    with ModelServer(beats) as server:
        session.current_agent.use_models(OneModel(*_model(server.url)))
        list(session.timeline.heartbeat())
        session.timeline.rewrite("Something else.")
        ask(session, "And now?")
    step = session.steps()[-1]
    assert "you: Noted" in shown(session, step)
    sent = json.dumps(session.recorded(step).body())
    session.open_agent(session.timeline.fork(step, "twin"))
    session.agent_service.delete("tester")
    assert json.dumps(session.recorded(step).body()) == sent
    assert set(verdicts(session).values()) == {"same"}
    state(session)


def _model(url: str) -> Any:
    from workbench.models.openai.client import OpenAIChat

    return OpenAIChat("scripted", base_url=url, api_key=None, timeout_seconds=20), "scripted"


def test_another_home_shows_the_same(session: Any, tmp_path: Path) -> None:
    file = tmp_path / "tester.agent"
    session.agent_service.export("tester", file)
    with Session(Settings(model="reader"), locate(tmp_path / "elsewhere")) as home:
        home.open_agent("somebody")
        list(home.submit("Who?"))
        home.agent_service.import_agent(file)
        home.open_agent("tester")
        assert [home.recorded(step).body() for step in home.steps()] == list(session.server.requests)


def test_what_is_cut_to_fit_is_cut_the_same_again() -> None:
    found = {number: f"2026-01-02T03:04:05Z user: {'ä word ' * number}" for number in range(1, 90)}
    for page_tokens in (160, 300, 1_000):
        pages = [RecallPage.of("f", {"query": 'a "b"'}, found, 0, page_tokens, 10)]
        while pages[-1].number + 1 < pages[-1].pages:
            pages.append(RecallPage.of("f", {"query": 'a "b"'}, found, len(pages), page_tokens, 10))
        assert [key for page in pages for key, _ in page.items] == list(found)
        assert all(RecallPage.load(json.loads(json.dumps(page.dump()))) == page for page in pages)
        assert any(chars is not None for page in pages for _, chars in page.items) == (page_tokens < 1_000)
        for page in pages:
            lines = page.render(found).splitlines()
            assert lines[0] == f"Showing {len(page.items)} of 89 results (page {page.number}/{len(pages) - 1})"
            assert len(lines) == len(page.items) + 2
        assert pages[0].render(found).endswith('Next: f(query="a \\"b\\"", page=1)')
        assert pages[-1].render({}).splitlines()[1] == "[erased]"


@examples(60)
@given(
    st.lists(st.one_of(st.text(max_size=80), st.integers(1, 900).map(lambda size: "灯 lamp " * size)), max_size=40),
    st.integers(150, 900), st.sampled_from([1, 3, 5, 10**6]), st.integers(0, 3),
)  # fmt: skip
def test_pages_start_where_counting_every_line_would_have_them(
    lines: list[str], tokens: int, hits: int, number: int
) -> None:
    page = TextPage.of(lines, number, tokens, lambda at: f"look(page={at})", hits)
    frame = text_tokens(
        f"Showing {len(lines)} of {len(lines)} results (page {10**5}/{10**6})\nNext: look(page={10**6})\n"
    )
    room = text_room(tokens) - frame
    fitted = [_fitting(line, room) for line in lines]
    starts = paginate([text_tokens(line) + 1 for line in fitted], room, hits)
    assert (page.pages, page.total) == (len(starts), len(lines))
    if number < len(starts):
        first, end = (*starts, len(lines))[number : number + 2]
        assert (page.first, page.lines) == (first, tuple(fitted[first:end]))
