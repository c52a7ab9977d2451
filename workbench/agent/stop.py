"""Stopping: a first request ends the answer at the next step boundary, a second one, or a time that is up, cancels what is under way."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Stop:
    """Flags that any thread may set: `after_step` and `now` by the user, `now` also when the time is up (`late`)."""

    def __init__(self) -> None:
        self.after_step = threading.Event()
        self.now = threading.Event()
        self.late = threading.Event()

    def request(self) -> None:
        """Stop after this step; asked again, now."""
        if self.after_step.is_set():
            self.now.set()
        self.after_step.set()

    def clear(self) -> None:
        """A new question begins."""
        self.after_step.clear()
        self.now.clear()
        self.late.clear()

    def asked(self) -> bool:
        """Whether what takes long should end with what it has."""
        return self.after_step.is_set() or self.now.is_set()

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """While this lasts, what is under way is cancelled once the seconds are over."""
        timer = threading.Timer(min(max(seconds, 0.0), threading.TIMEOUT_MAX), self._too_late)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _too_late(self) -> None:
        self.late.set()
        self.now.set()
