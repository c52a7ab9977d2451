"""Measures the reader's answers end to end: public questions with known answers, each asked of a fresh agent over the real loop.

Every fifth document is left out of the archive, so that the questions about it have no answer there and must be refused.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.api.events import AnswerDone, FunctionCalled
from workbench.api.outcome import QuestionOutcome
from workbench.core.paths import locate
from workbench.core.settings import READER, Settings
from workbench.evaluation.answer_sets import AnswerQuestion, AnswerSet, holds, read_answer_sets
from workbench.services.container import AppContext
from workbench.services.session import Session

LEFT_OUT = 5
"""One document of so many is left out."""

BINS = 10


@dataclass(frozen=True)
class Outcome:
    """What came of a question. `answerable`: its documents are in the archive; `calls` are the functions as they were called."""

    question: AnswerQuestion
    answerable: bool
    answered: bool
    quotes: tuple[str, ...]
    confidence: float
    steps: int
    seconds: float
    text: str = ""
    calls: tuple[str, ...] = ()

    @property
    def quoted(self) -> bool:
        """Whether an answer was given and one of its quotes holds the answer."""
        return self.answered and any(holds(quote, self.question.answers) for quote in self.quotes)

    @property
    def first(self) -> bool:
        """Whether the first quote holds the answer."""
        return self.answered and bool(self.quotes) and holds(self.quotes[0], self.question.answers)


def run(folder: Path, app: AppContext) -> Iterator[dict[str, Any]]:
    """Rows ready for JSON, the last the result. Raises UsageError when the folder has no set with answers."""
    found = read_answer_sets(folder)
    outcomes = []
    with (
        tempfile.TemporaryDirectory(prefix="workbench-eval-") as home,
        Session(Settings(model=READER), locate(Path(home) / "home")) as session,
    ):
        for outcome in ask(session, found, found.questions, Path(home) / "documents"):
            outcomes.append(outcome)
            yield row(outcome)
    yield {
        "event": "result", "step": None, "task": "answers", "data": folder.name, "questions": len(outcomes),
        "metrics": metrics(outcomes),
    }  # fmt: skip


def left_out(found: AnswerSet) -> frozenset[str]:
    """The documents that are not loaded: one of five, by a hash of its name."""
    return frozenset(name for name in found.documents if _number(name) % LEFT_OUT == 0)


def _number(name: str) -> int:
    return int(hashlib.sha1(name.encode()).hexdigest(), 16)


def ask(session: Session, found: AnswerSet, questions: Sequence[AnswerQuestion], documents: Path) -> Iterator[Outcome]:
    """Load the set's documents, those left out excepted, and ask every question of a fresh agent."""
    absent = left_out(found)
    if not documents.is_dir():
        found.write(documents, absent)
    for _ in session.load([documents], source="documents", attach=False):
        pass
    for question in questions:
        session.open_agent(fresh=True)
        session.attach("documents")
        began = time.perf_counter()
        events = list(session.submit(question.text))
        outcome = QuestionOutcome.of(events)
        calls = tuple(
            f"{one.function} {json.dumps(one.arguments, ensure_ascii=False)}"
            for one in events
            if isinstance(one, FunctionCalled)
        )
        answer = outcome.answer or AnswerDone(answered=False)
        quotes = tuple(one.quote for one in answer.citations)
        yield Outcome(
            question, not question.documents & absent, answer.answered, quotes, answer.confidence or 0.0, outcome.steps,
            time.perf_counter() - began, answer.text, calls,
        )  # fmt: skip


def row(outcome: Outcome) -> dict[str, Any]:
    """An outcome ready for JSON."""
    return {
        "event": "question", "step": None, "id": outcome.question.id, "question": outcome.question.text,
        "answerable": outcome.answerable, "answered": outcome.answered, "quoted": outcome.quoted, "first": outcome.first,
        "confidence": outcome.confidence, "quotes": list(outcome.quotes), "steps": outcome.steps,
        "seconds": round(outcome.seconds, 3),
    }  # fmt: skip


def metrics(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """Shares over the answerable questions (answered, quoted, first) and the others (refused), and what an answer takes."""
    good = [one for one in outcomes if one.answerable]
    none = [one for one in outcomes if not one.answerable]
    steps = sorted(one.steps for one in good) or [0]
    return {
        "answerable": float(len(good)),
        "answered": _mean([one.answered for one in good]),
        "quoted": _mean([one.quoted for one in good]),
        "first": _mean([one.first for one in good]),
        "refused": _mean([not one.answered for one in none]),
        "calibration_error": calibration_error(
            [one.confidence for one in outcomes if one.answered], [one.quoted for one in outcomes if one.answered]
        ),
        "quotes": _mean([len(one.quotes) for one in good if one.answered]),
        "steps_median": float(steps[len(steps) // 2]),
        "steps": _mean([one.steps for one in outcomes]),
        "seconds": _mean([one.seconds for one in outcomes]),
    }


def calibration_error(confidences: Sequence[float], right: Sequence[bool]) -> float:
    """The mean distance between confidence and the share right, over ten bins of equal width, weighted by their size."""
    bins: dict[int, list[tuple[float, bool]]] = {}
    for value, held in zip(confidences, right, strict=True):
        bins.setdefault(min(BINS - 1, int(value * BINS)), []).append((value, held))
    total = 0.0
    for pairs in bins.values():
        total += abs(sum(value for value, _ in pairs) - sum(held for _, held in pairs))
    return total / max(1, len(confidences))


def _mean(values: Sequence[float | bool]) -> float:
    return sum(values) / len(values) if values else 0.0
