"""Searching as a person: a query and a page number come in, one page of results goes out with the command for the next."""

from __future__ import annotations

import argparse
import shlex
from typing import Any

from workbench import reports
from workbench.commands.agents import existing
from workbench.errors import NotFound, UsageError
from workbench.events import Hit, PageRead
from workbench.output import line, say
from workbench.search_options import SearchOptions
from workbench.session import Session


def search(session: Session, chosen: argparse.Namespace) -> int:
    """One page of a search of the archive."""
    if not chosen.query.strip():
        raise UsageError("The query is empty.", 'For example: workbench search "rent review".')
    options = options_of(chosen)
    prepare(session, chosen)
    page = session.finding.search(chosen.query, chosen.page, options)
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
    say("\n".join(reports.page_lines(page, explain=chosen.explain)))
    if following:
        say(f"Next: {following}")
    return 0


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
        existing(session, chosen.agent)


def hit_line(hit: Hit, *, explain: bool = False) -> dict[str, Any]:
    """A hit as JSON."""
    found = {
        "document": hit.document, "page": hit.page, "passage": hit.passage, "score": hit.score, "text": hit.text,
        "in_context": hit.in_context, "label": hit.label, "heading": hit.heading,
    }  # fmt: skip
    if explain:
        found["explain"] = hit.why.as_dict() if hit.why else None
    return found


def _next_command(page: PageRead, chosen: argparse.Namespace, options: SearchOptions) -> str:
    agent = f" --agent {shlex.quote(chosen.agent)}" if chosen.agent else ""
    explain = " --explain" if chosen.explain else ""
    return f"workbench search {shlex.quote(page.query)}{options.flags()}{agent}{explain} --page {page.page + 1}"
