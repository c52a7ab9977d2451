"""Prints the lines of commands: answers and results to standard output, progress and steps to standard error.

With --json everything is one JSON object a line on standard output, and the last line is the result.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.api.events import AnswerDone, Event, Failed, Notice
from workbench.cli import text_output
from workbench.core import private_file
from workbench.core.errors import UsageError
from workbench.core.hyperlinks import has_links, hyperlink
from workbench.core.sanitize import json_text, unbroken
from workbench.ipc.command_output import SINK, STANDARD, complain

if TYPE_CHECKING:
    from workbench.api.session import SessionProtocol
    from workbench.services.session import Session


def line(value: dict[str, Any]) -> None:
    """One JSON object as one line."""
    SINK.get().out(json_text(value))


def say(text: str) -> None:
    """One line of a result for people, made harmless: a name in it that holds a line break cannot look like a line of ours."""
    SINK.get().out(unbroken(text))


def say_lines(lines: Iterable[str]) -> None:
    """Lines of a result for people, each as `say` prints it."""
    say_clean(map(unbroken, lines))


def say_clean(lines: Iterable[str]) -> None:
    """Lines of a result that are harmless as they are, and may hold links of ours."""
    SINK.get().out("\n".join(lines))


def links_of(session: SessionProtocol, wanted: str) -> text_output.Link:
    """How citations become links to their files, where the terminal has them.

    `wanted` is the setting `hyperlinks`. What another process asked for goes over a socket, and is cleaned at its other end.
    """
    if SINK.get() is not STANDARD or not sys.stdout.isatty() or not has_links(os.environ, wanted):
        return text_output.unlinked

    def link(passage: int | None, words: str) -> str:
        if passage is None:
            return words
        return hyperlink(session.library.files([passage]).get(passage, ""), words)

    return link


def mark_of() -> text_output.Mark:
    """How words of a query stand out: bold in a terminal of this process, unless NO_COLOR is set."""
    if SINK.get() is not STANDARD or not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return lambda word: word
    return lambda word: f"\x1b[1m{word}\x1b[22m"


def progress(text: str) -> None:
    """A line for people about how the command goes, made harmless."""
    SINK.get().err(unbroken(text))


_MOST_BYTES = 5_000_000


def standard_input(hint: str) -> str:
    """The text that comes over standard input. Raises UsageError with the hint for what is no text."""
    data = sys.stdin.buffer.read(_MOST_BYTES)
    if b"\0" in data:
        raise UsageError("Standard input is no text.", hint)
    return data.decode("utf-8", "replace")


def write_result(file: str, text: str) -> None:
    """Write a result into a file that the user named, readable by its owner only. Raises UsageError."""
    try:
        private_file.write(Path(file), text)
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}.", "Choose another file.") from None


def check_target(file: str | None) -> None:
    """Say before a long run that a result cannot be written into a file. Raises UsageError."""
    folder = Path(file).expanduser().parent if file else None
    if folder is not None and not folder.is_dir():
        raise UsageError(f"{file} cannot be written: there is no folder {folder}.", "Choose another file.")


def done(as_json: bool, event: str, text: str, **values: Any) -> int:
    """Say what was done, as text or as the JSON object `event` with `values`; returns exit code 0."""
    if as_json:
        line({"event": event, "step": None, **values})
    else:
        say(text)
    return 0


def tell(event: Event, *, as_json: bool, link: text_output.Link = text_output.unlinked) -> None:
    """An event that is the result of a command, or a part of it."""
    if text := text_output.json_line(event) if as_json else text_output.event_line(event, link):
        SINK.get().out(text)


def tell_progress(event: Event, *, as_json: bool) -> None:
    """An event on the way to the result; some have nothing to say to people."""
    if as_json:
        tell(event, as_json=True)
    elif isinstance(event, Failed):
        complain(f"{event.message} {event.hint}")
    elif text := text_output.event_line(event):
        SINK.get().err(text)


def show(events: Iterable[Event], *, as_json: bool, link: text_output.Link = text_output.unlinked) -> Iterator[Event]:
    """Print the events of a question as they come and hand them on: the answer as the result, the steps as progress.

    However this ends, what makes the events has ended before, also after an error in between.
    """
    with to_the_end(events):
        for event in events:
            if isinstance(event, AnswerDone):
                tell(event, as_json=as_json, link=link)
            else:
                tell_progress(event, as_json=as_json)
            yield event


@contextmanager
def waits_told(session: Session) -> Iterator[None]:
    """While this lasts, people are told on standard error what the command waits for."""
    sink, broadcaster = SINK.get(), session.app.broadcaster
    subscription = broadcaster.join(lambda agent: False)

    def hear() -> None:
        for event in subscription.events():
            if isinstance(event, Notice) and event.about == "waiting":
                sink.err(unbroken(event.message))

    threading.Thread(target=hear, name="waits", daemon=True).start()
    try:
        yield
    finally:
        broadcaster.leave(subscription)


@contextmanager
def to_the_end(events: Iterable[Event]) -> Iterator[None]:
    """However this is left, whatever makes the events ends first: an error would keep it alive beyond the session."""
    try:
        yield
    finally:
        if isinstance(events, Generator):
            events.close()
