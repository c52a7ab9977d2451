"""Completion scripts: every command is in them, they are valid, and they go where the shell looks."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from workbench.cli.commands import COMMANDS
from workbench.cli.main import main


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_command_can_be_completed(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert all(name in script for name in COMMANDS)


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_bash_completes_what_it_installs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The installed script, sourced by bash itself: the only command that begins with "so" is sources."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert main(["completion", "bash", "--install"]) == 0
    script = tmp_path / "bash-completion" / "completions" / "workbench"
    typed = f'source {script}; COMP_WORDS=(workbench so); COMP_CWORD=1; _shtab_workbench; echo "${{COMPREPLY[@]}}"'
    done = subprocess.run(["bash", "-c", typed], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["sources"]


def test_another_shell_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("SHELL", "/bin/tcsh")
    assert main(["completion"]) == 2
    assert "Name bash, zsh or fish." in capsys.readouterr().err
