"""What keys do: typing, history, stopping, searching, opening sources, zooming and jumping."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from textual.pilot import Pilot

from tests.support.fake_session import FakeSession, Gate
from tests.support.grid import grid
from tests.support.lease import EARLIER, QUESTION, REPLY, lease
from tests.support.pilot import NARROW, WIDE, ask, piloted, running, wait_until
from workbench.api.events import (
    AnswerDelta,
    AnswerDone,
    Evicted,
    FunctionCalled,
    FunctionReturned,
    QuestionAsked,
    StepStarted,
    Yielded,
)
from workbench.api.session import AgentInfo
from workbench.tui.app import WorkbenchApp
from workbench.tui.panes.archive import HitList
from workbench.tui.panes.chat import LIVE_BLOCKS
from workbench.tui.panes.prompt import PromptArea
from workbench.tui.screens.jump import Jump
from workbench.tui.screens.source_page import SourcePage
from workbench.tui.screens.xray import SegmentList, XRay
from workbench.tui.widgets.exchange import ExchangeBlock
from workbench.tui.widgets.scrollback import KEPT_MESSAGES, Scrollback


@piloted
async def test_enter_sends_what_was_typed_before_it_and_nothing_else() -> None:
    """Keys arrive faster than the app works: none of them may change sides."""
    session = lease()
    session.open_all()
    async with running(session) as (app, pilot):
        await pilot.press(*"first", "ctrl+j", *"line two", "enter", *"next")
        await wait_until(pilot, lambda: session.asked)
        assert session.asked == ["first\nline two"]
        assert app.prompt.area.text == "next"


@piloted
async def test_up_recalls_questions_and_keeps_the_draft() -> None:
    session = lease()
    session.past = EARLIER
    session.open_all()
    async with running(session) as (app, pilot):
        await ask(pilot, "one")
        await wait_until(pilot, lambda: session.asked == ["one"] and not app.controller.work.asking)
        await pilot.press(*"dra")
        await pilot.press("up")
        assert app.prompt.area.text == "one"
        await pilot.press("up")
        assert app.prompt.area.text == "Which leases end before 2024?"
        await pilot.press("down", "down")
        assert app.prompt.area.text == "dra"


@piloted
async def test_escape_stops_after_the_step_and_a_second_one_now() -> None:
    session = lease()
    async with running(session) as (app, pilot):
        await ask(pilot, QUESTION)
        await wait_until(pilot, lambda: "5 hits" in grid(app))
        await pilot.press("escape")
        await wait_until(pilot, lambda: "stopped by you" in grid(app) and "ready" in grid(app))
        assert session.calls.count("stop") == 1


@piloted
async def test_escape_stops_the_answer_before_the_load() -> None:
    """With both running the answer goes first; with none, the load."""
    session = lease()
    session.script = [Gate("never")]
    async with running(session, load=(Path("leases"),)) as (app, pilot):
        await wait_until(pilot, lambda: app.controller.work.loading)
        await ask(pilot, QUESTION)
        await wait_until(pilot, lambda: session.busy)
        await pilot.press("escape")
        await wait_until(pilot, lambda: not app.controller.work.asking)
        assert app.controller.work.loading
        assert "stop_load" not in session.calls
        await pilot.press("escape")
        await wait_until(pilot, lambda: not app.controller.work.loading)
        assert "stop_load" in session.calls


@asynccontextmanager
async def asked_while_loading() -> AsyncIterator[tuple[FakeSession, WorkbenchApp, Pilot[int]]]:
    """A question that was sent before a load has brought its first document."""
    session = lease(attached=False)
    session.script = REPLY
    session.open("answered")
    async with running(session, load=(Path("leases"),)) as (app, pilot):
        await wait_until(pilot, lambda: "118/190" in grid(app))
        await ask(pilot, QUESTION)
        await wait_until(pilot, lambda: "asked as soon as the first document is there" in grid(app))
        yield session, app, pilot


@piloted
async def test_a_question_can_be_asked_while_documents_load() -> None:
    async with asked_while_loading() as (session, app, pilot):
        assert not session.asked, "no document could answer it yet"
        session.shelf = lease().shelf
        await wait_until(pilot, lambda: "[1] ● lease" in grid(app))
        assert app.controller.work.loading
        session.open("loaded")
        await wait_until(pilot, lambda: "loaded leases: 3 documents · 41 pages · 412 passages" in grid(app))
        assert "118/190" not in grid(app)


@piloted
async def test_a_question_that_waits_for_documents_is_asked_when_none_came() -> None:
    """A load that fails must not swallow the question."""
    async with asked_while_loading() as (session, app, pilot):
        app.controller.stop()
        await wait_until(pilot, lambda: session.asked == [QUESTION])


@piloted
async def test_a_question_sent_during_an_answer_waits_its_turn() -> None:
    session = lease()
    session.script = [*REPLY]
    async with running(session) as (app, pilot):
        await ask(pilot, "one")
        await wait_until(pilot, lambda: session.busy)
        await ask(pilot, "two")
        await wait_until(pilot, lambda: "next: two" in grid(app))
        assert session.asked == ["one"]
        session.open("answered")
        await wait_until(pilot, lambda: session.asked == ["one", "two"])


@piloted
async def test_user_search_pages_and_opens_the_source() -> None:
    """f3 asks, the archive marks the page as the user's, ] reads the next page, enter opens the source."""
    session = lease()
    async with running(session) as (app, pilot):
        await pilot.press("f3", *"rent review", "enter")
        await wait_until(pilot, lambda: "yours" in grid(app))
        assert '"rent review"' in grid(app)
        assert "page 1/8 · 1–5 of 37 · ] next" in grid(app)
        await pilot.press("ctrl+o", "a")
        await wait_until(pilot, lambda: isinstance(app.focused, HitList))
        await pilot.press("]")
        await wait_until(pilot, lambda: "page 2/8 · 6–10 of 37 · ] next [ prev" in grid(app))
        assert session.calls[-1] == "search rent review 2"
        calls = len(session.calls)
        await pilot.press("[")
        await wait_until(pilot, lambda: "page 1/8" in grid(app))
        assert len(session.calls) == calls, "a page that was read is not searched again"
        await pilot.press("down", "enter")
        await wait_until(pilot, lambda: isinstance(app.screen, SourcePage))
        assert session.calls[-1] == "page amend-2021.pdf 3 3"
        await wait_until(pilot, lambda: "The marked passage stands here." in grid(app))
        await pilot.press("]")
        await wait_until(pilot, lambda: "amend-2021.pdf · page 4 of 20" in grid(app))
        await pilot.press("escape")
        assert not isinstance(app.screen, SourcePage)


@piloted
async def test_a_page_the_agent_read_is_shown_without_a_search() -> None:
    session = lease()
    session.open_all()
    async with running(session) as (app, pilot):
        await ask(pilot, QUESTION)
        await wait_until(pilot, lambda: "[2] ●" in grid(app))
        await pilot.press("ctrl+o", "a")
        await wait_until(pilot, lambda: isinstance(app.focused, HitList))
        assert "yours" not in grid(app)
        await pilot.press("left")
        await wait_until(pilot, lambda: "page 1/4 · 1–5 of 18" in grid(app))
        assert not any(call.startswith("search") for call in session.calls)


@piloted
async def test_citations_open_their_page() -> None:
    session = lease()
    session.open_all()
    async with running(session) as (app, pilot):
        await ask(pilot, QUESTION)
        await wait_until(pilot, lambda: "[2] ●" in grid(app) and "ready" in grid(app))
        app.chat.query("ExchangeBlock").last().focus()
        await pilot.press(*["down"] * 5, "enter")
        await wait_until(pilot, lambda: isinstance(app.screen, SourcePage))
        assert session.calls[-1] == "page amend-2021.pdf 3 3"


@piloted
async def test_space_expands_a_step() -> None:
    session = lease()
    session.open_all()
    async with running(session) as (app, pilot):
        await ask(pilot, QUESTION)
        await wait_until(pilot, lambda: "[2] ●" in grid(app) and "ready" in grid(app))
        assert "archival_memory_search(query)" not in grid(app)
        app.chat.query("ExchangeBlock").last().focus()
        await wait_until(pilot, lambda: "space unfolds" in grid(app))
        await pilot.press("space")
        await wait_until(pilot, lambda: "space unfolds" not in grid(app))
        await pilot.press("space")
        await wait_until(pilot, lambda: "archival_memory_search(query)" in grid(app))
        await pilot.press("space")
        await wait_until(pilot, lambda: "archival_memory_search(query)" not in grid(app))


@piloted
async def test_the_row_of_evicted_messages_pages_them_in() -> None:
    session = lease()
    session.past = EARLIER
    session.open_all()
    async with running(session) as (app, pilot):
        await ask(pilot, QUESTION)
        await wait_until(pilot, lambda: "▸ 14 earlier messages · evicted to recall" in grid(app))
        await wait_until(pilot, lambda: not app.controller.work.asking)
        assert "Two of them do" not in grid(app)
        app.chat.query("FoldBlock").first().focus()
        await pilot.press("enter")
        await wait_until(pilot, lambda: "Two of them do" in grid(app))
        await pilot.press("enter")
        await wait_until(pilot, lambda: "Two of them do" not in grid(app))


@piloted
async def test_what_was_said_in_this_session_stays_to_be_read_when_it_is_evicted() -> None:
    """Dim and marked, also where it has no widget of its own any more; only what is far back folds."""
    session = lease()
    session.past = EARLIER
    async with running(session) as (app, pilot):
        for number in range(20):
            for event in (
                QuestionAsked(text=f"question {number}?"),
                StepStarted(step=number + 1),
                AnswerDone(step=number + 1, text=f"answer {number}."),
                Evicted(step=number + 1, messages=1),
                Yielded(),
            ):
                app.controller.bridge.draw(event)
        await pilot.pause()
        app.chat.scroll_home(animate=False)
        await wait_until(pilot, lambda: "answer 0." in grid(app))
        assert len(app.chat.query("ExchangeBlock")) <= LIVE_BLOCKS, "more would make every change of the focus slow"
        assert "earlier messages · evicted to recall" in grid(app), "what is from before this session folds"
        assert "Two of them do" not in grid(app)
        texts = [row.content.plain for row in app.chat.query_one(Scrollback).laid_out(70)]
        assert [text for text in texts if "evicted to recall" in text]
        for _ in range(KEPT_MESSAGES):
            app.chat.begin("more?")
            app.chat.ensure().messages += 1
        await wait_until(pilot, lambda: "answer 0." not in grid(app))
        assert app.chat.query_one(Scrollback).messages <= KEPT_MESSAGES


@piloted
async def test_zoom_shows_one_pane_and_escape_leaves_it_without_stopping() -> None:
    session = lease()
    async with running(session) as (app, pilot):
        await ask(pilot, QUESTION)
        await wait_until(pilot, lambda: "5 hits" in grid(app))
        await pilot.press("ctrl+o", "a")
        await wait_until(pilot, lambda: isinstance(app.focused, HitList))
        await pilot.press("f10")
        await wait_until(pilot, lambda: not app.chat.region.area)
        assert app.archive.size.width > 110
        assert app.prompt.region.area, "the prompt stays"
        await pilot.press("escape")
        await wait_until(pilot, lambda: app.chat.region.area)
        assert "stop" not in session.calls
        await pilot.press("z")
        await wait_until(pilot, lambda: not app.chat.region.area)


@piloted
async def test_narrow_and_back_keeps_everything() -> None:
    """Resizing moves the same panes; what is typed and where the focus is stay."""
    session = lease()
    session.open_all()
    async with running(session) as (app, pilot):
        await ask(pilot, QUESTION)
        await wait_until(pilot, lambda: "[2] ●" in grid(app) and "ready" in grid(app))
        await pilot.press(*"half a question")
        before = grid(app)
        await pilot.resize_terminal(*NARROW)
        await wait_until(pilot, lambda: app.tabs.region.area and not app.archive.region.area)
        assert "half a question" in grid(app)
        assert isinstance(app.focused, PromptArea)
        await pilot.resize_terminal(*WIDE)
        await wait_until(pilot, lambda: app.archive.region.area)
        await wait_until(pilot, lambda: grid(app) == before)


@piloted
async def test_xray_lists_segments_and_goes_through_steps() -> None:
    session = lease()
    session.open_all()
    async with running(session) as (app, pilot):
        await ask(pilot, QUESTION)
        await wait_until(pilot, lambda: "[2] ●" in grid(app) and not app.controller.work.asking)
        await pilot.press("f5")
        await wait_until(pilot, lambda: isinstance(app.screen, XRay))
        await wait_until(pilot, lambda: "next prompt · 5,800/7,168 tokens · 1,024 reserved" in grid(app))
        assert isinstance(app.focused, SegmentList)
        await pilot.press("down", "down")
        await wait_until(pilot, lambda: "The text of working_context." in grid(app))
        await pilot.press("[")
        await wait_until(pilot, lambda: "Context · step 3" in grid(app))
        await pilot.press("[")
        await wait_until(pilot, lambda: "Context · step 2" in grid(app))
        await pilot.press("]")
        await wait_until(pilot, lambda: "Context · step 3" in grid(app))
        await pilot.press("]")
        await wait_until(pilot, lambda: "Context · next prompt" in grid(app))


@piloted
async def test_help_is_about_the_focused_pane() -> None:
    async with running(lease()) as (app, pilot):
        await pilot.press("f1")
        await wait_until(pilot, lambda: "Help · Ask" in grid(app))
        await pilot.press("escape", "ctrl+o", "t")
        await wait_until(pilot, lambda: app.focused is app.trace)
        await pilot.press("f1")
        await wait_until(pilot, lambda: "Help · Trace" in grid(app) and "One bar a step" in grid(app))


@piloted
async def test_the_letters_of_the_jump_stand_apart_from_the_names_of_the_tabs() -> None:
    async with running(lease(), NARROW) as (app, pilot):
        await pilot.press("ctrl+o")
        await wait_until(pilot, lambda: isinstance(app.screen, Jump))
        letters = [letter for letter in app.screen.query(".jump-letter") if letter.region.y == app.tabs.region.y]
        assert len(letters) == 4, "one on each tab that is not shown"
        line = grid(app).split("\n")[app.tabs.region.y]
        assert line.split() == ["Chat", "Memory", "Archive", "Trace", "Library"]
        assert [line[letter.region.x] for letter in letters] == ["M", "A", "T", "L"]


@piloted
async def test_keys_without_room_are_left_out_whole_and_the_way_out_stays() -> None:
    session = lease()
    session.open_all()
    async with running(session, NARROW) as (app, pilot):
        await ask(pilot, QUESTION)
        await wait_until(pilot, lambda: app.chat.citations and not app.controller.work.asking)
        await pilot.press("1")
        await wait_until(pilot, lambda: isinstance(app.screen, SourcePage) and "esc close" in grid(app))
        assert "v picture" in grid(app)
        await pilot.resize_terminal(50, 24)
        await wait_until(pilot, lambda: app.size.width == 50)
        shown = grid(app)
        assert "esc close" in shown
        frame = next(line for line in shown.split("\n") if "esc close" in line)
        assert "…" not in frame


@piloted
async def test_adding_documents_completes_paths() -> None:
    folder = Path(__file__).parents[1] / "support"
    session = lease()
    async with running(session) as (app, pilot):
        await pilot.press("f2", *f"{folder}/lea", "tab")
        await wait_until(pilot, lambda: "lease.py" in grid(app))
        await pilot.press("enter")
        await wait_until(pilot, lambda: any(call == f"load {folder}/lease.py" for call in session.calls))
        session.open("loaded")
        await wait_until(pilot, lambda: "loaded leases" in grid(app))


@piloted
async def test_a_restarted_app_shows_the_conversation() -> None:
    """Everything durable is drawn again: steps, answers, and many old exchanges as one row."""
    session = lease()
    session.past = EARLIER * 30
    async with running(session) as (app, pilot):
        await wait_until(pilot, lambda: "Two of them do" in grid(app))
        assert len(app.chat.query("ExchangeBlock")) <= 12
        assert app.chat.query("FoldBlock").first().display
        app.chat.focus()
        await pilot.press("home")
        await wait_until(pilot, lambda: "▸ 72 earlier messages · folded" in grid(app))


@piloted
async def test_quitting_stops_all_work_first() -> None:
    session = lease()
    async with running(session, load=(Path("leases"),)) as (app, pilot):
        await ask(pilot, QUESTION)
        await wait_until(pilot, lambda: session.busy and app.controller.work.loading)
        await pilot.press("ctrl+q")
        await wait_until(pilot, lambda: session.calls.count("stop") >= 2 and "stop_load" in session.calls)
        assert app.return_code == 0


@piloted
async def test_an_answer_that_was_sent_back_is_not_shown_as_the_answer() -> None:
    """The model's first message was refused; its streamed text goes, the failed call stays, the second one is shown."""
    session = lease()
    session.script = [
        StepStarted(step=1, limit=50),
        AnswerDelta(text="A first try."),
        FunctionCalled(step=1, call="a", function="send_message", arguments={"message": "A first try."}),
        FunctionReturned(step=1, call="a", function="send_message", ok=False, summary="that quote is on no page"),
        StepStarted(step=2, limit=50),
        AnswerDelta(text="A second"),
        AnswerDelta(text=" one."),
        AnswerDone(text="A second one."),
    ]
    async with running(session) as (app, pilot):
        await ask(pilot, QUESTION)
        await wait_until(pilot, lambda: "A second one." in grid(app) and not app.controller.work.asking)
        assert "1 call failed" in grid(app)
        app.chat.query_one(ExchangeBlock).focus()
        await pilot.press("space")
        await wait_until(pilot, lambda: "that quote is on no page" in grid(app))
        exchange = app.chat.exchange
        assert exchange is not None
        assert exchange.answer == "A second one."


@piloted
async def test_a_digit_opens_that_citation_while_nothing_is_typed() -> None:
    """From the answer to its evidence in one key; with something typed, and without such a citation, it is a digit."""
    session = lease()
    session.open_all()
    async with running(session) as (app, pilot):
        await ask(pilot, QUESTION)
        await wait_until(pilot, lambda: "[2] ●" in grid(app) and "ready" in grid(app))
        await pilot.press("2")
        await wait_until(pilot, lambda: isinstance(app.screen, SourcePage))
        assert "page amend-2021.pdf 3 3" in session.calls
        assert "quote 2 of 2" in grid(app)
        await pilot.press("n")
        await wait_until(pilot, lambda: "page lease-2019.pdf 12 None" in session.calls)
        await wait_until(pilot, lambda: "quote 1 of 2" in grid(app))
        await pilot.press("escape", "7", "1")
        await wait_until(pilot, lambda: app.prompt.area.text == "71")


@piloted
async def test_steps_fold_when_the_answer_is_there_and_space_unfolds_them() -> None:
    session = lease()
    session.open_all()
    async with running(session) as (app, pilot):
        await ask(pilot, QUESTION)
        await wait_until(pilot, lambda: "3 steps · 2 searches · 10 passages read" in grid(app) and "ready" in grid(app))
        assert "lease amendment 2021" not in grid(app).split("Archive")[0]
        app.chat.query_one(ExchangeBlock).focus()
        await pilot.press("space")
        await wait_until(pilot, lambda: '⌕ archive  "lease amendment 2021"' in grid(app))


@piloted
async def test_a_waiting_question_survives_both_ways_of_stopping() -> None:
    """After one esc it is asked next; after a second one, which cancels, it is in the prompt again."""
    for presses, asked in ((1, ["one", "two"]), (2, ["one"])):
        session = lease()
        session.script = [Gate("never")] if presses == 1 else [StepStarted(step=1), Gate("never")]
        async with running(session) as (app, pilot):
            await ask(pilot, "one")
            await wait_until(pilot, lambda session=session: session.busy)
            await ask(pilot, "two")
            await wait_until(pilot, lambda app=app: app.controller.work.waiting == ("two",))
            for _ in range(presses):
                app.controller.stop()
            if presses == 1:
                await wait_until(pilot, lambda session=session, asked=asked: session.asked == asked)
            else:
                await wait_until(pilot, lambda app=app: app.prompt.area.text == "two")
                assert session.asked == asked


@piloted
async def test_two_slashes_begin_and_end_a_question_of_several_lines() -> None:
    session = lease()
    session.open_all()
    async with running(session) as (app, pilot):
        await pilot.press("slash", "slash", "enter")
        await wait_until(pilot, lambda: "// on a line of its own sends" in grid(app))
        await pilot.press(*"ab", "enter", *"cd", "enter", "slash", "slash", "enter")
        await wait_until(pilot, lambda: session.asked == ["ab\ncd"])
        await wait_until(pilot, lambda: "enter send" in grid(app))


@piloted
async def test_a_question_that_was_cut_off_says_so_and_how_to_ask_it_again() -> None:
    """After kill -9 the history ends with a question and steps without an answer."""
    session = lease()
    session.past = [QuestionAsked(text="Who signed it?"), StepStarted(step=61, limit=50)]
    async with running(session) as (app, _pilot):
        assert "interrupted before it was answered · /retry asks it again" in grid(app)
        assert "  0%" not in grid(app)


@piloted
async def test_agents_are_listed_and_switched_with_ctrl_t() -> None:
    session = lease()
    others = [
        AgentInfo(name, "gpt-4o", 8_192, 3, 9, (), "", f"2026-01-0{day}T00:00")
        for day, name in ((1, "main"), (2, "old"))
    ]
    session.agents = lambda: others  # type: ignore[method-assign]
    async with running(session) as (app, pilot):
        await pilot.press("ctrl+t")
        await wait_until(pilot, lambda: "3 steps · gpt-4o 8,192" in grid(app))
        await pilot.press(*"main", "enter")
        await wait_until(pilot, lambda: session.agent == "main" and "agent main" in grid(app))
