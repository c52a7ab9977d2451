"""Stopping: a first request ends the answer at the next step boundary, a second one cancels the request under way."""

from __future__ import annotations

import threading


class Stop:
    """Two flags that any thread may set."""

    def __init__(self) -> None:
        self.after_step = threading.Event()
        self.now = threading.Event()

    def request(self) -> None:
        """Stop after this step; asked again, now."""
        if self.after_step.is_set():
            self.now.set()
        self.after_step.set()

    def clear(self) -> None:
        """A new question begins."""
        self.after_step.clear()
        self.now.clear()
