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
    from workbench.tui.controller import Controller


def search(controller: Controller, words: Sequence[str]) -> None:
    """/search QUERY [--document D] [--pages A-B] …"""
    if not words:
        raise UsageError("Search for what?", "For example /search rent review; quotes search for the exact words.")
    query, _ = read_line(words[0])
    controller.start_search(words[0])
    controller.say(f'searching the archive for "{one_line(query, 120)}"')


def follow(controller: Controller, words: Sequence[str]) -> None:
    """/follow HANDLE"""
    if not words:
        raise UsageError("Follow which passage?", "For example /follow #a3; f on a row of the archive does the same.")
    handle = words[0]
    controller.show_page(
        lambda: controller.session.search_service.follow(controller.session.search_service.passage_of(handle))
    )
    controller.say(f"looking for what belongs to {one_line(handle, 20)} by name")


def sweep(controller: Controller, words: Sequence[str]) -> None:
    """/sweep QUERY [--document D] [--pages A-B] …"""
    if not words:
        raise UsageError("Find all of what?", "For example /sweep oil deliveries --document log.pdf; esc ends it.")
    query, options = read_line(words[0])
    if not query:
        raise UsageError("Find all of what?", "The query stands before the options.")
    if not controller.work.sweep(partial(controller.session.search_service.sweep, query, 1, options)):
        raise UsageError("A sweep is running.", "esc ends it.")
    controller.say(f'sweeping the archive for everything about "{one_line(query, 120)}"; esc ends it')


def find_page(controller: Controller, line: str, page: int) -> PageRead:
    """A page of a search as it was typed, options behind the query. Blocks."""
    query, options = read_line(line)
    if options == SearchOptions():
        return controller.session.search(query, page)
    return controller.session.search_service.search(query, page, options)


def other_page(controller: Controller, shown: PageRead, page: int) -> PageRead:
    """Another page of the result that is shown. Blocks."""
    search_service, options = controller.session.search_service, SearchOptions.from_words(shown.scope)
    if shown.function == "archival_follow":
        passage = shown.passage if shown.passage is not None else search_service.passage_of(shown.query)
        return search_service.follow(passage, page)
    if shown.function == "archival_sweep":
        pages = (event for event in search_service.sweep(shown.query, page, options) if isinstance(event, PageRead))
        return next(pages)
    if options == SearchOptions():
        return controller.session.search(shown.query, page)
    return search_service.search(shown.query, page, options)
