"""Searching as a person: a query and a page number come in, one page of results goes out with the command for the next."""

from __future__ import annotations

import argparse

from workbench import reports
from workbench.errors import NotFound, UsageError
from workbench.events import PageRead
from workbench.output import line, say
from workbench.session import Session


def search(session: Session, chosen: argparse.Namespace) -> int:
    """One page of a search of the archive."""
    if not chosen.query.strip():
        raise UsageError("The query is empty.", 'For example: workbench search "rent review".')
    if not session.sources():
        raise NotFound("Nothing is loaded yet.", "Load something first: workbench load PATH.")
    page = session.search_archive(chosen.query, chosen.page, chosen.source)
    if page.page > max(1, page.pages):
        raise UsageError(
            f"There is no page {page.page}: the results end at page {page.pages}.", "Use a smaller --page."
        )
    following = _next_command(page, chosen) if page.page < page.pages else None
    if chosen.json:
        hits = [
            {"document": hit.document, "page": hit.page, "passage": hit.passage, "score": hit.score, "text": hit.text,
             "in_context": hit.in_context, "label": hit.label, "heading": hit.heading}
            for hit in page.hits
        ]  # fmt: skip
        line({"event": "search", "step": None, "query": page.query, "total": page.total, "page": page.page, "pages": page.pages,
               "hits": hits, "next": following})  # fmt: skip
        return 0
    say("\n".join(reports.page_lines(page)))
    if following:
        say(f"Next: {following}")
    return 0


def _next_command(page: PageRead, chosen: argparse.Namespace) -> str:
    import shlex

    where = f" --source {shlex.quote(chosen.source)}" if chosen.source else ""
    return f"workbench search {shlex.quote(page.query)}{where} --page {page.page + 1}"
