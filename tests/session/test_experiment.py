"""`workbench eval qa`, `pair`, `make` and `own`, through the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import Run

TITLES = ("Harbour", "Mill", "Chapel", "School", "Bridge", "Tower", "Market", "Quarry")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Eight passages with one question each, in the layout of NQ-open."""
    folder = tmp_path / "set"
    folder.mkdir()
    rows = [
        {
            "question": f"Who built the {title.lower()} of Elmstead?",
            "answers": [f"Jonas {title}son"],
            "ctxs": [{"title": title, "text": f"The {title.lower()} of Elmstead was built by Jonas {title}son.", "isgold": True}],
        }
        for title in TITLES
    ]
    (folder / "nq.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_a_run_is_resumed_to_the_same_table(run: Run, data: Path, tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole.jsonl", tmp_path / "killed.jsonl"
    words = ("eval", "qa", "--data", str(data), "--arms", "reader,retrieval", "--limit", "4", "--seed", "3")
    code, lines, _ = run(*words, "--record", str(whole), "--report", str(tmp_path / "r.html"))
    assert code == 0
    result = lines[-1]
    retrieval = result["arms"]["retrieval"]
    assert (retrieval["contained"], retrieval["refused"]) == (1, 0)  # it finds what is there, and never refuses
    assert result["arms"]["reader"]["refused"] > 0
    assert {row["arm"] for row in lines[:-1]} == {"reader", "retrieval"}
    kept = whole.read_text().splitlines(keepends=True)
    killed.write_text("".join(kept[:4]) + kept[4][:30])  # torn in the fifth line
    _, again, _ = run(*words, "--record", str(killed))
    assert len(again) - 1 == len(kept) - 4

    def table(one: dict[str, Any]) -> dict[str, Any]:
        return {name: {key: value for key, value in own.items() if key != "seconds"} for name, own in one["arms"].items()}

    assert table(again[-1]) == table(result)
    page = (tmp_path / "r.html").read_text()
    assert "<svg" in page
    assert "<script" not in page
    code, _, err = run(*words[:-1], "4", "--record", str(killed))
    assert (code, "another run" in err) == (2, True)
    code, pairs, _ = run("eval", "pair", str(whole), str(killed))
    assert pairs[-1]["arms"]["reader"]["p"] == 1


def test_questions_over_documents_of_ones_own(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    for number, title in enumerate(TITLES):
        (folder / f"{title}.txt").write_text(
            f"An account of the place. In those days the keeper of Elmstead {title} paid {731 + number} crowns for the lease."
        )
    run("load", str(folder), "--source", "own")
    questions = tmp_path / "questions.jsonl"
    code, lines, _ = run("eval", "make", "--source", "own", "--out", str(questions), "--limit", "5")
    assert (code, lines[-1]["questions"]) == (0, 5)
    assert all(json.loads(line)["made_by"] == "rules" for line in questions.read_text().splitlines())
    code, lines, _ = run("eval", "own", str(questions), "--source", "own", "--arms", "retrieval", "--threshold", "0.5")
    assert (code, lines[-1]["metrics"]["right"] >= 0.5) == (0, True)
    code, _, _ = run("eval", "own", str(questions), "--source", "own", "--arms", "retrieval", "--threshold", "1.1")
    assert code == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("qa",), "--data"),
        (("qa", "--data", "/nowhere"), "nowhere"),
        (("qa", "--data", "{data}", "--arms", "magic"), "no arm 'magic'"),
        (("pair", "one"), "two runs"),
        (("pair", "/nowhere/a", "/nowhere/b"), "cannot be read"),
        (("own", "/nowhere/q", "--source", "s"), "cannot be read"),
        (("make",), "a source and a file"),
        (("magic",), "no task 'magic'"),
    ],
)
def test_bad_input_is_one_sentence(run: Run, data: Path, words: tuple[str, ...], says: str) -> None:
    code, _, err = run("eval", *(word.format(data=data) for word in words))
    assert code == 2
    assert says in err
    assert "Traceback" not in err
