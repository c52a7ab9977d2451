"""Prints the lines of commands: JSON objects, text for people, and events."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from workbench.api.events import Event
from workbench.cli import text_output
from workbench.core.sanitize import json_text, sanitize
from workbench.ipc.command_output import SINK


def line(value: dict[str, Any]) -> None:
    """One JSON object as one line."""
    SINK.get().out(json_text(value))


def say(text: str) -> None:
    """Text for people, made harmless."""
    SINK.get().out(sanitize(text))


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
