"""`workbench eval qa`: the same questions asked of several arms, recorded question by question, resumed where a run was killed.

A run is a file of JSON lines. Its first line says what was asked of whom (set, arms, seed, settings, revision); each further
line is one question of one arm. Started again with the same file, a run goes on behind its last whole line, and refuses to when
anything that its first line says is different: two kinds of answers would be counted as one.
"""

from __future__ import annotations

import hashlib
import json
import random
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from workbench import __version__
from workbench.core.errors import UsageError, WorkbenchError
from workbench.core.paths import locate
from workbench.core.settings import Settings
from workbench.evaluation.answer_sets import AnswerQuestion, AnswerSet, holds, read_answer_sets
from workbench.evaluation.answers import calibration_error, left_out
from workbench.evaluation.arms import Answered, arm
from workbench.evaluation.metrics import bootstrap, exact_match, f1, mcnemar, rouge_l
from workbench.services.session import Session

_SECRET = ("api_key", "archive")
_NOT_THE_RUN = (*_SECRET, "theme", "ascii")


@dataclass(frozen=True)
class Plan:
    """What a run asks. `limit` questions are drawn with `seed` where the set has more; 0 asks all."""

    data: Path
    arms: tuple[str, ...] = ("reader",)
    limit: int = 0
    seed: int = 0
    cost: float = 0.0
    """The run stops before its cost passes this; 0 is no bound."""


def run(plan: Plan, settings: Settings, record: Path | None = None) -> Iterator[dict[str, Any]]:
    """Rows ready for JSON: a line a question of an arm, last the result.

    Args:
        plan: what is asked of whom.
        settings: the model and window of the arms that have one.
        record: the file of the run; it is resumed where it is there.

    Raises UsageError for an unknown arm or set, and for a record of another run.
    """
    arms = {name: arm(name) for name in plan.arms}
    found = read_answer_sets(plan.data)
    questions = drawn(found, plan)
    head = _head(plan, settings, found, questions)
    rows = _resumed(record, head)
    known = {(row["arm"], row["id"]) for row in rows}
    with (
        tempfile.TemporaryDirectory(prefix="workbench-eval-") as folder,
        Session(replace(settings, archive=""), locate(Path(folder) / "home")) as session,
    ):
        absent = left_out(found)
        found.write(Path(folder) / "documents", absent)
        for _ in session.load([Path(folder) / "documents"], source="documents", attach=False):
            pass
        spent = sum(row["cost"] for row in rows)
        for question in questions:
            for name, answer in arms.items():
                if (name, question.id) in known:
                    continue
                if plan.cost and spent >= plan.cost:
                    raise UsageError(
                        f"The run has cost {spent:.2f} of {plan.cost:.2f}.",
                        "Raise --budget, and start it again to go on.",
                    )
                try:
                    answered = answer(session, "documents", question.text)
                except WorkbenchError as error:
                    answered = Answered("", False, failed=error.one_line())
                row = scored(name, question, answered, not question.documents & absent)
                spent += row["cost"]
                rows.append(row)
                _append(record, row)
                yield row
    yield result(plan, rows, head)


def drawn(found: AnswerSet, plan: Plan) -> list[AnswerQuestion]:
    """The questions of a run, in the order of the set."""
    questions = list(found.questions)
    if plan.limit and plan.limit < len(questions):
        chosen = set(random.Random(plan.seed).sample(range(len(questions)), plan.limit))
        questions = [question for at, question in enumerate(questions) if at in chosen]
    return questions


def scored(name: str, question: AnswerQuestion, answered: Answered, answerable: bool) -> dict[str, Any]:
    """An answer with its measures, ready for JSON."""
    said = (answered.text, *answered.quotes)
    contained = answerable and answered.answered and any(holds(text, question.answers) for text in said)
    given = answered.text if answerable and answered.answered else ""
    return {
        "event": "question", "step": None, "arm": name, "id": question.id, "question": question.text,
        "answerable": answerable, "right": contained if answerable else not answered.answered, "contained": contained,
        "exact": exact_match(given, question.answers) if answerable else 0.0,
        "f1": f1(given, question.answers) if answerable else 0.0,
        "rouge_l": rouge_l(given, question.answers) if answerable else 0.0,
        "gold_cited": bool(question.documents & set(answered.documents)), **asdict(answered),
    }  # fmt: skip


def result(plan: Plan, rows: Sequence[Mapping[str, Any]], head: Mapping[str, Any]) -> dict[str, Any]:
    """The table of a run: the measures of each arm, with 95 % intervals for what is right."""
    arms = {name: arm_metrics([row for row in rows if row["arm"] == name]) for name in plan.arms}
    return {
        "event": "result", "step": None, "task": "qa", "data": plan.data.name, "revision": head["revision"],
        "questions": len(head["questions"]), "metrics": {f"{name}: right": own["right"] for name, own in arms.items()}, "arms": arms,
    }  # fmt: skip


def arm_metrics(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """The measures of one arm. Shares are of the answerable questions; `refused` is of those without an answer here."""
    good = [row for row in rows if row["answerable"]]
    none = [row for row in rows if not row["answerable"]]
    sure = [row for row in rows if row["answered"] and row["confidence"] is not None]
    right = bootstrap([float(row["right"]) for row in rows])
    measures = {
        "right": right.mean, "right_low": right.low, "right_high": right.high,
        "contained": _mean(good, "contained"), "exact": _mean(good, "exact"), "f1": _mean(good, "f1"),
        "rouge_l": _mean(good, "rouge_l"), "gold_cited": _mean(good, "gold_cited"), "answered": _mean(good, "answered"),
        "refused": 1 - _mean(none, "answered") if none else 0.0,
        "quotes_verified": _share_verified(rows), "steps": _mean(rows, "steps"),
        "prompt_tokens": _mean(rows, "prompt_tokens"), "cost": sum(row["cost"] for row in rows),
        "seconds": _mean(rows, "seconds"), "failed": float(sum(bool(row["failed"]) for row in rows)),
    }  # fmt: skip
    if sure:
        measures["calibration_error"] = calibration_error(
            [row["confidence"] for row in sure], [bool(row["contained"]) for row in sure]
        )
    return measures


def _mean(rows: Sequence[Mapping[str, Any]], key: str) -> float:
    return sum(float(row[key]) for row in rows) / len(rows) if rows else 0.0


def _share_verified(rows: Sequence[Mapping[str, Any]]) -> float:
    quotes = sum(len(row["quotes"]) for row in rows)
    return sum(row["verified"] for row in rows) / quotes if quotes else 0.0


# -- records of runs ----------------------------------------------------------------------------------------------------


def _head(plan: Plan, settings: Settings, found: AnswerSet, questions: Sequence[AnswerQuestion]) -> dict[str, Any]:
    own = {field.name: getattr(settings, field.name) for field in fields(settings) if field.name not in _NOT_THE_RUN}
    return {
        "event": "run", "data": found.name, "documents": len(found.documents), "arms": list(plan.arms), "seed": plan.seed,
        "limit": plan.limit, "version": __version__, "revision": revision(), "settings": _digest(own),
        "model": settings.model, "questions": [question.id for question in questions],
    }  # fmt: skip


def revision() -> str:
    """The git revision of the checkout that runs, "" outside one."""
    try:
        done = subprocess.run(
            ["git", "rev-parse", "--short=12", "HEAD"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()


def _digest(value: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:12]


def _resumed(record: Path | None, head: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows that a record has; its first line is written where there is none. A torn last line is taken away."""
    if record is None:
        return []
    if not record.exists():
        record.write_text(json.dumps(head) + "\n", encoding="utf-8")
        return []
    found, rows = read_run(record)
    if different := [key for key in head if key != "revision" and found.get(key) != head[key]]:
        raise UsageError(f"{record} is another run: its {different[0]} differs.", "Name another file with --record.")
    record.write_text("".join(json.dumps(row) + "\n" for row in (found, *rows)), encoding="utf-8")
    return rows


def _append(record: Path | None, row: Mapping[str, Any]) -> None:
    if record is not None:
        with record.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(row) + "\n")


def read_run(record: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The first line of a record and its rows; a line that was torn by a kill is left out. Raises UsageError."""
    try:
        lines = record.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{record} cannot be read ({type(error).__name__}).", "Name the record of a run.") from None
    rows: list[dict[str, Any]] = []
    for line in lines:
        try:
            rows.append(json.loads(line))
        except ValueError:
            break
    if not rows or rows[0].get("event") != "run":
        raise UsageError(f"{record} is no record of a run.", "Make one with `workbench eval qa --record FILE`.")
    return rows[0], rows[1:]


def pair(first: Path, second: Path) -> dict[str, Any]:
    """Two runs over the same questions, arm by arm where both have it, else first arm against first arm: McNemar's test."""
    (head, rows), (other_head, other_rows) = read_run(first), read_run(second)
    names = [name for name in head["arms"] if name in other_head["arms"]] or [""]
    compared = {}
    for name in names:
        one = _right(rows, name or head["arms"][0])
        two = _right(other_rows, name or other_head["arms"][0])
        shared = sorted(one.keys() & two.keys())
        if not shared:
            raise UsageError("The two runs have no question in common.", "Run both over the same set, with one seed.")
        pairs = [(one[key], two[key]) for key in shared]
        label = name or f"{head['arms'][0]} against {other_head['arms'][0]}"
        compared[label] = {
            "questions": len(shared), "first": sum(a for a, _ in pairs) / len(pairs), "second": sum(b for _, b in pairs) / len(pairs),
            "only_first": sum(a and not b for a, b in pairs), "only_second": sum(b and not a for a, b in pairs),
            "p": mcnemar([a for a, _ in pairs], [b for _, b in pairs]),
        }  # fmt: skip
    return {"event": "result", "step": None, "task": "pair", "arms": compared}


def _right(rows: Sequence[Mapping[str, Any]], name: str) -> dict[str, bool]:
    return {row["id"]: bool(row["right"]) for row in rows if row["arm"] == name}
