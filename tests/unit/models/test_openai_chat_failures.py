"""OpenAIChat when things go wrong, over real HTTP: error shapes, broken streams, retries and silence."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import openai  # noqa: F401 - here, so that loading it does not count as a server's silence in the first test
import pytest

from tests.support.model_server import ModelServer, Reply, Script, refusal
from tests.support.openai_chat import REQUEST, model_of
from workbench.core.errors import ModelError, ModelOverflow, ModelUnreachable
from workbench.models.base import Completion, Delta, ModelRequest, Sending, TextDelta
from workbench.models.openai.client import OpenAIChat
from workbench.models.openai.errors import Refused
from workbench.models.openai.retry import Patience

LLAMA_OVERFLOW = (
    "This model's maximum context length is 512 tokens. However, you requested 9020 tokens (9012 in the messages, 8 in "
    "the completion). Please reduce the length of the messages or completion."
)


def failure(script: Script, *, requests: int, **options: Any) -> tuple[ModelError, list[Delta]]:
    """The error that a request to a server with this script ends with, and the deltas before it."""
    deltas: list[Delta] = []
    with ModelServer(script) as server:
        with pytest.raises(ModelError) as caught:
            deltas.extend(model_of(server, **options).stream(REQUEST, threading.Event()))
        assert len(server.requests) == requests
        assert server.url in caught.value.message
    assert "\n" not in caught.value.message
    assert caught.value.hint
    return caught.value, deltas


def success(script: Script, *, requests: int, **options: Any) -> Completion:
    with ModelServer(script) as server:
        *_, completion = model_of(server, **options).stream(REQUEST, threading.Event())
        assert len(server.requests) == requests
    assert isinstance(completion, Completion)
    return completion


# Errors before the reply


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (refusal(400, "messages: roles must alternate"), "roles must alternate"),
        (Reply(status=400, error={"error": "the model does not like this"}), "does not like this"),
        (Reply(status=422, error={"detail": "Unexpected fields in the request: {'zz'}"}), "Unexpected fields"),
        (
            Reply(status=422, error={"detail": [{"loc": ["body", 10], "msg": "JSON decode error"}]}),
            "body.10: JSON decode",
        ),
        (Reply(status=400, error={"object": "error", "message": "flat shape"}), "flat shape"),
        (Reply(status=400, error=[{"error": {"message": "in a list"}}]), "in a list"),
        (Reply(status=400, error="plain text"), "plain text"),
        (Reply(status=400, error="<html><title>Bad\x1b[31m Request</title></html>"), "Bad Request"),
        (Reply(status=400, error={"error": {"code": 7}}), '"code": 7'),
        (Reply(error={"error": {"message": "an error with status 200"}}), "status 200"),
    ],
)
def test_every_shape_of_error_is_one_sentence(reply: Reply, said: str) -> None:
    error, _ = failure([reply], requests=1)
    assert said in error.message
    assert "\x1b" not in error.message


@pytest.mark.parametrize(
    "reply",
    [
        refusal(400, LLAMA_OVERFLOW, "context_length_exceeded"),
        refusal(400, "litellm.ContextWindowExceededError: BadRequestError\n\nsee the docs for advice", "400"),
        refusal(500, "Trying to keep the first 900 tokens when context the overflows. Window is 512 tokens"),
        Reply(status=400, error={"error": {"type": "exceed_context_size_error", "code": 400, "message": "too many"}}),
        Reply(status=413, error="Payload Too Large"),
    ],
)
def test_an_overflow_is_known_by_code_or_by_message(reply: Reply) -> None:
    error, _ = failure([reply], requests=1)
    assert isinstance(error, ModelOverflow)
    assert "--window" in error.hint


def test_an_overflow_names_the_window_there_is() -> None:
    error, _ = failure([refusal(400, LLAMA_OVERFLOW)], requests=1)
    assert "--window 512" in error.hint


def test_an_overflow_that_is_an_empty_stream_shows_without_streaming() -> None:
    error, _ = failure([Reply(empty=True), refusal(400, LLAMA_OVERFLOW, "context_length_exceeded")], requests=2)
    assert isinstance(error, ModelOverflow)


@pytest.mark.parametrize(
    ("reply", "hint"),
    [
        (refusal(401, "Incorrect API key"), "OPENAI_API_KEY"),
        (refusal(404, "The model `some-model` does not exist", "model_not_found"), "/v1/models"),
        (Reply(status=404, error="404 page not found"), "OPENAI_BASE_URL"),
        (refusal(400, "this model does not support tools"), "functions"),
        (refusal(429, "You exceeded your current quota", "insufficient_quota"), "account"),
    ],
)
def test_the_hint_says_what_to_do(reply: Reply, hint: str) -> None:
    error, _ = failure([reply], requests=1)
    assert hint in error.hint


def test_nothing_listens_there() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://user:secret@127.0.0.1:{taken.getsockname()[1]}/v1"
        with pytest.raises(ModelUnreachable) as caught:
            list(OpenAIChat("m", url).stream(REQUEST, threading.Event()))
    assert url.replace("user:secret@", "") in caught.value.message
    assert "refused" in caught.value.message
    assert "secret" not in caught.value.one_line()
    assert "OPENAI_BASE_URL" in caught.value.hint


def test_a_request_that_cannot_be_written_is_a_model_error() -> None:
    request = ModelRequest("m", [{"role": "user", "content": "half a pair: \ud83d"}], [], 9)
    with ModelServer([]) as server, pytest.raises(ModelError):
        list(model_of(server).stream(request, threading.Event()))


# What is tried again, and how often


@pytest.mark.parametrize("status", [429, 502, 503, 504, 529])
def test_a_busy_server_is_asked_again(status: int) -> None:
    assert success([refusal(status, "busy"), refusal(status, "busy"), "at last"], requests=3).content == "at last"


def test_a_busy_server_is_not_asked_for_ever() -> None:
    error, _ = failure(lambda body: refusal(429, "Rate limit reached, see /account/billing"), requests=5)
    assert "Rate limit" in error.message


def test_retry_after_is_obeyed_when_it_is_bearable() -> None:
    started = time.monotonic()
    success([refusal(429, "slow down", retry_after="0.3"), "ok"], requests=2)
    assert 0.3 <= time.monotonic() - started < 20
    error, _ = failure([refusal(429, "slow down", retry_after="3600")], requests=1)
    assert "slow down" in error.message


def test_a_server_that_loads_its_model_is_waited_for() -> None:
    loading = [refusal(503, "Loading model")] * 8
    assert success([*loading, "ready"], requests=9).content == "ready"


def test_waiting_is_bounded_in_seconds_too() -> None:
    patience, waits = Patience(backoff_seconds=0.5, longest_wait_seconds=60), []
    while (wait := patience.wait_seconds(Refused(503, "Loading model"))) is not None:
        waits.append(wait)
    assert 50 < sum(waits) <= 60
    assert patience.wait_seconds(Refused(429, "busy")) is None


def test_a_500_is_looked_at_twice_and_a_client_mistake_once() -> None:
    plain = Reply(status=500, error="Internal Server Error")
    assert success([plain, "ok"], requests=2).content == "ok"
    failure([plain, plain], requests=2)
    failure([refusal(500, "7 validation errors: content: none is not an allowed value")], requests=1)


def test_a_connection_that_dies_unanswered_is_made_once_more() -> None:
    assert success([Reply(drop=True), "ok"], requests=2).content == "ok"
    error, _ = failure([Reply(drop=True), Reply(drop=True)], requests=2)
    assert "closed the connection" in error.message


def test_a_dead_pooled_connection_is_replaced() -> None:
    with ModelServer(["first", Reply(drop=True), "second"]) as server:
        model = model_of(server)
        list(model.stream(REQUEST, threading.Event()))
        *_, completion = model.stream(REQUEST, threading.Event())
    assert isinstance(completion, Completion)
    assert completion.content == "second"


# Streams that break


def test_a_stream_that_is_cut_is_no_answer() -> None:
    error, deltas = failure([Reply(content="one two three four five", disconnect_after_chunks=2)], requests=1)
    assert [delta.text for delta in deltas if isinstance(delta, TextDelta)] == ["one two thre"]
    assert "broke off" in error.message


def test_a_stream_cut_before_its_first_word_is_tried_again() -> None:
    assert success([Reply(content="lost", disconnect_after_chunks=0), "ok"], requests=2).content == "ok"


def test_done_without_a_finish_is_asked_for_in_one_piece() -> None:
    for reply in (Reply(content="half an ans", finish=None), Reply(content="half an ans", finish=None, done=False)):
        assert success([reply, "a whole answer"], requests=2).content == "a whole answer"


def test_a_reply_that_never_finishes_is_no_answer() -> None:
    failed = Reply(content="half an ans", finish="abort")
    error, deltas = failure([failed], requests=1)
    assert "abort" in error.message
    assert deltas


@pytest.mark.parametrize(
    ("tail", "said"),
    [
        (
            'data: {"error": "json parser could not parse <tool_call>\nContent: \'{"name": x\'"}\n\n',
            "json parser could",
        ),
        ('data: {"error": {"message": "upstream failed", "code": "500"}}\n\n', "upstream failed"),
        (
            'data: {"error": {"message": "no credit"}, "choices": [{"index": 0, "finish_reason": "error"}]}\n\n',
            "no credit",
        ),
        ("data: {broken\n\n", "{broken"),
    ],
)
def test_an_error_in_mid_stream_is_told_in_its_own_words(tail: str, said: str) -> None:
    error, deltas = failure([Reply(content="begun", finish=None, done=False, tail=tail)], requests=1)
    assert said in error.message
    assert deltas == [TextDelta("begun")]


def test_silence_in_mid_stream_ends_in_time() -> None:
    started = time.monotonic()
    error, _ = failure([Reply(content="begun well", stall_after_chunks=2)], requests=1, timeout_seconds=0.5)
    assert "said nothing for 0.5 seconds" in error.message
    assert time.monotonic() - started < 20


def test_silence_before_the_first_byte_ends_in_time_and_is_not_tried_again() -> None:
    error, deltas = failure([Reply(delay_seconds=30)], requests=1, timeout_seconds=0.5)
    assert "said nothing" in error.message
    assert deltas == []


def test_comments_do_not_count_as_an_answer() -> None:
    reply = Reply(content="", finish=None, done=False, tail=": still here\n\n" * 3, stall_after_chunks=2)
    failure([reply], requests=1, timeout_seconds=0.5)


def test_empty_events_do_not_count_as_an_answer() -> None:
    # Each is an event, so there is no silence, and there is never an answer either.
    class Dripping(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

        def do_POST(self) -> None:
            self.send_response(200)
            self.end_headers()
            with contextlib.suppress(OSError):
                while True:
                    self.wfile.write(b'data: {"choices": [{"index": 0, "delta": {"content": ""}}]}\n\n')
                    time.sleep(0.02)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Dripping)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    started = time.monotonic()
    model = OpenAIChat("some-model", f"http://127.0.0.1:{server.server_port}/v1", timeout_seconds=0.5)
    with pytest.raises(ModelError, match="nothing but empty events"):
        list(model.stream(REQUEST, threading.Event()))
    server.shutdown()
    assert time.monotonic() - started < 20


def test_comments_between_events_are_skipped() -> None:
    assert success([Reply(content="ok", tail=": keep-alive\n\nevent: ping\n\n")], requests=1).content == "ok"


def test_nothing_twice_is_an_error_never_an_empty_success() -> None:
    for empty in (Reply(empty=True), Reply(content=""), Reply(null=True)):
        error, deltas = failure([empty, Reply(content="")], requests=2)
        assert "answered with nothing" in error.message
        assert [delta for delta in deltas if not isinstance(delta, Sending)] == []


def test_a_limit_used_up_before_the_first_word_is_said_to_be_so() -> None:
    error, _ = failure([Reply(content="", reasoning="thinking and thinking", finish="length")], requests=1)
    assert "64 tokens" in error.message
    assert "reserve" in error.hint


def test_a_reply_cut_by_the_limit_says_length() -> None:
    assert success([Reply(content="cut he", finish="length")], requests=1).finish_reason == "length"
