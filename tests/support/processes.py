"""The command as a process of its own: run to its end, left open as the workbench that owns the database, waited for."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from workbench.core.paths import locate

ROOT = Path(__file__).resolve().parents[2]


def environment(home: Path, **more: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("OPENAI_", "WORKBENCH_"))}
    return {**kept, "WORKBENCH_HOME": str(home), **more}


def command(home: Path, *words: str, **more: str) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "workbench", *words, "--json"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment(home, **more),
    )
    assert "Traceback" not in done.stderr
    assert done.stdout, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def descendants(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[1]) == pid:
                found += [int(entry.name), *descendants(int(entry.name))]
    return found


def alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False


def wait_until(condition: Callable[[], object], seconds: float = 60.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def listens(address: str) -> bool:
    """Whether something takes connections at the host and port of a web address."""
    at = urlsplit(address)
    with suppress(OSError), socket.create_connection((str(at.hostname), at.port or 80), 5):
        return True
    return False


def until(process: subprocess.Popen[str], event: str, count: int = 1) -> Iterator[dict[str, Any]]:
    assert process.stdout is not None
    for line in process.stdout:
        row = json.loads(line)
        yield row
        count -= row["event"] == event
        if count <= 0:
            return


def owner(home: Path, *words: str, **more: str) -> subprocess.Popen[str]:
    """A workbench that reads questions from its standard input, and so lives until that is closed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "workbench", "open", *words, "--json", "--agent", "host"], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=environment(home, **more),
    )  # fmt: skip
    assert wait_until(lambda: locate(home).socket_file.exists())
    return process


def close(process: subprocess.Popen[str]) -> None:
    process.communicate(timeout=60)
    assert process.returncode == 0
