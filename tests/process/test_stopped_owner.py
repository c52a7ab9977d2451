"""A process that owns the database and is stopped keeps nobody waiting without a word; idle connections keep nobody's end."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.process


def environment(home: Path) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("OPENAI", "WORKBENCH"))}
    return {**kept, "WORKBENCH_HOME": str(home)}


def hears_interrupts() -> None:
    """A suite that was started in the background hands down that ctrl+c is ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "workbench", "--plain"], env=environment(tmp_path / "home"), stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=hears_interrupts,
    )  # fmt: skip
    end = time.monotonic() + 60
    while not (tmp_path / "home" / "data" / "owner.sock").exists():
        assert time.monotonic() < end
        assert process.poll() is None
        time.sleep(0.1)
    # It has opened when it answers a line: a command of the screen is refused here, in one sentence.
    assert process.stdin is not None
    assert process.stderr is not None
    process.stdin.write("/ready\n")
    process.stdin.flush()
    assert process.stderr.readline()
    yield process
    process.kill()
    process.wait()


def test_a_stopped_owner_is_told(owner: subprocess.Popen[str], tmp_path: Path) -> None:
    owner.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "workbench", "sources"],
        env=environment(tmp_path / "home"),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert f"process {owner.pid}" in done.stderr
    assert f"kill -CONT {owner.pid}" in done.stderr
    assert time.monotonic() - began < 40
    owner.send_signal(signal.SIGCONT)
    again = subprocess.run(
        [sys.executable, "-m", "workbench", "sources"],
        env=environment(tmp_path / "home"),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert again.returncode == 0, again.stderr


def test_one_ctrl_c_ends_an_owner_with_idle_connections(owner: subprocess.Popen[str], tmp_path: Path) -> None:
    idle = []
    for said in (b"", b"", b'{"command"'):
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.connect(str(tmp_path / "home" / "data" / "owner.sock"))
        connection.sendall(said)
        idle.append(connection)
    time.sleep(1)
    began = time.monotonic()
    owner.send_signal(signal.SIGINT)
    owner.wait(timeout=30)
    assert time.monotonic() - began < 10
    for connection in idle:
        connection.close()


@pytest.mark.nightly
def test_the_end_of_input_ends_an_owner_with_idle_connections(owner: subprocess.Popen[str], tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.connect(str(tmp_path / "home" / "data" / "owner.sock"))
        time.sleep(0.5)
        assert owner.stdin is not None
        owner.stdin.close()
        owner.wait(timeout=30)
