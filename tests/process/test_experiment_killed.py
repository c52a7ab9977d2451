"""A run of `workbench eval` that is killed goes on to the table that it would have had."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support import public_sets

pytestmark = [pytest.mark.process, pytest.mark.nightly]


def command(data: Path, home: Path, record: Path) -> subprocess.Popen[str]:
    words = [
        "eval",
        "qa",
        "--data",
        str(data),
        "--arms",
        "reader,retrieval",
        "--limit",
        "4",
        "--record",
        str(record),
        "--json",
    ]
    return subprocess.Popen(
        [sys.executable, "-m", "workbench", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "WORKBENCH_HOME": str(home)},
    )


def result(process: subprocess.Popen[str]) -> dict[str, Any]:
    out, err = process.communicate(timeout=600)
    assert process.returncode == 0, err
    found: dict[str, Any] = json.loads(out.splitlines()[-1])
    for own in found["arms"].values():
        own.pop("seconds")
    return found


def test_a_killed_run_ends_in_the_same_table(tmp_path: Path) -> None:
    data = public_sets.nq(tmp_path / "set")
    whole = result(command(data, tmp_path / "one", tmp_path / "whole.jsonl"))
    record = tmp_path / "killed.jsonl"
    process = command(data, tmp_path / "two", record)
    until = time.monotonic() + 300
    while not record.exists() or len(record.read_text().splitlines()) < 4:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    kept = len(record.read_text().splitlines())
    assert 4 <= kept < 9
    again = result(command(data, tmp_path / "two", record))
    assert again["arms"] == whole["arms"]
    assert len(record.read_text().splitlines()) == 9
