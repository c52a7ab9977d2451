"""A table asked of a language model and a check of a text, killed in the middle, go on where they were and end whole."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.model_replies import Reply, calls, says
from tests.support.model_server import ModelServer
from tests.support.processes import ROOT, command, environment, until

pytestmark = [pytest.mark.process, pytest.mark.nightly]

LOOMS = {"Alder": 14, "Birch": 23, "Cedar": 31, "Dorn": 8}


def killed_at(home: Path, event: str, count: int, *words: str, **more: str) -> None:
    """Run a command, and kill it, and nothing else, at the so-manieth event of this kind."""
    process = subprocess.Popen(
        [sys.executable, "-m", "workbench", *words, "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT, env=environment(home, **more),
    )  # fmt: skip
    assert list(until(process, event, count))
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL


@pytest.fixture
def mills(tmp_path: Path) -> Path:
    """A home with four documents in the source "mills"."""
    folder = tmp_path / "mills"
    folder.mkdir()
    for name, count in LOOMS.items():
        (folder / f"{name}.md").write_text(
            f"# {name}\n\nThe mill of {name} had {count} looms. It burned on {count} August 1902.\n"
        )
    command(tmp_path / "home", "load", str(folder), "--source", "mills")
    return tmp_path / "home"


def test_a_table_asked_of_a_model_goes_on_after_a_kill(mills: Path, tmp_path: Path) -> None:
    def model(body: dict[str, Any]) -> Reply:
        told = re.findall(r"The mill of (\w+) had (\d+) looms", json.dumps(body["messages"]))
        if not told:
            return calls("archival_memory_search", query="mill looms")
        return says(f'It had {told[-1][1]} looms. "The mill of {told[-1][0]} had {told[-1][1]} looms."')

    with ModelServer(model) as server:
        words = (
            "table", "--question", "How many looms had the mill? [number]", "--source", "mills", "--model", "scripted",
            "--model-endpoint", server.url, "--price-in", "2", "--price-out", "8",
        )  # fmt: skip
        killed_at(mills, "cell", 2, *words)
        asked = len(server.requests)
        *_, table = command(mills, *words)
        assert len(server.requests) > asked
        found = {row["document"]: row["cells"][0] for row in table["rows"]}
        assert {name: (cell["typed"], cell["verified"]) for name, cell in found.items()} == {
            f"{name}.md": (str(count), True) for name, count in LOOMS.items()
        }
        assert table["done"] == table["total"] == len(LOOMS)
        assert table["cost"] == pytest.approx(sum(cell["cost"] for cell in found.values()))
        assert table["cost"] > 0
        again = len(server.requests)
        command(mills, *words)
        assert len(server.requests) == again
        assert command(mills, "agents")[-1]["agents"] == []


def test_a_check_goes_on_after_a_kill(mills: Path, tmp_path: Path) -> None:
    text = tmp_path / "text.md"
    text.write_text(
        "\n\n".join(f"The mill of {name} had {count} looms." for name, count in LOOMS.items()), encoding="utf-8"
    )
    killed_at(mills, "checked", 2, "check", str(text), "--source", "mills")
    told = command(mills, "check", str(text), "--source", "mills")
    assert [item["state"] for item in told if item["event"] == "checked"] == ["supported"] * len(LOOMS)
    assert next(item for item in reversed(told) if item["event"] == "check_progress")["again"] >= 1
