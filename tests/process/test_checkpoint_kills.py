"""A process that is killed while its log is written into the file loses nothing that it had acknowledged."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from workbench.storage.database import Database

WRITER = """
import sys
from workbench.storage import database as module
module.LOG_AT_MOST = 60_000
database = module.Database(module.Path(sys.argv[1]))
for number in range(int(sys.argv[2]), 10**9):
    row = [f"key {number}", "x" * 20_000]
    database.write(lambda connection: connection.execute("INSERT INTO texts VALUES (?, ?)", row), catalogue=False)
    print(number, flush=True)
"""


@pytest.mark.nightly
def test_killed_at_any_moment_of_a_checkpoint(tmp_path: Path) -> None:
    file, moments = tmp_path / "workbench.duckdb", random.Random()
    written = 0
    for _ in range(20):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(file), str(written)], stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(moments.uniform(0.05, 1.5))
            process.kill()
            told = process.stdout.read().split()
        database = Database(file)
        (count,) = database.rows("SELECT count(*) FROM texts")[0]
        assert database.damage == ""
        assert count >= (int(told[-1]) + 1 if told else written + 1)
        written = count
        database.close()
    assert written > 200
