"""Reads arguments and environments of every process that works on a home, again and again while commands run."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType

_INTERVAL_SECONDS = 0.03


class WatchedProcesses:
    """Use it as a context manager; `arguments` and `environments` hold what was seen, by the number of the process.

    A process belongs to a home when WORKBENCH_HOME in its environment names it.
    """

    def __init__(self, home: Path) -> None:
        self._mark = f"WORKBENCH_HOME={home}".encode()
        self.arguments: dict[int, bytes] = {}
        self.environments: dict[int, bytes] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self) -> None:
        while not self._over.wait(_INTERVAL_SECONDS):
            for entry in Path("/proc").iterdir():
                if entry.name.isdigit():
                    with suppress(OSError):
                        environment = (entry / "environ").read_bytes()
                        if self._mark in environment.split(b"\0"):
                            self.environments[int(entry.name)] = environment
                            self.arguments[int(entry.name)] = (entry / "cmdline").read_bytes()

    def __enter__(self) -> WatchedProcesses:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
