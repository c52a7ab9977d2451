"""Kill -9 at random moments of loads: `python -m tests.benchmarks.kills [KILLS] [FILES] [SEED]`.

`workbench load` is started and killed until it was killed so often; whenever a load comes to its end by itself, or was
killed ten times, the database is compared with that of an undisturbed load, row for row and bit for bit, then files
change and it goes on with that, then with a new database. A kill counts when the load had stored or embedded something
new before it. Prints what was found; exit code 1 when anything differs.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.support.killing import ROOT, alter, contents, corpus, killed_after


def main() -> int:
    """Kill, compare, tell."""
    given = [int(word) for word in sys.argv[1:]]
    kills, files, seed = (*given, *(100, 40, 1)[len(given) :])
    moments = random.Random(seed)
    killed = compared = different = idle = 0
    while killed < kills:
        with tempfile.TemporaryDirectory() as place:
            folder, home = Path(place) / "docs", Path(place) / "killed"
            corpus(folder, files)
            for state in ("new", "altered"):
                if state == "altered":
                    alter(folder)
                took, before = _load(Path(place) / "calm", folder), _stored(home)
                for _ in range(10):
                    if killed == kills or not killed_after(
                        *_kill(home, folder, moments.uniform(took * 0.2, took * 1.2))
                    ):
                        break
                    after = _stored(home)
                    killed, idle = killed + (after != before), idle + (after == before)
                    before = after
                _load(home, folder)
                same = contents(Path(place) / "calm") == contents(home)
                compared, different = compared + 1, different + (not same)
                told = f"{compared} compared ({state}), {different} different"
                print(f"{killed:4} kills at work, {idle} before anything was done, {told}", flush=True)
    return 1 if different else 0


def _stored(home: Path) -> tuple[int, ...]:
    """How much is stored and embedded."""
    import duckdb

    try:
        with duckdb.connect(str(home / "data" / "workbench.duckdb"), read_only=True) as connection:
            tables = ("source_documents", "documents", "passages", "embeddings", "file_queue", "collected")
            rows = [connection.execute(f"SELECT count(*) FROM {name}").fetchall() for name in tables]
            return tuple(int(row[0][0]) for row in rows)
    except duckdb.Error:
        return ()


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
