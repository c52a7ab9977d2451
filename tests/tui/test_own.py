"""What a user does to an agent's own things on the screen: lines of memory, heartbeats, copies, files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.support.grid import grid
from tests.support.lease import ANSWER, QUESTION, lease
from tests.support.pilot import NARROW, ask, piloted, running, wait_until
from workbench.api.citation_marks import numbered
from workbench.api.events import AnswerDone, StepStarted, Yielded
from workbench.api.session import BlockView, LineView
from workbench.tui.screens.memory_lines import MemoryList
from workbench.tui.widgets.notes import NoteBlock


def with_lines() -> Any:
    session = lease()
    human = (LineView("audits leases", "user"), LineView("prefers short answers"))
    session.blocks = (
        BlockView("persona", "careful analyst", 15, 500, (LineView("careful analyst", "user"),)),
        BlockView("human", "audits leases\nprefers short answers", 35, 500, human),
        BlockView("task", "", 0, 1_000),
    )
    return session


@piloted
async def test_lines_of_memory_are_edited_pinned_added_and_deleted() -> None:
    for size in (NARROW,):
        session = with_lines()
        async with running(session, size) as (app, pilot):
            await ask(pilot, "/edit")
            await wait_until(pilot, lambda: "enter edit · a add" in grid(app))
            assert "prefers short answers" in grid(app)
            await pilot.press("down", "down", "p")
            await wait_until(pilot, lambda session=session: session.blocks[1].lines[1].pinned)
            await wait_until(pilot, lambda app=app: "● prefers short answers" in grid(app))
            await pilot.press("enter")
            await wait_until(pilot, lambda app=app: "Edit a line of human" in grid(app))
            await pilot.press(*" only", "enter")
            await wait_until(pilot, lambda app=app: "● prefers short answers only" in grid(app))
            await pilot.press("up", "d")
            await wait_until(pilot, lambda app=app: app.screen.query_one(MemoryList).items.__len__() == 3)
            assert len(session.blocks[1].lines) == 1
            await pilot.press("down", "a")
            await wait_until(pilot, lambda app=app: "Add a line of task" in grid(app))
            await pilot.press(*"look at p. 4", "enter")
            await wait_until(pilot, lambda session=session: session.blocks[2].text == "look at p. 4")
            await pilot.press("escape")
            await wait_until(pilot, lambda app=app: "enter edit" not in grid(app))
            assert session.calls.count("pin human 'prefers short answers' True") == 1


@piloted
async def test_enter_in_the_memory_pane_opens_its_lines() -> None:
    session = with_lines()
    async with running(session) as (app, pilot):
        app.memory.focus()
        await pilot.press("enter")
        await wait_until(pilot, lambda: "enter edit · a add" in grid(app))
        assert app.screen.query_one(MemoryList).items.__len__() == 4


@piloted
async def test_lines_are_added_and_pinned_by_command() -> None:
    session = with_lines()
    async with running(session) as (app, pilot):
        await ask(pilot, "/edit human speaks Danish")
        await wait_until(pilot, lambda: session.blocks[1].lines[-1].text == "speaks Danish")
        await wait_until(pilot, lambda: "speaks Danish" in app.memory.texts()["human"].text)
        await ask(pilot, "/pin danish")
        await wait_until(pilot, lambda: session.blocks[1].lines[-1].pinned)
        await ask(pilot, "/pin danish")
        await wait_until(pilot, lambda: not session.blocks[1].lines[-1].pinned)
        await ask(pilot, "/pin an")
        await wait_until(pilot, lambda: any("3 lines hold 'an'" in note.text for note in app.chat.query(NoteBlock)))


@piloted
async def test_a_due_heartbeat_is_asked_for_and_drawn() -> None:
    session = lease()
    async with running(session) as (app, pilot):
        app.controller.run_heartbeat()
        await wait_until(pilot, lambda: "beat" in session.calls and not app.controller.work.asking)
        session.own_turn = [
            StepStarted(step=4, limit=50, reason="timer"),
            AnswerDone(step=4, text="I looked again."),
            Yielded(),
        ]
        session.past = [*session.past, *session.own_turn]
        app.controller.run_heartbeat()
        await wait_until(pilot, lambda: "I looked again." in grid(app))
        await wait_until(pilot, lambda: not app.controller.work.asking)
        await ask(pilot, QUESTION)
        await wait_until(pilot, lambda: app.controller.work.asking)
        before = session.calls.count("beat")
        app.controller.run_heartbeat()
        assert session.calls.count("beat") == before
        session.open_all()


@piloted
async def test_a_heartbeat_with_nothing_to_do_asks_for_nothing_anew() -> None:
    """Each minute of a load it would count the prompt again, with tables of 40 MB; a question that came meanwhile is asked."""
    session = lease()
    session.open_all()
    async with running(session) as (app, pilot):
        asked: list[str] = []
        app.controller.refresh_memory = lambda: asked.append("memory")  # type: ignore[method-assign]
        app.controller.refresh_coverage = lambda: asked.append("coverage")  # type: ignore[method-assign]
        app.controller.run_heartbeat()
        app.controller.ask(QUESTION)
        await wait_until(pilot, lambda: app.chat.citations and not app.controller.work.asking)
        assert asked == ["memory", "coverage"]


@piloted
async def test_the_last_answer_is_copied_and_the_conversation_written() -> None:
    session = lease()
    async with running(session) as (app, pilot):
        session.open_all()
        await ask(pilot, QUESTION)
        await wait_until(pilot, lambda: app.chat.last_answer() == ANSWER and not app.controller.work.asking)
        app.chat.focus()
        await pilot.press("y")
        await wait_until(pilot, lambda: app.clipboard == ANSWER)
        session.past = [AnswerDone(text=ANSWER)]
        file = Path(app.controller.work._session.save()).parent  # a folder that is not there
        await ask(pilot, f"/export {file}/a.md")
        await wait_until(pilot, lambda: any("cannot be written" in note.text for note in app.chat.query(NoteBlock)))


def test_the_export_of_a_conversation_is_its_markdown(tmp_path: Path) -> None:
    @piloted
    async def scenario() -> None:
        session = lease()
        session.past = [replace(AnswerDone(text=ANSWER), agent="lease-audit")]
        async with running(session) as (app, pilot):
            await ask(pilot, f"/export {tmp_path}/talk.md")
            await wait_until(pilot, lambda: any("as Markdown" in note.text for note in app.chat.query(NoteBlock)))
        written = (tmp_path / "talk.md").read_text(encoding="utf-8")
        assert numbered(ANSWER, ()) in written
        assert "[not verified]" in written, "a handle stands for no quote that was checked"

    scenario()
