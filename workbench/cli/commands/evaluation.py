"""Measures on question sets: public ones, and questions over the user's own documents."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.cli.command import Command, amount, count_of, json_flag, new_agent_flags
from workbench.cli.output import line, say, say_lines, write_result
from workbench.core.errors import UsageError

if TYPE_CHECKING:
    from workbench.evaluation import experiment
    from workbench.services.session import Session


def _fill_eval(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "task",
        metavar="TASK",
        help="compared over arms: document-qa, nested-kv, deep-memory-retrieval, conversation-opener, multi-hop, page-citation, "
        "filesystem, refusal, qa; measured alone: retrieval, memory-evidence, reader, answers; pair (two runs), make and own "
        "(your documents)",
    )
    sub.add_argument("paths", metavar="FILE", nargs="*", help="pair: two records of runs; own: the file of questions")
    sub.add_argument(
        "--data", metavar="DIR", default="", help="a folder with a question set, in the layout that it was published in"
    )
    sub.add_argument(
        "--arms",
        metavar="A,B",
        default="",
        help="who answers: reader, agent, guided, fixed, fixed-tokens, fixed-cut, retrieval, human (default: by the task, and "
        "whether a model is named)",
    )
    sub.add_argument(
        "--vary",
        metavar="KEY=A,B",
        action="append",
        default=[],
        help="ask every arm once for each value of a setting, of documents (passages of fixed contexts) or of memory (recall, "
        "archival, both); give it again for another one",
    )
    sub.add_argument(
        "--limit", metavar="N", type=count_of, default=0, help="ask N questions; make: write N (default 50)"
    )
    sub.add_argument("--seed", metavar="N", type=int, default=0, help="which N questions are drawn")
    sub.add_argument("--record", metavar="FILE", default="", help="write a line a question here; a killed run goes on")
    sub.add_argument(
        "--home", metavar="DIR", default="", help="keep the agents of the run here (default: beside the record)"
    )
    sub.add_argument("--report", metavar="FILE", default="", help="write the result here, .html, .md or .json")
    sub.add_argument(
        "--budget", metavar="C", type=amount, default=0.0, help="stop once the run, its judge included, has cost this"
    )
    sub.add_argument(
        "--workers",
        metavar="N",
        type=count_of,
        default=1,
        help="ask so many questions at once, where the server allows it",
    )
    sub.add_argument("--judge", metavar="M", default="", help="a model of the server that judges the answers")
    sub.add_argument("--judge-endpoint", metavar="URL", default="", help="the judge's server, where it is another")
    sub.add_argument("--judge-prompt", metavar="FILE", default="", help="a prompt for the judge of your own")
    sub.add_argument("--by", choices=("right", "judged"), default="right", help="pair: what is compared")
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
    from workbench.evaluation import tasks

    if chosen.task in tasks.TASKS:
        return _compare(session, chosen)
    if chosen.task not in evaluation.TASKS:
        known = [*tasks.TASKS, *evaluation.TASKS, *_SPECIAL]
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


def _compare(session: Session, chosen: argparse.Namespace) -> int:
    """Run a task over its arms."""
    from workbench.evaluation import experiment, report
    from workbench.ipc.command_output import complain

    record = Path(chosen.record) if chosen.record else None
    file = _report_file(chosen.report)
    plan = _plan(session, chosen, record)
    rows: list[dict[str, Any]] = []
    waiting = 0

    def begin(count: int) -> None:
        nonlocal waiting
        waiting = count

    for row in experiment.run(plan, session.settings, record, complain, begin):
        if chosen.json:
            line(row)
        if row["event"] == "question":
            rows.append(row)
            complain(_progress(rows, waiting))
            continue
        if not chosen.json:
            say_lines(report.text(row))
            if plan.home is not None and any(one["agent"] for one in rows):
                say("")
                say(f"Open the agent of a question: {report.open_command(str(plan.home))}")
        if file is not None:
            asked = experiment.read_run(record)[1] if record else rows
            _write_report(file, row, asked, str(plan.home or ""))
    return 0


def _plan(session: Session, chosen: argparse.Namespace, record: Path | None) -> experiment.Plan:
    """What the command line asks for. Raises UsageError."""
    from workbench.cli.own_session import FLAGS
    from workbench.evaluation.experiment import Plan
    from workbench.evaluation.judge import Judge

    judge = None
    if chosen.judge:
        settings = replace(session.settings, base_url=chosen.judge_endpoint or session.settings.base_url)
        judge = Judge.of(settings, chosen.judge, Path(chosen.judge_prompt) if chosen.judge_prompt else None)
    elif chosen.judge_prompt or chosen.judge_endpoint:
        raise UsageError("No model is named to judge.", "Name one with --judge.")
    home = Path(chosen.home) if chosen.home else record.with_name(f"{record.name}.home") if record else None
    given = frozenset(name for name in FLAGS if getattr(chosen, name, None) is not None)
    return Plan(
        chosen.task, _data(chosen), _names(chosen.arms), tuple(_varied(text) for text in chosen.vary), chosen.limit,
        chosen.seed, chosen.budget, chosen.workers, judge, home, given,
    )  # fmt: skip


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _varied(text: str) -> tuple[str, tuple[str, ...]]:
    key, _, values = text.partition("=")
    if not key.strip() or not _names(values):
        raise UsageError(f"--vary {text} names no values.", "For example --vary read_ahead=true,false.")
    return key.strip(), _names(values)


def _progress(rows: list[dict[str, Any]], waiting: int) -> str:
    """How far a run is: how many of the answers that it needed are there, how many are right, and the cost so far."""
    spent = sum(one["cost"] + one.get("judge_cost", 0.0) for one in rows)
    cost = f", cost {spent:.2f}" if spent else ""
    last = rows[-1]
    failed = f" failed: {last['failed']}" if last["failed"] else ""
    right = sum(bool(one["right"]) for one in rows)
    return f"{len(rows)} of {waiting} asked, {right} right{cost}: {last['arm']}: {last['question'][:80]}{failed}"


def _report_file(text: str) -> Path | None:
    """The file of a report. Raises UsageError before anything is asked when it is none that is known."""
    file = Path(text) if text else None
    if file is not None and file.suffix not in (".html", ".md", ".json"):
        raise UsageError(
            f"A report is not written as {file.suffix or 'a file without suffix'}.", "Use .html, .md or .json."
        )
    return file


def _write_report(file: Path, result: dict[str, Any], rows: list[dict[str, Any]], home: str) -> None:
    from workbench.evaluation import report

    kinds = {
        ".html": lambda: report.page(result, rows, home),
        ".md": lambda: report.markdown(result) + "\n",
        ".json": lambda: json.dumps(result, indent=1) + "\n",
    }
    write_result(str(file), kinds[file.suffix]())


def _pair(session: Session, chosen: argparse.Namespace) -> int:
    from workbench.evaluation.experiment import pair

    if len(chosen.paths) != 2:
        raise UsageError("pair compares two runs.", "workbench eval pair RUN RUN")
    compared = pair(Path(chosen.paths[0]), Path(chosen.paths[1]), chosen.by)
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
    """Write questions over a source: by rules, or with the model that --model names."""
    from workbench.evaluation.own_corpus import Written, make, make_with_model
    from workbench.ipc.command_output import complain

    if not chosen.source or not chosen.out:
        raise UsageError("make needs a source and a file.", "workbench eval make --source S --out questions.jsonl")
    count = chosen.limit or 50
    with_model = bool(chosen.model) and not session.settings.uses_reader
    if with_model:
        made = make_with_model(
            session, session.settings, chosen.source, count, seed=chosen.seed, budget=chosen.budget, tell=complain
        )
    else:
        made = Written(make(session, chosen.source, count))
    questions = made.questions
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in questions)
    write_result(chosen.out, text)
    maker = session.settings.model if with_model else "rules"
    if chosen.json:
        line({
            "event": "result", "step": None, "task": "make", "questions": len(questions), "made_by": maker,
            "refused": made.refused, "cost": made.cost, "file": chosen.out,
        })  # fmt: skip
    else:
        refused = f"; {made.refused} replies were no question that the page answers" if made.refused else ""
        say(
            f"{len(questions)} questions, made by {maker}, in {chosen.out}{refused}. Read them before you trust their score."
        )
    return 0


def _own(session: Session, chosen: argparse.Namespace) -> int:
    from workbench.evaluation.own_corpus import read, score

    if len(chosen.paths) != 1 or not chosen.source:
        raise UsageError("own needs a file of questions and a source.", "workbench eval own questions.jsonl --source S")
    share = 0.0
    for row in score(session, chosen.source, read(Path(chosen.paths[0])), chosen.arms or "reader"):
        _tell(row, chosen.json)
        if row["event"] == "result":
            share = row["metrics"]["right"]
    return 1 if share < chosen.threshold else 0


_SPECIAL = {"pair": _pair, "make": _make, "own": _own}

COMMANDS = {"eval": Command("measure on a question set", _fill_eval, evaluate)}
