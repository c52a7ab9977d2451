"""A load that is killed at random moments leaves nothing lost, done twice or half: the database equals an undisturbed one's."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.killing import ROOT, alter, contents, corpus, killed_after

KILLS = 8

pytestmark = pytest.mark.nightly  # random moments: how many loads are hit depends on the machine's load


def test_after_kills_the_database_equals_that_of_an_undisturbed_load(tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    corpus(folder, 24)

    def command(home: str) -> list[str]:
        return [sys.executable, "-m", "tests.support.killing", str(tmp_path / home), str(folder)]

    environment = dict(os.environ)
    moments, killed = random.Random(20261121), 0
    for state in ("first", "altered"):
        if state == "altered":
            alter(folder)
        started = time.monotonic()
        subprocess.run(command("calm"), check=True, cwd=ROOT, env=environment, timeout=200)
        took = time.monotonic() - started
        for _ in range(KILLS // 2):
            killed += killed_after(command("killed"), moments.uniform(took * 0.3, took), environment)
        subprocess.run(command("killed"), check=True, cwd=ROOT, env=environment, timeout=200)
        calm = contents(tmp_path / "calm")
        assert all(calm[:6])
        assert contents(tmp_path / "killed") == calm, state
    assert killed > 0
