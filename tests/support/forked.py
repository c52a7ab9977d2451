"""Runs a command in a fork of this process: what was imported is there, so that thousands of commands take minutes."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path


def forked(
    words: Sequence[str], folder: Path, seconds: float, variables: Mapping[str, str] | None = None
) -> tuple[int | None, str, str]:
    """Exit code (None: it took longer than `seconds` and was killed), output and errors of a command.

    `folder` holds what it puts out; `variables` are added to its environment. This process must have no other thread.
    """
    files = [folder / f"{os.getpid()}.{name}" for name in ("out", "err")]
    child = os.fork()
    if child == 0:
        code = 70
        try:
            os.environ.update(variables or {})
            for number, file in zip((1, 2), files, strict=True):
                os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
            from workbench.cli.main import main as run

            code = run(list(words))
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(code)
    ended = _ended(child, seconds)
    out, errors = (file.read_text(errors="replace") for file in files)
    return ended, out, errors


def _ended(child: int, seconds: float) -> int | None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None
