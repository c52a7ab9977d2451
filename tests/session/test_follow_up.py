"""The hop ledger looks ahead: a hop that is answered names what its page leads to and was not read, with the exact call."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.model_replies import calls
from tests.support.model_server import ModelServer
from workbench.agent.tools.selection import BUILT_IN
from workbench.api.events import FunctionReturned
from workbench.text.result_text import text_tokens


def opened(make_session: Any, papers: Path, **settings: Any) -> Any:
    session = make_session(**settings)
    session.open_agent("tester")
    list(session.load([papers]))
    agent = session.current_agent
    search = agent.workspace.search
    search.warm(agent.workspace.sources())
    return agent


def run(agent: Any, name: str, **arguments: Any) -> Any:
    return next(item for item in BUILT_IN if item.name == name).run(agent.workspace, **arguments)


def update(agent: Any, hop: str, status: str, **where: Any) -> Any:
    return run(agent, "task_update", hop=hop, status=status, **where)


def test_an_answered_hop_offers_what_its_page_leads_to(make_session: Any, papers: Path) -> None:
    agent = opened(make_session, papers)
    first = run(agent, "archival_memory_search", query='"keys of the light were handed by Alda"').archive.hits[0]
    told = update(agent, "who came after Alda", "answered", document=first.document, document_page=first.page)
    found = re.search(
        r'(\d+) linked passages are not read yet \(first (.+)\): archival_follow\(passage="(#\w+)"\)', told.text
    )
    assert found, told.text
    assert found[3] == first.handle
    assert "01-benno.md p.1 by benno marner" in found[2]
    assert f"{found[1]} linked passages are not read yet" in told.summary
    assert text_tokens(told.text) < 100
    # What it promises is what the call gives, without what was read.
    followed = run(agent, "archival_follow", passage=found[3]).archive
    assert int(found[1]) == followed.total
    again = update(agent, "who came after Alda", "answered", document=first.document, document_page=first.page)
    left = followed.total - len(followed.hits)
    assert re.search(rf"{left} linked passages? (?:is|are) not read yet" if left else "has been read", again.text), (
        again.text
    )


def test_what_is_still_asked_comes_first(make_session: Any, tmp_path: Path) -> None:
    folder = tmp_path / "ships"
    folder.mkdir()
    (folder / "a.md").write_text("# Log\n\nThe Gullwing was bought by Tamsin Orrell, who sold it to Piet Verwey.\n")
    (folder / "b.md").write_text("# Tamsin Orrell\n\nTamsin Orrell liked tea and kept two dogs.\n")
    (folder / "c.md").write_text("# Piet Verwey\n\nPiet Verwey was born in Vlissingen in 1811.\n")
    agent = opened(make_session, folder)
    run(agent, "archival_memory_search", query='"The Gullwing was bought"')
    for hop, first in (("who liked tea", "b.md"), ("where was he born", "c.md")):
        agent.workspace.hops.clear()
        update(agent, hop, "open")
        told = update(agent, "who had it", "answered", document="a.md", document_page=1)
        assert f"(first {first} p.1" in told.text, told.text
    # An open hop is offered what the last answered one leads to; one that is given up is not.
    assert 'archival_follow(passage="' in update(agent, "and then", "open").text
    assert "archival_follow" not in update(agent, "and then", "not found").text


@pytest.mark.parametrize(
    "where", [{}, {"document": "no such.pdf", "document_page": 1}, {"document": "00-alda.md", "document_page": 99}]
)
def test_a_hop_without_a_page_that_is_there_offers_nothing(make_session: Any, papers: Path, where: Any) -> None:
    agent = opened(make_session, papers)
    assert "linked" not in update(agent, "who", "answered", **where).text


def test_nothing_is_offered_where_it_cannot_be_followed(make_session: Any, papers: Path) -> None:
    agent = opened(make_session, papers, window_tokens=2048)
    run(agent, "archival_memory_search", query='"handed by Alda"')
    assert "linked" not in update(agent, "who", "answered", document="00-alda.md", document_page=1).text


def test_a_model_that_believes_the_ledger_finds_the_second_passage(make_session: Any, papers: Path) -> None:
    def script(body: Any) -> Any:
        results = [json.loads(m["content"])["message"] for m in body["messages"] if m["role"] == "tool"]
        said = " ".join(results) + " ".join(str(m["content"]) for m in body["messages"] if m["role"] == "user")
        if "belong together by name" in said:
            return calls("send_message", message='"Benno Marner kept the harbour light number 1 for 4 years." [#a2]')
        if len(results) < 2:
            return calls("archival_memory_search", query='"handed by Alda"', request_heartbeat=True)
        if "who came after" not in said:
            place = {"document": "00-alda.md", "document_page": 1}
            return calls("task_update", hop="who came after", status="answered", **place, request_heartbeat=True)
        offered = re.findall(r'archival_follow\(passage=\\?"(#\w+)', said)
        return calls("archival_follow", passage=offered[-1], request_heartbeat=True)

    with ModelServer(script) as server:
        session = make_session(model="scripted", base_url=server.url, read_ahead=False, page_hits=1)
        session.open_agent("tester")
        list(session.load([papers]))
        session.app.search.warm(session.current_agent.workspace.sources())
        events = list(session.submit("Who kept the light after Alda?"))
        made = [event.function for event in events if isinstance(event, FunctionReturned) and event.ok]
        assert made[-3:] == ["task_update", "archival_follow", "send_message"], made
        for step, body in zip(session.steps(), server.requests, strict=True):
            assert session.recorded(step).body() == body


def test_an_answer_sent_back_for_an_open_hop_is_shown_where_to_go_on(make_session: Any, papers: Path) -> None:
    script = [
        calls(
            "task_update",
            hop="who had it",
            status="answered",
            document="00-alda.md",
            document_page=1,
            request_heartbeat=True,
        ),
        calls("task_update", hop="for how long", status="open", request_heartbeat=True),
        calls("send_message", message="I think it is done."),
        calls("send_message", message="I think it is done."),
    ]
    with ModelServer(script) as server:
        session = make_session(model="scripted", base_url=server.url, read_ahead=False, page_hits=1)
        session.open_agent("tester")
        list(session.load([papers]))
        session.app.search.warm(session.current_agent.workspace.sources())
        list(session.submit("For how long did who had the keys keep the light?"))
        back = json.loads([m for m in server.requests[-1]["messages"] if m["role"] == "tool"][-1]["content"])["message"]
        assert "still open: for how long" in back
        assert "linked passages are not read yet" in back
