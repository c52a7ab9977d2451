"""What real model servers do on the wire, each as a change of one reply, with what must come of it.

A quirk is played once, on a given request of a question, or for as long as a request has what the server does not take.
"""

# ruff: noqa: E501 - the words of servers stand on one line, as they are sent

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tests.support.model_replies import Reply, refusal

Body = Mapping[str, Any]
Play = Callable[[Body, Reply], "Reply | None"]
"""Given a request and a good reply to it, the reply as this server gives it; None: it has nothing against this request."""

SAME = ""
"""The same answer as from a good server."""

_REASONING = "I should look it up."


@dataclass(frozen=True)
class Quirk:
    """`ends`: SAME, or a pattern of the sentence that the user reads. `lasting`: it is played on every request that it is

    about, not on one alone. `overflow`: the limit that the server names in an overflow, which the agent acts upon.
    """

    name: str
    play: Play
    ends: str = SAME
    lasting: bool = False
    overflow: int | None = None


def _bent(name: str, bend: Callable[[str], str | bytes], content_type: str | None = None, ends: str = SAME) -> Quirk:
    return Quirk(name, lambda body, good: replace(good, bend=bend, content_type=content_type), ends)


def _reply(name: str, ends: str = SAME, **changes: Any) -> Quirk:
    return Quirk(name, lambda body, good: replace(good, **changes), ends)


def _error(name: str, status: int, error: Any, ends: str, **headers: str) -> Quirk:
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    return Quirk(name, lambda body, good: Reply(status=status, error=error, headers=named), ends)


def _refuses(name: str, wrong: Callable[[Body], bool], status: int, error: Any) -> Quirk:
    return Quirk(name, lambda body, good: Reply(status=status, error=error) if wrong(body) else None, lasting=True)


def _overflow(name: str, status: int, error: Any, limit: int | None) -> Quirk:
    return Quirk(name, lambda body, good: Reply(status=status, error=error), "too long", overflow=limit)


def _written(name: str, write: Callable[[str, Mapping[str, Any]], str]) -> Quirk:
    def play(body: Body, good: Reply) -> Reply:
        (function, arguments), *_ = good.calls
        assert isinstance(arguments, Mapping)
        return Reply(content=write(function, arguments))

    return Quirk(f"call as text: {name}", play)


def _calls(body: Body) -> list[dict[str, Any]]:
    return [call for message in body["messages"] for call in message.get("tool_calls") or []]


def _ids(body: Body) -> list[str]:
    results = [m["tool_call_id"] for m in body["messages"] if m["role"] == "tool"]
    return [*(call["id"] for call in _calls(body)), *results]


def _reasoned(body: Body) -> list[dict[str, Any]]:
    """Assistant messages with calls of the server's own."""
    return [m for m in body["messages"] if any(c["id"].startswith("call_") for c in m.get("tool_calls") or [])]


def _keys(pairs: Mapping[str, Any]) -> str:
    return "".join(f"<parameter={key}>\n{value}\n</parameter>\n" for key, value in pairs.items())


def _glm(pairs: Mapping[str, Any]) -> str:
    return "".join(f"<arg_key>{key}</arg_key>\n<arg_value>{value}</arg_value>\n" for key, value in pairs.items())


def _python(pairs: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}={value!r}" for key, value in pairs.items())


def _openai(message: str, code: str | None = None, **more: Any) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code, **more}}


def _after(text: str, first: str) -> str:
    return first + text


def _thought(opening: str, closing: str) -> Quirk:
    content = f"{opening}{_REASONING}{closing}\n\n"
    return Quirk(f"reasoning in {opening}", lambda body, good: replace(good, content=content))


BODIES = (
    _bent("stream called json", lambda text: text, "application/json"),
    _bent("stream without a type", lambda text: text, ""),
    _bent("lines that end in CR", lambda text: text.replace("\n", "\r")),
    _bent("lines that end in CR LF", lambda text: text.replace("\n", "\r\n")),
    _bent("byte order mark", lambda text: "\ufeff" + text),
    _bent("remark as data", lambda text: _after(text, "data: : PROCESSING\n\n")),
    _bent("keep-alive as data", lambda text: _after(text, "data: keep-alive\n\n")),
    _bent("comments between events", lambda text: text.replace("\n\n", "\n\n: ping\n\n")),
    _bent("no empty lines between events", lambda text: text.replace("\n\n", "\n")),
    _bent("no [DONE]", lambda text: text.replace("data: [DONE]\n\n", "")),
    _bent(
        "web page",
        lambda text: "<!doctype html><title>Open WebUI</title><body>Sign in",
        "text/html",
        ends="web page.*Open WebUI",
    ),
    Quirk("whole answer, called text", lambda body, good: replace(good, bend=_as_whole, content_type="text/plain")),
    Quirk("lines of json", lambda body, good: replace(good, bend=_as_json_lines, content_type="application/x-ndjson")),
    _reply("null body once", null=True),
    _reply("empty stream once", empty=True),
)


def _as_whole(text: str) -> str:
    """The chunks of a stream as one answer."""
    if not text.startswith("data:"):
        return text
    calls: dict[int, dict[str, Any]] = {}
    for chunk in _chunks(text):
        for choice in chunk["choices"]:
            for piece in choice["delta"].get("tool_calls") or ():
                call = calls.setdefault(
                    piece["index"],
                    {"id": piece.get("id"), "type": "function", "function": {"name": "", "arguments": ""}},
                )
                call["function"]["name"] += piece["function"].get("name", "")
                call["function"]["arguments"] += piece["function"].get("arguments", "")
    message = {"role": "assistant", "content": None, "tool_calls": list(calls.values())}
    return json.dumps({"choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}]})


def _chunks(text: str) -> list[dict[str, Any]]:
    return [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: {")]


def _as_json_lines(text: str) -> str:
    return "\n".join(json.dumps(chunk) for chunk in _chunks(text)) if text.startswith("data:") else text


USAGE = (
    _reply("usage in words", usage={"prompt_tokens": 1000, "completion_tokens": "20 tok"}),
    _reply("usage as text", usage={"prompt_tokens": "1,000", "completion_tokens": None}),
    _reply(
        "usage of objects",
        usage={
            "prompt_tokens": 1000,
            "completion_tokens": {"text": 5},
            "prompt_tokens_details": {"cached_tokens": "all"},
        },
    ),
    _reply("usage ten times too high", usage={"prompt_tokens": 400_000, "completion_tokens": 20}),
    _reply("usage without end", usage={"prompt_tokens": 10**30, "completion_tokens": -5}),
    _reply("usage that is a list", usage={"prompt_tokens": [1], "completion_tokens": True}),
    _reply("no usage", usage=None),
    _reply("usage that is no number at all", usage={"prompt_tokens": float("nan"), "completion_tokens": float("inf")}),
)

ENDS = (
    Quirk("finish_reason is an empty text", lambda body, good: replace(good, finish="")),
    Quirk("no finish_reason", lambda body, good: replace(good, finish=None)),
    _reply("finish_reason stop with calls", finish="stop"),
    _reply("content_filter", content="", calls=(), finish="content_filter", ends="filter.*content_filter"),
    _reply("SAFETY", content="", calls=(), finish="SAFETY", ends="filter.*SAFETY"),
    _reply("malformed call once", content="", calls=(), finish="malformed_function_call"),
    _reply("network_error", content="", calls=(), finish="network_error"),
    _reply(
        "thinks until the limit",
        content="",
        calls=(),
        reasoning="thinking",
        finish="length",
        ends="cut the reply at its limit",
    ),
)

NAMES = (
    Quirk("name with a channel", lambda body, good: _named(good, "{}<|channel|>commentary")),
    Quirk("name with a namespace", lambda body, good: _named(good, "functions.{}")),
    Quirk("name with a number", lambda body, good: _named(good, "functions.{}:0")),
    Quirk("the same call four times", lambda body, good: replace(good, calls=[*good.calls] * 4)),
)


def _named(good: Reply, form: str) -> Reply:
    return replace(good, calls=[(form.format(name), arguments) for name, arguments in good.calls])


HISTORY = (
    _refuses(
        "call ids of nine letters and digits",
        lambda body: not all(re.fullmatch(r"[a-zA-Z0-9]{9}", ident) for ident in _ids(body)),
        400,
        {
            "object": "error",
            "message": "Tool call id was call_1_0 but must be a-z, A-Z, 0-9, with a length of 9.",
            "code": "3280",
        },
    ),
    _refuses(
        "call ids of five signs at most",
        lambda body: any(len(ident) > 5 for ident in _ids(body)),
        400,
        _openai(
            "Invalid 'messages[1].tool_calls[0].id': string too long. Expected a string with maximum length 5, but got a string with length 8 instead.",
            "string_above_max_length",
        ),
    ),
    Quirk(
        "reasoning wanted back",
        lambda body, good: (
            Reply(
                status=400,
                error=_openai(
                    "thinking is enabled but reasoning_content is missing in assistant tool call message at index 2"
                ),
            )
            if any("reasoning_content" not in message for message in _reasoned(body))
            else replace(good, reasoning=_REASONING)
        ),
        lasting=True,
    ),
    Quirk(
        "reasoning not taken",
        lambda body, good: (
            Reply(status=400, error=_openai("messages.2: unknown field reasoning_content"))
            if any("reasoning_content" in message for message in body["messages"])
            else replace(good, reasoning=_REASONING)
        ),
        lasting=True,
    ),
    Quirk(
        "thought_signature wanted back",
        lambda body, good: (
            Reply(status=400, error=_openai("Function call is missing a thought_signature in functionCall parts."))
            if any(
                call.get("extra_content") != {"google": {"thought_signature": "c2ln"}}
                for call in _calls(body)
                if call["id"].startswith("call_")
            )
            else replace(good, call_extra={"extra_content": {"google": {"thought_signature": "c2ln"}}})
        ),
        lasting=True,
    ),
    _refuses(
        "no empty content",
        lambda body: any(m["role"] == "assistant" and m.get("content") == "" for m in body["messages"]),
        400,
        _openai("messages.2: message content must not be empty"),
    ),
    _refuses(
        "strict alternation",
        lambda body: any(
            a["role"] == b["role"] == "user" for a, b in zip(body["messages"], body["messages"][1:], strict=False)
        ),
        500,
        _openai("Conversation roles must alternate user/assistant/user/assistant/..."),
    ),
    _refuses(
        "no user after a tool's result",
        lambda body: any(
            a["role"] == "tool" and b["role"] == "user"
            for a, b in zip(body["messages"], body["messages"][1:], strict=False)
        ),
        400,
        {
            "object": "error",
            "message": "Unexpected role 'user' after role 'tool'",
            "type": "invalid_request_message_order",
        },
    ),
    _refuses(
        "no system role",
        lambda body: body["messages"][0]["role"] == "system",
        400,
        _openai("Jinja Exception: System role not supported"),
    ),
    _refuses(
        "no stream",
        lambda body: bool(body.get("stream")),
        400,
        _openai("Your organization must be verified to stream this model.", "unsupported_value", param="stream"),
    ),
    _refuses(
        "smaller room",
        lambda body: body.get("max_tokens", 0) > 40,
        400,
        _openai(
            "max_tokens is too large: 100. This model supports at most 40 completion tokens, whereas you provided 100.",
            param="max_tokens",
        ),
    ),
    _refuses(
        "other name of the room",
        lambda body: "max_tokens" in body,
        400,
        _openai(
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
        ),
    ),
    _refuses(
        "no stream_options",
        lambda body: "stream_options" in body,
        422,
        {"detail": [{"loc": ["body", "stream_options"], "msg": "Extra inputs are not permitted"}]},
    ),
)

THOUGHTS = (
    _reply("reasoning in its own key", reasoning=_REASONING),
    _reply("reasoning in another key", reasoning=_REASONING, reasoning_key="reasoning"),
    *(
        _thought(opening, closing)
        for opening, closing in (
            ("<think>", "</think>"),
            ("", "\n</think>"),
            ("<thinking>", "</thinking>"),
            ("[THINK]", "[/THINK]"),
            ("<|START_THINKING|>", "<|END_THINKING|>"),
        )
    ),
)

TEXT_CALLS = (
    _written(
        "Hermes", lambda name, pairs: f"<tool_call>\n{json.dumps({'name': name, 'arguments': pairs})}\n</tool_call>"
    ),
    _written(
        "Qwen coder", lambda name, pairs: f"<tool_call>\n<function={name}>\n{_keys(pairs)}</function>\n</tool_call>"
    ),
    _written("GLM", lambda name, pairs: f"<tool_call>{name}\n{_glm(pairs)}</tool_call>"),
    _written(
        "Llama 3", lambda name, pairs: f"<|python_tag|>{json.dumps({'name': name, 'parameters': pairs})}<|eom_id|>"
    ),
    _written("Llama 3, bare", lambda name, pairs: json.dumps({"type": "function", "name": name, "parameters": pairs})),
    _written("Llama 4", lambda name, pairs: f"[{name}({_python(pairs)})]"),
    _written("Mistral", lambda name, pairs: f"[TOOL_CALLS][{json.dumps({'name': name, 'arguments': pairs})}]"),
    _written("Mistral, newer", lambda name, pairs: f"[TOOL_CALLS]{name}[ARGS]{json.dumps(pairs)}"),
    _written("fence", lambda name, pairs: f"```json\n{json.dumps({'name': name, 'arguments': pairs}, indent=1)}\n```"),
    _written("Gemma", lambda name, pairs: f"```tool_code\nprint(default_api.{name}({_python(pairs)}))\n```"),
    _written(
        "DeepSeek",
        lambda name, pairs: (
            f"<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>{name}\n```json\n{json.dumps(pairs)}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>"
        ),
    ),
    _written(
        "Kimi",
        lambda name, pairs: (
            f"<|tool_calls_section_begin|><|tool_call_begin|>functions.{name}:0<|tool_call_argument_begin|>{json.dumps(pairs)}<|tool_call_end|><|tool_calls_section_end|>"
        ),
    ),
    _written(
        "MiniMax",
        lambda name, pairs: (
            f'<minimax:tool_call>\n<invoke name="{name}">\n'
            + "".join(f'<parameter name="{k}">{v}</parameter>\n' for k, v in pairs.items())
            + "</invoke>\n</minimax:tool_call>"
        ),
    ),
    _written(
        "harmony",
        lambda name, pairs: (
            f"<|channel|>analysis<|message|>{_REASONING}<|end|><|start|>assistant<|channel|>commentary to=functions.{name} <|constrain|>json<|message|>{json.dumps(pairs)}<|call|>"
        ),
    ),
    _written(
        "Cohere",
        lambda name, pairs: f"<|START_ACTION|>[{json.dumps({'tool_name': name, 'parameters': pairs})}]<|END_ACTION|>",
    ),
    _written(
        "after a thought",
        lambda name, pairs: (
            f"<think>\n{_REASONING}\n</think>\n\n<tool_call>{json.dumps({'name': name, 'arguments': pairs})}</tool_call>"
        ),
    ),
)

ERRORS = (
    _error(
        "errors as a list",
        401,
        {"success": False, "errors": [{"code": 10000, "message": "Authentication error"}]},
        "Authentication error.*OPENAI_API_KEY",
    ),
    _error("detail", 400, {"detail": "no such thing"}, "no such thing"),
    _error("Message", 400, {"Message": "The security token included in the request is invalid."}, "security token"),
    _error("error_msg", 400, {"error_code": 17, "error_msg": "daily limit of this key"}, "daily limit of this key"),
    _error(
        "base_resp",
        200,
        {"base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}},
        "insufficient balance.*account",
    ),
    _error(
        "the provider behind",
        400,
        _openai("Provider returned error", metadata={"raw": '{"error": {"message": "tokens are sold out"}}'}),
        "tokens are sold out",
    ),
    _error("no money", 402, _openai("Insufficient Balance"), "Insufficient Balance.*balance"),
    _error(
        "not in this country",
        403,
        _openai("Country, region, or territory not supported", "unsupported_country_region_territory"),
        "region.*country or network",
    ),
    _error("flagged", 403, _openai('your input was flagged for "violence"'), "flagged.*other words"),
    _error(
        "no such deployment",
        404,
        _openai("The API deployment for this resource does not exist.", "DeploymentNotFound"),
        "deployment.*--model",
    ),
    _error(
        "not a chat model",
        400,
        _openai("Model is not llm. Embedding models do not support chat", "model_not_llm"),
        "can chat",
    ),
    _error(
        "moved elsewhere",
        302,
        "",
        "sends every request on to https://elsewhere.example/login",
        location="https://elsewhere.example/login",
    ),
    _error(
        "gateway's page",
        404,
        "<html><head><title>404 Not Found</title></head></html>",
        "404 Not Found.*OPENAI_BASE_URL",
    ),
    _error("LM Studio without /v1", 200, {"error": "Unexpected endpoint or method. (POST /chat/completions)"}, "/v1"),
    _error("wrong API version", 404, {"error": {"code": "404", "message": "Resource not found"}}, "OPENAI_BASE_URL"),
    _error(
        "no throughput of its own",
        400,
        {
            "message": "Invocation of model ID with on-demand throughput isn’t supported. Retry with an inference profile"
        },
        "inference profile",
    ),
    _error("not pulled", 404, _openai('model "x" not found, try pulling it first'), "try pulling it first.*--model"),
    _error(
        "overloaded once", 529, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, SAME
    ),
    _error("timeout of a gateway once", 524, "<html><title>524: A timeout occurred</title></html>", SAME),
    Quirk(
        "busy once",
        lambda body, good: refusal(429, "Requests have exceeded token rate limit. Please retry after 0.02 seconds."),
    ),
    Quirk("loading once", lambda body, good: refusal(503, "Loading model")),
    Quirk("500 once", lambda body, good: Reply(status=500, error="Internal Server Error")),
    Quirk("connection dropped once", lambda body, good: Reply(drop=True)),
)

OVERFLOWS = (
    _overflow(
        "OpenAI",
        400,
        _openai(
            "This model's maximum context length is 4097 tokens. However, your messages resulted in 4305 tokens. Please reduce the length of the messages.",
            "context_length_exceeded",
        ),
        4097,
    ),
    _overflow(
        "LM Studio",
        400,
        {
            "error": "The number of tokens to keep from the initial prompt is greater than the context length. Try to load the model with a larger context length, or provide a shorter input"
        },
        None,
    ),
    _overflow(
        "Anthropic",
        400,
        {
            "type": "error",
            "error": {
                "type": "invalid_request_error",
                "message": "input length and `max_tokens` exceed context limit: 4000 + 1024 > 4800, decrease input length or `max_tokens` and try again",
            },
        },
        4800,
    ),
    _overflow(
        "xAI",
        400,
        {
            "code": "Client specified an invalid argument",
            "error": "This model's maximum prompt length is 4096 but the request contains 5378 tokens.",
        },
        4096,
    ),
    _overflow(
        "llama.cpp",
        400,
        {
            "error": {
                "code": 400,
                "message": "the request exceeds the available context size, try increasing it",
                "type": "exceed_context_size_error",
                "n_prompt_tokens": 5378,
                "n_ctx": 4096,
            }
        },
        4096,
    ),
    _overflow(
        "LiteLLM", 400, _openai("litellm.ContextWindowExceededError: BadRequestError\n\nsee the docs", "400"), None
    ),
    _overflow("in a stream", 200, _openai("Requested tokens (5378) exceed context window of 4096"), 4096),
    _overflow("payload", 413, "Payload Too Large", None),
)


def _chunked(name: str, change: Callable[[list[dict[str, Any]]], list[Any]], ends: str = SAME) -> Quirk:
    """The chunks of a stream changed; a text among them is sent as it is."""

    def bend(text: str) -> str:
        if not text.startswith("data:"):
            return text
        made = change(_chunks(text))
        return (
            "".join(one if isinstance(one, str) else f"data: {json.dumps(one)}\n\n" for one in made)
            + "data: [DONE]\n\n"
        )

    return _bent(name, bend, ends=ends)


def _entries(chunk: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The pieces of calls in a chunk."""
    return [entry for choice in chunk["choices"] for entry in choice["delta"].get("tool_calls") or ()]


def _is_last(chunk: Mapping[str, Any]) -> bool:
    return any(choice.get("finish_reason") for choice in chunk["choices"])


def _with(chunk: Mapping[str, Any], delta: Any, **more: Any) -> dict[str, Any]:
    return {**chunk, "choices": [{"index": 0, "delta": delta, "finish_reason": None}], **more}


def _each_entry(change: Callable[[dict[str, Any], int], None]) -> Callable[[list[dict[str, Any]]], list[Any]]:
    """Every piece of a call changed in its place; the second argument counts them."""

    def changed(chunks: list[dict[str, Any]]) -> list[Any]:
        for number, entry in enumerate([entry for chunk in chunks for entry in _entries(chunk)]):
            change(entry, number)
        return chunks

    return changed


def _so_far(chunks: list[dict[str, Any]]) -> list[Any]:
    """Arguments with all that was written before."""
    written = ""
    for entry in [entry for chunk in chunks for entry in _entries(chunk)]:
        written += entry["function"].get("arguments", "")
        entry["function"]["arguments"] = written
    return chunks


def _written_again(chunks: list[dict[str, Any]]) -> list[Any]:
    """The whole arguments once more before the end."""
    written = "".join(entry["function"].get("arguments", "") for chunk in chunks for entry in _entries(chunk))
    again = {"tool_calls": [{"index": 0, "function": {"arguments": written}}]}
    return [one for chunk in chunks for one in ([_with(chunk, again), chunk] if _is_last(chunk) else [chunk])]


def _name_in_pieces(chunks: list[dict[str, Any]]) -> list[Any]:
    made: list[Any] = []
    for chunk in chunks:
        entry: dict[str, Any] = next(iter(_entries(chunk)), {"function": {}})
        name = entry["function"].get("name")
        if not name:
            made.append(chunk)
            continue
        for number, piece in enumerate((name[:5], name[5:9], name[9:])):
            ident = {} if number else {"id": entry["id"]}
            made.append(_with(chunk, {"tool_calls": [{"index": 0, **ident, "function": {"name": piece}}]}))
    return made


STREAMS = (
    _chunked("no delta in between", lambda chunks: [one for c in chunks for one in (c, _with(c, None))]),
    _chunked("null as data", lambda chunks: [one for c in chunks for one in ("data: null\n\n", c)]),
    _chunked("no choices in between", lambda chunks: [one for c in chunks for one in ({**c, "choices": None}, c)]),
    _chunked("it ends twice", lambda chunks: [one for c in chunks for one in ((c, c) if _is_last(c) else (c,))]),
    _chunked("it ends before its calls", lambda chunks: sorted(chunks, key=lambda c: not _is_last(c))),
    _chunked(
        "empty pieces with a key of its own",
        lambda chunks: [one for c in chunks for one in (_with(c, {}, tool_call_generating=True), c)],
    ),
    _chunked("messages in place of deltas", lambda chunks: [_as_message(c) for c in chunks]),
    _chunked("calls counted in words", _each_entry(lambda entry, number: entry.update(index=str(entry["index"])))),
    _chunked("calls counted from one", _each_entry(lambda entry, number: entry.update(index=1))),
    _chunked(
        "a new id with every piece", _each_entry(lambda entry, number: entry.update(id=f"chatcmpl-tool-{number}"))
    ),
    _chunked("arguments with all before them", _so_far),
    _chunked("arguments a second time", _written_again),
    _chunked("a name in pieces", _name_in_pieces),
    _chunked(
        "error of the provider in a chunk that ends",
        lambda chunks: [
            *chunks[:2],
            {
                **_with(chunks[0], {"content": ""}, error={"code": 502, "message": "Provider disconnected"}),
                "choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": "error"}],
            },
        ],
        ends="Provider disconnected",
    ),
    _chunked(
        "error in place of chunks",
        lambda chunks: [{"error": {"message": "the engine's queue is full", "code": 400}}],
        ends="queue is full",
    ),
    _bent("events over several lines", lambda text: _over_lines(text)),
    _bent(
        "pings of another API", lambda text: re.sub("^data: {", 'event: ping\ndata: {"type": "ping"}\n\ndata: {', text)
    ),
    _bent("packed without a word", lambda text: gzip.compress(text.encode())),
    _bent("called Latin-1", lambda text: text, "text/event-stream; charset=iso-8859-1"),
    _bent("a page behind the stream", lambda text: f"{text}<!-- cached by the gateway -->"),
    *(
        Quirk(f"calls {form}", lambda body, good, form=form: replace(good, call_deltas=form))  # type: ignore[misc]
        for form in ("whole", "repeated", "index0", "no_ids", "dict")
    ),
    _reply("nulls in every delta", nulls=True),
    *(_reply(f"usage {place}", usage=True, usage_in=place) for place in ("finish", "after_finish")),
    Quirk(
        "a call that is cut vanishes",
        lambda body, good: Reply(content="", finish="length"),
        ends="cut the reply at its limit",
    ),
    _reply("cut before a word", disconnect_after_chunks=1),
    Quirk(
        "an error that is no JSON",
        lambda body, good: Reply(
            finish=None,
            done=False,
            tail='data: {"error": "json parser could not parse <tool_call>\nContent: \'{"x"\'"}\n\n',
        ),
        ends="json parser could not parse",
    ),
    Quirk("null, streamed and whole", lambda body, good: Reply(null=True), ends="answered with nothing", lasting=True),
    Quirk(
        "nothing, streamed and whole", lambda body, good: Reply(empty=True), ends="answered with nothing", lasting=True
    ),
    Quirk(
        "500 for ever",
        lambda body, good: Reply(status=500, error="Internal Server Error"),
        "Internal Server Error",
        True,
    ),
)
"""Streams as public issue trackers tell of them, beside those of BODIES."""


def _as_message(chunk: Mapping[str, Any]) -> dict[str, Any]:
    return {**chunk, "choices": [{"message": choice["delta"], **choice} for choice in chunk["choices"]]}


def _over_lines(text: str) -> str:
    if not text.startswith("data:"):
        return text
    lines = [json.dumps(chunk, indent=1).replace("\n", "\ndata: ") for chunk in _chunks(text)]
    return "".join(f"data: {one}\n\n" for one in lines) + "data: [DONE]\n\n"


def _refuses_null(body: Body) -> bool:
    return any(message["role"] == "assistant" and message.get("content", "") is None for message in body["messages"])


def _broken_history(body: Body) -> bool:
    for call in _calls(body):
        try:
            json.loads(call["function"]["arguments"])
        except ValueError:
            return True
    return False


STRICT = (
    _refuses("content that is null", _refuses_null, 500, _openai("7 validation errors", "internal_server_error")),
    _refuses("a history of broken calls", _broken_history, 500, "Internal Server Error"),
    _refuses(
        "keys that nobody knows",
        lambda body: bool(set(body) - {"model", "messages", "tools", "max_tokens", "stream", "stream_options"}),
        422,
        {"detail": "Unexpected fields in the request: {'temperature'}"},
    ),
    _refuses("no bound on the reply", lambda body: not body.get("max_tokens"), 500, "Internal Server Error"),
    _refuses(
        "a schema with additionalProperties",
        lambda body: "additionalProperties" in json.dumps(body.get("tools") or ""),
        400,
        [
            {
                "error": {
                    "code": 400,
                    "message": "Unknown name \"additionalProperties\" at 'tools[0].parameters': Cannot find field.",
                }
            }
        ],
    ),
    _refuses(
        "temperature, told by a gateway",
        lambda body: "temperature" in body,
        400,
        _openai(
            'Error from provider(venus): {"error": {"message": "Unsupported value: \'temperature\' does not support 0.2 with this model.", "param": "temperature"}}',
            "provider_response_error",
        ),
    ),
)
"""What servers refuse in a request; most of it is never sent."""

QUIRKS = (*BODIES, *STREAMS, *STRICT, *USAGE, *ENDS, *NAMES, *HISTORY, *THOUGHTS, *TEXT_CALLS, *ERRORS)
