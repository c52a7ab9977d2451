"""Kinds of questions over small documents: other languages, headings, denials, lists, forms, leaders of dots, mails.

With the embedding that ships: likeness by words alone, as most tests of sessions have it, would answer few of them.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from workbench.api.events import AnswerDone
from workbench.core.paths import locate
from workbench.core.settings import READER, Settings
from workbench.services.session import Session

CASES = json.loads((Path(__file__).parents[1] / "samples" / "kinds_of_questions.json").read_text(encoding="utf-8"))[
    "cases"
]
LEAST_RIGHT = 0.85
"""The share of questions that must be answered rightly: what is not, is printed."""


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


@pytest.mark.nightly
def test_kinds_of_questions(tmp_path: Path) -> None:
    with Session(Settings(model=READER), locate(tmp_path / "home")) as session:
        wrong = [line for case in CASES for line in failures(session, case, tmp_path / case["id"])]
    asked = sum(len(case["checks"]) for case in CASES)
    assert len(wrong) <= (1 - LEAST_RIGHT) * asked, "\n".join(wrong)
