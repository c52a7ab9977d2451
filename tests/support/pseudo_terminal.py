"""A command on a pseudo-terminal of its own, for measurements: what it writes is kept with the time at which it came."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import struct
import termios
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType


class PseudoTerminal:
    """Runs `words`; a thread reads what they write. Use it as a context manager: at its end the command is killed."""

    def __init__(
        self, words: Sequence[str], environment: Mapping[str, str], columns: int = 120, rows: int = 36
    ) -> None:
        self.started = time.perf_counter()
        self.written = bytearray()
        self._came = threading.Condition()
        self._ended = False
        self.pid, self._handle = pty.fork()
        if self.pid == 0:
            os.execve(words[0], list(words), dict(environment))
        fcntl.ioctl(self._handle, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        while True:
            try:
                piece = os.read(self._handle, 1 << 16)
            except OSError:
                piece = b""
            with self._came:
                self.written += piece
                self._ended = self._ended or not piece
                self._came.notify_all()
            if not piece:
                return

    def send(self, text: str) -> None:
        """Send keys."""
        os.write(self._handle, text.encode())

    def wait(self, mark: str, seconds: float = 60.0, start: int = 0) -> float:
        """When `mark` was written, at byte `start` or later, as time.perf_counter counts. Raises TimeoutError."""
        wanted, end = mark.encode(), time.perf_counter() + seconds
        with self._came:
            while wanted not in self.written[start:]:
                left = end - time.perf_counter()
                if self._ended or left <= 0 or not self._came.wait(left):
                    raise TimeoutError(f"{mark!r} did not come; the end of what came: {bytes(self.written[-2000:])!r}")
            return time.perf_counter()

    def resident_mb(self) -> float:
        """What the process takes of memory now."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)

    def peak_mb(self) -> float:
        """The most that the process ever took of memory."""
        rows = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
        return next(int(row.split()[1]) for row in rows if row.startswith("VmHWM:")) / 1024

    def __enter__(self) -> PseudoTerminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._handle)
