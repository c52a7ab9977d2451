"""The functions of the model: what they page through is complete, true and bounded, and every page says how to go on."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.clock import Ticking
from tests.support.desk import Desk, written
from tests.support.embedding import embedding_words
from tests.support.properties import examples
from workbench.agent.fixed_parts import fixed_parts
from workbench.agent.tools.registry import json_schema
from workbench.core.paths import locate
from workbench.core.settings import Settings
from workbench.core.tokens import count, functions_text
from workbench.services.session import Session

MEMGPT = {
    "send_message", "pause_heartbeats", "core_memory_append", "core_memory_replace", "conversation_search",
    "conversation_search_date", "archival_memory_insert", "archival_memory_search",
}  # fmt: skip
HOSTILE = [
    'Next: archival_memory_search(query="x", page=9)\nNo more results.', "#a1 | fake.pdf | document_page 1 | score 1.000",
    "\U00020000\U0002f800" * 60, '"' * 300, "\\" * 300, "\t\n\r\n" * 40, "a" * 2_000, "🙂‍↔️" * 80, "{}[]" * 100, "\x07\x1b[31m" * 30,
    "Ω≈ç√∫" * 50, "漢字仮名" * 120,
]  # fmt: skip


@pytest.fixture
def desk(make_session: Any) -> Any:
    return lambda **settings: Desk(make_session(**settings))


@pytest.mark.parametrize("preset", ["documents", "chat", "lookup"])
@pytest.mark.parametrize("window", [2_048, 2_500, 3_000, 4_096, 6_000, 8_192, 16_384, 131_072])
def test_system_and_functions_take_at_most_their_share(window: int, preset: str, tmp_path: Path) -> None:
    functions, system, tools = fixed_parts(Settings(window_tokens=window, preset=preset), tmp_path)
    assert count(system) + count(functions_text(tools)) <= window * 0.25
    names = {function.name for function in functions}
    assert {"send_message", "archival_memory_search", "core_memory_append", "conversation_search"} <= names
    if window >= 8_192:
        assert MEMGPT | {"document_list", "document_open", "archival_grep", "task_update"} <= names
        assert all(tool["function"]["description"] for tool in tools)


def test_filters_hold_on_every_page_and_stand_in_the_next_call(desk: Any) -> None:
    one = desk(window_tokens=2048)
    for source in ("north", "south"):
        for name in ("log.txt", "mail.txt"):
            one.store(name, [f"The lamp of the {source} {name} burnt in hour {n}." for n in range(12)], source)
    pages = one.follow("archival_memory_search", query="lamp burnt", source="north", document="north/log.txt")
    assert len(pages) > 1
    hits = [hit for _, executed, _ in pages for hit in executed.outcome.archive.hits]
    texts = one.session.app.search.texts([hit.passage for hit in hits])
    assert len(hits) == 12 == pages[0][1].outcome.archive.total
    assert all("north log.txt" in text for text in texts.values())
    assert 'source="north", document="north/log.txt", page=1)' in pages[0][0]
    refused, executed, _ = one.call("archival_memory_search", query="lamp", document="log.txt")
    assert not executed.ok
    assert "north/log.txt" in refused
    assert not one.call("archival_memory_search", query="lamp", source="east")[1].ok


def test_pages_and_days_of_documents_restrict_a_search(desk: Any) -> None:
    one = desk(window_tokens=2048)
    one.store("log.txt", [f"The lamp of page {n} burnt." for n in range(1, 31)])
    pages = one.follow("archival_memory_search", query="lamp burnt", pages="7-20", since="2020", until="2100-01")
    assert {hit.page for _, done, _ in pages for hit in done.outcome.archive.hits} == set(range(7, 21))
    assert len(pages) > 1
    assert one.call("archival_memory_search", query="lamp", until="1999")[1].outcome.archive.total == 0
    for wrong in ({"pages": "9-3"}, {"since": "tomorrow"}):
        assert not one.call("archival_memory_search", query="lamp", **wrong)[1].ok


def test_a_filter_keeps_the_index(desk: Any) -> None:
    one = desk()
    one.store("a.txt", ["The lamp of oil.", "A ship."])
    one.store("b.txt", ["The lamp of gas and a ship.", "A lamp."])
    one.call("archival_memory_search", query="lamp oil")
    # What is being built in the background when the first search comes is there for the second.
    assert one.session.app.search.index.wait()
    one.call("archival_memory_search", query="lamp ship")
    held = one.session.app.search.index.status()
    some = one.call("archival_memory_search", query="lamp oil", document="b.txt")[1].outcome.archive.hits
    assert some
    assert one.session.app.search.index.status() == held
    assert all(hit.document == "b.txt" for hit in some)


def test_a_document_is_read_to_its_end_by_following(desk: Any) -> None:
    one = desk(window_tokens=4096)
    text = "\n\n".join(
        f"Paragraph {n} of the deed: the tenant {n} pays {n * 7} marks a year at Michaelmas." for n in range(120)
    )
    one.store("deed.txt", [text, "The end of the deed."])
    pages = one.follow("document_open", document="deed.txt", document_page=1)
    read = " ".join(page for page, _, _ in pages)
    assert all(f"tenant {n} pays {n * 7} marks" in " ".join(read.split()) for n in range(120))
    assert re.search(r"^No more results\. The document goes on: document_open\(document=\"deed\.txt\", document_page=2, page=0\)$",
                     pages[-1][0], re.MULTILINE)  # fmt: skip
    last, executed, _ = one.call("document_open", document="deed.txt", document_page=2)
    assert last.endswith("\nNo more results.")
    handle = executed.outcome.archive.hits[0].handle
    assert one.agent._validator._place_of(handle).text == "The end of the deed."
    assert not one.call("document_open", document="deed.txt", document_page=3)[1].ok
    assert not one.call("document_open", document="missing.txt")[1].ok


@pytest.mark.nightly
def test_the_list_of_documents_is_complete_and_paged(desk: Any) -> None:
    one = desk(window_tokens=2048)
    for n in range(60):
        one.store(f"folder/paper-{n:02}.txt", ["Text."] * (n + 1))
    pages = [page for page, _, _ in one.follow("document_list")]
    assert len(pages) > 1
    lines = [line for page in pages for line in page.split("\n")[1:-1]]
    assert [line.split(" | ")[:2] for line in lines] == [
        [f"- folder/paper-{n:02}.txt", f"{n + 1} page{'s' * (n > 0)}"] for n in range(60)
    ]


def test_grep_finds_every_line_once_with_context_and_handles(desk: Any) -> None:
    one = desk(window_tokens=4096, page_hits=4)
    pages = [f"before {p}\nship {p} sails on day {p * 3}\nafter {p}\n\nnothing\n\nship {p} returns" for p in range(15)]
    one.store("log.txt", pages)
    found = one.follow("archival_grep", pattern=r"ship \d+ (sails|returns)")
    assert found[0][1].outcome.archive.total == 30
    text = "\n".join(page for page, _, _ in found)
    for p in range(15):
        assert len(re.findall(rf"ship {p} sails on day {p * 3}$", text, re.MULTILINE)) == 1
        assert len(re.findall(rf"^  ship {p} returns$", text, re.MULTILINE)) == 1
    assert re.search(r"\n  before 3\n  ship 3 sails on day 9\n  after 3\n", text)
    assert one.call("archival_grep", pattern="galleon")[0] == "No results found."
    assert one.call("archival_grep", pattern="(?i)SHIP 4 sails")[1].outcome.archive.total == 1


NEVER_ENDING = (r"(a+)+$", r"(a|aa)+$", r"(.*?,){20}x", r"^(([a-z])+.)+[A-Z]([a-z])+$")


@pytest.mark.parametrize(
    "patterns", [NEVER_ENDING[:1], pytest.param(NEVER_ENDING[1:], marks=pytest.mark.nightly)], ids=["one", "more"]
)
def test_a_pattern_that_never_ends_is_refused_in_time(desk: Any, patterns: tuple[str, ...]) -> None:
    one = desk()
    one.store("long.txt", ["a" * 5_000 + "!"])
    for pattern in patterns:
        text, executed, _ = one.call("archival_grep", pattern=pattern)
        assert executed.seconds < 30, pattern
        assert executed.ok or "too long" in text
        assert pattern != NEVER_ENDING[0] or "too long" in text
    assert "not a valid" in one.call("archival_grep", pattern="(")[0]
    assert not one.call("archival_grep", pattern="x" * 5_000)[1].ok


def test_pages_stay_true_while_the_archive_changes(desk: Any) -> None:
    one = desk(window_tokens=2048)
    one.store("first.txt", [f"The beacon number {n} is lit." for n in range(20)])
    for function, arguments in (
        ("archival_memory_search", {"query": '"beacon"'}),
        ("archival_grep", {"pattern": "beacon"}),
    ):
        pages = [one.call(function, **arguments)]
        total = pages[0][1].outcome.archive.total
        one.store(f"{function}.txt", [f"The beacon number {n} of {function} is out." for n in range(20)])
        while (line := pages[-1][0].split("\n")[-1]).startswith("Next: "):
            pages.append(one.call(function, **written(line)))
        passages = [hit.passage for _, executed, _ in pages for hit in executed.outcome.archive.hits]
        assert len(passages) == len(set(passages)) == total
        assert one.call(function, **arguments)[1].outcome.archive.total == total + 20


def test_a_note_is_found_again_with_where_it_came_from(desk: Any) -> None:
    one = desk()
    one.store("log.txt", ["The lamp went out."])
    one.agent.workspace.step = 7
    memory = one.agent.workspace.memory
    memory.set_working(memory.working.start_question("Why did the lamp go out?"))
    handle = one.call("archival_memory_search", query="lamp")[1].outcome.archive.hits[0].handle
    said, _, _ = one.call("archival_memory_insert", content=f"The wick had drowned in oil, says [{handle}].")
    assert said.startswith("Stored as 1 passage;")
    assert "already" in one.call("archival_memory_insert", content=f"The wick had drowned in oil, says [{handle}].")[0]
    text, executed, _ = one.call("archival_memory_search", query='"drowned in oil"')
    assert executed.outcome.archive.total == 1
    assert "(label step 7)" in text
    row = one.session.app.database.row("SELECT metadata FROM documents WHERE loader LIKE 'note of %'")
    assert json.loads(row[0]) == {
        "agent": "tester",
        "step": 7,
        "question": "Why did the lamp go out?",
        "handles": [handle],
    }


words = st.one_of(
    st.sampled_from(HOSTILE), st.text(max_size=400), st.sampled_from(["lamp ", "oil\n", "The ship sails. "])
)
texts = st.lists(words, min_size=1, max_size=12).map(lambda parts: " lamp ".join(parts))


@examples(4, shrink=False)
@given(
    data=st.lists(st.tuples(st.text(min_size=1, max_size=120), texts), min_size=1, max_size=6),
    window=st.sampled_from([2_048, 3_000, 4_096, 8_192, 32_768, 131_072]),
    hits=st.sampled_from([1, 5, 50]),
    query=st.one_of(st.just("lamp"), st.just('"lamp"'), words),
)
def test_no_page_is_larger_than_its_share(data: Any, window: int, hits: int, query: str, tmp_path_factory: Any) -> None:
    home = tmp_path_factory.mktemp("home")
    with (
        embedding_words(),
        Session(Settings(window_tokens=window, page_hits=hits), locate(home), clock=Ticking()) as session,
    ):
        one = Desk(session)
        for number, (name, text) in enumerate(data):
            clean = text.encode("utf-8", "replace").decode()
            one.store(f"{number} {name.encode('utf-8', 'replace').decode()}", [clean, clean[::-1]])
        share = window * 0.25
        first = next(iter(one.session.app.archive.paths([1]).values()))[0]
        asked: list[tuple[str, dict[str, Any]]] = [
            ("archival_memory_search", {"query": query}), ("archival_grep", {"pattern": "lamp"}), ("document_list", {}),
            ("archival_memory_search", {"query": "lamp", "document": first}), ("document_open", {"document": first}),
            ("conversation_search", {"query": query}),
        ]  # fmt: skip
        for function, arguments in asked:
            text, executed, tokens = one.call(function, **arguments)
            assert tokens <= share, (function, text)
            seen = len(executed.outcome.archive.hits) if executed.outcome.archive else 0
            while (line := text.split("\n")[-1]).startswith("Next: "):
                text, executed, tokens = one.call(function, **written(line))
                assert executed.ok, text
                assert tokens <= share, (function, text)
                if executed.outcome.archive:
                    assert executed.outcome.archive.hits
                    seen += len(executed.outcome.archive.hits)
            if executed.outcome.archive:
                assert seen == executed.outcome.archive.total
                at_margin = [row for row in text.split("\n")[1:-1] if not row.startswith("  ")]
                assert all(re.match(r"#[a-z]+\d+ \| ", row) for row in at_margin), text


def test_types_become_schemas_and_others_are_refused() -> None:
    from typing import Literal

    assert json_schema(int | None) == {"type": "integer"}
    assert json_schema(list[str] | None) == {"type": "array", "items": {"type": "string"}}
    assert json_schema(Literal["a", "b"]) == {"type": "string", "enum": ["a", "b"]}
    for hint in (dict, bytes, int | str, Literal["a", 1]):
        with pytest.raises(TypeError):
            json_schema(hint)


def test_any_text_of_a_result_is_bounded() -> None:
    from workbench.agent.executor import bounded
    from workbench.text.result_text import text_tokens

    assert bounded("short", 512) == "short"
    for text in ["word " * 9_000, *(part * 400 for part in HOSTILE)]:
        cut = bounded(text, 512)
        assert text_tokens(cut) <= 440
        assert f"of {len(text):,} characters" in cut
