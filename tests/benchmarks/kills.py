"""Kill -9 at random moments of loads: `python -m tests.benchmarks.kills [KILLS] [FILES] [SEED]`.

`workbench load` is started and killed until it was killed so often; whenever a load comes to its end by itself, the
database is compared with that of an undisturbed load, row for row and bit for bit, then files change and it goes on with
that, then with a new database. Prints what was found; exit code 1 when anything differs.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.killing import ROOT, alter, contents, corpus, killed_after


def main() -> int:
    """Kill, compare, tell."""
    given = [int(word) for word in sys.argv[1:]]
    kills, files, seed = (*given, *(100, 40, 1)[len(given) :])
    moments = random.Random(seed)
    killed = compared = different = 0
    while killed < kills:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place) / "docs"
            corpus(folder, files)
            for state in ("new", "altered"):
                if state == "altered":
                    alter(folder)
                took = _load(Path(place) / "calm", folder)
                while killed < kills and killed_after(*_kill(Path(place) / "killed", folder, moments.uniform(0, took))):
                    killed += 1
                _load(Path(place) / "killed", folder)
                same = contents(Path(place) / "calm") == contents(Path(place) / "killed")
                compared, different = compared + 1, different + (not same)
                print(f"{killed:4} kills, {compared} compared ({state}), {different} different", flush=True)
    return 1 if different else 0


def _command(folder: Path) -> list[str]:
    return [sys.executable, "-m", "workbench", "load", str(folder), "--source", "docs", "--prune", "--json"]


def _environment(home: Path) -> dict[str, str]:
    return {**os.environ, "WORKBENCH_HOME": str(home)}


def _kill(home: Path, folder: Path, seconds: float) -> tuple[list[str], float, dict[str, str]]:
    return _command(folder), seconds, _environment(home)


def _load(home: Path, folder: Path) -> float:
    started = time.monotonic()
    subprocess.run(_command(folder), stdout=subprocess.DEVNULL, cwd=ROOT, env=_environment(home), check=False)
    return time.monotonic() - started


if __name__ == "__main__":
    raise SystemExit(main())
