"""Bytes of a response go in, server-sent events come out, read as leniently as real servers write them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Chunk:
    """One JSON value the server sent: a piece of a streamed reply, or a whole answer when `whole`."""

    value: Any
    whole: bool = False


@dataclass(frozen=True)
class Broken:
    """An event that is not JSON, as it came (transformers serve writes its errors so)."""

    text: str


@dataclass(frozen=True)
class Done:
    """The stream's own end mark, `[DONE]`."""


Event = Chunk | Broken | Done


def read_events(pieces: Iterable[bytes]) -> Iterator[Event]:
    """The events of a stream, in order. Comments and empty events are skipped; one cut at the end is still read."""
    event: list[str] = []
    for line in _lines(pieces):
        if line:
            event.append(line)
        elif event:
            yield from _read_event(event)
            event = []
    if event:
        yield from _read_event(event)


def read_whole(text: str) -> Chunk | Broken:
    """The one value of a response that is not a stream."""
    try:
        return Chunk(json.loads(text), whole=True)
    except ValueError:
        return Broken(text)


def _lines(pieces: Iterable[bytes]) -> Iterator[str]:
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            yield line.rstrip(b"\r").decode("utf-8", "replace")
    if rest:
        yield rest.rstrip(b"\r").decode("utf-8", "replace")


def _read_event(lines: list[str]) -> Iterator[Event]:
    data = [line[5:].removeprefix(" ") for line in lines if line.startswith("data:") and line[5:].strip()]
    if not data:
        return
    if whole := _parsed("\n".join(data)):
        yield whole
        return
    # Some servers forget the empty line between events, so each line may be one by itself.
    each = [_parsed(line) for line in data]
    if any(each):
        yield from (event or Broken(line) for event, line in zip(each, data))
    else:
        yield Broken("\n".join(line.removeprefix("data:").strip() for line in lines if not line.startswith(":")))


def _parsed(text: str) -> Event | None:
    if text.strip() == "[DONE]":
        return Done()
    try:
        return Chunk(json.loads(text))
    except ValueError:
        return None
