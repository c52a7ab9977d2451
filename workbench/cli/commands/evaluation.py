"""Measures on a question set."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.cli.command import Command, json_flag
from workbench.cli.output import line, say

if TYPE_CHECKING:
    from workbench.services.session import Session


def _fill_eval(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("task", metavar="TASK", help="retrieval, reader or nested-kv")
    sub.add_argument(
        "--data",
        metavar="DIR",
        required=True,
        help="a folder with a question set, in the layout that it was published in",
    )
    json_flag(sub)


def evaluate(session: Session, chosen: argparse.Namespace) -> int:
    """Measure on a question set; one line a question, last the result."""
    from workbench import evaluation

    for row in evaluation.run(chosen.task, Path(chosen.data), session.app):
        if chosen.json:
            line(row)
        elif row["event"] == "result":
            metrics = "  ".join(f"{name} {value:.3f}" for name, value in row["metrics"].items())
            say(f"{row['task']}: {row['questions']} questions  {metrics}")
    return 0


COMMANDS = {"eval": Command("measure on a question set", _fill_eval, evaluate)}
