"""Measures on question sets: public ones, and questions over the user's own documents."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.cli.command import Command, amount, json_flag, new_agent_flags
from workbench.cli.output import line, say, write_result
from workbench.core.errors import UsageError

if TYPE_CHECKING:
    from workbench.services.session import Session


def _fill_eval(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "task",
        metavar="TASK",
        help="retrieval, reader, answers, nested-kv or memory-evidence; qa (several arms), pair (two runs), "
        "make and own (your documents)",
    )
    sub.add_argument("paths", metavar="FILE", nargs="*", help="pair: two records of runs; own: the file of questions")
    sub.add_argument(
        "--data", metavar="DIR", default="", help="a folder with a question set, in the layout that it was published in"
    )
    sub.add_argument(
        "--arms", metavar="A,B", default="reader", help="qa: reader, agent, guided, fixed, fixed-cut, retrieval"
    )
    sub.add_argument(
        "--limit", metavar="N", type=int, default=0, help="qa: ask N questions; make: write N (default 50)"
    )
    sub.add_argument("--seed", metavar="N", type=int, default=0, help="qa: which N questions are drawn")
    sub.add_argument(
        "--record", metavar="FILE", default="", help="qa: write a line a question here; a killed run goes on"
    )
    sub.add_argument("--report", metavar="FILE", default="", help="qa: write the result here, .html, .md or .json")
    sub.add_argument("--budget", metavar="C", type=amount, default=0.0, help="qa: stop before the run costs more")
    sub.add_argument("--source", metavar="S", default="", help="make and own: the source")
    sub.add_argument("--out", metavar="FILE", default="", help="make: where the questions are written")
    sub.add_argument(
        "--threshold", metavar="X", type=amount, default=0.0, help="own: exit code 1 below this share right"
    )
    new_agent_flags(sub)
    json_flag(sub)


def evaluate(session: Session, chosen: argparse.Namespace) -> int:
    """Measure on a question set; one line a question, last the result."""
    if chosen.task in _SPECIAL:
        return _SPECIAL[chosen.task](session, chosen)
    from workbench import evaluation

    if chosen.task not in evaluation.TASKS:
        known = [*evaluation.TASKS, *_SPECIAL]
        raise UsageError(f"There is no task {chosen.task!r} to measure.", f"Tasks: {', '.join(known)}.")
    for row in evaluation.run(chosen.task, _data(chosen), session.app):
        _tell(row, chosen.json)
    return 0


def _data(chosen: argparse.Namespace) -> Path:
    if not chosen.data:
        raise UsageError(f"{chosen.task} needs a question set.", "Name its folder with --data DIR.")
    return Path(chosen.data)


def _tell(row: dict[str, Any], as_json: bool) -> None:
    if as_json:
        line(row)
    elif row["event"] == "result":
        metrics = "  ".join(f"{name} {value:.3f}" for name, value in row["metrics"].items())
        say(f"{row['task']}: {row['questions']} questions  {metrics}")


def _qa(session: Session, chosen: argparse.Namespace) -> int:
    from workbench.evaluation import experiment, report
    from workbench.ipc.command_output import complain

    arms = tuple(name.strip() for name in chosen.arms.split(",") if name.strip())
    plan = experiment.Plan(_data(chosen), arms or ("reader",), chosen.limit, chosen.seed, chosen.budget)
    record = Path(chosen.record) if chosen.record else None
    rows: list[dict[str, Any]] = []
    for row in experiment.run(plan, session.settings, record):
        if chosen.json:
            line(row)
        if row["event"] == "question":
            rows.append(row)
            spent = f", cost {sum(one['cost'] for one in rows):.2f}" if any(one["cost"] for one in rows) else ""
            complain(f"{len(rows)} asked, {sum(one['right'] for one in rows)} right{spent}: {row['question'][:80]}")
            continue
        if not chosen.json:
            say(report.markdown(row))
        if chosen.report:
            rows = experiment.read_run(record)[1] if record else rows
            _write_report(Path(chosen.report), row, rows)
    return 0


def _write_report(file: Path, result: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    from workbench.evaluation import report

    kinds = {
        ".html": lambda: report.page(result, rows),
        ".md": lambda: report.markdown(result) + "\n",
        ".json": lambda: json.dumps(result, indent=1) + "\n",
    }
    if file.suffix not in kinds:
        raise UsageError(
            f"A report is not written as {file.suffix or 'a file without suffix'}.", "Use .html, .md or .json."
        )
    write_result(str(file), kinds[file.suffix]())


def _pair(session: Session, chosen: argparse.Namespace) -> int:
    from workbench.evaluation.experiment import pair

    if len(chosen.paths) != 2:
        raise UsageError("pair compares two runs.", "workbench eval pair RUN RUN")
    compared = pair(Path(chosen.paths[0]), Path(chosen.paths[1]))
    if chosen.json:
        line(compared)
        return 0
    for name, one in compared["arms"].items():
        say(
            f"{name}: {one['first']:.3f} and {one['second']:.3f} right of {one['questions']}; only the first {one['only_first']}, "
            f"only the second {one['only_second']}; p = {one['p']:.3f} (McNemar, exact)"
        )
    return 0


def _make(session: Session, chosen: argparse.Namespace) -> int:
    from workbench.evaluation.own_corpus import make

    if not chosen.source or not chosen.out:
        raise UsageError("make needs a source and a file.", "workbench eval make --source S --out questions.jsonl")
    questions = make(session, chosen.source, chosen.limit or 50)
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in questions)
    write_result(chosen.out, text)
    if chosen.json:
        line({"event": "result", "step": None, "task": "make", "questions": len(questions), "file": chosen.out})
    else:
        say(f"{len(questions)} questions, made by rules, in {chosen.out}. Read them before you trust their score.")
    return 0


def _own(session: Session, chosen: argparse.Namespace) -> int:
    from workbench.evaluation.own_corpus import read, score

    if len(chosen.paths) != 1 or not chosen.source:
        raise UsageError("own needs a file of questions and a source.", "workbench eval own questions.jsonl --source S")
    share = 0.0
    for row in score(session, chosen.source, read(Path(chosen.paths[0])), chosen.arms):
        _tell(row, chosen.json)
        if row["event"] == "result":
            share = row["metrics"]["right"]
    return 1 if share < chosen.threshold else 0


_SPECIAL = {"qa": _qa, "pair": _pair, "make": _make, "own": _own}

COMMANDS = {"eval": Command("measure on a question set", _fill_eval, evaluate)}
