"""Searches as a person: one page of results, or everything about a query."""

from __future__ import annotations

import argparse
import shlex
from typing import TYPE_CHECKING, Any

from workbench.api.events import PageRead, SweepProgress
from workbench.api.results import Hit
from workbench.api.search import SearchOptions
from workbench.cli import text_output
from workbench.cli.command import Command, json_flag, reranker_flag
from workbench.cli.output import line, links_of, mark_of, say, say_clean, say_lines, tell_progress
from workbench.core.errors import NotFound, UsageError
from workbench.ipc.command_output import interruptible

if TYPE_CHECKING:
    from workbench.services.session import Session


_QUERY = """words, "exact phrases", identifiers; -word, -"phrase" and -HX-204 leave out what has them"""


def _scope_flags(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--source", metavar="S", help="this source only (default: all, or what the agent is attached to)")
    sub.add_argument("--document", metavar="D", help="this document only, by its path or a part of it")
    sub.add_argument("--pages", metavar="A-B", help="these pages of documents only, for example 3 or 3-9")
    sub.add_argument(
        "--since",
        metavar="DATE",
        help="documents from this day on (2021-03-04, 2021-03 or 2021): the date that a document states itself, "
        "else the day it was loaded",
    )
    sub.add_argument("--until", metavar="DATE", help="documents up to this day, included")
    sub.add_argument("--agent", metavar="NAME", help="search as this agent's user does in the screen")


def _fill_search(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("query", metavar="QUERY", help=_QUERY)
    _scope_flags(sub)
    sub.add_argument("--page", metavar="N", type=int, default=1, help="page of results, from 1")
    sub.add_argument(
        "--explain",
        action="store_true",
        help="tell each score, which orders this search alone, and how it came about",
    )
    reranker_flag(sub)
    json_flag(sub)


def _fill_sweep(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("query", metavar="QUERY", help="what to find all of: " + _QUERY)
    _scope_flags(sub)
    sub.add_argument("--page", metavar="N", type=int, default=1, help="page of the findings, from 1")
    sub.add_argument("--forecast", action="store_true", help="only say how many pages would be read")
    json_flag(sub)


def search(session: Session, chosen: argparse.Namespace) -> int:
    """One page of a search of the archive."""
    if not chosen.query.strip():
        raise UsageError("The query is empty.", 'For example: workbench search "rent review".')
    options = options_of(chosen)
    prepare(session, chosen)
    page = session.search_service.search(chosen.query, chosen.page, options)
    if page.page > max(1, page.pages):
        raise UsageError(
            f"There is no page {page.page}: the results end at page {page.pages}.", "Use a smaller --page."
        )
    following = _next_command(page, chosen, options) if page.page < page.pages else None
    if chosen.json:
        hits = [hit_line(hit, explain=chosen.explain) for hit in page.hits]
        line({"event": "search", "step": None, "query": page.query, "total": page.total, "page": page.page, "pages": page.pages,
               "hits": hits, "next": following, "note": page.note})  # fmt: skip
        return 0
    link = links_of(session, session.settings.hyperlinks)
    say_clean(text_output.page_lines(page, explain=chosen.explain, link=link, mark=mark_of()))
    if following:
        say(f"Next: {following}")
    return 0


def sweep(session: Session, chosen: argparse.Namespace) -> int:
    """Everything about a query: the forecast, how far it is, and a page of the findings. Ctrl+C ends it with what it has."""
    options = options_of(chosen)
    prepare(session, chosen)
    page: PageRead | None = None
    last: SweepProgress | None = None
    with interruptible(session.search_service.stop):
        for event in session.search_service.sweep(chosen.query, chosen.page, options):
            if isinstance(event, PageRead):
                page = event
                break
            if isinstance(event, SweepProgress):
                last = event
                tell_progress(event, as_json=chosen.json)
                if chosen.forecast:
                    break
    if page is not None and page.page > max(1, page.pages):
        raise UsageError(
            f"There is no page {page.page}: the findings end at page {page.pages}.", "Use a smaller --page."
        )
    more = page is not None and page.page < page.pages
    following = _next_sweep(page.page + 1, chosen, options) if page is not None and more else None
    if chosen.json:
        line(_sweep_line(chosen.query, page, last, following))
    elif page is not None:
        say_lines(text_output.finding_lines(page))
        if following:
            say(f"Next: {following}")
    return 0


def _sweep_line(query: str, page: PageRead | None, last: SweepProgress | None, following: str | None) -> dict[str, Any]:
    hits = [hit_line(hit) for hit in page.hits] if page else []
    done = last if last and last.stage == "done" else None
    return {
        "event": "sweep", "step": None, "query": query,
        "forecast": {"pages": last.forecast_pages, "tokens": last.forecast_tokens} if last else None,
        "read": done.read if done else None, "of": last.pages if last else None, "quiet": done.quiet if done else None,
        "ended": done.reason if done else None, "total": page.total if page else None, "page": page.page if page else None,
        "pages": page.pages if page else None, "coverage": page.note if page else None, "hits": hits, "next": following,
    }  # fmt: skip


def _next_sweep(number: int, chosen: argparse.Namespace, options: SearchOptions) -> str:
    agent = f" --agent {shlex.quote(chosen.agent)}" if chosen.agent else ""
    return f"workbench sweep {shlex.quote(chosen.query)}{options.flags()}{agent} --page {number}"


def options_of(chosen: argparse.Namespace) -> SearchOptions:
    """The options of a search as they were given, checked. Raises UsageError."""
    names = ("source", "document", "pages", "since", "until", "reranker")
    options = SearchOptions(**{name: getattr(chosen, name, None) or "" for name in names})
    _ = options.page_range, options.days
    return options


def prepare(session: Session, chosen: argparse.Namespace) -> None:
    """Open the agent as whose user it is searched, if one is named. Raises NotFound when nothing is loaded."""
    if not session.sources():
        raise NotFound("Nothing is loaded yet.", "Load something first: workbench load PATH.")
    if chosen.agent:
        session.open_existing(chosen.agent)


def hit_line(hit: Hit, *, explain: bool = False) -> dict[str, Any]:
    """A hit as JSON."""
    fields = {
        "document": hit.document, "page": hit.page, "passage": hit.passage, "score": hit.score, "text": hit.text,
        "in_context": hit.in_context, "label": hit.label, "heading": hit.heading,
    }  # fmt: skip
    if explain:
        fields["explain"] = hit.why.as_dict() if hit.why else None
    return fields


def _next_command(page: PageRead, chosen: argparse.Namespace, options: SearchOptions) -> str:
    agent = f" --agent {shlex.quote(chosen.agent)}" if chosen.agent else ""
    explain = " --explain" if chosen.explain else ""
    return f"workbench search {shlex.quote(page.query)}{options.flags()}{agent}{explain} --page {page.page + 1}"


COMMANDS = {
    "sweep": Command("find everything about a query, page after page of the documents", _fill_sweep, sweep),
    "search": Command("search the archive", _fill_search, search),
}
