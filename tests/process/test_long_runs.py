"""The long runs of the promises about storage and hostile input, as `--nightly` runs them; each is a command of its own."""

from __future__ import annotations

import random
import subprocess
import sys

import pytest

from tests.support.killing import ROOT

pytestmark = [pytest.mark.process, pytest.mark.nightly]


@pytest.mark.timeout(7_200)
@pytest.mark.parametrize(
    "command",
    [
        ("kill_operations", "200"),
        ("soak", "30"),
        ("load_memory", "1200"),
        ("fuzz", "loaders", "600"),
        ("fuzz", "streams", "120"),
        ("fuzz", "agents", "300"),
    ],
    ids=" ".join,
)
def test_it_finds_nothing(command: tuple[str, ...]) -> None:
    seed = str(random.SystemRandom().randrange(10**6))
    done = subprocess.run(
        [sys.executable, "-m", f"tests.benchmarks.{command[0]}", *command[1:], seed],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"seed {seed}\n{done.stdout[-3000:]}\n{done.stderr[-1000:]}"
