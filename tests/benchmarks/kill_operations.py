"""Kill -9 during every operation: `python -m tests.benchmarks.kill_operations [KILLS] [SEED]`.

Loads, questions, notes, forks, renames, exports, imports, backups, erasures, attachments, undo, edits of the memory, and migrations of
databases of older schemas run one after the other and are killed at random moments, on one home. After each kill the database
is opened: it must be whole (`doctor --storage`), nothing may be told as lost, and all that was acknowledged must be there.
Prints what was found; exit code 1 when anything is missing.
"""

from __future__ import annotations

import collections
import json
import random
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from tests.support.killing import ROOT
from tests.support.old_databases import build, versions
from tests.support.operations import OPERATIONS
from workbench.core.errors import ArchiveError
from workbench.storage.database import Database
from workbench.storage.verification import verified

_OPEN = (
    "import sys; from pathlib import Path; from workbench.storage.database import Database; print('{}', flush=True); "
    "Database(Path(sys.argv[1])).close()"
)
_SETTLE_SECONDS = 60.0


def main() -> int:
    """Kill, compare, tell."""
    given = [int(word) for word in sys.argv[1:]]
    kills, seed = (*given, *(200, 1)[len(given) :])
    draw = random.Random(seed)
    wrong: list[str] = []
    hit: collections.Counter[str] = collections.Counter()
    with tempfile.TemporaryDirectory() as place:
        home = Path(place) / "home"
        expected: dict[str, set[str]] = {"load": set(), "rename": set(), "fork": set(), "import": set()}
        for number in range(kills):
            if draw.random() < 0.15:
                hit["migration"] += 1
                wrong += _migration(Path(place) / f"old{number}.duckdb", draw)
            else:
                name, problems = _operations(home, draw, seed + number, expected)
                hit[name] += 1
                wrong += problems
            if (number + 1) % 10 == 0 or number + 1 == kills:
                told = ", ".join(f"{name} {count}" for name, count in sorted(hit.items()))
                print(f"{number + 1:4} kills, {len(wrong)} problems; killed after: {told}", flush=True)
            for problem in wrong[-3:] if wrong else ():
                print(f"     {problem}", flush=True)
    return 1 if wrong else 0


def _operations(home: Path, draw: random.Random, seed: int, expected: dict[str, set[str]]) -> tuple[str, list[str]]:
    """Operations until a kill; the last one that was acknowledged, and what is wrong afterwards."""
    command = [sys.executable, "-m", "tests.support.operations", str(home), str(seed), *OPERATIONS]
    frames, errors, code = _killed(command, draw.uniform(0.1, 6.0))
    problems = [f"it ended by itself ({code}): {errors[-300:]}"] if code != -9 else []
    problems += [f"told as lost: {frame['damage']}" for frame in frames if "damage" in frame]
    done = [frame for frame in frames if "done" in frame]
    for frame in done:
        if frame["done"] in expected and frame["what"]:
            expected[frame["done"]].add(frame["what"])
    return (done[-1]["done"] if done else "start"), problems + _problems(home / "data" / "workbench.duckdb", expected)


def _migration(file: Path, draw: random.Random) -> list[str]:
    """A database of an older schema whose opening is killed, and opened again."""
    build(file, draw.choice(versions()))
    _killed([sys.executable, "-c", _OPEN, str(file)], draw.uniform(0.0, 0.25))
    problems = _problems(file, {})
    for left in file.parent.glob(f"{file.name}*"):
        left.unlink()
    return problems


def _killed(command: list[str], seconds: float) -> tuple[list[dict[str, Any]], str, int]:
    """What a process said until it was killed, so many seconds after its first line."""
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, start_new_session=True
    )
    assert process.stdout is not None
    first = process.stdout.readline()
    timer = threading.Timer(seconds, process.kill)
    timer.start()
    rest, errors = process.communicate(timeout=seconds + _SETTLE_SECONDS)
    timer.cancel()
    lines = [line for line in (first, *rest.splitlines(keepends=True)) if line.endswith("\n")]
    return [json.loads(line) for line in lines], errors, process.returncode


def _problems(file: Path, expected: dict[str, set[str]]) -> list[str]:
    try:
        database = Database(file)
    except ArchiveError as error:
        return [error.one_line()]
    try:
        found = [f"{item.what}: {item.detail}" for item in verified(database) if item.wrong]
        found += [database.damage] if database.damage else []
        if expected:
            agents = {str(row[0]) for row in database.rows("SELECT name FROM agents")}
            there = {f"docs/{row[0]}" for row in database.rows("SELECT path FROM source_documents")}
            for name, lacking in (
                ("documents", expected["load"] - there),
                ("agents", (expected["rename"] | expected["fork"] | expected["import"]) - agents),
            ):
                found += [f"acknowledged and missing: {name} {sorted(lacking)[:5]}"] if lacking else []
        return found
    finally:
        database.close()


if __name__ == "__main__":
    raise SystemExit(main())
