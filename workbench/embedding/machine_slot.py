"""Lets as many processes of a machine embed for one archive as its cores feed; the others leave it to them.

One embedding process uses all cores, up to eight. Four of them on two cores do the work of one, each with a model to load and to
keep in memory, and slow one another down.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tempfile
import threading
import time
from pathlib import Path

CORES_OF_ONE = 8
"""More cores than these do not make one embedding process faster."""

_STALE_SECONDS = 120.0
"""A process that held its slot and did not say so for so long is stopped or hangs: others embed as well."""


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 2


class MachineSlot:
    """The right of one process to embed for the archive named `archive`, given up with `close` or with the process. Thread-safe."""

    def __init__(self, archive: str, *, folder: Path | None = None, most: int | None = None) -> None:
        """`most` processes have it at a time, by default one for each eight cores; `folder` is where they meet."""
        digest = hashlib.sha256(archive.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        stem = f"workbench-embeds-{os.geteuid()}-{digest}"
        self._files = [
            (folder or Path(tempfile.gettempdir())) / f"{stem}-{number}"
            for number in range(most or -(-cores() // CORES_OF_ONE))
        ]
        self._lock = threading.Lock()
        self._handle = -1

    def held(self) -> bool:
        """Whether this process may embed now. A slot that is free is taken; where processes cannot meet, all of them embed."""
        with self._lock:
            if self._handle >= 0:
                os.utime(self._handle)
                return True
            try:
                return any(self._take(file) for file in self._files)
            except OSError:
                return True

    def _take(self, file: Path) -> bool:
        """Take one slot, or see that whoever has it does not use it. Raises OSError."""
        import fcntl

        handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            about = os.fstat(handle)
            if about.st_uid != os.geteuid() or not stat.S_ISREG(about.st_mode):
                raise PermissionError(f"{file} is somebody else's")
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return time.time() - about.st_mtime > _STALE_SECONDS
        except OSError:
            os.close(handle)
            raise
        os.utime(handle)
        self._handle = handle
        return True

    def close(self) -> None:
        """Leave the slot to another process."""
        with self._lock, contextlib.suppress(OSError):
            handle, self._handle = self._handle, -1
            if handle >= 0:
                os.close(handle)
