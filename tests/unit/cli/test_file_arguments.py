"""Files that a command names are those of the folder where it was typed, whichever process does the work."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, NoReturn

import pytest

from workbench.cli import main
from workbench.core.errors import WorkError


def test_the_files_of_eval_are_absolute_before_the_work_begins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen: list[argparse.Namespace] = []

    def opened(chosen: argparse.Namespace, complain: Any) -> NoReturn:
        seen.append(chosen)
        raise WorkError("That is enough.")

    monkeypatch.setattr(main, "own_session", opened)
    monkeypatch.chdir(tmp_path)
    words = [
        "--data",
        "d",
        "--record",
        "run.jsonl",
        "--report",
        "run.html",
        "--out",
        "questions.jsonl",
        "--home",
        "kept",
        "--judge-prompt",
        "judge.txt",
    ]
    assert main.main(["eval", "qa", *words]) == 1
    given = [getattr(seen[0], name) for name in ("data", "record", "report", "out", "home", "judge_prompt")]
    assert given == [str(tmp_path / name) for name in words[1::2]]
