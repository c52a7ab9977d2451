"""Recall, the memory map and the other things a person looks up: overlays and lines, and nothing of them reaches the model."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.fake_session import FakeSession
from tests.support.grid import grid
from tests.support.lease import EARLIER, lease
from tests.support.pilot import NARROW, WIDE, ask, piloted, running, wait_until
from workbench.api.events import AnswerDone, ContextAssembled, Failed, PagedOut, Segment, StepStarted, Stopped
from workbench.api.paging import StepRecord
from workbench.tui.screens.memory_map import MapLines, MemoryMap, Moment, Paging, cells_of
from workbench.tui.screens.recall import RecallScreen
from workbench.tui.screens.source_page import SourcePage


@piloted
async def test_recall_shows_what_was_said_and_finds_words() -> None:
    session = lease()
    async with running(session, NARROW) as (app, pilot):
        await pilot.press("ctrl+r")
        await wait_until(pilot, lambda: "What is the rent?" in grid(app))
        shown = grid(app)
        assert "● the model  #7 · 2026-01-02 03:04" in shown
        assert "The rent is 500 [b]a month[/b]" in shown
        assert "2 messages · 1 in context" in shown
        await pilot.press(*"what", "enter")
        await wait_until(pilot, lambda: "500" not in grid(app) and "1 message · 0 in context" in grid(app))
        await pilot.press("escape")
        await ask(pilot, "/recall 500")
        await wait_until(pilot, lambda: isinstance(app.screen, RecallScreen) and "you asked" not in grid(app))
        assert session.calls[-1] == "recall 500"


@piloted
async def test_the_memory_map_has_the_three_tiers() -> None:
    session = lease()
    session.messages = [{"role": "user"}] * 9
    async with running(session, WIDE) as (app, pilot):
        await pilot.press("f8")
        await wait_until(pilot, lambda: isinstance(app.screen, MemoryMap))
        await wait_until(pilot, lambda: "Main context" in grid(app))
        for text in ("Recall storage", "9 messages", "Archival storage", "R reserved"):
            assert text in grid(app)
        await pilot.press("f8")
        await wait_until(pilot, lambda: not isinstance(app.screen, MemoryMap))
        await ask(pilot, "/map")
        await wait_until(pilot, lambda: isinstance(app.screen, MemoryMap))


@pytest.mark.parametrize("width", [20, 40, 76, 96])
def test_the_map_fits_and_says_which_pages_are_in_context(width: int) -> None:
    session = lease()
    segments = (Segment("conversation", 30, message=4), Segment("paged", 70, message=5))
    context = session.now.__class__(
        window=8_192, reserve=1_024, used=100, segments=segments, in_context=frozenset({3, 9})
    )
    lines = MapLines(Paging((), 12, session.shelf, {3: "租约.pdf p.12"}))
    lines.show(Moment(context))
    rows = lines.rows(width)
    assert all(row.cell_length <= width for row in rows)
    text = "\n".join(row.plain for row in rows)
    assert "● 租约.pdf p.12" in text
    assert "● passage 9" in text
    assert width < 60 or "Recall storage, 12 messages" in text
    assert width < 60 or "▫ 10 evicted · ● 2 in context" in text


def test_the_map_tells_passages_that_left_as_receipts_from_those_that_left_with_their_messages() -> None:
    made = lease().now.__class__
    both = (Segment("conversation", 30, message=4), Segment("paged", 70, message=5))
    before = made(step=1, window=8_192, segments=both, in_context=frozenset({1, 2, 3, 4}))
    shrunk = made(window=8_192, segments=both, in_context=frozenset({4}))
    evicted = made(window=8_192, segments=both[1:], in_context=frozenset({4}))
    lines = MapLines(Paging((StepRecord(1, receipts=frozenset({1, 2})),), 12, [], {}))

    def said(now: ContextAssembled) -> str:
        lines.show(Moment(now, before))
        return "\n".join(row.plain for row in lines.rows(100))

    assert "3 passages left the window: not cited" in said(shrunk)
    assert "1 message, 30 tokens, to recall storage; 1 passage left context" in said(evicted)
    assert "2 passages left the window: not cited" in said(evicted)
    lines.show(Moment(before, before))
    assert "nothing moved between the tiers" in "\n".join(row.plain for row in lines.rows(100))


@piloted
async def test_trace_says_what_an_answer_shrank_to_receipts() -> None:
    async with running(lease(), WIDE) as (app, pilot):
        for event in (
            StepStarted(step=1),
            PagedOut(step=1, messages=2, tokens=2_300, passages=(1, 2, 3, 4)),
            AnswerDone(step=1, text="It did."),
        ):
            app.controller.bridge.draw(event)
        await wait_until(pilot, lambda: "1 step · 4 passages dropped" in grid(app))


def test_cells_of_the_map_show_everything_and_mark_what_is_new() -> None:
    """Also a segment much smaller than a cell; what came in with this step is solid."""
    session = lease()
    before = session.now.__class__(window=8_000, reserve=1_000, used=10, segments=(Segment("system", 10),))
    segments = (Segment("system", 10), Segment("paged", 2_000, message=5), Segment("conversation", 3, message=6))
    after = session.now.__class__(window=8_000, reserve=1_000, used=2_013, segments=segments, warn=5_000)
    cells = cells_of(after, before, 80)
    signs = "".join(sign for sign, _ in cells)
    assert len(cells) == 80
    assert signs.startswith("SP")
    assert signs.endswith("R" * 10)
    assert [style for sign, style in cells if sign == "S"] == ["$part-system"]
    assert "C" in signs
    assert all("reverse" in style for sign, style in cells if sign in "PC")
    # A full block that is reversed has the colour of the background: what had just come in looked empty.
    assert {style for sign, style in cells if sign == "█"} == {"$in-context"}
    assert sum(sign not in "·R┆" for sign in signs) in (21, 22)


@piloted
async def test_what_a_step_evicted_is_told_at_that_step_and_fades() -> None:
    """It left before the step's own prompt was sent; it was drawn a step late, and missing from the sum of that step."""
    steps = [StepRecord(1), StepRecord(2, evicted_messages=8), StepRecord(3), StepRecord(4), StepRecord(5)]
    made = lease().now.__class__
    contexts = {
        step: made(step=step, window=4_096, segments=(Segment("conversation", 9, message=step),))
        for step in range(1, 6)
    }
    told: dict[int, str] = {}
    async with running(lease(), WIDE) as (app, pilot):
        now = replace(contexts[5], step=None)
        await app.push_screen(
            MemoryMap(Paging(steps, 9, (), {}), lambda step, show: show(contexts[step] if step else now))
        )
        await pilot.press("home")
        for step in contexts:
            await wait_until(pilot, lambda: f"Memory map · step {step} " in grid(app))
            told[step] = next(line for line in grid(app).splitlines() if "Recall storage" in line)
            await pilot.press("right")
    assert "Recall storage, 1 message ┄" in told[1]
    assert "evicted" not in told[1]
    for step in (2, 3, 4):
        assert "Recall storage, 9 messages" in told[step]
        assert "▪ 8 evicted lately · ● 1 in context" in told[step]
    assert "▫ 8 evicted · ● 1 in context" in told[5]


@piloted
async def test_a_prompt_that_arrives_after_the_map_was_closed_draws_nothing() -> None:
    """Random keys found it: the map had lost its widgets and was not yet gone itself."""
    waiting: list[Callable[[ContextAssembled], None]] = []
    async with running(lease(), WIDE) as (app, pilot):
        late = MemoryMap(Paging((), 9, (), {}), lambda step, show: waiting.append(show))
        await app.push_screen(late)
        late.dismiss(None)
        await late.query_one(MapLines).remove()
        waiting[0](replace(lease().now, step=None))
        await wait_until(pilot, lambda: len(app.screen_stack) == 1)
        assert app._exception is None


@piloted
async def test_the_map_is_scrubbed_and_played() -> None:
    """left and right go through the recorded steps, home to the first; played, it ends at now."""
    session = lease()
    session.past = EARLIER
    async with running(session, WIDE) as (app, pilot):
        await ask(pilot, "/replay")
        await wait_until(pilot, lambda: "Memory map · now" in grid(app))
        await pilot.press("left")
        await wait_until(pilot, lambda: "Memory map · step" in grid(app))
        await pilot.press("home")
        await wait_until(pilot, lambda: "· 1/" in grid(app))
        await pilot.press("end")
        await wait_until(pilot, lambda: "Memory map · now" in grid(app))


@piloted
async def test_documents_are_listed_and_opened_at_a_page() -> None:
    session: Any = lease()
    async with running(session, WIDE) as (app, pilot):
        await wait_until(pilot, lambda: app.controller.documents)
        path = app.controller.documents[0].path
        await ask(pilot, "/docs")
        await wait_until(pilot, lambda: path in grid(app))
        await ask(pilot, f"/open {path}:7")
        await wait_until(pilot, lambda: isinstance(app.screen, SourcePage))
        assert f"page {path} 7 None" in session.calls
        await pilot.press("slash")
        await wait_until(pilot, lambda: "Find on this page" in grid(app))
        await pilot.press(*"MORE", "enter")
        await wait_until(pilot, lambda: isinstance(app.screen, SourcePage) and app.screen._page.end > 0)
        page = app.screen._page
        assert page.text[page.start : page.end] == "more"
        await pilot.press("escape")
        await ask(pilot, "/docs nowhere")
        await wait_until(pilot, lambda: "there is no such document" in grid(app))
        await ask(pilot, "/open")
        await wait_until(pilot, lambda: "Open which document?" in grid(app))


def test_a_page_is_read_in_the_pager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        async with running(lease(), NARROW) as (app, pilot):
            monkeypatch.setattr(app, "suspend", contextlib.nullcontext)
            await ask(pilot, "/open lease-2019.pdf")
            await wait_until(pilot, lambda: isinstance(app.screen, SourcePage))
            await pilot.press("e")
            await wait_until(pilot, lambda: file.exists())
            assert file.read_text() == app.screen._page.text
            monkeypatch.setenv("PAGER", "/nowhere/to/be/found")
            await pilot.press("e")
            await wait_until(pilot, lambda: "no $PAGER here" in grid(app))

    file = tmp_path / "read.txt"
    monkeypatch.setenv("PAGER", f"sh -c 'cat > {file}'")
    asyncio.run(scenario())


@piloted
async def test_a_failure_is_told_once() -> None:
    session = lease()
    why = "The server said no."
    session.script = [Failed(agent="a", message=why, hint="Try later."), Stopped(reason="error", detail=why)]
    async with running(session, NARROW) as (app, pilot):
        await ask(pilot, "Which clause?")
        await wait_until(pilot, lambda: "Try later." in grid(app) and not app.controller.work.asking)
        assert grid(app).count("The server said no") == 1
        assert "stopped" not in grid(app)


@piloted
async def test_answers_of_the_conversation_are_listed() -> None:
    session = lease()
    async with running(session, WIDE) as (app, pilot):
        await ask(pilot, "/answers")
        await wait_until(pilot, lambda: "? " in grid(app) or "nothing was asked yet" in grid(app))
    async with running(FakeSession(), WIDE) as (app, pilot):
        await ask(pilot, "/answers")
        await wait_until(pilot, lambda: "nothing was asked yet" in grid(app))
