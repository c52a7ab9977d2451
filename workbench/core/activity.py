"""Says what this process is busy with, in words, so that whoever waits for it longer than usual can be told what for.

Set around what takes moments on a quiet machine and a minute on one that is short of processor or memory: imports, opening
the database, the tables of a tokenizer.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Activity:
    """What is being done, as "opening the database", and for how many seconds so far."""

    what: str
    seconds: float


class Activities:
    """What each thread does, an inner piece of work inside an outer one. Thread-safe."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._running: dict[int, list[tuple[str, float]]] = {}

    @contextlib.contextmanager
    def doing(self, what: str) -> Iterator[None]:
        """The calling thread does this inside the block."""
        thread = threading.get_ident()
        stack = self._running.setdefault(thread, [])
        stack.append((what, self._now()))
        try:
            yield
        finally:
            stack.pop()
            if not stack:
                self._running.pop(thread, None)

    def current(self) -> Activity | None:
        """What takes longest at this moment: the innermost work of each thread counts. None when nothing is under way."""
        innermost = [stack[-1] for stack in list(self._running.values()) if stack]
        if not innermost:
            return None
        what, since = min(innermost, key=lambda item: item[1])
        return Activity(what, self._now() - since)


ACTIVITIES = Activities()
"""Those of this process."""

doing = ACTIVITIES.doing
