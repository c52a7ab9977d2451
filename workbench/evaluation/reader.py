"""Measures what the extractive reader cites on documents with questions.

Every question is asked of a fresh agent over the real loop, its sources attached as a person would attach them.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.api.events import AnswerDone, FunctionCalled, StepFinished
from workbench.core.errors import UsageError
from workbench.core.paths import locate
from workbench.core.settings import READER, Settings
from workbench.evaluation.question_sets import read_rows, read_set, rows_that_fit
from workbench.services.container import AppContext
from workbench.services.session import Session

MOST_CITATIONS = 5


@dataclass(frozen=True)
class Asked:
    """A question of some files. `gold` are (document name, page from 1), empty when the documents do not say;

    `whole` asks for every gold page, otherwise one is enough.
    """

    id: str
    text: str
    files: tuple[Path, ...]
    gold: frozenset[tuple[str, int]]
    kind: str
    whole: bool


@dataclass(frozen=True)
class Outcome:
    """What came of a question: `cited` in the order of the answer, `calls` as they were made."""

    asked: Asked
    answer: str
    cited: tuple[tuple[str, int, str], ...]
    calls: tuple[str, ...]
    steps: int
    seconds: float

    @property
    def right(self) -> bool:
        """Enough gold cited, with few citations and at most one other document; refused where nothing is said."""
        pages = {(document, page) for document, page, _ in self.cited}
        if not self.asked.gold:
            return not self.cited
        others = {document for document, _ in pages} - {document for document, _ in self.asked.gold}
        enough = self.asked.gold <= pages if self.asked.whole else bool(self.asked.gold & pages)
        return enough and len(self.cited) <= MOST_CITATIONS and len(others) <= 1


def run(folder: Path, app: AppContext) -> Iterator[dict[str, Any]]:
    """Rows ready for JSON, the last the result. Raises UsageError when the folder has no questions about files."""
    questions = questions_of(folder)
    with tempfile.TemporaryDirectory(prefix="workbench-eval-") as home:
        outcomes = []
        with Session(Settings(model=READER), locate(Path(home))) as session:
            for outcome in ask(session, questions):
                outcomes.append(outcome)
                yield row(outcome)
    yield {
        "event": "result",
        "step": None,
        "task": "reader",
        "data": folder.name,
        "questions": len(outcomes),
        "metrics": metrics(outcomes),
    }


def questions_of(folder: Path, file: Path | None = None) -> list[Asked]:
    """The questions of a folder: those of `file` or its questions.json about all its documents, or filings each with its own."""
    file = file or folder / "questions.json"
    if file.is_file():
        documents = tuple(
            path for path in sorted(folder.iterdir()) if path.suffix != ".json" and not path.name.startswith(".")
        )
        contents = read_rows(file)
        with rows_that_fit(file):
            questions = [_asked(item, documents) for item in contents["questions"]]
        return _sound(questions, file)
    found = read_set(folder)
    names = [document.file for document in found.documents]
    questions = []
    for item in found.questions:
        files = tuple(path for number in sorted(item.within or ()) if (path := names[number]))
        if files:
            gold = frozenset((path.name, page) for number, page in item.gold if (path := names[number]))
            questions.append(Asked(item.id, item.text, files, gold, "a page", whole=False))
    if not questions:
        raise UsageError(f"The questions in {folder} are not about files.", "Give sample documents or filings.")
    return questions


def _sound(questions: list[Asked], file: Path) -> list[Asked]:
    """The questions, if each is one and the documents with its gold are there."""
    for item in questions:
        if not item.text.strip():
            raise UsageError(f"Question {item.id} of {file} is empty.", "Write it, or take it away.")
        for name in sorted({name for name, _ in item.gold} - {path.name for path in item.files}):
            raise UsageError(f"Gold of question {item.id} in {file} is in no document: {name!r}.", "Add the document.")
    if not questions or not questions[0].files:
        raise UsageError(f"There are no questions in {file}, or no documents beside it.", "Add them.")
    return questions


def _asked(item: dict[str, Any], documents: tuple[Path, ...]) -> Asked:
    gold = frozenset((place["document"], int(place["page"])) for place in item["gold"])
    return Asked(item["id"], item["question"], documents, gold, f"{item['hops']} hops" if gold else "none", whole=True)


def ask(session: Session, questions: Sequence[Asked]) -> Iterator[Outcome]:
    """Ask every question of a fresh agent; files are loaded when they are first asked about."""
    sources: dict[tuple[Path, ...], str] = {}
    for item in questions:
        if item.files not in sources:
            name = item.files[0].stem if len(item.files) == 1 else item.files[0].parent.name
            sources[item.files] = name
            for _ in session.load(list(item.files), source=name, attach=False):
                pass
        session.open_agent(fresh=True)
        session.attach(sources[item.files])
        yield _ask(session, item)


def _ask(session: Session, item: Asked) -> Outcome:
    began = time.perf_counter()
    answer, steps = AnswerDone(text=""), 0
    calls = []
    for event in session.submit(item.text):
        if isinstance(event, AnswerDone):
            answer = event
        elif isinstance(event, FunctionCalled):
            calls.append(f"{event.function} {json.dumps(event.arguments, ensure_ascii=False)}")
        steps += isinstance(event, StepFinished)
    cited = tuple((Path(one.document).name, one.page, one.quote) for one in answer.citations)
    return Outcome(item, answer.text, cited, tuple(calls), steps, time.perf_counter() - began)


def row(outcome: Outcome) -> dict[str, Any]:
    """An outcome ready for JSON."""
    return {
        "event": "question",
        "step": None,
        "id": outcome.asked.id,
        "kind": outcome.asked.kind,
        "right": outcome.right,
        "gold": sorted(outcome.asked.gold),
        "cited": [{"document": document, "page": page, "quote": quote} for document, page, quote in outcome.cited],
        "steps": outcome.steps,
        "seconds": round(outcome.seconds, 3),
    }


def metrics(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """The share right, for all and by kind of question; citations, steps and seconds on average."""
    found: dict[str, list[float]] = {}
    for one in outcomes:
        for name in ("right", f"right: {one.asked.kind}"):
            found.setdefault(name, []).append(float(one.right))
        found.setdefault("citations", []).append(float(len(one.cited)))
        found.setdefault("steps", []).append(float(one.steps))
        found.setdefault("seconds", []).append(one.seconds)
    return {name: sum(values) / len(values) for name, values in found.items()}
