"""Proves that the default needs no network: loads a sample and asks the embedded reader with every way out refused.

`prove` runs this module as a program in a process of its own, with the variable of workbench.core.offline set; that prints one
JSON object.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from workbench.core import offline, paths
from workbench.core.settings import READER

_SAMPLE = "keepers-log.txt"
_QUESTION = "Who kept the light?"
_SECONDS = 180


@dataclass(frozen=True)
class Proof:
    """What came of it. `attempts` are the places that something wanted to reach, `answered` says that the reader answered."""

    answered: bool
    attempts: tuple[str, ...]
    error: str = ""


def prove() -> Proof:
    """Load a sample document into a home of its own and ask about it, in a process without network."""
    with tempfile.TemporaryDirectory(prefix="workbench-offline-") as folder:
        tried = Path(folder) / "tried"
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("OPENAI_", "WORKBENCH_"))}
        environment = {
            **kept, offline.VARIABLE: str(tried), "WORKBENCH_HOME": str(Path(folder) / "home"),
            "PYTHONPATH": os.pathsep.join([str(Path(__file__).resolve().parents[2]), kept.get("PYTHONPATH", "")]).rstrip(os.pathsep),
        }  # fmt: skip
        command = [sys.executable, "-m", "workbench.services.offline_proof"]
        try:
            done = subprocess.run(
                command, env=environment, capture_output=True, text=True, timeout=_SECONDS, stdin=subprocess.DEVNULL
            )
        except subprocess.TimeoutExpired:
            return Proof(False, (), f"it took longer than {_SECONDS} seconds")
        attempts = tuple(dict.fromkeys(tried.read_text(encoding="utf-8").split())) if tried.exists() else ()
        try:
            return Proof(bool(json.loads(done.stdout.splitlines()[-1])["answered"]), attempts)
        except (ValueError, IndexError, KeyError):
            said = " ".join(done.stderr.split())[-200:]
            return Proof(False, attempts, said or f"it ended with {done.returncode}")


def main() -> None:
    """What the process without network does."""
    offline.refuse_if_told()
    from workbench.services.python_api import open_workbench

    with open_workbench(model=READER) as bench:
        bench.load(str(paths.samples() / _SAMPLE), source="sample")
        answer = bench.answer(_QUESTION)
    print(json.dumps({"answered": bool(answer.text)}))


if __name__ == "__main__":
    main()
