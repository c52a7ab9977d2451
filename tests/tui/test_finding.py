"""Finding on the screen: options behind a query, how a score came about, what belongs to a hit, and a sweep with its meter."""

from __future__ import annotations

import json
from dataclasses import replace

from tests.support.fake_session import FakeSession, hit
from tests.support.grid import grid
from tests.support.pilot import NARROW, piloted, running, wait_until
from workbench.api.events import AnswerDone, FunctionCalled, FunctionReturned, PageRead, Yielded
from workbench.api.results import Explanation
from workbench.api.search import SearchOptions

WHY = Explanation(
    "meaning", 3, 0.71, 1, 12.3, 15.1, 0.75, 0.5, 0.42, 17, rerank=0.91, rerank_from=4
)  # fmt: skip
HITS = (
    replace(hit(1, "lease-2019.pdf", 12, 1.67), why=WHY, linked=3),
    replace(hit(2, "amend-2021.pdf", 3, 0.81), span=(0, 8)),
)
PAGE = PageRead(query="rent", page=1, pages=8, first=1, last=2, total=37, hits=HITS, origin="user")


def session() -> FakeSession:
    return FakeSession(results=PAGE)


@piloted
async def test_x_says_how_a_score_came_about() -> None:
    await explained(NARROW)


async def explained(size: tuple[int, int]) -> None:
    async with running(session(), size) as (app, pilot):
        app.controller.start_search("rent")
        await wait_until(pilot, lambda: app.archive.shown)
        app.arrangement.show("archive")
        app.archive.goal().focus()
        await pilot.press("x")
        await wait_until(pilot, lambda: "like the query, number 3" in grid(app))
        shown = grid(app)
        assert "12.30 where the best has 15.10" in shown
        assert "3 linked passages" in shown
        await pilot.press("down")
        await wait_until(pilot, lambda: "does not say how" in grid(app))
        await pilot.press("x")
        await wait_until(pilot, lambda: "does not say how" not in grid(app))
        assert "The text" in grid(app)


@piloted
async def test_f_lists_what_belongs_to_a_hit_and_pages_on() -> None:
    fake = session()
    async with running(fake) as (app, pilot):
        app.controller.start_search("rent")
        await wait_until(pilot, lambda: app.archive.shown)
        app.archive.goal().focus()
        await pilot.press("down", "f")
        await wait_until(pilot, lambda: app.archive.shown.function == "archival_follow")
        assert fake.calls[-1] == "follow 2 1"
        assert "linked" in grid(app)
        await pilot.press("right_square_bracket")
        await wait_until(pilot, lambda: app.archive.shown.page == 2)
        assert fake.calls[-1] == "follow 2 2"
        await pilot.press("left_square_bracket")
        await wait_until(pilot, lambda: app.archive.shown.page == 1)
        assert fake.calls[-1] == "follow 2 2"  # the page that was read is shown again


@piloted
async def test_options_behind_a_query_hold_on_every_page() -> None:
    fake = session()
    async with running(fake) as (app, pilot):
        app.controller.run_command("/search rent review --document lease.pdf --pages 3-9")
        await wait_until(pilot, lambda: app.archive.shown)
        assert fake.calls[-1] == "find rent review 1 --document lease.pdf --pages 3-9"
        app.archive.goal().focus()
        await pilot.press("right_square_bracket")
        await wait_until(pilot, lambda: app.archive.shown.page == 2)
        assert fake.calls[-1].startswith("find rent review 2 --document lease.pdf")
        app.controller.run_command("/search rent --pages")
        await wait_until(pilot, lambda: "--pages needs a value" in grid(app))


@piloted
async def test_follow_by_handle() -> None:
    fake = session()
    async with running(fake) as (app, pilot):
        app.controller.run_command("/follow #a7")
        await wait_until(pilot, lambda: "follow 7 1" in fake.calls)
        app.controller.run_command("/follow #zz")
        await wait_until(pilot, lambda: "There is no passage" in grid(app))
        app.controller.run_command("/follow")
        await wait_until(pilot, lambda: "Follow which passage" in grid(app))


@piloted
async def test_a_sweep_shows_its_forecast_its_meter_and_its_end() -> None:
    for stopped in (False, True):
        await swept(stopped)


async def swept(stopped: bool) -> None:
    fake = session()
    fake.gate("sweep")
    async with running(fake) as (app, pilot):
        app.controller.run_command("/sweep rent --document lease.pdf")
        await wait_until(pilot, lambda: "about 50 of 90 pages will be read" in grid(app))
        await wait_until(pilot, lambda: "read 10/90 pages" in grid(app))
        assert "esc ends" in grid(app)
        app.controller.run_command("/sweep rent")
        await wait_until(pilot, lambda: "A sweep is running" in grid(app))
        if stopped:
            await pilot.press("escape")
        else:
            fake.open("sweep")
        await wait_until(pilot, lambda: app.archive.shown is not None)
        assert f"read {10 if stopped else 50} of 90 pages, 3 found" in grid(app)
        assert app.archive.shown.function == "archival_sweep"
        assert ("end sweep" in fake.calls) == stopped
        await wait_until(pilot, lambda: not app.controller.work.sweeping)
        app.archive.goal().focus()
        await pilot.press("right_square_bracket")
        await wait_until(pilot, lambda: app.archive.shown.page == 2)
        fake.open("sweep")


@piloted
async def test_the_state_of_an_answer_and_its_lines_without_a_quote() -> None:
    answer = AnswerDone(
        text="The rent is five marks.\n\nIt was signed in spring.",
        state="not grounded",
        unquoted=(1, 3),
        notes=("asked once",),
    )
    fake = FakeSession(script=(answer, Yielded()))
    async with running(fake) as (app, pilot):
        app.controller.ask("What is the rent?")
        await wait_until(pilot, lambda: "No verified quote" in grid(app))
        shown = grid(app)
        assert "five marks. [no quote]" in shown
        assert "in spring. [no quote]" in shown
        assert "Not quoted: lines 1, 3." in shown


@piloted
async def test_what_the_model_followed_and_swept_has_its_line_and_its_page() -> None:
    events = (
        FunctionCalled(call="c1", function="archival_follow", arguments={"passage": "#a3"}, step=1),
        FunctionReturned(call="c1", function="archival_follow", summary="#a3", tokens=300, step=1),
        replace(PAGE, query="#a3", function="archival_follow", origin="model", step=1),
        Yielded(),
    )
    fake = FakeSession(script=events, results=PAGE)
    async with running(fake) as (app, pilot):
        app.controller.ask("What is the rent?")
        await wait_until(pilot, lambda: app.archive.shown is not None and "follow" in grid(app))
        assert "#a3" in grid(app)
        app.archive.goal().focus()
        await pilot.press("right_square_bracket")
        await wait_until(pilot, lambda: "follow 3 2" in fake.calls)


def test_the_scope_of_a_page_is_read_back() -> None:
    options = SearchOptions(source="a b", document='x "y".pdf', pages="3-9", since="2021")
    words = "".join(f"{k}={json.dumps(v)}, " for k, v in vars(options).items() if v)
    assert SearchOptions.from_words(words) == options
    assert SearchOptions.from_words("document_page=3, ") == SearchOptions()
