"""OpenAIChat over real HTTP: what it sends, and how it reads the replies of servers that differ on the wire."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any

import openai  # noqa: F401 - here, so that loading it does not count as a server's silence in the first test
import pytest

from tests.support.model_server import ModelServer, Reply, Script, refusal, says
from workbench.core.errors import ModelError
from workbench.models.base import (
    CallDelta,
    ChatModel,
    Completion,
    Delta,
    ModelRequest,
    ReasoningDelta,
    TextDelta,
    Usage,
)
from workbench.models.openai.client import OpenAIChat

SEARCH = {"type": "function", "function": {"name": "search", "parameters": {"type": "object", "properties": {}}}}
MESSAGES: list[dict[str, Any]] = [
    {"role": "system", "content": "You are a test."},
    {"role": "user", "content": 'Grüße, 世界 \u2028 </tool_call> \\ "quoted"'},
    {
        "role": "assistant",
        "content": "",
        "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "search", "arguments": "{}"}}],
    },
    {"role": "tool", "tool_call_id": "c1", "content": "{}"},
]
REQUEST = ModelRequest("some-model", MESSAGES, [SEARCH], 100)
TWO = [("search", {"query": "red fox", "page": 0}), ("search", {"query": "hen {house}", "page": 1})]


def model_of(server: ModelServer, **options: Any) -> OpenAIChat:
    return OpenAIChat("some-model", server.url, **{"backoff_seconds": 0.01, "timeout_seconds": 5.0, **options})


def ask(script: Script, request: ModelRequest = REQUEST, **options: Any) -> tuple[list[Delta], Completion, ModelServer]:
    """One request to a server with this script: the deltas, the completion after them, and the server's record."""
    with ModelServer(script) as server:
        *deltas, completion = model_of(server, **options).stream(request, threading.Event())
    assert isinstance(completion, Completion)
    assert not any(isinstance(delta, Completion) for delta in deltas)
    return deltas, completion, server


def text_of(deltas: list[Delta]) -> str:
    return "".join(delta.text for delta in deltas if isinstance(delta, TextDelta))


def calls_of(completion: Completion) -> list[tuple[str, str]]:
    return [(call.name, call.arguments) for call in completion.calls]


# What is sent


def test_the_server_receives_the_request_and_the_record_says_so() -> None:
    request = ModelRequest("some-model", MESSAGES, [SEARCH], 100, {"temperature": 0.2})
    _, completion, server = ask(["hello"], request)
    assert server.requests == [completion.body]
    assert completion.body == {**request.body(), "stream_options": {"include_usage": True}}
    assert server.requests[0]["messages"] == MESSAGES


def test_no_tools_no_key_for_them() -> None:
    _, completion, server = ask(["hello"], ModelRequest("m", MESSAGES[:1], [], 10))
    assert "tools" not in server.requests[0]
    assert completion.content == "hello"


def test_a_key_is_sent_and_a_server_of_ones_own_needs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    _, _, keyed = ask(["hello"], api_key="sk-test")
    _, _, bare = ask(["hello"])
    assert keyed.headers[0]["authorization"] == "Bearer sk-test"
    assert bare.headers[0]["authorization"].startswith("Bearer ")
    with pytest.raises(ModelError, match="needs a key") as missing:
        OpenAIChat("gpt-test", "https://api.openai.com/v1")
    assert "OPENAI_API_KEY" in missing.value.hint


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert ask(["hello"])[1].content == "hello"


def test_it_is_a_chat_model_and_importing_it_loads_no_sdk() -> None:
    code = "import sys; import workbench.models.openai.client; print({'openai', 'httpx2'} & set(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert loaded.stdout.strip() == "set()"
    assert isinstance(OpenAIChat("m", "http://127.0.0.1:1/v1"), ChatModel)


def test_the_connection_is_used_again() -> None:
    with ModelServer(["one", "two", "three"]) as server:
        model = model_of(server)
        for _ in range(3):
            list(model.stream(REQUEST, threading.Event()))
            for thread in threading.enumerate():
                if thread.name == "model-line":
                    thread.join(5)
        assert server.connections == 1


def test_several_threads_at_once() -> None:
    def script(body: Mapping[str, Any]) -> Reply:
        return Reply(content=str(body["messages"][0]["content"]), chunk_chars=1, chunk_delay_seconds=0.005)

    heard: dict[str, str] = {}
    with ModelServer(script) as server:
        model = model_of(server)

        def run(word: str) -> None:
            *_, completion = model.stream(
                ModelRequest("m", [{"role": "user", "content": word}], [], 9), threading.Event()
            )
            assert isinstance(completion, Completion)
            heard[word] = completion.content

        threads = [threading.Thread(target=run, args=(word,)) for word in ("alpha", "bravo", "charlie")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
    assert heard == {word: word for word in ("alpha", "bravo", "charlie")}


# How a reply is read


def test_text_comes_in_pieces() -> None:
    deltas, completion, _ = ask([Reply(content="Grüße an alle Füchse", chunk_chars=3)])
    assert len(deltas) > 3
    assert text_of(deltas) == completion.content == "Grüße an alle Füchse"
    assert completion.finish_reason == "stop"


@pytest.mark.parametrize("shape", ["pieces", "whole", "repeated", "index0", "no_ids", "dict", "text"])
@pytest.mark.parametrize("nulls", [False, True])
def test_calls_in_every_shape(shape: Any, nulls: bool) -> None:
    said = "" if shape == "text" else "Let me look."
    deltas, completion, _ = ask([Reply(content=said, calls=TWO, call_deltas=shape, nulls=nulls, chunk_chars=5)])
    assert calls_of(completion) == [
        ("search", '{"query": "red fox", "page": 0}'),
        ("search", '{"query": "hen {house}", "page": 1}'),
    ]
    assert completion.finish_reason == "tool_calls"
    assert completion.content.strip() == said
    ids = [call.id for call in completion.calls]
    assert len(set(ids)) == 2
    assert all(0 < len(ident) <= 40 for ident in ids)
    for index, call in enumerate(completion.calls):
        pieces = [delta for delta in deltas if isinstance(delta, CallDelta) and delta.index == index]
        assert "".join(piece.arguments for piece in pieces) == call.arguments
        assert {piece.name for piece in pieces} == {"search"}


def test_a_call_that_ends_with_stop() -> None:
    _, completion, _ = ask([Reply(calls=TWO[:1], finish="stop")])
    assert (completion.finish_reason, len(completion.calls)) == ("tool_calls", 1)


def test_a_call_that_was_cut_keeps_its_broken_arguments() -> None:
    _, completion, _ = ask([Reply(calls=[("search", '{"query": "blue')], finish="tool_calls")])
    assert calls_of(completion) == [("search", '{"query": "blue')]


def test_reasoning_comes_apart_even_before_the_role() -> None:
    for reply in (
        Reply(content="Done.", reasoning="\nhmm\n"),
        Reply(content="Done.", reasoning="\nhmm\n", reasoning_key="reasoning"),
        Reply(content="<think>\nhmm\n</think>\n\nDone.", chunk_chars=3),
    ):
        deltas, completion, _ = ask([reply])
        assert completion.reasoning == "\nhmm\n"
        assert completion.content == text_of(deltas) == "Done."
        assert "".join(delta.text for delta in deltas if isinstance(delta, ReasoningDelta)) == "\nhmm\n"


@pytest.mark.parametrize("usage_in", ["own_chunk", "finish", "after_finish"])
def test_usage_wherever_it_comes(usage_in: Any) -> None:
    usage = {"prompt_tokens": 321, "completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": 256}}
    _, completion, _ = ask([Reply(content="ok", usage=usage, usage_in=usage_in)])
    assert completion.usage == Usage(321, 7, 256)
    assert completion.finish_reason == "stop", "an empty delta after the finish must not take it away"


def test_usage_is_kept_when_chunks_without_it_follow() -> None:
    after = 'data: {"choices": [], "usage": null}\n\n'
    usage = {"prompt_tokens": 321, "completion_tokens": 7}
    assert ask([Reply(content="ok", usage=usage, usage_in="finish", tail=after)])[1].usage == Usage(321, 7)


def test_usage_that_never_comes_or_says_nothing_is_none() -> None:
    assert ask([Reply(content="ok", usage=None)])[1].usage is None
    assert ask([Reply(content="ok", usage={"prompt_tokens": 0, "completion_tokens": 0})])[1].usage is None


def test_a_stream_without_done_is_whole_once_it_has_finished() -> None:
    assert ask([Reply(content="ok", done=False)])[1].content == "ok"


def test_a_connection_that_breaks_or_falls_silent_after_the_finish_takes_nothing_away() -> None:
    # Role, one piece, finish: then the cut, or silence that is not waited for as long as a reply is.
    assert ask([Reply(content="ok", done=False, disconnect_after_chunks=3)])[1].content == "ok"
    assert ask([Reply(content="ok", stall_after_chunks=3)], timeout_seconds=1.5)[1].content == "ok"


def test_a_server_that_does_not_stream_is_read_whole() -> None:
    whole = {"choices": [{"message": {"content": "ok", "tool_calls": None}, "finish_reason": "stop"}]}
    deltas, completion, _ = ask([Reply(error=whole)])
    assert text_of(deltas) == completion.content == "ok"


# Calls written as text


def test_a_call_as_text_is_never_shown_as_text() -> None:
    deltas, completion, _ = ask([Reply(calls=TWO, call_deltas="text", chunk_chars=2)])
    assert len(completion.calls) == 2
    assert completion.ending.written
    assert "tool_call" not in text_of(deltas)


def test_a_call_beside_text_is_not_carried_out_and_known_for_what_it_is() -> None:
    deltas, completion, _ = ask([Reply(content="Looking.\n", calls=TWO, call_deltas="text", chunk_chars=2)])
    assert completion.calls == ()
    assert completion.ending.mixed
    assert "tool_call" in text_of(deltas)


def test_a_reply_that_is_one_object_may_be_a_call() -> None:
    _, completion, _ = ask([Reply(content='{"name": "search", "parameters": {"query": "x"}}', chunk_chars=4)])
    assert calls_of(completion) == [("search", '{"query": "x"}')]


@pytest.mark.parametrize(
    "content",
    [
        'The page says <tool_call>{"name": "search", "arguments": {}}</tool_call> and more.',
        '{"name": "Ann", "age": 7}',
        "a < b and <tool is no tag <tool_call",
    ],
)
def test_text_that_only_looks_like_a_call_stays_text(content: str) -> None:
    deltas, completion, _ = ask([Reply(content=content, chunk_chars=3)])
    assert completion.calls == ()
    assert completion.content == text_of(deltas) == content


def test_a_written_call_of_an_unknown_function_is_no_answer() -> None:
    _, completion, _ = ask([Reply(content='<tool_call>{"name": "delete_everything", "arguments": {}}</tool_call>')])
    assert calls_of(completion) == [("delete_everything", "{}")]


def test_broken_json_in_a_written_call_reaches_the_executor_as_broken_arguments() -> None:
    content = '<tool_call>\n{"name": "search", "arguments": {"query": "blue}\n</tool_call>'
    _, completion, _ = ask([Reply(content=content)])
    assert calls_of(completion) == [("search", '{"query": "blue')]


# Empty replies and refused keys


@pytest.mark.parametrize(
    "empty", [Reply(empty=True), Reply(content=""), Reply(content="", reasoning="hm"), Reply(content=" \n")]
)
def test_nothing_at_all_is_asked_once_more_without_streaming(empty: Reply) -> None:
    deltas, completion, server = ask([empty, Reply(content="after all", reasoning=empty.reasoning)])
    assert completion.content == text_of(deltas) == "after all"
    assert len(server.requests) == 2
    assert server.requests[1]["stream"] is False
    assert "stream_options" not in server.requests[1]
    assert completion.body == server.requests[1]
    reasoning = "".join(delta.text for delta in deltas if isinstance(delta, ReasoningDelta))
    assert reasoning == completion.reasoning == empty.reasoning, "it is not shown twice"


def test_a_body_of_null_is_nothing() -> None:
    for null in (Reply(null=True), Reply(error={"choices": None})):
        assert ask([null, "after all"])[1].content == "after all"


def refuses(key: str, reply: Reply) -> Callable[[Mapping[str, Any]], Reply]:
    return lambda body: reply if key in body else says("fine")


NAMES_OF_KEYS = [
    ("stream_options", Reply(status=422, error={"detail": "Unexpected fields in the request: {'stream_options'}"})),
    (
        "stream_options",
        Reply(status=422, error={"detail": [{"loc": ["body", "stream_options"], "msg": "Extra inputs"}]}),
    ),
    ("temperature", refusal(400, "Unsupported value: 'temperature' does not support 0.2 with this model.")),
    ("temperature", Reply(status=400, error={"error": 'unknown field "temperature"'})),
]


@pytest.mark.parametrize(("key", "reply"), NAMES_OF_KEYS)
def test_an_optional_key_that_is_refused_is_dropped_for_good(key: str, reply: Reply) -> None:
    request = ModelRequest("some-model", MESSAGES, [SEARCH], 100, {"temperature": 0.2})
    with ModelServer(refuses(key, reply)) as server:
        model = model_of(server)
        *_, first = model.stream(request, threading.Event())
        *_, second = model.stream(request, threading.Event())
    assert [key in body for body in server.requests] == [True, False, False]
    assert isinstance(first, Completion)
    assert first.body == server.requests[1]
    assert set(server.requests[0]) - set(server.requests[1]) == {key}


@pytest.mark.parametrize(
    "message",
    [
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
        "Unrecognized request argument supplied: max_tokens",
    ],
)
def test_max_tokens_is_renamed_never_dropped(message: str) -> None:
    _, completion, server = ask(refuses("max_tokens", refusal(400, message)))
    assert [("max_tokens" in body, body.get("max_completion_tokens")) for body in server.requests] == [
        (True, None),
        (False, 100),
    ]
    assert completion.body == server.requests[1]


def test_reasoning_is_switched_off_where_functions_exclude_it() -> None:
    said = "Function tools with reasoning_effort are not supported here. Set reasoning_effort to 'none'."

    def script(body: Mapping[str, Any]) -> Reply:
        return says("fine") if body.get("reasoning_effort") == "none" else refusal(400, said)

    assert ask(script)[1].body["reasoning_effort"] == "none"


def test_a_refusal_that_names_no_optional_key_is_not_tried_again() -> None:
    with ModelServer([refusal(400, "messages: roles must alternate")]) as server, pytest.raises(ModelError) as refused:
        list(model_of(server).stream(REQUEST, threading.Event()))
    assert "roles must alternate" in refused.value.message
    assert len(server.requests) == 1
