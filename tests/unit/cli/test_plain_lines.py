"""Lines instead of the screen: what is a question, what is not, and limits that can be reached."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import pytest

from workbench.agent.budget import words
from workbench.cli.commands.questions import converse
from workbench.cli.main import main
from workbench.core.settings import Settings


def test_a_command_of_the_screen_is_no_question(
    make_session: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    typed = tmp_path / "typed"
    typed.write_text("/tokens\n/etc/hosts is what?\n/exit\nnever asked\n", encoding="utf-8")
    session = make_session()
    with typed.open() as stdin:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(os.fdopen(os.dup(stdin.fileno()), "rb")))
        assert converse(session, [], json=False) == 2
    said = capsys.readouterr()
    assert "Commands are for the screen" in said.err
    assert ("> /tokens" in said.err, "> /etc/hosts is what?" in said.err, "never" in said.err) == (False, True, False)


@pytest.mark.parametrize("seconds", ["nan", "inf", "-inf"])
def test_a_limit_that_cannot_be_reached_is_refused(seconds: str, capsys: Any) -> None:
    assert main(["ask", "x", f"--seconds={seconds}"]) == 2
    assert "--seconds" in capsys.readouterr().err


def test_a_limit_of_time_is_told_in_seconds() -> None:
    assert "0.5 seconds" in words("time", Settings(minutes=0.5 / 60))
    assert "1,800 seconds" in words("time", Settings())
