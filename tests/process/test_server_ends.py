"""An owner that ends: what others asked for is let end, their loads go on elsewhere, and nobody is told of a fault."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.support import model_scripts
from tests.support.model_server import ModelServer
from tests.support.processes import ROOT, close, command, environment, owner, until, wait_until
from workbench.core.paths import locate


def begin(home: Path, *words: str, **more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "workbench", *words, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, cwd=ROOT, env=environment(home, **more),
    )  # fmt: skip


@pytest.mark.nightly
def test_a_question_of_another_display_is_let_end(tmp_path: Path) -> None:
    home, asked, go = tmp_path / "home", threading.Event(), threading.Event()

    def script(body: Any) -> Any:
        asked.set()
        go.wait(60)
        return model_scripts.says("Good day.")

    with ModelServer(script) as server:
        chosen = {"OPENAI_BASE_URL": server.url, "WORKBENCH_MODEL": "scripted"}
        process = owner(home, **chosen)
        display = begin(home, "ask", "First?", "--agent", "other", **chosen)
        assert asked.wait(60)
        ends = threading.Thread(target=close, args=(process,))
        ends.start()
        # Whoever comes meanwhile is still served.
        assert {row["name"] for row in command(home, "agents")[-1]["agents"]} >= {"other"}
        assert process.poll() is None
        go.set()
        out, err = display.communicate(timeout=60)
        ends.join(60)
        assert display.returncode == 0, err
        assert json.loads(out.splitlines()[-1])["text"] == "Good day."
    assert not locate(home).socket_file.exists()


@pytest.mark.nightly
@pytest.mark.parametrize("killed", [True, pytest.param(False, marks=pytest.mark.nightly)], ids=["killed", "ends"])
def test_a_load_goes_on_elsewhere_when_its_owner_ends_or_is_killed(tmp_path: Path, killed: bool) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    for number in range(60):
        text = "\n\n".join(f"Barrel {number}.{line} of the store holds quince number {line}." * 12 for line in range(2))
        (folder / f"{number:02}.md").write_text(f"# Store {number}\n\n{text}\n")
    home = tmp_path / "home"
    process = owner(home)
    assert wait_until(lambda: bool(command(home, "agents")[-1]["agents"]))
    load = begin(home, "load", str(folder), "--source", "docs")
    next(row for row in until(load, "load_progress", 500) if row["files_done"] > 4)
    if killed:
        process.kill()
        process.communicate()
    else:
        close(process)
    assert load.poll() is None, "the owner waited for the load"
    out, err = load.communicate(timeout=120)
    assert load.returncode == 0, err
    last = json.loads(out.splitlines()[-1])
    assert (last["event"], last["documents"] + last["unchanged"], last["stopped"]) == ("loaded", 60, False)
    assert last["unchanged"] > 0
