"""Where the workbench cannot run, a command ends with one sentence."""

from __future__ import annotations

import importlib.util
import sys
from typing import Any

import pytest

from workbench.cli.main import main
from workbench.core import platforms


def test_here_it_runs() -> None:
    platforms.check()


def test_windows_is_refused_in_one_sentence(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert main(["sources"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.strip().splitlines() == [
        "workbench: The workbench does not run on Windows itself. Install it inside WSL: wsl --install."
    ]


def test_a_system_without_locks_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    there = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "fcntl" else there(name))
    assert main(["sources"]) == 1
    assert "lacks fcntl" in capsys.readouterr().err
