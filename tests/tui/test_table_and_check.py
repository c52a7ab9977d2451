"""The table of answers, the check of a text and two documents compared on the screen: every key pressed, stopped and gone on with."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.support.fake_session import FakeSession
from tests.support.grid import check, grid
from tests.support.lease import lease
from tests.support.pilot import NARROW, WIDE, ask, piloted, running, wait_until
from workbench.api.question_table import Cell, Evidence
from workbench.api.session import SourceInfo
from workbench.core.errors import UsageError, WorkError
from workbench.tui.app import WorkbenchApp
from workbench.tui.run_dialogs import one_source
from workbench.tui.screens.answer_table import AnswerTableScreen
from workbench.tui.screens.ask_for import AskFor
from workbench.tui.screens.comparison import ComparisonScreen
from workbench.tui.screens.source_page import SourcePage
from workbench.tui.screens.text_check import TextCheckScreen


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are looked for, and written, in a folder of the test's."""
    monkeypatch.chdir(tmp_path)


async def opened(
    app: WorkbenchApp, pilot: Pilot[int], command: str, kind: type[AnswerTableScreen | TextCheckScreen]
) -> None:
    app.controller.run_command(command)
    await wait_until(pilot, lambda: isinstance(app.screen, kind))


def order(app: WorkbenchApp) -> list[str]:
    assert isinstance(app.screen, AnswerTableScreen)
    return [row.document for row in app.screen.grid.table_rows]


@piloted
async def test_a_table_fills_and_can_be_stopped_and_gone_on_with() -> None:
    for name, size in (("120x36", WIDE), ("80x24", NARROW)):
        session = lease()
        tables = session.question_tables
        tables.gate.clear()
        async with running(session, size) as (app, pilot):
            await opened(app, pilot, "/table What is the annual rent?", AnswerTableScreen)
            await wait_until(pilot, lambda app=app: "asking notes.md" in grid(app))
            check(app, f"table-filling-{name}")
            await pilot.press("space")
            await wait_until(pilot, lambda app=app: "stopped; space goes on: 1 cell to ask" in grid(app))
            assert tables.stops == 1
            await pilot.press("space")
            await wait_until(pilot, lambda app=app: "cell failed; space asks again" in grid(app))
            check(app, f"table-filled-{name}")
            await pilot.press("escape")
            await wait_until(pilot, lambda app=app: app.chat.said[-1].startswith("table of leases: 5 of 6 cells"))


@piloted
async def test_closing_a_table_ends_its_run() -> None:
    session = lease()
    session.question_tables.gate.clear()
    async with running(session) as (app, pilot):
        await opened(app, pilot, "/table What is the annual rent?", AnswerTableScreen)
        await wait_until(pilot, lambda: "asking notes.md" in grid(app))
        await pilot.press("q")
        await wait_until(pilot, lambda: session.question_tables.stops == 1)
        assert "the same /table goes on there" in app.chat.said[-1]
        await opened(app, pilot, "/table What is the annual rent?", AnswerTableScreen)
        await wait_until(pilot, lambda: "cell failed" in grid(app))


@piloted
async def test_the_keys_of_a_table() -> None:
    session = lease()
    tables = session.question_tables
    async with running(session) as (app, pilot):
        await opened(app, pilot, "/table What is the annual rent?", AnswerTableScreen)
        await wait_until(pilot, lambda: "cell failed" in grid(app))
        screen = app.screen
        assert isinstance(screen, AnswerTableScreen)
        assert order(app) == ["lease-2019.pdf", "amend-2021.pdf", "notes.md"]

        # s: by number, not by letters; the cells without a value stay behind both ways round.
        await pilot.press("s")
        assert order(app) == ["amend-2021.pdf", "lease-2019.pdf", "notes.md"]
        assert screen.grid.document == "lease-2019.pdf"
        await pilot.press("s")
        assert order(app) == ["lease-2019.pdf", "amend-2021.pdf", "notes.md"]
        await pilot.press("left", "s")
        assert order(app)[0] == "amend-2021.pdf"
        await pilot.press("s", "s", "right")
        assert order(app)[0] == "lease-2019.pdf"

        # enter: the page of the quote, n the next quote; on a document its first page.
        await pilot.press("down", "enter")
        await wait_until(pilot, lambda: isinstance(app.screen, SourcePage) and "quote 1 of 2" in grid(app))
        assert session.calls[-1] == "page amend-2021.pdf 3 3"
        await pilot.press("n")
        await wait_until(pilot, lambda: "quote 2 of 2" in grid(app))
        await pilot.press("escape", "left", "enter")
        await wait_until(pilot, lambda: session.calls[-1] == "page amend-2021.pdf 1 None")
        await wait_until(pilot, lambda: isinstance(app.screen, SourcePage))
        await pilot.press("escape", "home", "right", "right", "enter")
        await wait_until(pilot, lambda: "has no quote to open" in grid(app))

        # r: one cell again; one that fails stays as it was.
        tables.again = Cell("", "", "found", "M. Sato", evidence=(Evidence("M. Sato signed", 1),), verified=True)
        await pilot.press("r")
        await wait_until(pilot, lambda: "M. Sato" in grid(app) and "asked again" in grid(app))
        assert tables.asked[-1] == "lease-2019.pdf signer"
        tables.again = WorkError("The server has gone.", "Start it.")
        await pilot.press("r")
        await wait_until(pilot, lambda: "The server has gone. Start it." in grid(app))
        assert "M. Sato" in grid(app)
        await pilot.press("left", "left", "r")
        await wait_until(pilot, lambda: "move to an answer first" in grid(app))

        # y copies, w writes as it is sorted, end and pages move.
        await pilot.press("right", "y")
        assert app.clipboard == "EUR 11,400"
        await pilot.press("end")
        assert screen.grid.document == "notes.md"
        await pilot.press("pageup")
        assert screen.grid.document == "lease-2019.pdf"
        await pilot.press("w")
        await wait_until(pilot, lambda: isinstance(app.screen, AskFor))
        await pilot.press("enter")
        await wait_until(pilot, lambda: "written to" in grid(app))
        lines = Path("leases.csv").read_text().splitlines()
        assert lines[1].startswith('lease-2019.pdf,11400,EUR,"The annual')
        await pilot.press("f1")
        await wait_until(pilot, lambda: "A row a document" in grid(app))


@piloted
async def test_a_click_moves_sorts_and_opens() -> None:
    session = lease()
    async with running(session) as (app, pilot):
        await opened(app, pilot, "/table What is the annual rent?", AnswerTableScreen)
        await wait_until(pilot, lambda: "cell failed" in grid(app))
        screen = app.screen
        assert isinstance(screen, AnswerTableScreen)
        await pilot.click(screen.grid, offset=(1, 2))
        assert (screen.grid.cursor, screen.grid.at_column) == (1, 0)
        await pilot.click(screen.grid, offset=(20, 0))
        assert screen.grid.sorted_by == (1, False)
        await pilot.click(screen.grid, offset=(20, 1))
        await pilot.click(screen.grid, offset=(20, 1))
        await wait_until(pilot, lambda: isinstance(app.screen, SourcePage))


@pytest.mark.nightly
@piloted
async def test_a_check_walks_from_finding_to_finding() -> None:
    for name, size in (("120x36", WIDE), ("80x24", NARROW)):
        session = lease()
        session.checks.gate.clear()
        async with running(session, size) as (app, pilot):
            await opened(app, pilot, "/check The annual rent is EUR 9,500.", TextCheckScreen)
            await wait_until(pilot, lambda app=app: "checked 4 of 5 sentences" in grid(app))
            await pilot.press("space")
            await wait_until(pilot, lambda app=app: "stopped; space goes on: 1 sentence to check" in grid(app))
            session.checks.gate.set()
            await pilot.press("space")
            await wait_until(pilot, lambda app=app: "finding 1 of 3" in grid(app))
            check(app, f"check-{name}")
            await pilot.press("n")
            await wait_until(pilot, lambda app=app: "finding 2 of 3" in grid(app))
            await pilot.press("enter")
            await wait_until(pilot, lambda app=app: "the sources say nothing near" in grid(app))
            await pilot.press("n", "n")
            await wait_until(pilot, lambda app=app: "finding 1 of 3" in grid(app))
            await pilot.press("N")
            await wait_until(pilot, lambda app=app: "lacking   Lisbon" in grid(app))
            await pilot.press("f")
            await wait_until(pilot, lambda app=app: "supported" not in grid(app).split("against what")[0])
            await pilot.press("home", "enter")
            await wait_until(pilot, lambda app=app: "quote 1 of 2" in grid(app))
            await pilot.press("escape", "y", "w")
            await wait_until(pilot, lambda app=app: isinstance(app.screen, AskFor))
            assert "the text says EUR 9,500, the source EUR 9,800" in app.clipboard
            await pilot.press("enter")
            await wait_until(pilot, lambda app=app: "written to" in grid(app))
            report = next(Path().glob("*-check.md"))
            assert "the text says **EUR 9,500**" in report.read_text()
            report.unlink()
            await pilot.press("f1")
            await wait_until(pilot, lambda app=app: "walk from finding to" in grid(app))
            await pilot.press("escape", "q")
            await wait_until(pilot, lambda app=app: app.chat.said[-1].endswith("5 of 5 sentences"))


@piloted
async def test_two_documents_are_compared_and_both_pages_open() -> None:
    for name, size in (("120x36", WIDE), ("80x24", NARROW)):
        session = lease()
        async with running(session, size) as (app, pilot):
            await ask(pilot, "/compare @lease amend-2021.pdf --source leases")
            await wait_until(pilot, lambda app=app: isinstance(app.screen, ComparisonScreen) and "1 of 2" in grid(app))
            assert session.checks.asked == [("lease-2019.pdf amend-2021.pdf", "leases")]
            check(app, f"comparison-{name}")
            await pilot.press("down", "enter")
            await wait_until(pilot, lambda app=app: isinstance(app.screen, SourcePage) and "quote 1 of 2" in grid(app))
            assert session.calls[-1] == "page lease-2019.pdf 13 13"
            await pilot.press("n")
            await wait_until(pilot, lambda app=app: "quote 2 of 2" in grid(app))
            await pilot.press("escape", "y", "w")
            await wait_until(pilot, lambda app=app: isinstance(app.screen, AskFor))
            assert "1 January 2021 in the first, 1 March 2022 in the second" in app.clipboard
            await pilot.press("enter")
            await wait_until(pilot, lambda app=app: "written to" in grid(app))
            assert "date 1 January 2021 → 1 March 2022" in Path("lease-2019-amend-2021.md").read_text()
            await pilot.press("f1")
            await wait_until(pilot, lambda app=app: "What two documents state differently" in grid(app))
            await pilot.press("escape", "q")
            assert not isinstance(app.screen, ComparisonScreen)


@piloted
async def test_what_cannot_be_compared_is_said() -> None:
    session = lease()
    session.checks.changed = ()
    async with running(session) as (app, pilot):
        await ask(pilot, "/compare lease-2019.pdf")
        await wait_until(pilot, lambda: "Name the two documents to compare." in grid(app))
        session.checks.fault = UsageError("Both names are the same document.", "Name two documents.")
        await ask(pilot, "/compare notes.md notes.md")
        await wait_until(pilot, lambda: "Both names are the same document." in grid(app))
        session.checks.fault = None
        await ask(pilot, "/compare notes.md lease-2019.pdf")
        await wait_until(pilot, lambda: "no fact is stated differently" in grid(app))
        await pilot.press("enter", "y")
        assert isinstance(app.screen, ComparisonScreen)


@piloted
async def test_what_cannot_be_done_is_said_where_one_looks() -> None:
    session = lease()
    async with running(session) as (app, pilot):
        for command, said in (
            ("/table questions.txt", "There is no file at questions.txt."),
            ("/check drafts/report.md", "There is no file at drafts/report.md."),
        ):
            app.controller.run_command(command)
            await wait_until(pilot, lambda said=said: said in grid(app))
        session.checks.fault = UsageError("There is no sentence in the text.", "Give a text with sentences to check.")
        await opened(app, pilot, "/check nothing", TextCheckScreen)
        await wait_until(pilot, lambda: "There is no sentence in the text. Give a text" in grid(app))


@piloted
async def test_files_texts_and_sources() -> None:
    Path("my questions.txt").write_text("What is the rent?\nWho signed?\n")
    session = lease()
    async with running(session) as (app, pilot):
        await opened(app, pilot, '/table "my questions.txt" --source leases', AnswerTableScreen)
        assert session.question_tables.asked == ["What is the rent?\nWho signed?\n"]
        await pilot.press("escape")
        Path("draft.md").write_text("x")
        await opened(app, pilot, "/check draft.md --source 'old leases'", TextCheckScreen)
        await wait_until(pilot, lambda: session.checks.asked == [(session.checks.text, "old leases")])


def test_which_source_a_table_is_about() -> None:
    def source(name: str, attached: bool) -> SourceInfo:
        return SourceInfo(name, 1, 1, 1, 1, attached, "")

    assert one_source([source("a", False), source("b", True)], "") == "b"
    assert one_source([source("a", False), source("b", True)], "a") == "a"
    assert one_source([source("a", False)], "") == "a"
    with pytest.raises(UsageError, match="Which source"):
        one_source([source("a", False), source("b", False)], "")
    with pytest.raises(UsageError, match="no document"):
        one_source([], "")


@pytest.mark.nightly
@piloted
async def test_a_table_of_thousands_of_rows_draws_a_screenful() -> None:
    session: FakeSession = lease()
    session.question_tables.cells = [
        Cell(f"d{row:05}.pdf", name, "found", f"value {row}", verified=True)
        for row in range(5_000)
        for name in ("rent", "signer")
    ]
    session.question_tables.known = {(cell.document, cell.column) for cell in session.question_tables.cells}
    async with running(session) as (app, pilot):
        await opened(app, pilot, "/table What is the annual rent?", AnswerTableScreen)
        await wait_until(pilot, lambda: "all 10,000 cells are known" in grid(app))
        screen = app.screen
        assert isinstance(screen, AnswerTableScreen)
        await pilot.press("end")
        assert "d04999.pdf" in grid(app)
        assert len(screen.grid.rows(100)) <= 36
