"""The window of an open screen is closed: the program ends by itself, and what owned the database is gone."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from pathlib import Path

import pytest

SECONDS = 60.0


@pytest.mark.nightly
def test_the_program_ends_when_its_window_is_closed(tmp_path: Path) -> None:
    """Without a hang-up of the shell in between: the terminal is simply gone, and every write to it fails."""
    pid, terminal = pty.fork()
    if pid == 0:
        environment = {**os.environ, "WORKBENCH_HOME": str(tmp_path / "home"), "TERM": "xterm-256color"}
        os.execve(sys.executable, [sys.executable, "-m", "workbench"], environment)
    try:
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 36, 120, 0, 0))
        _read_until(terminal, (b"Ask about", b"ready"))
        os.close(terminal)
        end = time.monotonic() + SECONDS
        while not os.waitpid(pid, os.WNOHANG)[0]:
            assert time.monotonic() < end, "it waits for a terminal that has gone"
            time.sleep(0.1)
        pid = 0
    finally:
        if pid:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _read_until(terminal: int, words: tuple[bytes, ...]) -> None:
    seen, end = b"", time.monotonic() + SECONDS
    while not all(word in seen for word in words):
        assert time.monotonic() < end, seen[-2_000:]
        if select.select([terminal], [], [], 1)[0]:
            seen += os.read(terminal, 65_536)
