"""A server that sends without end fills no memory: what it says is cut, and what is kept beside it is bounded."""

from __future__ import annotations

import gzip
import itertools
import json
import tracemalloc
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from workbench.models.openai.response import ReplyReader
from workbench.models.openai.sse import Chunk, Event, Oddity, Remark, TooLong, read_response

BODY = {"messages": [{"role": "user", "content": "?"}], "max_tokens": 100, "tools": []}
_MOST_BYTES = 8 << 20


def chunk(delta: Any) -> Chunk:
    return Chunk({"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})


ENDLESS: dict[str, Iterator[Event]] = {
    "words": (chunk({"content": "and so on "}) for _ in itertools.count()),
    "remarks": (Remark(f"still there {number}") for number in itertools.count()),
    "calls": (
        chunk({"tool_calls": [{"index": n, "id": f"c{n}", "function": {"name": "search"}}]}) for n in itertools.count()
    ),
    "calls in the old form": (
        chunk({"function_call": {"name": "s", "arguments": "x" * 20_000}}) for _ in itertools.count()
    ),
    "what it wants back": (chunk({"reasoning_details": [{"data": "x" * 20_000}]}) for _ in itertools.count()),
}


@pytest.mark.parametrize("what", ENDLESS)
def test_what_has_no_end_is_cut_or_bounded(what: str) -> None:
    reader = ReplyReader(BODY)
    tracemalloc.start()
    try:
        for event in itertools.islice(ENDLESS[what], 1_500):
            list(reader.feed(event))
            if reader.runaway:
                break
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < _MOST_BYTES
    assert len(reader.remarks) < 10
    assert reader.runaway == (what in ("words", "calls"))


def pieces(first: bytes, then: bytes) -> Iterator[bytes]:
    yield first
    yield from itertools.repeat(then, 1_200)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(pieces(b"data: {", b"x" * 64_000), id="a line"),
        pytest.param(pieces(b"{", b"x" * 64_000), id="an answer"),
        pytest.param((gzip.compress(b"{" + b" " * size) for size in (100 << 20,)), id="what is packed"),
    ],
)
def test_what_is_longer_than_any_answer_is_left(body: Iterable[bytes]) -> None:
    with pytest.raises(TooLong):
        list(read_response(body))


def test_what_is_packed_is_read_and_what_is_packed_twice_is_not() -> None:
    packed = gzip.compress(f"data: {json.dumps({'choices': []})}\n\n".encode())
    assert list(read_response([packed[:5], packed[5:]])) == [
        Oddity("is packed without saying so"),
        Chunk({"choices": []}),
    ]
    twice = list(read_response([gzip.compress(packed)]))
    assert not any(isinstance(event, Chunk) for event in twice)
