"""SQL over the tables of documents: a SELECT comes in, its rows go out as lines with columns, or as JSON."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence

from workbench.api.tables import RowsView, TableView
from workbench.cli.output import line, say
from workbench.core.errors import UsageError
from workbench.services.session import Session

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
    found = session.tables.query(chosen.query, chosen.page, chosen.source)
    following = _next(chosen) if found.page < found.pages else None
    if chosen.json:
        line({"event": "sql", "step": None, "columns": found.columns, "rows": found.rows, "total": found.total,
              "page": found.page, "pages": found.pages, "cut": found.cut, "documents": found.documents, "next": following})  # fmt: skip
        return 0
    say("\n".join(rows_text(found)))
    if following:
        say(f"Next: {following}")
    return 0


def rows_text(found: RowsView) -> list[str]:
    """The rows in columns, under the names of these, and how many there are."""
    cells = [list(found.columns), *[["NULL" if cell is None else cell for cell in row] for row in found.rows]]
    cut = [[cell if len(cell) <= _WIDEST_CHARS else cell[: _WIDEST_CHARS - 1] + "…" for cell in row] for row in cells]
    widths = [max(map(len, column)) for column in zip(*cut, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cut]
    more = "the first " if found.cut else ""
    about = f" from {', '.join(found.documents)}" if found.documents else ""
    return [*lines, f"page {found.page} of {max(1, found.pages)}, {more}{found.total:,} rows{about}"]


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
