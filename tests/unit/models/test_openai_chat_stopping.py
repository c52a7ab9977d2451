"""Stopping OpenAIChat, over real HTTP: at once, whatever it is waiting for, and so that the server notices."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import openai  # noqa: F401 - here, so that loading it does not take the time that a stop is given
import pytest

from tests.support.model_server import ModelServer, Reply, refusal
from tests.support.openai_chat import REQUEST, model_of
from workbench.models.base import Completion, Delta
from workbench.models.openai.client import OpenAIChat


def stop_once_asked(server: ModelServer, cancel: threading.Event) -> None:
    """Set `cancel` a moment after the server has a request."""

    def wait() -> None:
        until = time.monotonic() + 10
        while not server.requests and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(0.1)
        cancel.set()

    threading.Thread(target=wait, daemon=True).start()


@pytest.mark.parametrize(
    "reply",
    [
        Reply(delay_seconds=30),
        Reply(content="begun well", stall_after_chunks=2),
        Reply(content="x" * 4000, chunk_chars=1, chunk_delay_seconds=0.02),
    ],
)
def test_cancel_closes_the_connection_at_once(reply: Reply) -> None:
    cancel = threading.Event()
    with ModelServer([reply]) as server:
        stop_once_asked(server, cancel)
        started = time.monotonic()
        deltas = list(model_of(server).stream(REQUEST, cancel))
        assert time.monotonic() - started < 20
        assert server.hung_up.wait(2), "the server must see the client leave, or it goes on working"
    assert not any(isinstance(delta, Completion) for delta in deltas)


def test_cancel_ends_a_wait_between_tries() -> None:
    cancel = threading.Event()
    with ModelServer([refusal(429, "slow down", retry_after="30")]) as server:
        stop_once_asked(server, cancel)
        started = time.monotonic()
        assert list(model_of(server).stream(REQUEST, cancel)) == []
        assert time.monotonic() - started < 20
        assert len(server.requests) == 1


def test_cancelled_before_it_began_nothing_is_sent() -> None:
    cancel = threading.Event()
    cancel.set()
    with ModelServer([]) as server:
        assert list(model_of(server).stream(REQUEST, cancel)) == []
        assert server.requests == []


def test_cancel_while_connecting() -> None:
    """A listener whose queue is full accepts no more: connecting hangs, and stopping must not."""
    with socket.socket() as deaf, Filled(deaf):
        cancel = threading.Event()
        threading.Timer(0.2, cancel.set).start()
        started = time.monotonic()
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/v1"
        assert list(OpenAIChat("m", url).stream(REQUEST, cancel)) == []
        assert time.monotonic() - started < 20


class Filled:
    """Fills the queue of a listening socket."""

    def __init__(self, listener: socket.socket) -> None:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        self._waiting = [socket.socket() for _ in range(4)]
        for client in self._waiting:
            client.setblocking(False)
            client.connect_ex(listener.getsockname())

    def __enter__(self) -> None:
        time.sleep(0.05)

    def __exit__(self, *_: object) -> None:
        for client in self._waiting:
            client.close()


def test_a_reader_who_leaves_hangs_up() -> None:
    with ModelServer([Reply(content="x" * 4000, chunk_chars=1, chunk_delay_seconds=0.01)]) as server:
        deltas: Iterator[Delta] = model_of(server).stream(REQUEST, threading.Event())
        next(deltas)
        deltas.close()  # type: ignore[attr-defined]
        assert server.hung_up.wait(2)


def test_after_a_stop_the_model_answers_again() -> None:
    cancel = threading.Event()
    with ModelServer([Reply(content="long", stall_after_chunks=1), "again"]) as server:
        model = model_of(server)
        stop_once_asked(server, cancel)
        assert list(model.stream(REQUEST, cancel)) == []
        *_, completion = model.stream(REQUEST, threading.Event())
    assert isinstance(completion, Completion)
    assert completion.content == "again"
