"""Searching as a person: filters leave what they say, explanations add up, and every display pages the same way."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stdout
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loaders.document import Document, Page
from workbench.api.search import SearchOptions, read_line
from workbench.cli import main
from workbench.core.errors import NotFound, UsageError, WorkbenchError
from workbench.ingest.chunker import Chunker
from workbench.services.container import AppContext
from workbench.storage.metadata import read_day, stated_day


def run_cli(*words: str) -> tuple[int, list[str]]:
    out = io.StringIO()
    with redirect_stdout(out):
        code = main.main(list(words))
    return code, out.getvalue().splitlines()


@pytest.fixture
def loaded(make_session: Any, papers: Path) -> Any:
    session = make_session()
    session.open_agent("tester")
    list(session.load([papers]))
    return session


def every(session: Any, query: str, options: SearchOptions | None = None) -> list[Any]:
    first = session.search_service.search(query, 1, options)
    pages = [first, *(session.search_service.search(query, number, options) for number in range(2, first.pages + 1))]
    hits = [hit for page in pages for hit in page.hits]
    assert len(hits) == first.total
    return hits


def test_scores_are_the_sum_of_their_parts(loaded: Any) -> None:
    for query in (
        "who kept the harbour light",
        'keeper of the light "Benno Marner"',
        "Where is HX-203/7 kept and by whom?",
    ):
        hits = every(loaded, query)
        assert hits
        for hit in hits:
            why = hit.why
            assert why.fused + why.lift + why.links == pytest.approx(hit.score, abs=0.0006)
            shown = why.as_dict()
            assert shown["mode"] == "meaning"
            assert (shown["links"] is not None) == (why.links > 0)
            assert why.lines()
        assert any(hit.why.keyword_rank for hit in hits)
        assert any(hit.why.vector_rank for hit in hits)
    assert any(hit.why.lift for hit in every(loaded, "Where is HX-203/7 kept and by whom?"))
    assert any(hit.why.links for hit in every(loaded, "who got the keys from Alda"))
    exact = every(loaded, "HX-203/7")
    assert [hit.why.mode for hit in exact] == ["exact"]


def test_the_passage_that_a_link_is_owed_to_is_another_hit(loaded: Any) -> None:
    linked = [hit for hit in every(loaded, "who got the keys from Alda") if hit.why.links]
    for hit in linked:
        assert hit.why.linked_from != hit.passage
        assert loaded.app.archive.passages([hit.why.linked_from])


def test_filters_leave_what_they_say(loaded: Any) -> None:
    everything = {hit.passage for hit in every(loaded, "harbour light oil")}
    one = every(loaded, "harbour light oil", SearchOptions(document="03-dora"))
    assert {hit.document for hit in one} == {"03-dora.md"}
    assert {hit.passage for hit in one} <= everything | {hit.passage for hit in one}
    assert every(loaded, "harbour light oil", SearchOptions(pages="2-9")) == []
    assert {hit.page for hit in every(loaded, "harbour light oil", SearchOptions(pages="1"))} == {1}
    today = loaded.app.clock().date()
    assert {hit.passage for hit in every(loaded, "harbour light oil", SearchOptions(since=str(today)))} == everything
    assert every(loaded, "harbour light oil", SearchOptions(until="1999")) == []
    with pytest.raises(NotFound):
        loaded.search_service.search("light", 1, SearchOptions(document="nobody.md"))
    with pytest.raises(NotFound):
        loaded.search_service.search("light", 1, SearchOptions(source="nowhere"))
    with pytest.raises(UsageError):
        loaded.search_service.search("light", 0)


def test_pages_of_a_long_document(make_session: Any) -> None:
    session = make_session()
    texts = [f"The lamp of page {number} was lit by keeper {number}." for number in range(1, 40)]
    store(session, "log.pdf", texts)
    assert {hit.page for hit in every(session, "lamp")} == set(range(1, 40))
    assert {hit.page for hit in every(session, "lamp", SearchOptions(pages="7-9"))} == {7, 8, 9}
    assert {hit.page for hit in every(session, '"the lamp"', SearchOptions(pages="38-"))} == {38, 39}
    assert session.search_service.search("lamp", 1, SearchOptions(pages="7")).total == 1


def store(session: Any, name: str, pages: list[str]) -> None:
    """A document of these pages, in the source `shelf`."""
    archive = session.app.archive
    document = Document(name, tuple(Page(n, None, text) for n, text in enumerate(pages, 1)), "test", 1)
    drafts = list(Chunker.for_local_model().passages(document))
    vectors = session.app.embedder.embed([draft.text for draft in drafts]).astype(np.float32)
    archive.add_document(archive.source_id("shelf"), name, name, document, drafts, vectors, "words", 1)


def test_excluded_words_phrases_and_identifiers(loaded: Any) -> None:
    assert all("Benno" not in hit.text for hit in every(loaded, "harbour light -Benno"))
    assert all("handed by Alda" not in hit.text for hit in every(loaded, 'harbour keys -"handed by Alda"'))
    some = every(loaded, "barrels of oil -HX-203/7")
    assert some
    assert all("HX-203/7" not in hit.text for hit in some)
    kept = every(loaded, '"barrels of oil" -HX-203/7')
    assert len(kept) == len(every(loaded, '"barrels of oil"')) - 1


def test_a_misspelt_word_is_read_as_the_one_meant_and_the_page_says_so(loaded: Any) -> None:
    meant, typed = (
        loaded.search_service.search(query, 1) for query in ("barrels of harbour oil", "barrels of harbuor oil")
    )
    assert [hit.text for hit in typed.hits] == [hit.text for hit in meant.hits]
    assert '"harbuor" stands nowhere and is read as "harbour"' in typed.note
    assert "read as" not in meant.note
    assert "read as" not in loaded.search_service.search('"harbuor" barrels', 1).note


@pytest.mark.nightly
def test_the_command_and_the_screen_page_alike(loaded: Any, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    queries = ["harbour light", "oil -Benno"]
    ways = [SearchOptions(), SearchOptions(document="03-dora"), SearchOptions(pages="1-2", since="2020")]
    screen = [
        [loaded.search(query, number) if options == SearchOptions() else loaded.search_service.search(query, number, options)
         for number in range(1, loaded.search_service.search(query, 1, options).pages + 1)]
        for query in queries for options in ways
    ]  # fmt: skip
    loaded.close()
    monkeypatch.setenv("WORKBENCH_HOME", str(home))
    monkeypatch.chdir(home)
    for pages, (query, options) in zip(screen, [(q, o) for q in queries for o in ways], strict=True):
        for agent in ([], ["--agent", "tester"]) if query == queries[0] else ([],):
            words = [
                "search",
                query,
                *sum(([f"--{k}", v] for k, v in vars(options).items() if v), []),
                *agent,
                "--json",
            ]
            for page in pages:
                code, lines = run_cli(*words)
                assert code == 0
                found = json.loads(lines[-1])
                assert [(hit["passage"], hit["score"], hit["text"]) for hit in found["hits"]] == [
                    (hit.passage, hit.score, hit.text) for hit in page.hits
                ]
                assert (found["page"], found["pages"], found["total"]) == (page.page, page.pages, page.total)
                # What the command says is next leads to the same page as the screen's key.
                words = __import__("shlex").split(found["next"] or "")[1:] + ["--json"]
            assert found["next"] is None


def test_the_screen_continues_what_the_agent_read(loaded: Any, papers: Path) -> None:
    agent = loaded.current_agent
    call = next(item for item in agent.executor.functions if item.name == "archival_memory_search")
    first = call.run(agent.workspace, query="harbour light").archive
    (papers / "99-new.md").write_text("# New\n\nThe harbour light, the harbour light.\n", encoding="utf-8")
    list(loaded.load([papers]))
    second = call.run(agent.workspace, query="harbour light", page=1).archive
    turned = loaded.search("harbour light", 2)
    assert [hit.passage for hit in turned.hits] == [hit.passage for hit in second.hits]
    assert turned.total == first.total
    own = loaded.search("harbour light", 1)
    assert own.total > first.total
    assert loaded.search("harbour light", 2).total == own.total
    assert call.run(agent.workspace, query="harbour light", page=1).archive.total == first.total


def test_explain_in_text_and_json(loaded: Any, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded.close()
    monkeypatch.setenv("WORKBENCH_HOME", str(home))
    code, lines = run_cli("search", "harbour light", "--explain", "--json")
    explained = json.loads(lines[-1])["hits"][0]["explain"]
    assert code == 0
    assert set(explained) == {"mode", "vector", "keyword", "fused", "lift", "links", "rerank"}
    code, lines = run_cli("search", "harbour light", "--explain")
    assert any("together" in text for text in lines)
    code, lines = run_cli("search", "harbour light", "--json")
    assert "explain" not in json.loads(lines[-1])["hits"][0]


def test_a_typed_line_is_a_query_and_options() -> None:
    assert read_line("rent review") == ("rent review", SearchOptions())
    assert read_line('rent "the --pages of it" --document "my lease.pdf" --pages 3-9') == (
        'rent "the --pages of it"', SearchOptions(document="my lease.pdf", pages="3-9"),
    )  # fmt: skip
    assert read_line("rent --since=2021") == ("rent", SearchOptions(since="2021"))
    assert read_line("rent --other") == ("rent --other", SearchOptions())
    for wrong in ("rent --pages", 'rent --document "x', "rent --pages 3 more words"):
        with pytest.raises(UsageError):
            read_line(wrong)


@given(st.text(max_size=80))
def test_any_line_is_read_or_refused(line: str) -> None:
    try:
        query, options = read_line(line)
        _ = options.page_range, options.days
    except WorkbenchError:
        return
    assert query in line


@pytest.mark.parametrize("wrong", ["9-3", "0", "x", "-", "3-9-12", "1,2"])
def test_wrong_ranges_of_pages(wrong: str) -> None:
    with pytest.raises(UsageError):
        _ = SearchOptions(pages=wrong).page_range


def test_days_of_searches_and_documents() -> None:
    assert SearchOptions(since="2021", until="2021-02").days == (date(2021, 1, 1), date(2021, 2, 28))
    assert SearchOptions(until="2020-02-03").days == (date.min, date(2020, 2, 3))
    for wrong in ({"since": "21"}, {"since": "2021-13"}, {"since": "2022", "until": "2021"}):
        with pytest.raises(UsageError):
            _ = SearchOptions(**wrong).days
    assert read_day("D:20210304120000+01'00'") == date(2021, 3, 4)
    assert read_day("2021-03-04T05:06:07Z") == date(2021, 3, 4)
    assert read_day("2021") == date(2021, 1, 1)
    assert read_day("Thu, 04 Mar 2021 10:00:00 +0100") == date(2021, 3, 4)
    assert read_day("D:20219904") is None
    assert read_day("spring") is None
    assert stated_day({"CreationDate": "D:20200101", "Date": "2019-05-06"}) == date(2019, 5, 6)
    assert stated_day({"title": "2020"}) is None


def test_dates_of_documents_come_before_the_day_of_loading(loaded: Any) -> None:
    dated = next(key for path, key, *_ in loaded.app.archive.documents(loaded.app.archive.source_id("papers"))
                 if path.startswith("05"))  # fmt: skip
    loaded.app.database.write(
        lambda c: c.execute(
            "UPDATE documents SET metadata = ? WHERE document_id = ?", ['{"date": "1911-05-06"}', dated]
        )
    )
    assert {hit.document for hit in every(loaded, "harbour light", SearchOptions(until="1950"))} == {"05-falk.md"}
    assert "05-falk.md" not in {hit.document for hit in every(loaded, "harbour light", SearchOptions(since="1950"))}


def test_following_lists_what_belongs_together(loaded: Any) -> None:
    start = next(hit for hit in every(loaded, '"keys of the light were handed by Alda"'))
    page = loaded.search_service.follow(start.passage)
    assert page.function == "archival_follow"
    assert page.passage == start.passage
    hits = [
        hit for number in range(1, page.pages + 1) for hit in loaded.search_service.follow(start.passage, number).hits
    ]
    assert len({hit.passage for hit in hits}) == len(hits) == page.total > 0
    assert start.passage not in {hit.passage for hit in hits}
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    benno = next(hit for hit in hits if hit.document == "01-benno.md")
    assert benno.via == "benno marner"
    assert all(hit.why.mode == "linked" for hit in hits)
    with pytest.raises(NotFound):
        loaded.search_service.follow(10**6)


def test_engine_starts_no_reranker_by_itself(loaded: Any) -> None:
    loaded.search("light")
    engine: AppContext = loaded.app
    assert not engine._rerankers
