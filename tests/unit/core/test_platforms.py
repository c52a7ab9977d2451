"""Where the workbench cannot run, a command ends with one sentence."""

from __future__ import annotations

import importlib.util
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

import workbench
from workbench.cli.main import main
from workbench.core import platforms
from workbench.core.errors import WorkError


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


@pytest.mark.parametrize(
    ("module", "name", "said"), [(socket, "AF_UNIX", "Unix sockets"), (signal, "SIGHUP", "SIGHUP")]
)
def test_a_system_without_sockets_or_signals_is_refused_from_python_too(
    module: Any, name: str, said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delattr(module, name)
    with pytest.raises(WorkError, match=f"lacks {said}, which the workbench needs") as refused:
        workbench.open_workbench(tmp_path, agent="notes")
    assert refused.value.hint == "It runs on Linux, macOS and WSL."


def test_a_system_without_locks_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    there = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "fcntl" else there(name))
    assert main(["sources"]) == 1
    assert "lacks fcntl" in capsys.readouterr().err
