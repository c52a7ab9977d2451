"""Answers SQL over the tables of documents, and lists the tables."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench.cli.command import Command, json_flag
from workbench.cli.output import line, say, say_lines
from workbench.core.errors import UsageError

if TYPE_CHECKING:
    from workbench.api.tables import RowsView, TableView
    from workbench.services.session import Session


def _fill_sql(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "query",
        metavar="QUERY",
        nargs="?",
        default="",
        help="one SELECT in DuckDB's SQL over the tables of documents; without --source and --agent also over sources, "
        "documents, source_documents, pages and passages",
    )
    sub.add_argument("--tables", action="store_true", help="list the tables and their columns instead")
    sub.add_argument("--source", metavar="NAME", help="the tables of this source only (default: of all)")
    sub.add_argument("--agent", metavar="NAME", help="the tables that this agent sees")
    sub.add_argument("--page", metavar="N", type=int, default=1, help="page of the rows, from 1")
    json_flag(sub)


_WIDEST_CHARS = 60


def sql(session: Session, chosen: argparse.Namespace) -> int:
    """One page of the rows of a query, or the tables there are."""
    if chosen.agent:
        session.open_agent(chosen.agent)
    if chosen.tables:
        return _list(session.tables.list(chosen.source), as_json=chosen.json)
    if not chosen.query:
        raise UsageError(
            "There is no query.", 'For example: workbench sql "SELECT count(*) FROM people"; see --tables.'
        )
    result = session.tables.query(chosen.query, chosen.page, chosen.source)
    following = _next(chosen) if result.page < result.pages else None
    if chosen.json:
        line({"event": "sql", "step": None, "columns": result.columns, "rows": result.rows, "total": result.total,
              "page": result.page, "pages": result.pages, "cut": result.cut, "documents": result.documents, "next": following})  # fmt: skip
        return 0
    say_lines(rows_text(result))
    if following:
        say(f"Next: {following}")
    return 0


def rows_text(result: RowsView) -> list[str]:
    """The rows in columns, under the names of these, and how many there are."""
    cells = [list(result.columns), *[["NULL" if cell is None else cell for cell in row] for row in result.rows]]
    cut = [[cell if len(cell) <= _WIDEST_CHARS else cell[: _WIDEST_CHARS - 1] + "…" for cell in row] for row in cells]
    widths = [max(map(len, column)) for column in zip(*cut, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cut]
    more = "the first " if result.cut else ""
    about = f" from {', '.join(result.documents)}" if result.documents else ""
    return [*lines, f"page {result.page} of {max(1, result.pages)}, {more}{result.total:,} rows{about}"]


def _list(tables: Sequence[TableView], *, as_json: bool) -> int:
    if as_json:
        rows = [
            {"name": item.name, "document": item.document, "page": item.page, "called": item.called, "rows": item.rows,
             "columns": [{"name": name, "type": kind, "label": label} for name, kind, label in item.columns]}
            for item in tables
        ]  # fmt: skip
        line({"event": "tables", "step": None, "tables": rows})
        return 0
    if not tables:
        say("There is no table: load a csv, xlsx or Parquet file.")
    for item in tables:
        columns = ", ".join(f"{name} {kind}" for name, kind, _ in item.columns)
        say(f"{item.name}: {item.rows:,} rows, {item.document} p.{item.page}: {columns}")
    return 0


def _next(chosen: argparse.Namespace) -> str:
    source = f" --source {shlex.quote(chosen.source)}" if chosen.source else ""
    agent = f" --agent {shlex.quote(chosen.agent)}" if chosen.agent else ""
    return f"workbench sql {shlex.quote(chosen.query)}{source}{agent} --page {chosen.page + 1}"


COMMANDS = {
    "sql": Command("ask the tables of csv, xlsx and Parquet files, or the archive itself, with SQL", _fill_sql, sql)
}
