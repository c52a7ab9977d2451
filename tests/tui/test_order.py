"""Keys that wait in a queue while the program is busy take effect in the order in which they were typed, wherever they go."""

from __future__ import annotations

import asyncio

from textual import events
from textual.keys import _character_to_key
from textual.pilot import Pilot

from tests.support.lease import lease
from tests.support.pilot import NARROW, piloted, running, wait_until
from workbench.tui.app import WorkbenchApp
from workbench.tui.screens.ask_for import AddDocuments


async def burst(app: WorkbenchApp, pilot: Pilot[int], *keys: str) -> None:
    """All keys at once, as they come when the program could not read for a moment."""
    for name in keys:
        single = _character_to_key(name) if len(name) == 1 else name
        app.post_message(events.Key(single, name if len(name) == 1 else None))
    await asyncio.sleep(0)
    await pilot.pause()


@piloted
async def test_what_edits_the_prompt_and_what_is_typed_keep_their_order() -> None:
    """A letter behind ctrl+u was deleted with what stood before it."""
    async with running(lease()) as (app, pilot):
        await burst(app, pilot, *"abc", "ctrl+u", *"de", "backspace", *"fg", "home", "x", "end", "y", "left", "z")
        await wait_until(pilot, lambda: app.prompt.area.text == "xdfgzy")


@piloted
async def test_what_is_typed_behind_a_key_that_opens_an_overlay_is_typed_into_it() -> None:
    session = lease()
    async with running(session) as (app, pilot):
        await burst(app, pilot, "f3", *"rent review", "backspace", "s", "enter")
        await wait_until(pilot, lambda: "search rent revies 1" in session.calls)


@piloted
async def test_from_a_pane_too() -> None:
    """The letters have gone to the list and come back before the overlay's field is there."""
    session = lease()
    async with running(session) as (app, pilot):
        await burst(app, pilot, "ctrl+o", "a", "f3", *"rents", "enter")
        await wait_until(pilot, lambda: "search rents 1" in session.calls)


@piloted
async def test_a_list_is_filtered_before_the_arrows_move_in_it() -> None:
    async with running(lease()) as (app, pilot):
        await burst(app, pilot, "ctrl+p", *"memo", "down", "enter")
        await wait_until(pilot, lambda: any("human · 25/500 chars" in said for said in app.chat.said))


@piloted
async def test_tab_completes_what_was_typed_before_it() -> None:
    async with running(lease()) as (app, pilot):
        await burst(app, pilot, "f2", *"/et", "tab", "p")
        await wait_until(pilot, lambda: isinstance(app.screen, AddDocuments))
        await wait_until(pilot, lambda: app.screen.query_one("TypedLine").value == "/etc/p")  # type: ignore[attr-defined]


@piloted
async def test_a_command_is_typed_from_any_pane_and_answered_in_sight() -> None:
    """Also on a narrow screen, where another tab is shown, and in one burst."""
    async with running(lease(), NARROW) as (app, pilot):
        await pilot.press("ctrl+o", "t")
        await wait_until(pilot, lambda: app.focused is app.trace)
        await burst(app, pilot, *"/tokens", "enter")
        await wait_until(pilot, lambda: any("for the answer" in said for said in app.chat.said))
        await wait_until(pilot, lambda: app.chat.region.area)
