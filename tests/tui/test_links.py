"""Citations on the screen are links to their files where the terminal has links, and nowhere else."""

from __future__ import annotations

from tests.support.lease import EARLIER, QUESTION, lease
from tests.support.pilot import ask, piloted, running, wait_until
from workbench.tui.app import WorkbenchApp
from workbench.tui.widgets.exchange_rows import linked


def links(app: WorkbenchApp) -> set[str]:
    return {
        segment.style.link
        for strip in app.screen._compositor.render_strips()
        for segment in strip
        if segment.style and segment.style.link
    }


@piloted
async def test_citations_are_links_to_their_files() -> None:
    session = lease()
    session.past = EARLIER
    session.open_all()
    async with running(session, links=True) as (app, pilot):
        await wait_until(pilot, lambda: links(app) == {"file:///leases/passage%2040.pdf"})
        await ask(pilot, QUESTION)
        await wait_until(pilot, lambda: {f"file:///leases/passage%20{key}.pdf" for key in (12, 3)} <= links(app))


@piloted
async def test_a_terminal_without_links_gets_none() -> None:
    session = lease()
    session.past = EARLIER
    async with running(session) as (app, pilot):
        await wait_until(pilot, lambda: app.chat.citations)
        assert not links(app)


def test_no_text_of_a_document_becomes_a_link() -> None:
    assert linked("", "file:///a\x1b\\b") == ""
    assert linked("", "http://example.org/") == ""
