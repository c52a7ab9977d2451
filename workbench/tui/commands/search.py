"""The slash commands that search the archive for the user; the model sees nothing of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from workbench.api.events import PageRead
from workbench.api.search import SearchOptions, read_line
from workbench.api.tables import RowsView, TableView
from workbench.core.errors import UsageError
from workbench.core.sanitize import one_line
from workbench.tui.commands.display import Display
from workbench.tui.widgets.cells import plural


def search(display: Display, words: Sequence[str]) -> None:
    """/search QUERY [--document D] [--pages A-B] …"""
    if not words:
        raise UsageError("Search for what?", "For example /search rent review; quotes search for the exact words.")
    query, _ = read_line(words[0])
    display.start_search(words[0])
    display.say(f'searching the archive for "{one_line(query, 120)}"', passing=True)


def follow(display: Display, words: Sequence[str]) -> None:
    """/follow HANDLE"""
    if not words:
        raise UsageError("Follow which passage?", "For example /follow #a3; f on a row of the archive does the same.")
    handle = words[0]
    display.show_page(lambda: display.session.search_service.follow(display.session.search_service.passage_of(handle)))
    display.say(f"looking for what belongs to {one_line(handle, 20)} by name", passing=True)


def grep(display: Display, words: Sequence[str]) -> None:
    """/grep PATTERN"""
    if not words:
        raise UsageError("Which pattern?", r"For example /grep lease-\d{4}; it is a regular expression.")
    pattern = words[0]
    display.show_page(lambda: display.session.search_service.grep(pattern))
    display.say(f"looking for every match of {one_line(pattern, 120)}", passing=True)


def sweep(display: Display, words: Sequence[str]) -> None:
    """/sweep QUERY [--document D] [--pages A-B] …"""
    if not words:
        raise UsageError("Find all of what?", "For example /sweep oil deliveries --document log.pdf; esc ends it.")
    query, options = read_line(words[0])
    if not query:
        raise UsageError("Find all of what?", "The query stands before the options.")
    if not display.start_sweep(partial(display.session.search_service.sweep, query, 1, options)):
        raise UsageError("A sweep is running.", "esc ends it.")
    display.say(f'sweeping the archive for everything about "{one_line(query, 120)}"; esc ends it')


def find_page(display: Display, line: str, page: int) -> PageRead:
    """A page of a search as it was typed, options behind the query. Blocks."""
    query, options = read_line(line)
    if options == SearchOptions():
        return display.session.search(query, page)
    return display.session.search_service.search(query, page, options)


def other_page(display: Display, shown: PageRead, page: int) -> PageRead:
    """Another page of the result that is shown. Blocks."""
    search_service, options = display.session.search_service, SearchOptions.from_words(shown.scope)
    if shown.function == "archival_follow":
        passage = shown.passage if shown.passage is not None else search_service.passage_of(shown.query)
        return search_service.follow(passage, page)
    if shown.function == "archival_grep":
        return search_service.grep(shown.query, page)
    if shown.function == "archival_sweep":
        pages = (event for event in search_service.sweep(shown.query, page, options) if isinstance(event, PageRead))
        return next(pages)
    if options == SearchOptions():
        return display.session.search(shown.query, page)
    return search_service.search(shown.query, page, options)


_CELL_CHARS = 32


def sql(display: Display, words: Sequence[str]) -> None:
    """/sql [QUERY]"""
    if not words:
        display.fetch(display.session.tables.list, lambda found: display.say(_tables(found)))
        return
    query = " ".join(words)
    display.fetch(lambda: display.session.tables.query(query), lambda found: display.say(_rows(found)))


def _tables(found: tuple[TableView, ...]) -> str:
    lines = [
        f"{one_line(item.name, 40)} · {plural(item.rows, 'row')} · {one_line(item.document, 60)}\n  "
        + one_line(", ".join(f"{name} {kind}" for name, kind, _ in item.columns), 300)
        for item in found
    ]
    return "\n".join(lines) if lines else "there is no table yet: /load a csv, xlsx or Parquet file"


def _rows(found: RowsView) -> str:
    cells = [list(found.columns), *[["NULL" if cell is None else cell for cell in row] for row in found.rows]]
    short = [[one_line(cell, _CELL_CHARS) for cell in row] for row in cells]
    widths = [max(map(len, column)) for column in zip(*short, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in short]
    first = "the first " if found.cut or found.pages > 1 else ""
    total = f"{first}{plural(len(found.rows), 'row')} of {'more than ' * found.cut}{found.total:,}"
    return "\n".join([*lines, total])
