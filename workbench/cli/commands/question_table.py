"""Asks the same questions of every document of a source and prints the table of answers."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.api.question_table import Cell, Column, TableProgress, question_lines
from workbench.api.table_text import as_csv, as_markdown
from workbench.cli import table_files
from workbench.cli.command import Command, amount, json_flag, tokens
from workbench.cli.output import check_target, line, progress, say_lines, write_result
from workbench.ipc.command_output import interruptible

if TYPE_CHECKING:
    from workbench.services.session import Session


def _fill_table(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "file", metavar="QUESTIONS", nargs="?", default="",
        help="a file with a question a line, or NAME | QUESTION | TYPE; types: text, number, date, yes/no",
    )  # fmt: skip
    sub.add_argument(
        "--question", metavar="Q", action="append", default=[], help="a question, instead of a file or beside it"
    )
    sub.add_argument("--source", metavar="S", required=True, help="the source whose documents are asked")
    form = sub.add_mutually_exclusive_group()
    form.add_argument("--csv", action="store_true", help="print comma-separated values")
    form.add_argument("--md", action="store_true", help="print a Markdown table (the default)")
    sub.add_argument("--xlsx", metavar="FILE", help="write an Excel workbook, the quotes on a sheet of their own")
    sub.add_argument("--output", metavar="FILE", help="write what would be printed into a file")
    sub.add_argument("--fresh", action="store_true", help="ask every cell anew, also those known from an earlier run")
    sub.add_argument("--model", metavar="M", help='a model of the server, or "reader" for the embedded one')
    sub.add_argument("--model-endpoint", metavar="URL", dest="base_url", help="the server, instead of OPENAI_BASE_URL")
    sub.add_argument(
        "--tokens", metavar="N", type=tokens, dest="question_tokens", help="most tokens of a cell (default: any)"
    )
    sub.add_argument("--price-in", metavar="C", type=amount, help="price of a million tokens sent")
    sub.add_argument("--price-out", metavar="C", type=amount, help="price of a million tokens written")
    json_flag(sub)


def read_questions(chosen: argparse.Namespace) -> None:
    """Read the question file where the command was typed."""
    check_target(chosen.xlsx)
    check_target(chosen.output)
    chosen.text = ""
    if chosen.file:
        chosen.text = question_lines(Path(chosen.file))
    chosen.text = "\n".join([chosen.text, *chosen.question])


def table(session: Session, chosen: argparse.Namespace) -> int:
    """Ask, cell by cell, and print the table; exit 1 when a cell failed or the run was stopped."""
    service = session.question_tables
    columns = service.columns(chosen.text)
    model = chosen.model or ""
    with interruptible(service.stop):
        for event in service.run(columns, chosen.source, model=model, fresh=chosen.fresh):
            if isinstance(event, Cell):
                _tell_cell(event, as_json=chosen.json)
            else:
                _tell_progress(event, as_json=chosen.json)
    return _print(session, chosen, columns, model)


def _print(session: Session, chosen: argparse.Namespace, columns: Sequence[Column], model: str) -> int:
    found = session.question_tables.table(columns, chosen.source, model=model)
    if found.done < found.total:
        progress(f"{found.done} of {found.total} cells are known; the same command goes on there.")
    if chosen.xlsx:
        table_files.write_workbook(Path(chosen.xlsx), found)
        progress(f"The workbook is {chosen.xlsx}.")
    if chosen.json:
        line({"event": "table", "step": None, **asdict(found)})
    elif not (chosen.xlsx and not chosen.output and not chosen.csv and not chosen.md):
        text = as_csv(found) if chosen.csv else as_markdown(found)
        if chosen.output:
            write_result(chosen.output, text)
            progress(f"The table is in {chosen.output}.")
        else:
            say_lines(text.rstrip("\n").split("\n"))
    return 0 if found.done == found.total else 1


def _tell_cell(cell: Cell, *, as_json: bool) -> None:
    if as_json:
        line({"event": "cell", "step": None, **asdict(cell)})
    elif cell.note and cell.state == "failed":
        progress(f"{cell.document}, {cell.column}: {cell.note}")


def _tell_progress(event: TableProgress, *, as_json: bool) -> None:
    if as_json:
        line({"event": "table_progress", "step": None, **asdict(event)})
        return
    again = f", {event.again} known from an earlier run" if event.again else ""
    cost = f", cost {event.cost:.4f}" if event.cost is not None else ""
    left = f", {event.remaining_seconds:.0f} s left" if event.remaining_seconds else ""
    where = f": {event.document}, {event.column}" if event.document else ""
    progress(f"cell {event.done}/{event.total} in {event.seconds:.0f} s{cost}{left}{again}{where}")


COMMANDS = {
    "table": Command(
        "ask the same questions of every document of a source",
        _fill_table,
        table,
        resumable=True,
        prepare=read_questions,
    ),
}
