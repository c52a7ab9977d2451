"""The Responses API and functions as text: requests are made for them where the server answers so, and replay to the byte."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from typing import Any

import pytest

from tests.support.json_server import server
from workbench.core.errors import ModelError
from workbench.core.sent_request import as_recorded, rebuilt
from workbench.models.base import Completion, ModelRequest
from workbench.models.openai.client import OpenAIChat
from workbench.models.openai.response import ReplyReader
from workbench.models.openai.retry import Learnt
from workbench.models.openai.sse import read_response

TOOLS = [
    {
        "type": "function",
        "function": {"name": "find", "parameters": {"type": "object", "properties": {"query": {"type": "string"}}}},
    }
]
START = [{"role": "system", "content": "You search."}, {"role": "user", "content": "Where is the lamp?"}]
CALL = '{"name": "find", "arguments": {"query": "lamp"}}'
Answer = tuple[int, Any]


def events(*, streamed: bool = True) -> list[dict[str, Any]]:
    """A reply of the Responses API: a thought, and two calls."""
    thought = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "c2VjcmV0"}
    calls = [
        {"type": "function_call", "id": f"fc_{n}", "call_id": f"call_{n}", "name": "find", "arguments": arguments}
        for n, arguments in enumerate(('{"query": "lamp"}', '{"query": "pier"}'))
    ]
    usage = {"input_tokens": 90, "output_tokens": 12, "input_tokens_details": {"cached_tokens": 40}}
    whole = {"object": "response", "status": "completed", "output": [thought, *calls], "usage": usage}
    made: list[dict[str, Any]] = [{"type": "response.created", "response": {"object": "response", "status": "queued"}}]
    for at, item in enumerate([thought, *calls]) if streamed else ():
        made.append({"type": "response.output_item.added", "output_index": at, "item": {**item, "arguments": ""}})
        if item["type"] == "function_call":
            for piece in (item["arguments"][:6], item["arguments"][6:]):
                made.append({"type": "response.function_call_arguments.delta", "output_index": at, "delta": piece})
        made.append({"type": "response.output_item.done", "output_index": at, "item": item})
    return [*made, {"type": "response.completed", "response": whole}]


def reply(model: OpenAIChat, messages: list[Any], response_format: Mapping[str, Any] | None = None) -> Completion:
    request = ModelRequest("some-model", messages, TOOLS, 64, {"temperature": 0.2}, response_format)
    *_, last = model.stream(request, threading.Event())
    assert isinstance(last, Completion)
    recorded = json.loads(json.dumps(as_recorded(last.body, last.shape)))
    assert rebuilt(recorded, messages, TOOLS) == last.body, "replay makes of the messages what was sent"
    assert "Where is the lamp?" not in json.dumps(recorded)
    return last


def model_of(url: str, **shape: str) -> OpenAIChat:
    return OpenAIChat("some-model", url, "k", timeout_seconds=60.0, backoff_seconds=0.01, learnt=Learnt(shape=shape))


NAMED = {
    "error": {
        "message": "This model is only supported in v1/responses and not in v1/chat/completions.",
        "param": "model",
    }
}


@pytest.mark.parametrize("refusal", [(404, {"detail": "Not Found"}), (404, NAMED), (400, NAMED)])
@pytest.mark.parametrize("streamed", [True, False])
def test_a_server_that_has_only_responses_is_asked_there(refusal: Answer, streamed: bool) -> None:
    with server(lambda path, body: refusal if "chat" in path else (200, events(streamed=streamed))) as (url, asked):
        model = model_of(url)
        first = reply(model, list(START))
        assert [(call.name, json.loads(call.arguments)["query"]) for call in first.calls] == [
            ("find", "lamp"),
            ("find", "pier"),
        ]
        assert first.finish_reason == "tool_calls"
        assert first.usage is not None
        assert (first.usage.prompt_tokens, first.usage.cached_tokens) == (90, 40)
        calls = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in first.calls
        ]
        results = [{"role": "tool", "tool_call_id": call["id"], "content": "none"} for call in calls]
        said = {"role": "assistant", "content": "", "tool_calls": calls, **first.handback}
        reply(model, [*START, said, *results])
    assert [path for path, _ in asked] == ["/chat/completions", "/responses", "/responses"]
    second = asked[-1][1]
    assert second["instructions"] == "You search."
    assert second["store"] is False
    kinds = [item.get("type", item.get("role")) for item in second["input"]]
    assert kinds == [
        "user",
        "reasoning",
        "function_call",
        "function_call",
        "function_call_output",
        "function_call_output",
    ]


def test_what_the_responses_api_refuses_of_its_own_is_left_out() -> None:
    def answer(path: str, body: Mapping[str, Any]) -> Answer:
        if "include" in body:
            return 400, {
                "error": {"message": "Encrypted content is not supported with this model.", "param": "include"}
            }
        return 200, events()

    with server(answer) as (url, asked):
        assert reply(model_of(url, wire="responses"), list(START)).calls
    assert [("include" in body) for _, body in asked] == [True, False]


def test_a_wrong_address_is_told_in_the_words_of_the_first_refusal() -> None:
    with (
        server(lambda path, body: (404, {"detail": f"no {path} here"})) as (url, asked),
        pytest.raises(ModelError) as caught,
    ):
        reply(model_of(url), list(START))
    assert "no /chat/completions here" in caught.value.message
    assert "OPENAI_BASE_URL" in caught.value.hint


def test_a_response_that_is_incomplete_is_cut_and_one_that_failed_is_told() -> None:
    cut = {"object": "response", "status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}, "output": [
        {"type": "message", "content": [{"type": "output_text", "text": "The lamp is"}]}]}  # fmt: skip
    failed = {
        "type": "response.failed",
        "response": {"status": "failed", "error": {"code": "server_error", "message": "it broke"}},
    }
    with server(lambda path, body: (200, cut)) as (url, _):
        assert reply(model_of(url, wire="responses"), list(START)).ending.cut
    with server(lambda path, body: (200, [failed])) as (url, _), pytest.raises(ModelError, match="it broke"):
        reply(model_of(url, wire="responses"), list(START))


NO_TOOLS = (400, {"error": {"message": "registry.ollama.ai/library/gemma:2b does not support tools"}})
TEXT = (200, [{"choices": [{"index": 0, "delta": {"content": CALL}, "finish_reason": "stop"}]}])


@pytest.mark.parametrize(
    ("schema", "how"),
    [
        ((200, None), "json_schema"),
        ((400, {"error": {"message": "response_format of type json_schema is not supported"}}), "text"),
        ((500, {"error": {"message": "7 validation errors: body.response_format.type unexpected value"}}), "text"),
    ],
)
def test_a_model_without_functions_calls_them_in_its_text(schema: Answer, how: str) -> None:
    def answer(path: str, body: Mapping[str, Any]) -> Answer:
        if "tools" in body:
            return NO_TOOLS
        return schema if "response_format" in body and schema[0] != 200 else TEXT

    with server(answer) as (url, asked):
        model = model_of(url)
        first = reply(model, list(START))
        assert [(call.name, json.loads(call.arguments)) for call in first.calls] == [("find", {"query": "lamp"})]
        assert first.shape["functions"] == how
        said = {"role": "assistant", "content": "", "tool_calls": [
            {"id": "a", "type": "function", "function": {"name": "find", "arguments": '{"query": "lamp"}'}}]}  # fmt: skip
        reply(model, [*START, said, {"role": "tool", "tool_call_id": "a", "content": "5 results"}])
    last = asked[-1][1]
    assert "tools" not in last
    assert [message["role"] for message in last["messages"]] == ["system", "user", "assistant", "user"]
    assert last["messages"][2]["content"] == CALL
    assert last["messages"][3]["content"] == "Result of find: 5 results"
    if how == "json_schema":
        schema_sent = last["response_format"]["json_schema"]["schema"]
        assert schema_sent["properties"]["name"] == {"type": "string", "enum": ["find"]}


def test_a_form_that_is_refused_is_asked_for_as_plain_json_and_then_in_words() -> None:
    wanted = {"type": "json_schema", "json_schema": {"name": "answer", "schema": {"type": "object"}}}

    def answer(path: str, body: Mapping[str, Any]) -> Answer:
        if "response_format" in body:
            kind = body["response_format"]["type"]
            return 400, {
                "error": {"message": f"response_format.type {kind} is not supported", "param": "response_format"}
            }
        return TEXT

    with server(answer) as (url, asked):
        said = reply(model_of(url), list(START), wanted)
    kinds = [body.get("response_format", {}).get("type") for _, body in asked]
    assert kinds == ["json_schema", "json_object", None]
    assert "response_format" not in said.body


def read(raw: str) -> Completion:
    """A streamed reply of the API as it is read."""
    plain = {"messages": START, "tools": TOOLS, "max_tokens": 64}
    reader = ReplyReader(plain, {"input": [], "max_output_tokens": 64})
    for event in read_response([raw.encode()]):
        list(reader.feed(event))
    list(reader.end())
    assert reader.kind == "whole"
    return reader.completion()


def named(kind: str, *, typed: bool = True, **more: Any) -> str:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **more} if typed else more)}\n\n"


SAID = {"type": "message", "content": [{"type": "output_text", "text": "At the pier."}]}
CALLED = {"type": "function_call", "id": "fc", "call_id": "c", "name": "find", "arguments": '{"query": "lamp"}'}


def ended(*output: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"object": "response", "status": "completed", "output": list(output), **more}


@pytest.mark.parametrize(
    "raw",
    [
        named("response.output_text.done", text="At the pier.") + named("response.completed", response=ended()),
        json.dumps(ended(output_text="At the pier.")),
        json.dumps({"response": ended(SAID)}),
        named("response.output_text.delta", typed=False, output_index=0, delta="At the pier.")
        + named("response.completed", typed=False, response=ended(SAID)),
        named("response.output_text.delta", item_id="m", delta="At the pier.")
        + named("response.completed", response=ended({**SAID, "id": "m"})),
    ],
)
def test_text_is_read_wherever_it_is_told_and_once(raw: str) -> None:
    assert read(raw).content == "At the pier."


@pytest.mark.parametrize(
    "raw",
    [
        named("response.output_item.added", output_index=0, item={**CALLED, "arguments": ""})
        + named("response.function_call_arguments.done", output_index=0, item_id="fc", arguments=CALLED["arguments"])
        + named("response.completed", response=ended()),
        json.dumps(ended({**CALLED, "arguments": {"query": "lamp"}})),
        json.dumps(ended({"type": "custom_tool_call", "call_id": "c", "name": "find", "input": CALLED["arguments"]})),
        named("response.output_item.added", output_index=0, item={**CALLED, "name": "", "arguments": ""})
        + named("response.function_call_arguments.delta", output_index=0, item_id="fc", delta=CALLED["arguments"])
        + named("response.completed", response=ended(CALLED)),
        named("response.output_item.added", item={**CALLED, "arguments": ""})
        + named("response.function_call_arguments.delta", item_id="fc", delta=CALLED["arguments"])
        + named("response.completed", response=ended(CALLED)),
    ],
)
def test_a_call_is_read_wherever_it_is_told_and_once(raw: str) -> None:
    (call,) = read(raw).calls
    assert (call.id, call.name, json.loads(call.arguments)) == ("c", "find", {"query": "lamp"})
