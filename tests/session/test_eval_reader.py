"""`workbench eval reader`: what the reader cites against gold, over the real loop with an embedder that only counts words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from workbench import evaluation
from workbench.core.errors import UsageError
from workbench.evaluation.reader import Asked, Outcome

GOLD = frozenset({("a.pdf", 1), ("b.pdf", 2)})


pytestmark = pytest.mark.usefixtures("word_embedder")


def outcome(cited: list[tuple[str, int]], gold: frozenset[tuple[str, int]] = GOLD, *, whole: bool = True) -> Outcome:
    asked = Asked("q", "Who?", (), gold, "kind", whole)
    return Outcome(asked, "", tuple((document, page, "quote") for document, page in cited), (), 1, 0.0)


def test_what_counts_as_right() -> None:
    assert outcome([("a.pdf", 1), ("b.pdf", 2), ("c.pdf", 9)]).right
    assert not outcome([("a.pdf", 1)]).right
    assert outcome([("a.pdf", 1)], whole=False).right
    assert not outcome([("a.pdf", 1), ("b.pdf", 2), ("c.pdf", 9), ("d.pdf", 1)]).right
    assert not outcome([("a.pdf", 1), *[("a.pdf", page) for page in range(2, 7)]], whole=False).right
    assert outcome([], frozenset()).right
    assert not outcome([("a.pdf", 1)], frozenset()).right


def test_a_folder_is_asked_and_its_pages_compared(tmp_path: Path) -> None:
    (tmp_path / "harbour.md").write_text("The iron beacon on Gannet Ledge was designed by Otto Perrin in 1901.\n")
    (tmp_path / "market.md").write_text("On Fridays there is a market. Cheese is sold by weight.\n")
    questions = [
        {"id": "one", "question": "Who designed the iron beacon on Gannet Ledge?", "hops": 1,
         "gold": [{"document": "harbour.md", "page": 1}]},
        {"id": "two", "question": "What salary was the bishop of Gannet Ledge promised?", "hops": 1, "gold": []},
    ]  # fmt: skip
    (tmp_path / "questions.json").write_text(json.dumps({"questions": questions}))
    *rows, result = evaluation.run("reader", tmp_path, None)
    assert [(row["id"], row["right"]) for row in rows] == [("one", True), ("two", True)]
    assert rows[0]["cited"][0]["document"] == "harbour.md"
    assert not rows[1]["cited"]
    assert result["metrics"]["right"] == 1.0


def test_questions_about_no_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "set.json").write_text(
        json.dumps([{"question": "Who?", "ctxs": [{"title": "t", "text": "x", "isgold": True}]}])
    )
    with pytest.raises(UsageError):
        list(evaluation.run("reader", tmp_path, None))
