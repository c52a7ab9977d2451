"""The arguments of SQL over the tables of documents."""

from __future__ import annotations

import argparse

from workbench.cli.arguments.entry import Entry, json_flag


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


COMMANDS = {
    "sql": Entry(
        "ask the tables of csv, xlsx and Parquet files, or the archive itself, with SQL", _fill_sql, "tables.sql"
    )
}
