"""The parts of the screen as functions: widths hold for any text, numbers add up, prose is plain."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from tests.support.fake_session import hit
from tests.support.lease import ANSWER, CITATIONS, context
from workbench.api.citation_marks import UNQUOTED, UNVERIFIED, cited, marked, unmarked
from workbench.api.events import (
    Citation,
    ContextAssembled,
    FunctionCalled,
    FunctionReturned,
    LoadProgress,
    PageRead,
    Stopped,
)
from workbench.core.activity import Activity
from workbench.tui.bridge import outcome
from workbench.tui.panes.archive import HitList, Preview, score_text
from workbench.tui.panes.gauge import Gauge, share_out, stack
from workbench.tui.panes.load_line import LoadLine
from workbench.tui.panes.status import StatusLine, short_window
from workbench.tui.screens.ask_for import matching_paths, shared_start
from workbench.tui.widgets import glyphs, step_lines
from workbench.tui.widgets.cells import clock, crop, fit, page_place, plural, right, signed, wrap
from workbench.tui.widgets.exchange import Room
from workbench.tui.widgets.exchange_rows import citation_rows, note_rows, question_rows, step_rows
from workbench.tui.widgets.exchange_state import by_page
from workbench.tui.widgets.markdown import GrowingProse, prose

WIDE_TEXT = st.text(
    alphabet=st.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Cs", "Co", "Cn", "Mn", "Me")), max_size=60
)


@given(WIDE_TEXT, st.integers(0, 40))
def test_fit_is_exact(text: str, width: int) -> None:
    assert cell_len(fit(text, width)) == width
    assert cell_len(crop(text, width)) <= width
    assert cell_len(crop(text, width, keep_end=True)) <= width
    assert cell_len(right(text, width)) == width


@given(WIDE_TEXT, st.integers(4, 60))
@settings(max_examples=60)
def test_no_row_is_wider_than_asked(text: str, width: int) -> None:
    line = step_lines.called(FunctionCalled(call="a", function="archival_memory_search", arguments={"query": text}))
    line.opened = True
    rows = [*question_rows(text, width), *step_rows([line], width, 0), *note_rows(text, width)]
    for row in rows:
        assert row.content.cell_length <= max(width, 12)
    for content in prose(text, width):
        assert content.cell_length <= width
    for part in wrap(text, width):
        assert cell_len(part) <= width


PIECES = st.lists(
    st.sampled_from(
        ["word ", "a", "  ", "\n", "\n\n", "**", "*x*", "`c`", "- ", "> ", "# ", "```\n", "[#a1]", "long" * 9, "日本語", "é ", "\r\n"]
        + ["some more words of the same paragraph "] * 6
    ),
    max_size=40,
)  # fmt: skip


@given(PIECES, st.integers(8, 30), st.lists(st.integers(1, 60), min_size=1, max_size=20))
@settings(max_examples=60)
def test_a_text_that_grows_is_laid_out_as_the_whole_of_it(parts: list[str], width: int, steps: list[int]) -> None:
    text, growing, at = "".join(parts), GrowingProse(), 0
    for step in itertools.cycle(steps):
        at += step
        drawn = [(line.plain, line.spans) for line in growing.lines(text[:at], width)]
        assert drawn == [(line.plain, line.spans) for line in prose(unmarked(text[:at]), width)]
        if at >= len(text):
            break


def test_lines_that_stand_are_not_laid_out_again() -> None:
    growing = GrowingProse()
    before = growing.lines("words of one paragraph " * 20, 40)
    after = growing.lines("words of one paragraph " * 30, 40)
    kept = len(before) - 2
    assert kept > 5
    assert all(one is other for one, other in zip(before[:kept], after[:kept], strict=True))


def test_a_fast_stream_gets_room_for_several_rows_at_once_a_slow_one_none() -> None:
    seconds = 0.0
    room = Room(lambda: seconds)
    assert room.below(10) == 0
    seconds = 1.0
    assert room.below(11) == 0
    seconds = 2.0
    assert [room.below(rows) for rows in (19, 20, 22)] == [4, 3, 1]
    seconds = 9.0
    assert room.below(24) == 0
    seconds = 9.1
    assert room.below(224) == Room.MOST_ROWS


@given(st.lists(st.integers(0, 9_000), min_size=6, max_size=6), st.integers(12, 200))
def test_the_gauge_shows_all_that_is_there_and_never_overflows(amounts: list[int], cells: int) -> None:
    sizes = share_out(amounts, 8_192, cells)
    assert sum(sizes) <= cells
    assert [size > 0 for size in sizes] == [amount > 0 for amount in amounts]


@pytest.mark.parametrize("width", [40, 80, 120, 200])
def test_the_gauge_fills_its_line(width: int) -> None:
    gauge = Gauge(8_192, id="gauge")
    gauge.show(context(1, 620, 400, 195, 640, 1_204, 2_741))
    line = gauge.rows(width)[0]
    assert line.cell_length == width
    assert line.plain.endswith("5,800/7,168  81%")
    for names in (("S", "system"), ("M", "memory"), (glyphs.SUMMARY, "summary"), ("C", "chat"), ("P", "paged"), ("R",)):
        assert any(name in line.plain for name in names)


def test_the_gauge_marks_estimates_and_pressure() -> None:
    gauge = Gauge(8_192, id="gauge")
    gauge.show(ContextAssembled(window=8_192, reserve=1_024, used=2_000, exact=False, warn=5_018, flush=7_168))
    assert "~2,000/7,168" in gauge.rows(100)[0].plain
    bar = stack(ContextAssembled(window=1_000, reserve=100, used=0, warn=630, flush=900), 100).plain
    assert bar.index(glyphs.WARN_MARK) == 63
    assert bar.index(glyphs.FLUSH_MARK) == 89
    assert bar[90:] == "R" + glyphs.RESERVED * 9


def test_citations_become_numbers_by_their_quotes() -> None:
    shown = marked(ANSWER, cited(CITATIONS))
    text = "".join(sign for sign in shown if not "\ue000" <= sign <= "\ue001")
    assert "2019 lease [1]." in text
    assert 'tenant" [2].' in text


def test_a_quote_that_was_not_found_has_no_number() -> None:
    citations = [Citation("a.pdf", 1, None, "it is so", True, "#a9", 9, number=1)]
    text = 'He said "it is so" [#a1]. She said "it is not" [#a2]. They shrugged [#a3].'
    shown = marked(text, citations)
    assert "[1]" in shown, "a corrected handle keeps its quote's number"
    assert UNVERIFIED in shown
    assert UNQUOTED in shown
    assert not cited([Citation("a.pdf", 1, None, "x", False)])


def test_a_page_is_named_once_with_all_its_numbers() -> None:
    quotes = [Citation("a.pdf", page, None, f"q{at}", True, number=at) for at, page in enumerate((3, 5, 3), 1)]
    assert [(numbers, citation.page) for numbers, citation in by_page(quotes)] == [("1,3", 3), ("2", 5)]
    rows = citation_rows(by_page(quotes), 60, {None}, None, 0)
    assert "[1,3]" in rows[0].content.plain
    assert rows[0].targets[1].item == 1


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("# Head\nplain **bold** `code`", ["Head", "plain bold code"]),
        ("- one\n- two", ["• one", "• two"]),
        ("1. one", ["1. one"]),
        ("```\n[x](y)\n```", ["  [x](y)"]),
        ("a [link](http://x) <b>", ["a [link](http://x) <b>"]),
        ("2 * 3 * 4", ["2 * 3 * 4"]),
        ("> quoted", ["▎ quoted"]),
    ],
)
def test_prose(text: str, lines: list[str]) -> None:
    assert [line.plain for line in prose(text, 60)] == lines


def test_a_failed_call_opens_by_itself() -> None:
    line = step_lines.called(
        FunctionCalled(call="a", function="core_memory_append", arguments={"name": "task", "content": "x"})
    )
    step_lines.returned(
        line, FunctionReturned(call="a", function="core_memory_append", ok=False, summary="block task is full")
    )
    text = "\n".join(row.content.plain for row in step_rows([line], 70, None))
    assert line.opened
    assert "✗ memory" in text
    assert "block task is full" in text


def test_a_search_that_read_a_word_as_another_says_so_in_its_line() -> None:
    line = step_lines.called(FunctionCalled(call="a", function="archival_memory_search", arguments={"query": "keepr"}))
    step_lines.paged(line, PageRead(note='the best of 9 passages, "keepr" stands nowhere and is read as "keeper"'))
    assert '"keepr" stands nowhere and is read as "keeper"' in line.result


def test_an_answer_that_was_sent_back_is_a_step() -> None:
    line = step_lines.called(FunctionCalled(call="a", function="send_message", arguments={"message": "hello"}))
    assert line.hidden
    step_lines.returned(line, FunctionReturned(call="a", function="send_message", ok=False, summary="sent back once"))
    assert not line.hidden


def test_reading_ahead_is_told_apart() -> None:
    line = step_lines.called(
        FunctionCalled(call="a", function="archival_memory_search", arguments={"query": "q"}, origin="system")
    )
    step_lines.paged(
        line,
        PageRead(
            query="q", page=1, pages=3, first=1, last=1, total=9, hits=(hit(1, "a", 1, 0.5),), origin="read-ahead"
        ),
    )
    assert (line.page, line.result) == ("p.1/3", "1 hit read ahead")


def test_hits_and_preview_fit_their_width() -> None:
    page = PageRead(
        query="q",
        page=1,
        pages=1,
        first=1,
        last=2,
        total=2,
        hits=(hit(1, "長い名前" * 20, 3, 0.031), hit(2, "b", 12, 0.02)),
    )
    hits, preview = HitList(), Preview()
    hits.show(page, {1})
    preview.show(page.hits[0])
    for width in (30, 42, 76):
        assert {row.cell_length for row in hits.rows(width)} == {width}
        assert all(row.cell_length <= width for row in preview.rows(width))
    assert hits.rows(42)[0].plain.startswith(glyphs.IN_CONTEXT)
    assert hits.rows(42)[1].plain.startswith("  b")


def test_the_status_line_keeps_its_state_at_any_width() -> None:
    status = StatusLine(id="status")
    status.identify("a-very-long-agent-name-indeed", "some-model", 8_192)
    status.attached(3, 412)
    for width in (40, 78, 118):
        row = status.rows(width)[0]
        assert row.cell_length == width
        assert row.plain.endswith("○ ready")


def test_the_load_line_fits() -> None:
    line = LoadLine(id="load")
    line.show(
        LoadProgress(
            stage="embed",
            current="a" * 90,
            passages_done=5,
            passages_total=10,
            remaining_seconds=75.0,
            passages_per_second=9.0,
        )
    )
    for width in (42, 76):
        assert line.rows(width)[0].cell_length == width
        assert ("5/10 passages · 01:15 left" if width > 60 else "5/10 · 01:15") in line.rows(width)[0].plain
    line.show(LoadProgress(stage="read", current="a" * 90, files_total=1, current_page=120, current_pages=1_500))
    for width in (42, 76):
        assert line.rows(width)[0].cell_length == width
        assert "read p.120/1,500" in line.rows(width)[0].plain


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (Stopped(reason="user", detail="You stopped it."), "stopped by you"),
        (Stopped(reason="user", detail="Cancelled at once."), "stopped by you · cancelled at once"),
        (
            Stopped(reason="steps", detail="The limit of 5 steps is reached."),
            "stopped · The limit of 5 steps is reached.",
        ),
        (Stopped(reason="time"), "stopped · the cap on time is reached"),
    ],
)
def test_outcomes(event: Stopped, said: str) -> None:
    assert outcome(event) == said


def test_small_words() -> None:
    assert [plural(1, "page"), plural(2, "search"), plural(1_200, "memory")] == [
        "1 page",
        "2 searches",
        "1,200 memories",
    ]
    assert [signed(1_240), signed(-1_118)] == ["+1,240", "−1,118"]
    assert [clock(7), clock(3_723)] == ["00:07", "1:02:03"]
    assert [short_window(8_192), short_window(10_000), short_window(0)] == ["8k", "10,000", ""]
    assert [score_text(0.871), score_text(0.031), score_text(1.0), score_text(12.4)] == [".87", ".031", "1.0", "12"]
    assert glyphs.bar(0.5, 3) == "█▌ "
    assert glyphs.spark([0.0, 0.5, 1.0]) == "▁▅█"


def test_paths_complete(tmp_path: object) -> None:
    from pathlib import Path

    folder = Path(str(tmp_path))
    (folder / "alpha.pdf").touch()
    (folder / "alphabet").mkdir()
    (folder / ".hidden").touch()
    assert matching_paths(f"{folder}/alp") == [f"{folder}/alpha.pdf", f"{folder}/alphabet/"]
    assert shared_start(matching_paths(f"{folder}/al")) == f"{folder}/alpha"
    assert matching_paths(f"{folder}/") == [f"{folder}/alpha.pdf", f"{folder}/alphabet/"]
    assert matching_paths(f"{folder}/none/x") == []


def test_a_page_has_one_number_everywhere() -> None:
    """The page of the file, as the viewer's title counts; the document's own label stands behind it where it differs."""
    assert page_place(3, "1") == "p.3 (1)"
    assert page_place(3, "3") == page_place(3, None) == "p.3"
    cited_page = Citation("a.pdf", 3, "1", "a quote", True)
    drawn = citation_rows([("1", cited_page)], 60, (), None, 0)
    assert "a.pdf p.3 (1)" in drawn[0].content.plain


def test_a_slow_start_says_what_it_waits_for_and_for_how_long() -> None:
    busy: list[Activity | None] = [None]
    clock = iter([100.0, *[107.0] * 9])
    line = StatusLine(id="status", now=lambda: next(clock), activity=lambda: busy[0])

    def state() -> str:
        return line.rows(80)[0].plain.split("○ ")[-1].split("● ")[-1].strip()

    assert state() == "opening"
    busy[0] = Activity("opening the database", 2.0)
    assert state() == "opening"
    busy[0] = Activity("opening the database", 12.0)
    assert state() == "opening the database · 00:12"
    line.identify("lease-audit", "reader", 8_192)
    assert state() == "ready"
    line.started()
    busy[0] = Activity("loading the tokenizer", 4.0)
    assert state() == "loading the tokenizer · 00:07"
    busy[0] = None
    assert state() == "starting · 00:07"
    line.step(1, 50)
    busy[0] = Activity("waiting for the database to write", 9.0)
    assert state() == "step 1/50 · 00:07"


def test_a_line_that_says_the_same_is_not_painted_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    painted: list[object] = []
    line = StatusLine(id="status", now=lambda: 100.0, activity=lambda: None)
    monkeypatch.setattr(line, "refresh", lambda *regions, **options: painted.append(regions))
    line.identify("lease-audit", "reader", 8_192)
    line.laid_out(80)
    painted.clear()
    line.started()
    assert len(painted) == 1
    line.load((3, 200))
    line.load((4, 200))
    assert len(painted) == 1, "while an answer is written the line does not speak of the load"
    line.ended()
    line.load((5, 200))
    assert len(painted) == 3
    assert "loading 5/200" in line.laid_out(80)[0].content.plain
