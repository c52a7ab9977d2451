"""Settings that take something away, so that an experiment can tell what it is worth: totals, following, sub-questions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.conversations import ask, only
from tests.support.model_replies import Reply, calls
from tests.support.model_scripts import functions_of, last_result
from tests.support.model_server import ModelServer
from workbench.api.events import PageRead
from workbench.services import replay


def reads_two_pages(body: Any) -> Reply:
    pages = sum(message["role"] == "tool" for message in body["messages"])
    if pages < 2:
        return calls("archival_memory_search", query="harbour", page=pages, request_heartbeat=True)
    return calls("send_message", message="Not found in the documents.")


def results(body: Any) -> list[str]:
    return [json.loads(message["content"])["message"] for message in body["messages"] if message["role"] == "tool"]


@pytest.mark.parametrize("totals", [True, False])
def test_totals(make_session: Any, papers: Path, totals: bool) -> None:
    with ModelServer(reads_two_pages) as server:
        session = make_session(
            model="scripted", base_url=server.url, totals=totals, read_ahead=False, page_hits=2, window_tokens=16_384
        )
        list(session.load([papers]))
        read = only(ask(session, "What of the harbour?"), PageRead)
    first, second = results(server.requests[2])
    assert len(read) == 2
    assert read[0].total > 2  # a person is told the truth either way
    if totals:
        assert first.startswith(f"Showing 2 of {read[0].total} results (page 0/")
        assert 'Next: archival_memory_search(query="harbour", page=1)' in first
    else:
        assert first.startswith("Showing 2 of 2 results (page 0/0):\n#")
        assert second.startswith("Showing 2 of 2 results (page 1/0):\n#")
        assert "Next:" not in first
        assert "No more results" not in second
    assert [hit.passage for hit in read[0].hits] != [hit.passage for hit in read[1].hits]
    assert all(verdict.same for verdict in replay.verify(session))


@pytest.mark.parametrize("follow", [True, False])
def test_following(make_session: Any, papers: Path, follow: bool) -> None:
    def answers(body: Any) -> Reply:
        return calls("send_message", message="Not found in the documents.")

    with ModelServer(answers) as server:
        session = make_session(model="scripted", base_url=server.url, follow=follow, window_tokens=32_768)
        list(session.load([papers]))
        ask(session, "What of the harbour?")
    assert ("archival_follow" in functions_of(server.requests[0])) is follow
    assert (" linked passage" in last_result(server.requests[0])) is follow


@pytest.mark.nightly
def test_sub_questions(make_session: Any, papers: Path) -> None:
    question = "Which lamp did the brother of the keeper of the northern light repair before the storm?"
    made = {}
    for on in (True, False):
        session = make_session(model="reader", sub_questions=on)
        if on:
            list(session.load([papers], source="papers", attach=False))
        session.open_agent(fresh=True)
        session.attach("papers")
        searches = only(ask(session, question), PageRead)
        made[on] = {read.query for read in searches if read.function == "archival_memory_search"}
        assert all(verdict.same for verdict in replay.verify(session))
        session.close()
    assert len(made[True]) > 1
    assert made[False] == {question}
