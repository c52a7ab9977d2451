"""The sources of any answer open by keys: of the last one, of those before it, of those that lost their widget, and of earlier sessions."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from tests.support.grid import check, grid
from tests.support.lease import EARLIER, QUESTION, lease
from tests.support.pilot import NARROW, WIDE, ask, piloted, running, wait_until
from workbench.api.events import AnswerDone, Citation, Event, QuestionAsked, StepStarted, Yielded
from workbench.tui.app import WorkbenchApp
from workbench.tui.panes.chat import LIVE_BLOCKS
from workbench.tui.panes.prompt import PromptArea
from workbench.tui.screens.answers import AnswersScreen
from workbench.tui.screens.source_page import SourcePage
from workbench.tui.widgets.exchange import ExchangeBlock
from workbench.tui.widgets.fold import FoldBlock
from workbench.tui.widgets.scrollback import Scrollback


def exchanges(count: int) -> list[Event]:
    """Questions with an answer each, the n-th of which cites pages n and n + 100."""
    events: list[Event] = []
    for at in range(1, count + 1):
        quotes = tuple(
            Citation("lease-2019.pdf", page, None, f"words of {page}", True, f"#a{page}", page)
            for page in (at, at + 100)
        )
        events += [
            QuestionAsked(text=f"question {at}?"),
            StepStarted(step=at, limit=50),
            AnswerDone(step=at, text=f'It says "words of {at}" [#a{at}].', citations=quotes),
            Yielded(step=at),
        ]
    return events


async def closed(app: WorkbenchApp, pilot: Pilot[int]) -> None:
    """Close the page that is open."""
    await pilot.press("escape")
    await wait_until(pilot, lambda: not isinstance(app.screen, SourcePage))


def draw(app: WorkbenchApp, count: int) -> None:
    for event in exchanges(count):
        app.controller.bridge.draw(event)


@pytest.mark.nightly
@piloted
async def test_keys_go_through_all_answers_and_open_their_sources() -> None:
    session = lease()
    count = LIVE_BLOCKS + 8
    async with running(session) as (app, pilot):
        draw(app, count)
        await wait_until(pilot, lambda: "ctrl+up earlier answers" in grid(app))
        await pilot.press("ctrl+up")
        await wait_until(pilot, lambda: isinstance(app.focused, ExchangeBlock))
        for at in range(count, 0, -1):
            await wait_until(pilot, lambda at=at: f"question {at}?" in grid(app))
            if at % 5 == 1:
                await pilot.press("2")
                await wait_until(pilot, lambda: isinstance(app.screen, SourcePage))
                assert session.calls[-1] == f"page lease-2019.pdf {at + 100} {at + 100}"
                await closed(app, pilot)
            await pilot.press("ctrl+up" if at % 2 else "N")
        assert isinstance(app.focused, Scrollback), "before the oldest there is nothing: the focus stays"
        await pilot.press("enter")
        await wait_until(pilot, lambda: isinstance(app.screen, SourcePage))
        assert session.calls[-1] == "page lease-2019.pdf 1 1"
        await closed(app, pilot)
        await pilot.press("down", "space")
        await wait_until(pilot, lambda: session.calls[-1] == "page lease-2019.pdf 101 101")
        await closed(app, pilot)
        for _ in range(count):
            await pilot.press("n")
        assert isinstance(app.focused, PromptArea), "behind the newest comes the prompt"


@piloted
async def test_a_click_opens_a_source_of_an_answer_that_has_no_widget_of_its_own() -> None:
    session = lease()
    async with running(session) as (app, pilot):
        draw(app, LIVE_BLOCKS + 8)
        app.chat.scroll_home(animate=False)
        await wait_until(pilot, lambda: "question 1?" in grid(app))
        back = app.chat.query_one(Scrollback)
        rows = [row.content.plain for row in back.laid_out(back.content_size.width)]
        y = next(at for at, row in enumerate(rows) if "lease-2019.pdf p.2 " in row)
        await pilot.click(back, offset=(rows[y].index("p.2"), y))
        await wait_until(pilot, lambda: isinstance(app.screen, SourcePage))
        assert session.calls[-1] == "page lease-2019.pdf 2 2"


@piloted
async def test_before_the_oldest_answer_is_the_row_of_earlier_messages() -> None:
    session = lease()
    session.past = EARLIER
    session.open_all()
    async with running(session, NARROW) as (app, pilot):
        await ask(pilot, QUESTION)
        await wait_until(pilot, lambda: "14 earlier messages" in grid(app) and not app.controller.work.asking)
        await pilot.press("ctrl+o", "a", "ctrl+up")
        await wait_until(pilot, lambda: isinstance(app.focused, ExchangeBlock) and app.chat.region.area)
        assert "1-9 open sources" in grid(app)
        await pilot.press("ctrl+up")
        await wait_until(pilot, lambda: isinstance(app.focused, FoldBlock))
        await pilot.press("ctrl+down", "ctrl+down")
        await wait_until(pilot, lambda: isinstance(app.focused, PromptArea))


@piloted
async def test_all_answers_are_listed_and_their_sources_open() -> None:
    for name, size in (("120x36", WIDE), ("80x24", NARROW)):
        session = lease()
        session.past = [*EARLIER, *exchanges(2), QuestionAsked(text="And who paid?")]
        async with running(session, size) as (app, pilot):
            await ask(pilot, "/answers")
            await wait_until(pilot, lambda app=app: isinstance(app.screen, AnswersScreen))
            await wait_until(pilot, lambda app=app: "There is no answer to it." in grid(app))
            await pilot.press("1")
            await wait_until(pilot, lambda app=app: "no source 1" in grid(app))
            await pilot.press("up")
            check(app, f"answers-{name}")
            await pilot.press("2")
            await wait_until(pilot, lambda app=app: isinstance(app.screen, SourcePage) and "quote 2 of 2" in grid(app))
            assert session.calls[-1] == "page lease-2019.pdf 102 102"
            await closed(app, pilot)
            await pilot.press("home", "enter")
            await wait_until(pilot, lambda session=session: session.calls[-1] == "page notes.md 2 40")
            await wait_until(pilot, lambda app=app: isinstance(app.screen, SourcePage))
            await closed(app, pilot)
            await pilot.press("y")
            assert app.clipboard.startswith("Two of them do")
            await pilot.press("q")
            assert not isinstance(app.screen, AnswersScreen)
