"""Sweeps: everything about a query is found, the coverage is told honestly, and the end is where nothing more comes."""

from __future__ import annotations

import io
import json
import random
import re
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loaders.document import Document, Page
from tests.support.model_replies import calls, says
from tests.support.model_server import ModelServer
from tests.support.properties import examples
from tests.support.scripted import Scripted, using
from workbench.api.events import PageRead, Stopped, SweepProgress
from workbench.api.search import SearchOptions
from workbench.cli import main
from workbench.ingest.chunker import Chunker
from workbench.retrieval.candidate_set import Evidence, Relevance
from workbench.retrieval.exhaustive import WINDOW_PAGES, Swept, best_sentence, sweep
from workbench.retrieval.query import parse_query
from workbench.retrieval.ranking.result import ScoreBreakdown
from workbench.storage.rows import Passage

CHUNKER = Chunker.for_local_model()
FILLER = "The weather was dull and the tide stood low over the sand. Nobody wrote anything that day of note number {n}."
LEAK = "A leak in the oil tank was found by keeper {n} and mended before night."


def log_of(session: Any, pages: list[str], name: str = "log.pdf") -> None:
    archive = session.app.archive
    document = Document(name, tuple(Page(n, None, text) for n, text in enumerate(pages, 1)), "test", 1)
    drafts = list(CHUNKER.passages(document))
    vectors = session.app.embedder.embed([draft.text for draft in drafts]).astype(np.float32)
    archive.add_document(archive.source_id("shelf"), name, name, document, drafts, vectors, "words", 1)


@pytest.fixture
def swept(make_session: Any) -> Any:
    """A session over 300 pages; every 20th tells of a leak in the oil tank."""
    session = make_session()
    session.open_agent("tester")
    pages = [LEAK.format(n=n) if n % 20 == 0 else FILLER.format(n=n) for n in range(1, 301)]
    log_of(session, pages)
    session.attach("shelf")
    return session


def all_of(session: Any, query: str, **options: str) -> tuple[list[SweepProgress], list[Any], PageRead]:
    chosen = SearchOptions(**options)
    told, page = [], None
    for event in session.search_service.sweep(query, 1, chosen):
        (told.append(event) if isinstance(event, SweepProgress) else None)
        page = event if isinstance(event, PageRead) else page
    hits = list(page.hits)
    for number in range(2, page.pages + 1):
        events = list(session.search_service.sweep(query, number, chosen))
        assert [type(event) for event in events] == [PageRead]  # nothing is read twice
        hits += events[0].hits
    return told, hits, page


def test_everything_is_found_and_the_rest_is_not_read(swept: Any) -> None:
    told, hits, page = all_of(swept, "leak in the oil tank")
    assert sorted(hit.page for hit in hits) == list(range(20, 301, 20))
    assert len(hits) == page.total
    assert all("leak" in hit.shown and len(hit.shown) <= 200 for hit in hits)
    forecast, done = told[0], told[-1]
    assert forecast.stage == "forecast"
    assert forecast.read == 0
    assert forecast.forecast_pages >= 15
    assert forecast.forecast_tokens > 0
    assert (done.stage, done.reason, done.pages, done.found) == ("done", "quiet", 300, 15)
    assert done.quiet >= WINDOW_PAGES - 1
    assert done.read <= 15 + WINDOW_PAGES
    assert re.search(rf"read {done.read} of 300 pages \(forecast \d+\)", page.note)
    reads = [event.read for event in told]
    assert reads == sorted(reads)


def test_filters_and_exact_queries(swept: Any) -> None:
    log_of(swept, ["A leak in the oil tank of the other house, part HX-1/2."], "other.pdf")
    told, hits, _ = all_of(swept, "leak in the oil tank", document="log.pdf", pages="1-100")
    assert sorted(hit.page for hit in hits) == [20, 40, 60, 80, 100]
    assert told[-1].pages == 100
    told, hits, page = all_of(swept, '"oil tank"')
    assert len(hits) == 16
    assert (told[-1].reason, told[-1].read, told[-1].forecast_pages) == ("all", 16, 16)
    assert "no other page is a candidate" in page.note
    _, hits, _ = all_of(swept, 'leak in the oil tank -"keeper 40"')
    assert sorted({hit.page for hit in hits if hit.document == "log.pdf"}) == [n for n in range(20, 301, 20) if n != 40]
    told, hits, page = all_of(swept, "zebra")
    assert (hits, page.total) == ([], 0)


def test_it_stops_at_the_next_page_and_keeps_what_it_has(swept: Any) -> None:
    found: list[Any] = []
    for event in swept.search_service.sweep("leak in the oil tank"):
        found.append(event)
        if isinstance(event, SweepProgress) and event.stage == "reading":
            swept.stop()
    done, page = found[-2], found[-1]
    assert (done.stage, done.reason, done.read) == ("done", "user", 10)
    assert page.total == done.found == 10
    assert "stopped before the end" in page.note


def test_the_model_sweeps_and_reads_a_bounded_list(make_session: Any) -> None:
    replies = [
        calls("archival_sweep", query="leak in the oil tank", request_heartbeat=True),
        calls("archival_sweep", query="leak in the oil tank", page=1, request_heartbeat=True),
        says("Fifteen leaks."),
    ]
    with ModelServer(replies) as server:
        session = make_session(model="scripted", base_url=server.url, window_tokens=8192, page_share=0.07, repair=False)
        session.open_agent("tester")
        log_of(session, [LEAK.format(n=n) if n % 20 == 0 else FILLER.format(n=n) for n in range(1, 301)])
        session.attach("shelf")
        events = list(session.submit("How many leaks were there?"))
        stages = [event.stage for event in events if isinstance(event, SweepProgress)]
        assert stages == ["forecast", "done"]
        pages = [event for event in events if isinstance(event, PageRead) and event.function == "archival_sweep"]
        assert [page.page for page in pages] == [1, 2]
        assert len({hit.passage for page in pages for hit in page.hits}) == sum(len(page.hits) for page in pages)
        assert all(page.tokens <= 8_192 * 0.07 for page in pages)
        text = next(
            json.loads(m["content"])["message"] for m in server.requests[1]["messages"][::-1] if m["role"] == "tool"
        )
        assert re.match(r"Showing \d+ of 15 results \(page 0/\d\); read \d+ of 300 pages \(forecast \d+\)", text)
        assert re.search(
            r"\n#[a-z]\d+ \| log\.pdf \| document_page \d+ \| score [\d.]+\n  A leak in the oil tank", text
        )
        assert text.endswith('Next: archival_sweep(query="leak in the oil tank", page=1)')
        for step, body in zip(session.steps(), server.requests, strict=True):
            assert session.recorded(step).body() == body


def test_a_stop_ends_the_model_s_sweep_at_once(make_session: Any) -> None:
    session: Any = None

    def plan(request: Any, number: int) -> Any:
        session.stop()
        return ("archival_sweep", {"query": "leak in the oil tank", "request_heartbeat": True})

    with using(Scripted(plan)):
        session = make_session(read_ahead=False)
        session.open_agent("tester")
        log_of(session, [LEAK.format(n=n) for n in range(1, 60)])
        session.attach("shelf")
        events = list(session.submit("How many leaks were there?"))
        done = next(event for event in events if isinstance(event, SweepProgress) and event.stage == "done")
        assert (done.reason, done.read) == ("user", 0)
        assert isinstance(events[-1], Stopped)


def test_the_command(swept: Any, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    swept.close()
    monkeypatch.setenv("WORKBENCH_HOME", str(home))

    def run(*words: str) -> list[str]:
        out = io.StringIO()
        with redirect_stdout(out):
            assert main.main(["sweep", *words]) == 0
        return out.getvalue().splitlines()

    lines = run("leak in the oil tank", "--json")
    events = [json.loads(text) for text in lines]
    assert [event["event"] for event in events[:2]] == ["sweep_progress", "sweep_progress"]
    result = events[-1]
    assert (result["event"], result["total"], result["of"], result["ended"]) == ("sweep", 15, 300, "quiet")
    assert result["forecast"]["pages"] >= 15
    assert len(result["hits"]) == 15
    steps = io.StringIO()
    with redirect_stderr(steps):
        text = run("leak in the oil tank")
    assert steps.getvalue().strip().startswith("sweep: about")
    assert sum("log.pdf p." in row for row in text) == 15
    only = [json.loads(row) for row in run("leak in the oil tank", "--forecast", "--json")]
    assert [event["event"] for event in only] == ["sweep_progress", "sweep"]
    assert only[-1]["read"] is None


def plain_evidence(query: str, pages: list[bool], exact: bool = False) -> tuple[Evidence, dict[int, Passage]]:
    passages = {
        at: Passage(at, 1, at, 0, 9, "", "A leak in the tank." if leaks else "Low tide.", 7)
        for at, leaks in enumerate(pages)
    }
    ids = tuple(passages)
    why = tuple(ScoreBreakdown(0, 0.0, 1, 1.0, False, 0.0, 1.0, 1.0) for _ in ids)
    found = Evidence(
        parse_query(query), ids, tuple((1, at) for at in ids), (1.0,) * len(ids), why, {"leak": 0.6, "tank": 0.4}, exact,
        len(ids), tuple(float(leaks) for leaks in pages), relevance=Relevance(enough=0),
    )  # fmt: skip
    return found, passages


def drained(steps: Any) -> tuple[list[SweepProgress], Swept]:
    told = []
    while True:
        try:
            told.append(next(steps))
        except StopIteration as end:
            return told, end.value


@examples(60)
@given(
    st.integers(0, 10**6),
    st.integers(0, 200),
    st.floats(0, 1),
    st.sampled_from([0.0, 0.05, 0.2, 1.0]),
    st.integers(0, 250),
)
def test_what_a_sweep_says_is_true(seed: int, count: int, rate: float, share: float, stop_at: int) -> None:
    draw = random.Random(seed)
    pages = [draw.random() < rate for _ in range(count)]
    found, passages = plain_evidence("leak tank", pages)
    asked = iter(range(10**6))
    told, result = drained(
        sweep(
            "leak tank",
            found,
            500,
            share,
            lambda ids: {key: passages[key] for key in ids},
            lambda: next(asked) >= stop_at,
        )
    )
    read = pages[: result.read]
    assert list(result.found) == [at for at, leaks in enumerate(read) if leaks]
    trailing = len(read) - max((at + 1 for at, leaks in enumerate(read) if leaks), default=0)
    assert result.quiet == trailing
    assert (told[0].stage, told[-1].stage) == ("forecast", "done")
    assert told[-1].read == result.read
    if result.reason == "all":
        assert result.read == count
    elif result.reason == "user":
        assert result.read == stop_at < count
    else:
        assert sum(read[-WINDOW_PAGES:]) < share * WINDOW_PAGES
        assert result.late == sum(read[-WINDOW_PAGES:])
    if share == 0:
        assert result.reason != "quiet"
    for at in range(WINDOW_PAGES, result.read):  # before the end, there was always enough
        assert sum(pages[at - WINDOW_PAGES : at]) >= share * WINDOW_PAGES


def test_the_best_sentence_of_a_passage() -> None:
    found, _ = plain_evidence("leak tank", [True])
    text = "It was a dull day.\nThen a leak sprang in the tank! Nobody slept."
    start, end = best_sentence(text, found)
    assert text[start:end] == "Then a leak sprang in the tank!"
    assert best_sentence("", found) == (0, 0)
    long = "leak " * 200
    start, end = best_sentence(long, found)
    assert end - start <= 200
    part, _ = plain_evidence("AX4410B", [True])
    text = "It was a dull day. Order AX-4410/B soon."
    start, end = best_sentence(text, part)
    assert text[start:end] == "Order AX-4410/B soon."


def test_what_is_relevant_where_the_words_tell_where_others_do_and_where_nothing_does() -> None:
    def promising(covered: list[float], cosines: list[float]) -> list[bool]:
        ids = tuple(range(len(covered)))
        why = tuple(ScoreBreakdown(1, cosine, 0, 0.0, False, 0.0) for cosine in cosines)
        found = Evidence(
            parse_query("soccer players"),
            ids,
            ((1, 1),) * len(ids),
            (0.0,) * len(ids),
            why,
            {},
            False,
            len(ids),
            tuple(covered),
        )
        return [found.promising(at) for at in ids]

    words = [1.0, 0.8, 0.75, 0.6, 0.6, 0.0, 0.0]
    assert promising(words, [0.1, 0.1, 0.0, 0.2, 0.0, 0.5, 0.65]) == [True, True, True, True, False, False, True]
    others = [0.0, 0.5, 0.0, 0.0]
    assert promising(others, [0.5, 0.0, 0.31, 0.29]) == [True, True, True, False]
    assert promising(others, [0.3, 0.0, 0.29, 0.2]) == [False, False, False, False]


def test_excluded_and_quoted_words_count_in_the_forecast(swept: Any) -> None:
    told, hits, _ = all_of(swept, 'keeper "oil tank" -"keeper 40"')
    assert len(hits) == 14
    assert told[0].forecast_pages == told[-1].read == 14
