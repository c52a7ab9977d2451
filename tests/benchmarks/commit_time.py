"""Measure what a step's commit costs through the write-ahead log and without it, side by side.

    python -m tests.benchmarks.commit_time [--commits 400]

A commit is what one step of an agent writes: three messages, a step, its end, four events, a cursor and the agent's head.
"with" is `Database.keep` (one durable row, moved to its tables with others), the time of the moving included; "without"
writes the same changes into their tables at once, in one transaction each. Both wait for the disk. Rounds alternate.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from workbench.storage.database import Database
from workbench.storage.write_ahead_log import Changes, apply

NOW = datetime(2033, 2, 3)


def commit(agent: int, number: int) -> Changes:
    """What step `number` writes."""
    first = number * 3 + 1
    body = json.dumps({"content": "The keeper wrote down what the lamp burnt that night. " * 4})
    rows = {
        "messages": [[first + k, agent, first + k - 1, number, "user", "user_message", body, 60, NOW] for k in range(3)],
        "steps": [[
            agent, number, "sent", first, first, "[]", None, None, "a", "b", "{}", "{}", "c", 9, 9, True, None, None, None,
            None, NOW, None, False,
        ]],
        "journal": [[agent, number * 4 + k, number, "step_finished", "{}", NOW] for k in range(4)],
    }  # fmt: skip
    updates = [
        ("finish", ["done", "{}", "{}", 0.1, 0.1, "{}", agent, number]),
        ("cursor", [agent, "agent", number % 64, "query", "body", NOW]),
        ("head", [first + 2, "[]", first, None, None, NOW, agent]),
    ]
    return Changes(rows, updates)


def measure(folder: Path, commits: int, *, logged: bool) -> tuple[float, float, float]:
    """(median wait of a commit, wall time of all, CPU time of all) in milliseconds, the two latter a commit."""
    database = Database(folder / f"{'with' if logged else 'without'}.duckdb", memory_limit_mb=256)
    try:
        waits = []
        started, ran = time.perf_counter(), time.process_time()
        for number in range(1, commits + 1):
            before = time.perf_counter()
            changes = commit(1, number)
            if logged:
                database.keep(changes)
            else:
                database.write(lambda connection, one=changes: apply([one], connection), catalogue=False)
            waits.append(time.perf_counter() - before)
        database.flush()
        wall, cpu = time.perf_counter() - started, time.process_time() - ran
    finally:
        database.close()
    return statistics.median(waits) * 1_000, wall / commits * 1_000, cpu / commits * 1_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--commits", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    found: dict[bool, list[tuple[float, float, float]]] = {True: [], False: []}
    for _ in range(chosen.rounds):
        for logged in (True, False):
            with tempfile.TemporaryDirectory() as folder:
                found[logged].append(measure(Path(folder), chosen.commits, logged=logged))
    for logged, rounds in found.items():
        wait, wall, cpu = (statistics.median(column) for column in zip(*rounds, strict=True))
        print(
            f"{'with' if logged else 'without'}: wait p50 {wait:.2f} ms, all {wall:.2f} ms, CPU {cpu:.2f} ms a commit"
        )


if __name__ == "__main__":
    main()
