"""Carries a command's lines to whoever asked for it, standard output or a socket, and lets it be interrupted."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol

from workbench.core.sanitize import sanitize


class Sink(Protocol):
    """Takes the lines of a command."""

    def out(self, text: str) -> None:
        """A line of the result."""

    def err(self, text: str) -> None:
        """A line about how it goes, or what went wrong."""


class Standard:
    """Standard output and standard error of this process."""

    def out(self, text: str) -> None:
        """A line of the result."""
        print(text, flush=True)

    def err(self, text: str) -> None:
        """A line about how it goes, or what went wrong."""
        print(text, file=sys.stderr, flush=True)


STANDARD = Standard()
SINK: ContextVar[Sink] = ContextVar("sink", default=STANDARD)
"""Where the present command writes. Each thread that runs a command for another process sets its own."""

TERMINATED = threading.Event()
"""Set once this process was asked to end (SIGTERM): from then on it waits for nothing."""


def complain(text: str) -> None:
    """One line to standard error, in the form that all errors have."""
    SINK.get().err(f"workbench: {' '.join(sanitize(text).split())}")


@contextmanager
def interruptible(stop: Callable[[], None], signals: Sequence[int] = (signal.SIGINT, signal.SIGTERM)) -> Iterator[None]:
    """Ctrl+C stops at the next boundary, a second one now, a third one ends the program; SIGTERM, if taken, stops now."""
    if threading.current_thread() is not threading.main_thread():
        # A command for another display: that display says when to stop.
        yield
        return
    presses = 0

    def pressed(number: int, frame: object) -> None:
        nonlocal presses
        presses += 1
        if presses > 2:
            raise KeyboardInterrupt
        if number == signal.SIGTERM:
            TERMINATED.set()
            stop()
        stop()

    before = {number: signal.signal(number, pressed) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
