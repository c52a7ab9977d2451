"""archival_follow: what belongs to a passage by name, paged, with handles; results say how much there is where it can be followed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.model_replies import calls
from tests.support.model_server import ModelServer
from workbench.agent.tools.selection import BUILT_IN
from workbench.api.events import AnswerDone, PageRead
from workbench.models.extractive.prompt_parser import parse_hits

QUOTE = "Benno Marner kept the harbour light number 1 for 4 years."


def opened(make_session: Any, papers: Path, **settings: Any) -> Any:
    session = make_session(**settings)
    session.open_agent("tester")
    list(session.load([papers]))
    return session.current_agent


def run(agent: Any, name: str, **arguments: Any) -> Any:
    return next(item for item in BUILT_IN if item.name == name).run(agent.workspace, **arguments)


def text_of(agent: Any, outcome: Any) -> str:
    page = outcome.archive
    return str(page.render(agent.workspace.search.texts([hit.passage for hit in page.hits])))


def test_every_page_is_followed_to_the_end(make_session: Any, papers: Path) -> None:
    agent = opened(make_session, papers, page_hits=1)
    first = run(agent, "archival_memory_search", query='"keys of the light were handed by Alda"').archive.hits[0]
    found = run(agent, "archival_follow", passage=first.handle)
    text = text_of(agent, found)
    assert re.match(r"Showing 1 of \d+ results \(page 0/\d+\) that belong together by name\n#", text)
    assert text.endswith(f'Next: archival_follow(passage="{first.handle}", page=1)')
    seen = [hit.passage for hit in found.archive.hits]
    for number in range(1, found.archive.pages):
        page = run(agent, "archival_follow", passage=first.handle, page=number).archive
        seen += [hit.passage for hit in page.hits]
    assert len(seen) == len(set(seen)) == found.archive.total > 1
    assert first.passage not in seen
    # What a result line promises is what following gives.
    assert first.linked == found.archive.total
    assert f"| {first.linked} linked passages" in text_of(
        agent, run(agent, "archival_memory_search", query='"handed by Alda"')
    )


def test_the_name_that_links_is_said_and_headers_stay_readable(make_session: Any, papers: Path) -> None:
    agent = opened(make_session, papers)
    first = run(agent, "archival_memory_search", query='"keys of the light were handed by Alda"').archive.hits[0]
    followed = text_of(agent, run(agent, "archival_follow", passage=first.handle.strip("#").upper()))
    assert "| by benno marner" in followed, followed
    for text in (followed, text_of(agent, run(agent, "archival_memory_search", query="harbour light"))):
        headers = [line for line in text.splitlines() if line.startswith("#")]
        hits = parse_hits(text)
        assert len(hits) == len(headers)
        assert all(hit.document.endswith(".md") and "linked" not in hit.heading for hit in hits.values())


def test_an_unknown_handle_is_refused(make_session: Any, papers: Path) -> None:
    agent = opened(make_session, papers)
    for wrong in ("#zz9", "", "passage"):
        with pytest.raises(Exception, match="No passage was shown"):
            run(agent, "archival_follow", passage=wrong)
    run(agent, "archival_memory_search", query="light")
    with pytest.raises(Exception, match="counts from 0"):
        run(agent, "archival_follow", passage="#a1", page=-1)


def test_a_small_window_has_no_follow_and_its_results_do_not_speak_of_it(make_session: Any, papers: Path) -> None:
    agent = opened(make_session, papers, window_tokens=2048)
    assert "archival_follow" not in {item.name for item in agent.executor.functions}
    assert "linked passage" not in text_of(agent, run(agent, "archival_memory_search", query="harbour light"))


def test_a_model_follows_and_cites_what_it_finds(make_session: Any, papers: Path) -> None:
    def script(body: Any) -> Any:
        results = [json.loads(m["content"])["message"] for m in body["messages"] if m["role"] == "tool"]
        for text in results:
            if "belong together by name" in text:
                handle = next(key for key, hit in parse_hits(text).items() if QUOTE in " ".join(hit.text.split()))
                return calls("send_message", message=f'"{QUOTE}" [{handle}]')
        if len(results) > 1:
            handle = next(iter(parse_hits(results[-1])))
            return calls("archival_follow", passage=handle, request_heartbeat=True)
        return calls("archival_memory_search", query='"handed by Alda"', request_heartbeat=True)

    with ModelServer(script) as server:
        session = make_session(model="scripted", base_url=server.url)
        session.open_agent("tester")
        list(session.load([papers]))
        events = list(session.submit("Who kept the light after Alda?"))
        answer = next(event for event in events if isinstance(event, AnswerDone))
        assert answer.state == "grounded"
        page = next(event for event in events if isinstance(event, PageRead) and event.function == "archival_follow")
        assert page.hits
        assert all(hit.why.mode == "linked" for hit in page.hits)
        for step, body in zip(session.steps(), server.requests, strict=True):
            assert session.recorded(step).body() == body
        again = [event for event in session.history() if isinstance(event, PageRead)]
        assert [hit.why for hit in again[-1].hits] == [hit.why for hit in page.hits]
