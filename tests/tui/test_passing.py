"""Remarks that only say what was opened make room; what columns and signs mean stands beside them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.content import Content

from tests.support.fake_session import hit
from tests.support.grid import grid
from tests.support.lease import EARLIER, lease
from tests.support.pilot import NARROW, ask, piloted, running, wait_until
from workbench.api.events import PageRead
from workbench.api.results import Explanation
from workbench.core.paths import samples
from workbench.tui.panes.archive import HitList, matching_line
from workbench.tui.screens.text_view import hanging
from workbench.tui.widgets.notes import NoteBlock


@piloted
async def test_a_window_that_was_opened_is_no_news_once_something_else_is_said() -> None:
    session = lease()
    session.past = EARLIER
    async with running(session, NARROW) as (app, pilot):
        for command in ("/timeline", "/faults", "/map"):
            app.controller.run_command(command)
            await wait_until(pilot, lambda: len(app.screen_stack) > 1)
            await pilot.press("escape")
            await wait_until(pilot, lambda: len(app.screen_stack) == 1)
        assert [block.text for block in app.chat.query(NoteBlock)] == ["the memory map is open"]
        await ask(pilot, "/save")
        await wait_until(pilot, lambda: "workbench.duckdb" in grid(app))
        assert len(app.chat.query(NoteBlock)) == 1
        await ask(pilot, "/timeline")
        await wait_until(pilot, lambda: len(app.screen_stack) > 1)
        assert len(app.chat.query(NoteBlock)) == 2, "what a command found stays"


@piloted
async def test_who_tries_the_samples_is_given_a_question() -> None:
    session = lease(attached=False)
    async with running(session) as (app, pilot):
        await pilot.press("f9")
        await wait_until(pilot, lambda: f"load {samples()}" in session.calls)
        await pilot.press("up")
        assert app.prompt.area.text in "\n".join(app.chat.said)
        assert app.prompt.area.text.endswith("?")


def listed(page: PageRead, room: int) -> list[str]:
    hits = HitList()
    hits.show(page, {1})
    hits.fits(room)
    return [row.plain for row in hits.rows(60)]


def test_the_columns_of_hits_are_named_and_a_hit_shows_its_sentence_where_there_is_room() -> None:
    found = replace(hit(1, "a.pdf", 3, 0.9, "Nothing here. The rent is EUR 9."), why=Explanation())
    page = PageRead(query="rent", page=1, pages=1, first=1, last=1, total=1, hits=(found,))
    assert len(listed(page, 1)) == 1
    head, row = listed(page, 2)
    assert head.split() == ["●", "in", "context", "page", "relevance", "x", "why"]
    assert head.index("relevance") == row.index("█")
    assert listed(page, 3)[2].strip() == "… The rent is EUR 9."


@pytest.mark.parametrize(
    ("mode", "score", "named"), [("exact", 3.0, "matches"), ("meaning", 0.5, "relevance"), ("meaning", 0.0, "")]
)
def test_what_a_score_counts_is_named_and_none_stands_where_there_is_none(mode: str, score: float, named: str) -> None:
    found = replace(hit(1, "a.pdf", 3, score, "The rent."), why=Explanation(mode=mode))
    head, row, *_ = listed(PageRead(query="rent", page=1, pages=1, first=1, last=1, total=1, hits=(found,)), 9)
    assert head.replace("● in context", "").replace("page", "").replace("x why", "").strip() == named
    assert bool(named) == any(sign.isdigit() for sign in row.split("p.3")[1])


def test_a_word_far_back_in_its_sentence_is_brought_into_the_line() -> None:
    text = "This sentence goes on and on about the harbour and the piers of it until it comes to the rent of the house."
    line = matching_line(text, "rent", 40)
    assert isinstance(line, Content)
    assert line.plain.startswith("… ")
    assert " rent" in line.plain
    assert len(line.plain) <= 40


@piloted
async def test_the_palette_says_what_its_rows_do_on_a_narrow_screen() -> None:
    async with running(lease(), NARROW) as (app, pilot):
        await pilot.press("ctrl+p")
        await wait_until(pilot, lambda: "search the archive yourself" in grid(app))
        assert "Commands · Keys" in grid(app)
        await pilot.press("down")
        await wait_until(pilot, lambda: "│ load files or folders and attach them" in grid(app))
        await pilot.press(*"compare")
        await wait_until(pilot, lambda: "Commands · Find" in grid(app))
        assert "the facts that two documents state differently, with the pages of both" in grid(app)


def test_what_goes_on_in_the_next_line_of_help_stands_in_its_column() -> None:
    row = "  /retry    ask the last question again, on a branch before it"
    assert hanging(row, 40) == ["  /retry    ask the last question again,", "            on a branch before it"]
    assert hanging(row, 80) == [row]
    assert hanging("no columns but many words in it", 12) == ["no columns", "but many", "words in it"]
