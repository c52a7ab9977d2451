"""Reads a server's response: server-sent events, one JSON value, lines of JSON, or a web page, judged by what it is.

Gateways send streams as application/json and answers as text/plain, so the Content-Type says nothing; the first bytes do.
"""

from __future__ import annotations

import contextlib
import json
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

_LONGEST_WHOLE_BYTES = 64 << 20
_LONGEST_PAGE_BYTES = 1 << 20
_GZIP = b"\x1f\x8b\x08"
_UNPACKED_BYTES = 1 << 16
_BLANK = b"\xef\xbb\xbf \t\r\n"
_FIELD = re.compile(rb"(data|event|id|retry)?\s*:", re.IGNORECASE)


@dataclass(frozen=True)
class Chunk:
    """One JSON value the server sent: a piece of a streamed reply, or a whole answer when `whole`."""

    value: Any
    whole: bool = False


@dataclass(frozen=True)
class Broken:
    """An event that should be JSON and is not, as it came (transformers serve writes its errors so)."""

    text: str


@dataclass(frozen=True)
class Remark:
    """Words sent as an event: a keep-alive that a gateway wrapped, or an error without any form."""

    text: str


@dataclass(frozen=True)
class WebPage:
    """A page of HTML where an API was expected."""

    text: str


@dataclass(frozen=True)
class Done:
    """The stream's own end mark, `[DONE]`."""


@dataclass(frozen=True)
class Head:
    """What a response says it is, before its body; nothing depends on it."""

    content_type: str


@dataclass(frozen=True)
class Oddity:
    """Something unusual about the form of a response, which is read all the same; nothing depends on it."""

    text: str


Event = Chunk | Broken | Remark | WebPage | Done | Head | Oddity


class TooLong(Exception):
    """An answer, or one event of a stream, is longer than 64 MB."""


def read_response(pieces: Iterable[bytes]) -> Iterator[Event]:
    """The events of a response in order, whatever it calls itself. Raises TooLong."""
    start, body, marked = _begun(iter(pieces))
    if start.startswith(_GZIP):
        # A gateway forgot to say that it packs: the transport unpacks only what says so.
        yield Oddity("is packed without saying so")
        start, body, marked = _begun(_unpacked(body))
    if marked:
        yield Oddity("begins with a byte order mark")
    if _FIELD.match(start):
        ends: set[bytes] = set()
        yield from read_events(_noted(body, ends))
        if ends == {b"\r"}:
            yield Oddity("has lines that end in CR alone")
    elif start.startswith(b"<"):
        yield WebPage(_all(body, _LONGEST_PAGE_BYTES, cut=True))
    elif start:
        yield from read_whole(_all(body, _LONGEST_WHOLE_BYTES))


def read_events(pieces: Iterable[bytes]) -> Iterator[Event]:
    """The events of a stream, in order. Comments and empty events are skipped; one cut at the end is still read. Raises TooLong."""
    event, chars = list[str](), 0
    for line in _lines(pieces):
        if line:
            event.append(line)
            chars += len(line)
            if chars > _LONGEST_WHOLE_BYTES:
                raise TooLong
        elif event:
            yield from _read_event(event)
            event, chars = [], 0
    cut = bool(event) and isinstance(event[-1], _Cut)
    # One that was cut in its line says nothing, unless it is an error.
    yield from (item for item in _read_event(event) if not (cut and isinstance(item, Broken)) or "error" in item.text)


def read_whole(text: str) -> Iterator[Event]:
    """A response that is not a stream: one JSON value, or one a line (Ollama's own way of streaming), or bare words."""
    # Some APIs put a line in front that no script can run.
    text = re.sub(r"\A\ufeff?\s*(?:\)\]\}'?,?|while\(1\);|for\(;;\);)\s*", "", text).lstrip("\ufeff")
    try:
        yield Chunk(json.loads(text, strict=False), whole=True)
        return
    except (ValueError, RecursionError):
        lines = [line for line in text.splitlines() if line.strip()]
    events = [_parsed(line.removeprefix("data:").strip()) for line in lines]
    if len(lines) > 1 and all(events):
        yield from (event for event in events if event)
    elif values := _values(text):
        yield from (Chunk(value) for value in values)
    else:
        yield Broken(text)


def _unpacked(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """What gzip holds, a bounded piece at a time; ends where it is broken."""
    stream = zlib.decompressobj(wbits=31)
    with contextlib.suppress(zlib.error):
        for piece in pieces:
            while piece:
                yield stream.decompress(piece, _UNPACKED_BYTES)
                piece = stream.unconsumed_tail


def _values(text: str) -> list[Any]:
    """The JSON values of a text that is nothing but one after the other; empty when it is something else."""
    decoder, at, values = json.JSONDecoder(strict=False), 0, list[Any]()
    while at < len(text):
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            return []
        values.append(value)
        at += len(text[at:]) - len(text[at:].lstrip(" \t\r\n,"))
    return values if len(values) > 1 else []


def _begun(rest: Iterator[bytes]) -> tuple[bytes, Iterator[bytes], bool]:
    """The first bytes that are not blank, everything from there on, and whether a byte order mark stands before it."""
    start, blank = b"", b""
    for piece in rest:
        whole = start + piece
        start = whole.lstrip(_BLANK)
        blank = (blank + whole[: len(whole) - len(start)])[:64]
        if len(start) >= 8:
            break
    return start, _chained(start, rest), b"\xef\xbb\xbf" in blank


def _noted(pieces: Iterable[bytes], ends: set[bytes]) -> Iterator[bytes]:
    """The pieces as they are; which ends of lines they have enters `ends`."""
    for piece in pieces:
        ends.update(end for end in (b"\r", b"\n") if end in piece)
        yield piece


def _chained(head: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield head
    yield from rest


def _all(pieces: Iterable[bytes], most: int, *, cut: bool = False) -> str:
    whole = bytearray()
    for piece in pieces:
        whole += piece
        if len(whole) > most:
            if cut:
                break
            raise TooLong
    return whole.decode("utf-8", "replace")


def _lines(pieces: Iterable[bytes]) -> Iterator[str]:
    """Lines that end in LF, CR LF, or CR alone, as the format of event streams allows."""
    begun, chars = list[bytes](), 0
    """The line that is not whole yet, in the pieces that came: put together once, as it may be as long as an answer."""
    first, after_cr = True, False
    for piece in pieces:
        if after_cr and piece.startswith(b"\n"):
            piece = piece[1:]
        if not piece:
            continue
        after_cr = piece.endswith(b"\r")
        if first:
            first = False
            piece = piece.removeprefix(b"\xef\xbb\xbf")
        *lines, rest = re.split(rb"\r\n|\n|\r", piece)
        if lines:
            lines[0] = b"".join([*begun, lines[0]])
            begun, chars = [], 0
        begun.append(rest)
        chars += len(rest)
        if chars > _LONGEST_WHOLE_BYTES:
            raise TooLong
        for line in lines:
            yield line.decode("utf-8", "replace")
    if rest := b"".join(begun):
        yield _Cut(rest.decode("utf-8", "replace"))


class _Cut(str):
    """A line whose end did not come."""

    __slots__ = ()


def _read_event(lines: list[str]) -> Iterator[Event]:
    lines = [line.lstrip("\ufeff") for line in lines]
    data = [_data(line) for line in lines if line[:5].lower() == "data:" and line[5:].strip()]
    if not data:
        return
    if whole := _parsed("\n".join(data)):
        yield _named(whole, lines)
        return
    # Some servers forget the empty line between events, so each line may be one by itself.
    each = [_parsed(line) for line in data]
    if any(each):
        yield from (event or _words(line) for event, line in zip(each, data, strict=True))
    else:
        text = "\n".join(line.removeprefix("data:").strip() for line in lines if not line.startswith(":"))
        failed = any(line.replace(" ", "").lower() == "event:error" for line in lines)
        yield Broken(text) if failed or isinstance(_words(data[0]), Broken) else Remark(text)


def _named(event: Event, lines: list[str]) -> Event:
    """An event of the Responses API with its type, which some gateways leave in the name of the event alone."""
    value = event.value if isinstance(event, Chunk) else None
    name = next((line[6:].strip() for line in lines if line[:6].lower() == "event:"), "")
    if name.startswith("response.") and isinstance(value, dict) and "type" not in value:
        return Chunk({"type": name, **value})
    return event


def _data(line: str) -> str:
    """What a data line holds; a gateway that wraps lines in lines writes its mark twice."""
    return re.sub(r"\A(?:data: ?)+(?=[{\[])|\Adata: ?", "", line, flags=re.IGNORECASE)


def _words(text: str) -> Event:
    """What is no JSON: an object that is broken, or words."""
    return Broken(text) if text.lstrip().startswith(("{", "[")) else Remark(text)


def _parsed(text: str) -> Event | None:
    if text.strip().strip('"').upper() in ("[DONE]", "DONE"):
        return Done()
    try:
        return Chunk(json.loads(text, strict=False))
    except (ValueError, RecursionError):
        return None
