"""The arguments of finding: searching, following and sweeping as a person."""

from __future__ import annotations

import argparse

from workbench.cli.arguments.entry import Entry, json_flag, reranker_flag

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
    sub.add_argument("--explain", action="store_true", help="say how each score came about")
    reranker_flag(sub)
    json_flag(sub)


def _fill_sweep(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("query", metavar="QUERY", help="what to find all of: " + _QUERY)
    _scope_flags(sub)
    sub.add_argument("--page", metavar="N", type=int, default=1, help="page of the findings, from 1")
    sub.add_argument("--forecast", action="store_true", help="only say how many pages would be read")
    json_flag(sub)


COMMANDS = {
    "sweep": Entry("find everything about a query, page after page of the documents", _fill_sweep, "search.sweep"),
    "search": Entry("search the archive", _fill_search, "search.search"),
}
