"""Where a command's lines go: standard output, or the socket of the display that asked for it; and how it is interrupted."""

from __future__ import annotations

import json
import signal
import sys
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

from workbench.api.events import Event
from workbench.cli import text_output
from workbench.core.sanitize import sanitize


class Sink(Protocol):
    """Takes the lines of a command."""

    def out(self, text: str) -> None:
        """A line of the result."""

    def err(self, text: str) -> None:
        """A line about what went wrong."""


class Standard:
    """The process's own standard output and error."""

    def out(self, text: str) -> None:
        """A line of the result."""
        print(text, flush=True)

    def err(self, text: str) -> None:
        """A line about what went wrong."""
        print(text, file=sys.stderr, flush=True)


STANDARD = Standard()
SINK: ContextVar[Sink] = ContextVar("sink", default=STANDARD)
"""Where the present command writes; each thread that runs a command for another display sets its own."""

TERMINATED = threading.Event()
"""Set once this process was asked to end (SIGTERM): then nothing is waited for any more."""


def line(value: dict[str, Any]) -> None:
    """One JSON object as one line."""
    SINK.get().out(json.dumps(value, ensure_ascii=False))


def say(text: str) -> None:
    """Text for people, made harmless."""
    SINK.get().out(sanitize(text))


def complain(text: str) -> None:
    """One line to standard error, in the form that all errors have."""
    SINK.get().err(f"workbench: {' '.join(sanitize(text).split())}")


def tell(event: Event, *, as_json: bool) -> None:
    """An event as one line; some have nothing to say to people."""
    text = text_output.json_line(event) if as_json else text_output.event_line(event)
    if text:
        SINK.get().out(text)


def show(events: Iterable[Event], *, as_json: bool) -> Iterator[Event]:
    """Print events as they come and hand them on; what makes them has ended when this ends, also by an error in between."""
    with to_the_end(events):
        for event in events:
            tell(event, as_json=as_json)
            yield event


@contextmanager
def to_the_end(events: Iterable[Event]) -> Iterator[None]:
    """However this is left, whatever makes the events ends first: an error would keep it alive beyond the session."""
    try:
        yield
    finally:
        if isinstance(events, Generator):
            events.close()


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
