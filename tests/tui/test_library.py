"""The library on the screen: what is there, and what its keys do, at both sizes."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from textual.widgets import Input

from tests.support.fake_session import FakeSession
from tests.support.grid import check, grid
from tests.support.pilot import NARROW, WIDE, ask, piloted, running, wait_until
from workbench.api.session import DocumentInfo, SourceInfo
from workbench.tui.panes.library import LibraryLines
from workbench.tui.screens.ask_for import AskFor
from workbench.tui.screens.library import LibraryScreen


def session() -> FakeSession:
    shelf = [
        SourceInfo("leases", 2, 41, 412, 1_234_567, True, "", unembedded=40, queued=3, note="all superseded in 2021"),
        SourceInfo("minutes", 1, 5, 80, 9_000, False, ""),
    ]
    papers = [
        DocumentInfo(
            "leases", "lease-2019.pdf", "Lease", 28, 240, 800_000, note="signed copy", alike=("old/lease.pdf",)
        ),
        DocumentInfo("leases", "old/lease.pdf", "Lease", 13, 172, 400_000),
        DocumentInfo("leases", "scan.pdf", "scan.pdf", 0, 0, 9_000, "failed", "it has no text.", "Install tesseract."),
        DocumentInfo("leases", "vault.pdf", "vault.pdf", 0, 0, 900, "failed", "it needs a password.", "Press p."),
        DocumentInfo("leases", "later.txt", "later.txt", 0, 0, 90, "waiting"),
        DocumentInfo("minutes", "1925.md", "Minutes", 5, 80, 9_000),
    ]
    return FakeSession(shelf=shelf, papers=papers)


@piloted
async def test_what_there_is() -> None:
    async with running(session(), WIDE) as (app, pilot):
        await pilot.press("f4")
        await wait_until(pilot, lambda: isinstance(app.screen, LibraryScreen))
        check(app, "library-full-120x36")
        await pilot.press("escape")
        await wait_until(pilot, lambda: not isinstance(app.screen, LibraryScreen))
    async with running(session(), NARROW) as (app, pilot):
        await pilot.press("f4")
        await wait_until(pilot, lambda: "vault.pdf" in grid(app))
        check(app, "library-full-80x24")


def at(app: object, name: str) -> bool:
    lines = app.screen.query_one(LibraryLines)  # type: ignore[attr-defined]
    item = lines._items[lines._cursor]
    return (item.name if isinstance(item, SourceInfo) else item.path) == name


async def opened(app: object, pilot: object, name: str) -> None:
    await pilot.press("f4")  # type: ignore[attr-defined]
    await wait_until(pilot, lambda: isinstance(app.screen, LibraryScreen) and app.focused is not None)  # type: ignore
    for _ in range(20):
        if at(app, name):
            return
        await pilot.press("down")  # type: ignore[attr-defined]
        await pilot.pause()  # type: ignore[attr-defined]
    raise AssertionError(name)


async def typed(app: object, pilot: object, text: str) -> None:
    await wait_until(pilot, lambda: isinstance(app.screen, AskFor))  # type: ignore[attr-defined, arg-type]
    app.screen.query_one(Input).value = text  # type: ignore[attr-defined]
    await pilot.press("enter")  # type: ignore[attr-defined]


@piloted
async def test_a_password_is_asked_for_unseen_and_the_file_is_tried_again() -> None:
    fake = session()
    async with running(fake, WIDE) as (app, pilot):
        await opened(app, pilot, "vault.pdf")
        await pilot.press("p")
        await wait_until(pilot, lambda: isinstance(app.screen, AskFor))
        assert app.screen.query_one(Input).password
        await typed(app, pilot, "sesame")
        await wait_until(pilot, lambda: "retry leases vault.pdf sesame" in fake.calls)
        await wait_until(pilot, lambda: "sesame" not in grid(app) and "vault.pdf" in grid(app))
        assert next(item for item in fake.papers if item.path == "vault.pdf").status == "loaded"


@pytest.mark.nightly
@piloted
async def test_what_the_keys_do() -> None:
    fake = session()
    async with running(fake, WIDE) as (app, pilot):
        await opened(app, pilot, "later.txt")
        await pilot.press("r")
        await wait_until(pilot, lambda: "retry leases later.txt" in fake.calls)
        await wait_until(pilot, lambda: not app.controller.work.loading)
        await pilot.press("escape")
        await opened(app, pilot, "scan.pdf")
        await pilot.press("s")
        await wait_until(pilot, lambda: "skip leases scan.pdf" in fake.calls)
        await pilot.press("o")
        await wait_until(pilot, lambda: "reload leases ocr" in fake.calls)
        await wait_until(pilot, lambda: not app.controller.work.loading)
        await pilot.press("t")
        await typed(app, pilot, "read the back page too")
        await wait_until(pilot, lambda: "note leases scan.pdf read the back page too" in fake.calls)


@piloted
async def test_a_source_is_renamed_reloaded_and_removed_only_when_meant() -> None:
    fake = session()
    async with running(fake, WIDE) as (app, pilot):
        await opened(app, pilot, "minutes")
        await pilot.press("n")
        await typed(app, pilot, "records")
        await wait_until(pilot, lambda: "rename minutes records" in fake.calls)
        await wait_until(pilot, lambda: at(app, "records"))
        await pilot.press("r")
        await wait_until(pilot, lambda: "reload records" in fake.calls)
        await wait_until(pilot, lambda: not app.controller.work.loading)
        await pilot.press("d")
        await typed(app, pilot, "no")
        await pilot.press("d")
        await typed(app, pilot, "yes")
        await wait_until(pilot, lambda: any(call.startswith("remove records") for call in fake.calls))
        assert sum(call.startswith("remove") for call in fake.calls) == 1


@piloted
async def test_a_refusal_is_told() -> None:
    async with running(session(), WIDE) as (app, pilot):
        await opened(app, pilot, "minutes")
        await pilot.press("n")
        await typed(app, pilot, "taken")
        await pilot.press("escape")
        await wait_until(pilot, lambda: "There is a source named 'taken' already" in grid(app))


@piloted
async def test_what_an_earlier_load_left_is_finished() -> None:
    fake = session()
    async with running(fake, WIDE) as (_, pilot):
        await wait_until(pilot, lambda: "resume" in fake.calls)
    done = FakeSession(shelf=[replace(item, unembedded=0) for item in session().shelf])
    async with running(done, WIDE) as (app, pilot):
        await wait_until(pilot, lambda: app.library._drawn.sources)
        assert "resume" not in done.calls


@pytest.mark.nightly
@piloted
async def test_a_large_source_is_drawn_in_part_and_says_so() -> None:
    papers = [DocumentInfo("big", f"{n:05}.txt", "", 1, 1, 1) for n in range(2_000)]
    papers[1_999] = replace(papers[1_999], status="failed", reason="it is damaged.")
    fake = FakeSession(shelf=[SourceInfo("big", 2_000, 2_000, 2_000, 1, True, "")], papers=papers)
    async with running(fake, WIDE) as (app, pilot):
        await pilot.press("f4")
        await wait_until(pilot, lambda: "1,700 more than are drawn" in grid(app))
        assert "01999.txt" in grid(app), "what needs attention comes first"
        for _ in range(4):
            await pilot.press("pagedown")
        await wait_until(pilot, lambda: at(app, "00038.txt"))
        assert "00038.txt" in grid(app)


@piloted
async def test_slash_commands() -> None:
    fake = session()
    async with running(fake, WIDE) as (app, pilot):
        for text, call in (
            ("/rename minutes records", "rename minutes records"),
            ("/note leases:lease-2019.pdf read p. 3", "note leases lease-2019.pdf read p. 3"),
            ("/note leases -", "note leases  "),
            ("/remove leases old/lease.pdf", "remove leases old/lease.pdf"),
            ("/reload leases", "reload leases"),
        ):
            await ask(pilot, text)
            await wait_until(pilot, lambda call=call: call.strip() in map(str.strip, fake.calls))
        await wait_until(pilot, lambda: not app.controller.work.loading)
        fake.shelf = [replace(source, embedding="openai:e5@host") for source in fake.shelf]
        await ask(pilot, "/reembed leases e5")
        await wait_until(pilot, lambda: "reembed leases e5" in fake.calls)
        await wait_until(pilot, lambda: "leases is searched with e5 now" in grid(app))
        await ask(pilot, "/sources")
        await wait_until(pilot, lambda: "openai:e5@host" in grid(app))
        await pilot.press("f4")
        await wait_until(pilot, lambda: re.search("B · openai:e5@host", grid(app)))
        await pilot.press("escape")
        await ask(pilot, "/queue")
        await wait_until(pilot, lambda: "it has no text. Install tesseract." in grid(app))
        await ask(pilot, "/queue retry")
        await wait_until(pilot, lambda: "retry None" in fake.calls)
        await ask(pilot, "/queue nonsense")
        await wait_until(pilot, lambda: "nothing to do with the queue" in grid(app))
