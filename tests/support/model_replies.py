"""What a fake model answers: a Reply goes in, the JSON or the server-sent events of a real server's shape come out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Call = tuple[str, Mapping[str, Any] | str]
"""A function call: its name and its arguments, as an object or as the (perhaps malformed) text a model wrote."""

DONE = "data: [DONE]\n\n"


@dataclass(frozen=True)
class Reply:
    """One scripted answer. The defaults are OpenAI's own shape; every other field is something a real server does."""

    content: str = ""
    calls: Sequence[Call] = ()
    reasoning: str = ""

    usage: Literal["auto"] | bool | Mapping[str, Any] | None = "auto"
    """auto: counted, and sent when asked for by include_usage. True: counted, always sent. A mapping: sent as it is.
    None: never."""
    usage_in: Literal["own_chunk", "finish", "after_finish"] = "own_chunk"
    """Where a stream has it. own_chunk: one without choices (OpenAI). finish: the finish chunk (transformers).
    after_finish: an empty delta after it (LiteLLM)."""

    finish: str | None = "auto"
    """finish_reason; "auto" is "tool_calls" or "stop"; None: never sent."""
    done: bool = True
    """Whether a stream ends with `data: [DONE]`."""
    chunk_chars: int = 12
    call_deltas: Literal["pieces", "whole", "repeated", "index0", "no_ids", "dict", "text"] = "pieces"
    """pieces: OpenAI. whole: transformers. repeated: id and name in every delta (llama.cpp). index0: index 0 for every
    call (Ollama). no_ids: the same without ids. dict: arguments as an object. text: as `<tool_call>` in the content."""
    nulls: bool = False
    """Explicit nulls in every delta (llama-cpp-python)."""
    reasoning_key: str = "reasoning_content"
    empty: bool = False
    """A stream of zero chunks, without [DONE], though the status is 200."""
    null: bool = False
    """The body is `null`, though the status is 200 (LiteLLM)."""
    tail: str = ""
    """Text sent verbatim after the chunks and before [DONE]: a broken event, an error in mid-stream, a comment."""

    status: int = 200
    error: Mapping[str, Any] | Sequence[Any] | str | None = None
    """Body of an error; text is sent as text/plain. A status other than 200 without it gives OpenAI's shape."""
    headers: Mapping[str, str] = field(default_factory=dict)
    bend: Callable[[str], str | bytes] | None = None
    """Changes the whole body, streamed or not, before it is sent in one piece."""
    content_type: str | None = None
    """Said of the body instead of what it is; "" says nothing."""
    call_extra: Mapping[str, Any] = field(default_factory=dict)
    """Keys beside those of OpenAI in each call, such as Gemini's extra_content."""

    delay_seconds: float = 0.0
    """Before the first byte of the answer."""
    chunk_delay_seconds: float = 0.0
    disconnect_after_chunks: int | None = None
    """Cut the connection after so many chunks of a stream."""
    stall_after_chunks: int | None = None
    """Fall silent after so many chunks until the client leaves or the server ends."""
    drop: bool = False
    """Cut the connection without answering at all, as a dead pooled connection does."""

    def finish_reason(self) -> str | None:
        """The finish_reason as it is sent."""
        if self.finish != "auto":
            return self.finish
        return "tool_calls" if self.calls and self.call_deltas != "text" else "stop"

    def text(self) -> str:
        """The content as it is sent, with the calls in it where the server does not parse them."""
        if self.call_deltas != "text":
            return self.content
        written = [f'{{"name": "{name}", "arguments": {_text(arguments)}}}' for name, arguments in self.calls]
        tags = [f"<tool_call>\n{call}\n</tool_call>" for call in written]
        return "\n".join([self.content, *tags] if self.content else tags)


def says(message: str, **options: Any) -> Reply:
    """A reply that answers the user with send_message."""
    return Reply(calls=[("send_message", {"message": message})], **options)


def calls(name: str, /, **arguments: Any) -> Reply:
    """A reply that calls one function."""
    return Reply(calls=[(name, arguments)])


def refusal(status: int, message: str, code: str | None = None, **headers: str) -> Reply:
    """An error in OpenAI's shape."""
    kind = "invalid_request_error" if status < 500 else "server_error"
    error = {"error": {"message": message, "type": kind, "param": None, "code": code}}
    return Reply(status=status, error=error, headers={name.replace("_", "-"): value for name, value in headers.items()})


def _text(arguments: Mapping[str, Any] | str) -> str:
    return arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)


def _pieces(text: str, size: int) -> Iterator[str]:
    for start in range(0, len(text), max(1, size)):
        yield text[start : start + max(1, size)]


def call_id(number: int, position: int) -> str:
    """The id of a call: the same reply to the same request has the same ids."""
    return f"call_{number}_{position}"


def whole(reply: Reply, model: str, number: int, usage: Mapping[str, Any] | None) -> dict[str, Any]:
    """The body of an answer that is not streamed."""
    message: dict[str, Any] = {"role": "assistant", "content": reply.text() or (None if reply.calls else "")}
    if reply.reasoning:
        message[reply.reasoning_key] = reply.reasoning
    if reply.calls and reply.call_deltas != "text":
        message["tool_calls"] = [
            {
                "id": call_id(number, position),
                "type": "function",
                "function": _function(reply, call),
                **reply.call_extra,
            }
            for position, call in enumerate(reply.calls)
        ]
    choice = {"index": 0, "message": message, "finish_reason": reply.finish_reason(), "logprobs": None}
    body = {"id": f"chatcmpl-{number}", "object": "chat.completion", "created": 0, "model": model, "choices": [choice]}
    return {**body, "usage": usage} if usage else body


def _function(reply: Reply, call: Call) -> dict[str, Any]:
    name, arguments = call
    return {"name": name, "arguments": arguments if reply.call_deltas == "dict" else _text(arguments)}


def _call_deltas(reply: Reply, number: int) -> Iterator[dict[str, Any]]:
    if reply.call_deltas == "text":
        return
    for position, (name, arguments) in enumerate(reply.calls):
        whole_call = _function(reply, (name, arguments))
        head: dict[str, Any] = {
            "index": position,
            "id": call_id(number, position),
            "type": "function",
            **reply.call_extra,
        }
        if reply.call_deltas == "no_ids":
            yield {"index": 0, "type": "function", "function": whole_call}
        elif reply.call_deltas == "index0":
            yield {**head, "index": 0, "function": whole_call}
        elif reply.call_deltas in ("whole", "dict"):
            yield {**head, "function": whole_call}
        elif reply.call_deltas == "repeated":
            for piece in _pieces(_text(arguments), reply.chunk_chars):
                yield {**head, "function": {"name": name, "arguments": piece}}
        else:
            yield {**head, "function": {"name": name, "arguments": ""}}
            for piece in _pieces(_text(arguments), reply.chunk_chars):
                yield {"index": position, "function": {"arguments": piece}}


def _deltas(reply: Reply, number: int) -> Iterator[dict[str, Any]]:
    for piece in _pieces(reply.reasoning, reply.chunk_chars):
        yield {reply.reasoning_key: piece}
    yield {"role": "assistant", "content": None if reply.calls else ""}
    for piece in _pieces(reply.text(), reply.chunk_chars):
        yield {"content": piece}
    for call in _call_deltas(reply, number):
        yield {"tool_calls": [call]}


def events(reply: Reply, model: str, number: int, usage: Mapping[str, Any] | None) -> Iterator[str]:
    """The server-sent events of a streamed answer, each as it goes over the wire."""
    base = {"id": f"chatcmpl-{number}", "object": "chat.completion.chunk", "created": 0, "model": model}

    def event(choices: list[dict[str, Any]], **more: Any) -> str:
        return f"data: {json.dumps({**base, 'choices': choices, **more}, ensure_ascii=False)}\n\n"

    if reply.empty:
        return
    blank = {"role": None, "content": None, "tool_calls": None, "function_call": None} if reply.nulls else {}
    for delta in _deltas(reply, number):
        yield event([{"index": 0, "delta": {**blank, **delta}, "finish_reason": None}])
    if (reason := reply.finish_reason()) is not None:
        more = {"usage": usage} if usage and reply.usage_in == "finish" else {}
        yield event([{"index": 0, "delta": dict(blank), "finish_reason": reason}], **more)
    if usage and reply.usage_in == "after_finish":
        yield event([{"index": 0, "delta": {}}], usage=usage)
    if usage and reply.usage_in == "own_chunk":
        yield event([], usage=usage)
    if reply.tail:
        yield reply.tail
    if reply.done:
        yield DONE
