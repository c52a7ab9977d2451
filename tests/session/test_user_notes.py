"""Notes of the user's: the model is told them with every hit; recorded steps keep those of their time, byte for byte."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from workbench.core.errors import NotFound
from workbench.retrieval.paging.pager import Budget
from workbench.services import replay


@pytest.fixture
def session(make_session: Any, papers: Path) -> Any:
    made = make_session()
    made.open_agent("reader")
    list(made.load([papers], "papers"))
    return made


def shown(session: Any, query: str = "Alda Marner light", budget: int = 2_000) -> str:
    engine = session.app
    page = engine.search.page(
        [engine.archive.find_source("papers")], query, 0, Budget(budget), lambda passage: f"#a{passage}"
    )
    return page.render(engine.search.texts([hit.passage for hit in page.hits]))


def test_a_note_on_a_source_stands_with_every_hit(session: Any) -> None:
    session.library.note("papers", "", "copies\x1b[31m\nmade in 1950")
    lines = shown(session).split("\n")
    heads = [at for at, line in enumerate(lines) if line.startswith("#a")]
    assert len(heads) > 2
    assert all(lines[at - 1].endswith("copies made in 1950") for at in heads)


def test_a_documents_own_note_goes_first_and_only_with_it(session: Any) -> None:
    session.library.note("papers", "", "all")
    session.library.note("papers", "00-alda.md", "Alda only")
    text = shown(session)
    assert text.count("Alda only; all") == text.count("| 00-alda.md |") > 0
    session.library.note("papers", "", "")
    session.library.note("papers", "00-alda.md", "")
    assert "note" not in shown(session)
    assert session.library.notes() == []


def test_a_note_is_bounded_and_the_page_keeps_its_budget(session: Any) -> None:
    from workbench.text.result_text import text_tokens

    session.library.note("papers", "", "word " * 400)
    for budget in (300, 500, 2_000):
        assert text_tokens(shown(session, budget=budget)) <= budget


def test_a_note_on_nothing_is_refused(session: Any) -> None:
    with pytest.raises(NotFound):
        session.library.note("papers", "nowhere.md", "x")


def test_recorded_steps_keep_the_note_of_their_time(session: Any) -> None:
    session.library.note("papers", "", "first edition")
    list(session.submit("Who kept the harbour light number 0?"))
    before = [session.recorded(step).body() for step in session.steps()]
    assert any("first edition" in str(body) for body in before)
    session.library.note("papers", "", "second edition")
    assert [session.recorded(step).body() for step in session.steps()] == before
    assert all(verdict.same for verdict in replay.verify(session))
    list(session.submit("And who kept the harbour light number 3?"))
    assert any("second edition" in str(session.recorded(step).body()) for step in session.steps())


def test_the_embedded_reader_still_answers(session: Any) -> None:
    session.library.note("papers", "00-alda.md", "a note | with marks")
    events = list(session.submit("Who kept the harbour light number 0?"))
    answer = next(event for event in events if event.name == "answer_done")
    assert answer.answered
    assert any("Alda" in citation.quote for citation in answer.citations)


def test_an_opened_page_carries_the_note_once(session: Any) -> None:
    from workbench.retrieval.paging.documents import open_document

    archive = session.app.archive
    session.library.note("papers", "00-alda.md", "handle with care")
    document = next(row[1] for row in archive.documents(archive.find_source("papers")) if row[0] == "00-alda.md")
    page = open_document(archive, document, "00-alda.md", 1, 0, Budget(2_000), lambda passage: f"#a{passage}")
    texts = session.app.search.texts([hit.passage for hit in page.hits])
    assert page.render(texts).count("handle with care") == 1
