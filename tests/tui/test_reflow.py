"""Lines that a PDF broke for its paper are joined for reading; tables, lists and headings stay, and so does every letter that is marked."""

from __future__ import annotations

import pytest

from tests.support.grid import grid
from tests.support.lease import lease
from tests.support.pilot import NARROW, piloted, running, wait_until
from workbench.api.session import PageView
from workbench.tui.app import WorkbenchApp
from workbench.tui.screens.source_page import SourcePage
from workbench.tui.widgets.reflow import flowed

PROSE = (
    "The annual rent shall be reviewed on the first day of March in the year 2022 and on every second\n"
    "anniversary of that date, upwards or downwards, by reference to the index of retail prices that the\n"
    "office of statistics publishes for the month before the review.\n"
)
TABLE = (
    "For the years ended December 31 of the company and of its subsidiaries, in thousands 2022 2021\n"
    "Total revenue from the leases of land and of buildings, net of all reductions that were made 1,284 1,190\n"
    "Cost of the leases, with the wages of those who look after the land and after the buildings (310) (299)\n"
)


def lines(text: str, width: int) -> list[str]:
    return flowed(text, width).text.split("\n")


def test_a_paragraph_that_is_too_wide_becomes_one_line() -> None:
    assert lines(PROSE, 74) == [" ".join(PROSE.split()), ""]


def test_a_paragraph_that_fits_keeps_its_lines() -> None:
    assert flowed(PROSE, 110).text == PROSE


@pytest.mark.parametrize(
    "rest",
    [
        TABLE,
        "(a) the landlord, who lets the house with all that is in it and the garden behind it to the tenant;\n(b) the tenant.\n",
        "| Name | What it is, in as many words as it takes to be wider than the window that shows it here |\n| a | b |\n",
        "    for name in names_of_all_documents_that_were_loaded_into_the_archive_of_this_workbench_today:\n    print(name)\n",
        "4.2 Rent review .......................................................................... 12\n4.3 Repairs ..... 13\n",
    ],
    ids=["table", "list", "pipes", "code", "contents"],
)
def test_what_is_no_running_text_keeps_its_lines(rest: str) -> None:
    assert lines(PROSE + rest, 74)[1:] == rest.split("\n")


def test_a_heading_and_the_next_paragraph_are_not_joined() -> None:
    shown = lines("RENT REVIEW\n" + PROSE + PROSE, 74)
    assert shown == ["RENT REVIEW", " ".join(PROSE.split()), " ".join(PROSE.split()), ""]


def test_a_hyphen_at_the_end_of_a_line_takes_no_blank() -> None:
    text = PROSE.replace("second\nanniversary", "sec-\nond anniversary").replace(
        "retail prices that the", "prices that the"
    )
    assert "every sec-ond anniversary" in flowed(text, 74).text


@pytest.mark.parametrize(
    "words", ["every second\nanniversary of", "2022", "publishes for the month", "The annual rent"]
)
def test_what_is_marked_stays_marked(words: str) -> None:
    text = "RENT REVIEW\n\n" + PROSE + TABLE
    start = text.index(words)
    for width in (20, 74, 200):
        shown = flowed(text, width, start, start + len(words))
        assert shown.text[shown.start : shown.end].split() == words.split()


def test_every_letter_stays() -> None:
    for width in (10, 40, 74, 98):
        assert flowed(PROSE + TABLE, width).text.split() == (PROSE + TABLE).split()


def boxed(app: WorkbenchApp) -> list[str]:
    """What stands between the frames of the screen."""
    return [part.strip() for row in grid(app).split("\n") for part in row.split("│")]


@piloted
async def test_the_page_is_read_in_paragraphs_and_l_shows_its_lines() -> None:
    text = PROSE + TABLE
    start = text.index("every second\nanniversary")
    async with running(lease(), NARROW) as (app, pilot):
        page = PageView("lease.pdf", 1, 1, None, text, start, start + 25)
        app.push_screen(SourcePage(page, lambda *_: None))
        await wait_until(pilot, lambda: "every second anniversary" in " ".join(grid(app).replace("│", " ").split()))
        assert "year 2022 and on every second" not in boxed(app), "a stub of a line"
        await pilot.press("l")
        await wait_until(pilot, lambda: "year 2022 and on every second" in boxed(app))
        await pilot.press("l", "slash", *"index of retail prices that the office", "enter")
        await wait_until(pilot, lambda: "match 1 of 1" in grid(app))


def test_a_wider_line_elsewhere_on_the_page_is_not_the_width_of_its_paper() -> None:
    heading = (
        "A heading over both columns of the page that is as wide as the whole sheet is, and wider than any line of the text below it "
        * 2
    )
    shown = lines(f"{heading.strip()}\n\n\n\n{PROSE}", 74)
    assert shown[4] == " ".join(PROSE.split())
