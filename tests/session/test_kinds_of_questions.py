"""Kinds of questions over small documents: other languages, headings, denials, lists, forms, leaders of dots, mails."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from workbench.api.events import AnswerDone

CASES = json.loads((Path(__file__).parents[1] / "samples" / "kinds_of_questions.json").read_text(encoding="utf-8"))[
    "cases"
]
IN_THE_GATE = (
    "language-de",
    "heading-numbered",
    "negation-en",
    "list-repairs",
    "form-en",
    "leaders-en",
    "mail-en",
    "zh",
)


def plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def failures(session: Any, case: dict[str, Any], folder: Path) -> list[str]:
    """What is asked of a case and answered wrongly."""
    folder.mkdir()
    for name, text in case["documents"].items():
        (folder / name).write_text(text, encoding="utf-8")
    list(session.load([folder], source=case["id"], attach=False))
    found = []
    for check in case["checks"]:
        session.open_agent(fresh=True)
        session.attach(case["id"])
        answer = next(event for event in session.submit(check["question"]) if isinstance(event, AnswerDone))
        said = plain(" ".join([answer.text, *(one.quote for one in answer.citations)]))
        if not re.search(check["must"], said) or (check.get("must_not") and re.search(check["must_not"], said)):
            found.append(f"{check['question']}: {said[:200]}")
    return found


@pytest.mark.parametrize("gate", [True, pytest.param(False, marks=pytest.mark.nightly)])
def test_kinds_of_questions(gate: bool, make_session: Any, tmp_path: Path) -> None:
    session = make_session()
    chosen = [case for case in CASES if (case["id"] in IN_THE_GATE) == gate]
    assert chosen
    assert [line for case in chosen for line in failures(session, case, tmp_path / case["id"])] == []
