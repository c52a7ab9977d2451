"""A command run in this process, as a fixture."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import Run
from workbench.cli.main import main


@pytest.fixture
def run(
    home: Path, word_embedder: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """A command in this process, --json: exit code, its lines, and standard error."""
    monkeypatch.setenv("WORKBENCH_HOME", str(home))

    def call(*words: str) -> tuple[int, list[dict[str, Any]], str]:
        code = main([*words, "--json"])
        out, err = capsys.readouterr()
        return code, [json.loads(line) for line in out.splitlines()], err

    return call
