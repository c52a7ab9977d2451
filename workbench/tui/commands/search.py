"""Finding as the user: a line, a hit or a page comes in, the archive shows what was found; the model sees nothing of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from workbench.api.events import PageRead
from workbench.api.search import SearchOptions, read_line
from workbench.core.errors import UsageError
from workbench.core.sanitize import one_line

if TYPE_CHECKING:
    from workbench.tui.controller import Desk


def search(desk: Desk, words: Sequence[str]) -> None:
    """/search QUERY [--document D] [--pages A-B] …"""
    if not words:
        raise UsageError("Search for what?", "For example /search rent review; quotes search for the exact words.")
    query, _ = read_line(words[0])
    desk.start_search(words[0])
    desk.say(f'searching the archive for "{one_line(query, 120)}"')


def follow(desk: Desk, words: Sequence[str]) -> None:
    """/follow HANDLE"""
    if not words:
        raise UsageError("Follow which passage?", "For example /follow #a3; f on a row of the archive does the same.")
    handle = words[0]
    desk.show_page(lambda: desk.session.finding.follow(desk.session.finding.passage_of(handle)))
    desk.say(f"looking for what belongs to {one_line(handle, 20)} by name")


def sweep(desk: Desk, words: Sequence[str]) -> None:
    """/sweep QUERY [--document D] [--pages A-B] …"""
    if not words:
        raise UsageError("Find all of what?", "For example /sweep oil deliveries --document log.pdf; esc ends it.")
    query, options = read_line(words[0])
    if not query:
        raise UsageError("Find all of what?", "The query stands before the options.")
    if not desk.work.sweep(partial(desk.session.finding.sweep, query, 1, options)):
        raise UsageError("A sweep is running.", "esc ends it.")
    desk.say(f'sweeping the archive for everything about "{one_line(query, 120)}"; esc ends it')


def find_page(desk: Desk, line: str, page: int) -> PageRead:
    """A page of a search as it was typed, options behind the query. Blocks."""
    query, options = read_line(line)
    if options == SearchOptions():
        return desk.session.search(query, page)
    return desk.session.finding.search(query, page, options)


def other_page(desk: Desk, shown: PageRead, page: int) -> PageRead:
    """Another page of the result that is shown. Blocks."""
    finding, options = desk.session.finding, SearchOptions.from_words(shown.scope)
    if shown.function == "archival_follow":
        passage = shown.passage if shown.passage is not None else finding.passage_of(shown.query)
        return finding.follow(passage, page)
    if shown.function == "archival_sweep":
        pages = (event for event in finding.sweep(shown.query, page, options) if isinstance(event, PageRead))
        return next(pages)
    if options == SearchOptions():
        return desk.session.search(shown.query, page)
    return finding.search(shown.query, page, options)
