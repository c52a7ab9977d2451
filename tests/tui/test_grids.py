"""The main states of the screen as character grids, at both sizes of the design."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.fake_session import FakeSession, Gate
from tests.support.grid import check, grid
from tests.support.lease import EARLIER, QUESTION, STEPS, lease
from tests.support.pilot import NARROW, WIDE, ask, piloted, running, wait_until
from workbench.api.events import FileFailed, Loaded, Stopped
from workbench.core.errors import ModelUnreachable
from workbench.tui import controller


@pytest.fixture(autouse=True)
def nobody_looks_for_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine the look after ten seconds came before the picture, and found the server that a test had missed."""
    monkeypatch.setattr(controller, "SERVER_SECONDS", 3_600.0)


@piloted
async def test_empty() -> None:
    """What this is, f2, and what to try."""
    for name, size in (("empty-120x36", WIDE), ("empty-80x24", NARROW)):
        async with running(FakeSession(agent="workbench", model_label="extractive reader"), size) as (app, _):
            check(app, name)


@piloted
async def test_loading() -> None:
    """A bar, what is done to which document, and what remains; the prompt is usable."""
    for name, size in (("loading-120x36", WIDE), ("loading-80x24", NARROW)):
        async with running(lease(attached=False), size, load=(Path("leases"),)) as (app, pilot):
            await wait_until(pilot, lambda: "118/190" in grid(app))
            app.prompt.area.insert("What does annex B say")
            await pilot.pause()
            check(app, name)
            if size is NARROW:
                app.arrangement.show("archive")
                await wait_until(pilot, lambda app=app: "nothing paged in yet" in grid(app))
                assert grid(app).count("118/190") == 2, (
                    "in the status line and below the prompt, not in the tab as well"
                )


@piloted
async def test_stepping() -> None:
    """Steps one line each, the gauge, what is in context, and an eviction folded into one row."""
    for name, size in (("stepping-120x36", WIDE), ("stepping-80x24", NARROW)):
        session = lease()
        session.past = EARLIER
        async with running(session, size) as (app, pilot):
            await ask(pilot, QUESTION)
            session.open("searched")
            await wait_until(pilot, lambda: "summary rewritten" in grid(app))
            check(app, name)


@piloted
async def test_answer() -> None:
    """While it streams there is a caret; then handles are numbers and each page is named once."""
    for name, size in (("answer-120x36", WIDE), ("answer-80x24", NARROW)):
        session = lease()
        session.past = EARLIER
        async with running(session, size) as (app, pilot):
            await ask(pilot, QUESTION)
            session.open("searched", "stepped")
            await wait_until(pilot, lambda: "▌" in grid(app))
            session.open("answered")
            await wait_until(pilot, lambda: "[2] ●" in grid(app) and "ready" in grid(app))
            check(app, name)


@piloted
async def test_stopped() -> None:
    """A stopped answer says so, and what was done stays on the screen."""
    for name, size in (("stopped-120x36", WIDE), ("stopped-80x24", NARROW)):
        session = lease()
        session.script = [*STEPS[:-1], Stopped(reason="user", detail="You stopped it.")]
        session.open("searched")
        async with running(session, size) as (app, pilot):
            await ask(pilot, QUESTION)
            await wait_until(pilot, lambda app=app: "stopped by you" in grid(app))
            check(app, name)


@piloted
async def test_model_unreachable() -> None:
    """What failed, where it looked, and what to do; a document that cannot be read has its reason and remedy."""
    hint = "Start the server, or change the model with /model."
    failed = FileFailed(path="scan.pdf", reason="It has no text, only pictures.", remedy="Run OCR on it first.")
    for name, size in (("error-120x36", WIDE), ("error-80x24", NARROW)):
        session = lease()
        session.script = [ModelUnreachable("Nothing answers at http://localhost:11434/v1.", hint)]
        session.loading = [Gate("read"), Loaded(source="scans", documents=0, failed=(failed,))]
        async with running(session, size, load=(Path("scans"),)) as (app, pilot):
            await ask(pilot, QUESTION)
            await wait_until(pilot, lambda app=app: "Nothing answers" in grid(app))
            session.open("read")
            await wait_until(pilot, lambda app=app: "Run OCR" in grid(app))
            check(app, name)


@piloted
async def test_narrow_panes() -> None:
    """Each tab shows its pane; a tab of a pane that changed out of sight is marked until it is looked at."""
    session = lease()
    session.open_all()
    async with running(session, NARROW) as (app, pilot):
        await ask(pilot, QUESTION)
        await wait_until(pilot, lambda: "[2] ●" in grid(app))
        assert "Archive 37 ◂" in grid(app)
        for letter, name in (("m", "memory"), ("a", "archive"), ("t", "trace"), ("l", "library")):
            await pilot.press("ctrl+o", letter)
            await wait_until(pilot, lambda name=name: getattr(app, name).region.area and not app.chat.region.area)
            check(app, f"{name}-80x24")
        assert "Archive 37 ◂" not in grid(app)


@pytest.mark.nightly
@piloted
async def test_ascii() -> None:
    """With --ascii there is no sign beyond ASCII, and nothing has moved."""
    for name, size in (("ascii-120x36", WIDE), ("ascii-80x24", NARROW)):
        grids = []
        for ascii_only in (False, True):
            session = lease()
            session.open_all()
            async with running(session, size, ascii=ascii_only) as (app, pilot):
                await ask(pilot, QUESTION.replace("2021 ", ""))
                await wait_until(pilot, lambda: "[2] * amend" in grid(app) or "[2] ● amend" in grid(app))
                await wait_until(pilot, lambda: "ready" in grid(app))
                grids.append(grid(app))
                if ascii_only:
                    check(app, name)
        plain = grids[1]
        assert plain.isascii()
        assert [len(row) for row in plain.splitlines()] == [len(row) for row in grids[0].splitlines()]
