"""Questions over a corpus of the user's own: `eval make` writes them by rules, `eval own` asks them and gates on the score.

A question is made from a sentence with a name and a number, or a date, that occur in one document only: the number is asked for,
the rest of the sentence is the question. Such cloze questions measure whether the archive is searched and quoted rightly; they do
not measure reasoning. They are marked as made by rules, so that nobody takes their score for more.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from workbench.core.errors import UsageError
from workbench.evaluation.answer_sets import holds
from workbench.evaluation.arms import Asking, arm
from workbench.services.session import Session

_SENTENCE = re.compile(r"[^.!?\n]{40,240}[.!?](?=\s|$)")
_NUMBER = re.compile(r"(?<![\w.,/-])\d[\d,.]*\d(?![\w/-])|(?<![\w.,/-])\d(?![\w.,/-])")
_NAME = re.compile(r"(?<!^)(?<![.!?]\s)\b[A-Z][a-zà-ÿ]{2,}(?:\s+[A-Z][a-zà-ÿ]{2,})*")


def make(session: Session, source: str, count: int) -> list[dict[str, Any]]:
    """Questions from sentences whose number and name occur in one document of a source only, at most one a page.

    Raises NotFound for a source that is not there, UsageError when no sentence of it serves.
    """
    session.open_agent(fresh=True)
    session.attach(source)
    pages = list(_pages(session, source))
    numbers: Counter[str] = Counter()
    for _, _, text in pages:
        numbers.update(set(_NUMBER.findall(text)))
    questions: list[dict[str, Any]] = []
    for document, page, text in pages:
        for sentence in _SENTENCE.findall(" ".join(text.split())):
            once = [number for number in _NUMBER.findall(sentence) if numbers[number] == 1]
            if len(once) == 1 and _NAME.search(sentence):
                asked = sentence.strip().replace(once[0], "what number", 1).rstrip(".!?")
                questions.append(
                    {
                        "id": f"{len(questions) + 1}",
                        "question": f"Which number stands here: {asked}?",
                        "answers": [once[0]],
                        "document": document,
                        "page": page,
                        "made_by": "rules",
                    }
                )
                break
        if len(questions) == count:
            break
    if not questions:
        raise UsageError(f"No sentence of {source!r} makes a question.", "Write questions by hand, in the same layout.")
    return questions


def _pages(session: Session, source: str) -> Iterator[tuple[str, int, str]]:
    for info in session.documents(source):
        if info.status == "loaded":
            for number in range(1, info.pages + 1):
                yield info.path, number, session.page(info.path, number).text


def read(file: Path) -> list[dict[str, Any]]:
    """The questions of a file of JSON lines. Raises UsageError, naming the line."""
    questions = []
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{file} cannot be read ({type(error).__name__}).", "Make one with `workbench eval make`."
        ) from None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            question = {
                "id": str(row.get("id", number)), "question": str(row["question"]), "answers": [str(one) for one in row["answers"]],
                "document": str(row.get("document", "")), "page": int(row.get("page", 0)),
            }  # fmt: skip
        except (ValueError, KeyError, TypeError, AttributeError):
            raise UsageError(
                f"Line {number} of {file} is no question.", 'It needs {"question": "…", "answers": ["…"]}.'
            ) from None
        questions.append(question)
    if not questions:
        raise UsageError(f"There are no questions in {file}.", "Make some with `workbench eval make --source S`.")
    return questions


def score(session: Session, source: str, questions: list[dict[str, Any]], arm_name: str) -> Iterator[dict[str, Any]]:
    """Ask all questions of one arm; a row a question, last the result with the share right."""
    answer = arm(arm_name)
    right = cited = 0
    for question in questions:
        answered = answer(Asking(session, session.settings, source, question["question"]))
        good = answered.answered and any(
            holds(text, tuple(question["answers"])) for text in (answered.text, *answered.quotes)
        )
        right += good
        cited += question["document"] in answered.documents
        yield {
            "event": "question", "step": None, **question, "right": good, "text": answered.text, "agent": answered.agent,
            "steps": answered.steps, "seconds": round(answered.seconds, 3), "failed": answered.failed,
        }  # fmt: skip
    metrics = {"right": right / len(questions), "document_cited": cited / len(questions)}
    yield {"event": "result", "step": None, "task": "own", "questions": len(questions), "metrics": metrics}
