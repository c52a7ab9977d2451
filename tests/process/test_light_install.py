"""The default install has no PyTorch: load, ask, search and doctor run with it, and what builds on it, out of reach."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ABSENT = ("torch", "sentence_transformers", "transformers", "sklearn", "scipy")

_BLOCK = f"""
from importlib.machinery import PathFinder
look = PathFinder.find_spec
def find_spec(name, path=None, target=None):
    return None if name.partition(".")[0] in {ABSENT!r} else look(name, path, target)
PathFinder.find_spec = find_spec
"""


@pytest.fixture(scope="module")
def light(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in whose processes, workers included, those packages cannot be imported."""
    folder = tmp_path_factory.mktemp("light")
    (folder / "sitecustomize.py").write_text(_BLOCK, encoding="utf-8")
    (folder / "notes.md").write_text("# Light\n\nThe keeper lit the lamp at dusk.\n", encoding="utf-8")
    inherited = os.environ.get("PYTHONPATH")
    path = os.pathsep.join([str(folder), *([inherited] if inherited else [])])
    return {**os.environ, "PYTHONPATH": path, "WORKBENCH_HOME": str(folder / "home"), "NOTES": str(folder / "notes.md")}


def run(light: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "workbench", *words]
    return subprocess.run(command, env=light, capture_output=True, text=True, cwd=ROOT, timeout=300, check=False)


@pytest.mark.nightly
@pytest.mark.process
def test_the_default_install_works_without_pytorch(light: dict[str, str]) -> None:
    missing = run({**light}, "--version")
    assert missing.returncode == 0
    blocked = subprocess.run([sys.executable, "-c", "import torch"], env=light, capture_output=True, check=False)
    assert blocked.returncode, "the test blocks nothing"
    loaded = run(light, "load", light["NOTES"], "--source", "notes", "--json")
    assert loaded.returncode == 0, loaded.stderr
    asked = run(light, "ask", "When did the keeper light the lamp?", "--attach", "notes", "--json")
    assert asked.returncode == 0, asked.stderr
    assert "dusk" in asked.stdout
    checked = run(light, "doctor", "--json")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    reranked = run(light, "search", "lamp", "--reranker", "some/cross-encoder")
    assert reranked.returncode == 1
    assert "memgpt-workbench[sentence-transformers]" in reranked.stderr
