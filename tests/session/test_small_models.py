"""What small models trip over: names with counts beside them, a parameter with nothing to choose, too many functions,

a "not found" before any search. Each was seen with a real model of 1.5 billion parameters.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.model_replies import Reply, calls, says
from tests.support.model_server import ModelServer
from workbench.agent.fixed_parts import fixed_parts
from workbench.core.settings import Settings
from workbench.core.tokens import count, functions_text

QUESTION = "Who kept the harbour light?"


def properties(body: Any, function: str) -> dict[str, Any]:
    tools = {tool["function"]["name"]: tool["function"]["parameters"]["properties"] for tool in body["tools"]}
    found: dict[str, Any] = tools[function]
    return found


def state(body: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(body["messages"][-1]["content"])
    return found


def test_one_source_is_named_without_counts_and_nothing_asks_for_it(make_session: Any, papers: Path) -> None:
    with ModelServer(lambda body: says("Nothing else.")) as server:
        session = make_session(base_url=server.url, model="gpt-4o", verify=False, repair=False)
        list(session.load([papers]))
        list(session.submit(QUESTION))
        assert state(server.requests[0])["sources"] == ["papers"]
        assert (state(server.requests[0])["documents"], state(server.requests[0])["passages"] > 11) == (12, True)
        assert "source" not in properties(server.requests[0], "archival_memory_search")
        assert server.requests[0]["temperature"] == 0.2
        more = papers.parent / "more"
        more.mkdir()
        (more / "other.md").write_text("# Other\n\nAnother harbour.", encoding="utf-8")
        list(session.load([more]))
        list(session.submit(QUESTION))
        assert sorted(state(server.requests[-1])["sources"]) == ["more", "papers"]
        assert "source" in properties(server.requests[-1], "archival_memory_search")
        for step in session.steps():
            assert session.recorded(step).body() in server.requests


@pytest.mark.parametrize("source", ["papers", "PAPERS", "papers (12 documents, 24 passages)", "00-alda.md", '"papers"'])
def test_a_source_is_known_by_its_label_and_by_a_document(make_session: Any, papers: Path, source: str) -> None:
    script = [
        calls("archival_memory_search", query="harbour light", source=source, request_heartbeat=True),
        says("Nothing else."),
    ]
    with ModelServer(script) as server:
        session = make_session(base_url=server.url, model="gpt-4o", verify=False, repair=False)
        list(session.load([papers]))
        events = list(session.submit(QUESTION))
    returned = [
        event for event in events if event.name == "function_returned" and event.function == "archival_memory_search"
    ]
    assert [event.ok for event in returned] == [True, True]
    pages = [event for event in events if event.name == "page_read"]
    assert pages[-1].hits
    if source.endswith(".md"):
        assert {hit.document for hit in pages[-1].hits} == {source}


def test_not_found_without_a_search_is_sent_back_once(make_session: Any, papers: Path) -> None:
    with ModelServer(lambda body: says("Not found in the documents.")) as server:
        session = make_session(base_url=server.url, model="gpt-4o", drive="model")
        list(session.load([papers]))
        events = list(session.submit(QUESTION))
        assert len(server.requests) == 2
        complaint = json.loads(server.requests[1]["messages"][-3]["content"])
        assert complaint["status"] == "Failed"
        assert "you have not searched" in complaint["message"]
        assert "#a1" in complaint["message"]
    assert [event.answered for event in events if event.name == "answer_done"] == [False]


def test_not_found_after_a_search_stands(make_session: Any, papers: Path) -> None:
    script = [
        calls("archival_memory_search", query="a blue lamp", request_heartbeat=True),
        says("Not found in the documents."),
    ]
    with ModelServer(script) as server:
        session = make_session(base_url=server.url, model="gpt-4o")
        list(session.load([papers]))
        events = list(session.submit(QUESTION))
    assert [event.answered for event in events if event.name == "answer_done"] == [False]


def test_a_call_among_text_is_never_the_answer(make_session: Any, papers: Path) -> None:
    call = '```json\n{"name": "archival_memory_search", "arguments": {"query": "harbour light"}}\n```'
    script = [Reply(content=f"I will look it up.\n{call}"), Reply(content=call), says("Alda kept it.")]
    with ModelServer(script) as server:
        session = make_session(base_url=server.url, model="gpt-4o", verify=False, repair=False)
        list(session.load([papers]))
        events = list(session.submit(QUESTION))
    assert [event.text for event in events if event.name == "answer_done"] == ["Alda kept it."]


def test_a_small_window_has_the_functions_that_answer_questions(tmp_path: Path) -> None:
    for window, most in ((2_048, 6), (4_096, 9)):
        functions, system, tools = fixed_parts(Settings(window_tokens=window, model="qwen2.5-1.5b"), tmp_path)
        names = [function.name for function in functions]
        assert len(names) <= most
        assert {"send_message", "archival_memory_search", "core_memory_append"} <= set(names)
        assert count(functions_text(tools)) + count(system) <= window * 0.25
    assert "document_open" in names
