"""Writes a Chat Completions request as a request of the Responses API.

OpenAI's newest models take functions only there, and some servers have nothing else. The conversation is sent whole with
every request (`store` is false), so that the record of a step is all that its model saw.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

REASONING_ITEMS = "reasoning_items"
"""Key of an assistant's message under which the API's own items of reasoning, encrypted, go back to it."""

OWN_KEYS = ("store", "include")
"""Keys that requests have only there."""

_ENCRYPTED = "reasoning.encrypted_content"
_RENAMED = {"max_tokens": "max_output_tokens", "max_completion_tokens": "max_output_tokens"}
_LEFT_OUT = frozenset(
    {"messages", "tools", "stream_options", "response_format", "reasoning_effort", "n", "stop", "seed"}
)


def responses_request(body: Mapping[str, Any], left_out: str = "") -> dict[str, Any]:
    """The body for POST /responses that asks for the same as `body` does at /chat/completions.

    `left_out` names, with blanks between, keys of its own that the server refuses.
    """
    instructions, items = _input(body["messages"])
    made: dict[str, Any] = {"model": body["model"], "input": items}
    if instructions:
        made["instructions"] = instructions
    if body.get("tools"):
        made["tools"] = [_tool(tool) for tool in body["tools"]]
    made.update({_RENAMED.get(key, key): value for key, value in body.items() if key not in _LEFT_OUT})
    if wanted := body.get("response_format"):
        made["text"] = {"format": _format(wanted)}
    if effort := body.get("reasoning_effort"):
        made["reasoning"] = {"effort": effort}
    own = {"store": False, "include": [_ENCRYPTED]}
    return {**made, **{key: value for key, value in own.items() if key not in left_out.split()}}


def _input(messages: Sequence[Mapping[str, Any]]) -> tuple[str, list[dict[str, Any]]]:
    """The instructions and the items of a conversation."""
    first = messages[0] if messages and messages[0]["role"] == "system" else None
    rest = messages[1:] if first is not None else messages
    items = [item for message in rest for item in _items(message)]
    return str(first["content"]) if first is not None else "", items


def _items(message: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if message["role"] == "tool":
        yield {
            "type": "function_call_output", "call_id": message["tool_call_id"], "output": message.get("content") or "",
        }  # fmt: skip
        return
    yield from (dict(item) for item in message.get(REASONING_ITEMS) or ())
    if (content := message.get("content")) or message["role"] != "assistant":
        yield {"role": message["role"], "content": content or ""}
    for call in message.get("tool_calls") or ():
        function = call["function"]
        yield {
            "type": "function_call", "call_id": call["id"], "name": function["name"], "arguments": function["arguments"],
        }  # fmt: skip


def _tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    # Without strict=False the API rewrites every schema as a strict one, in which no parameter is optional.
    return {"type": "function", **tool["function"], "strict": False}


def _format(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """`response_format` as the Responses API has it: what is inside of json_schema stands beside its type."""
    schema = wanted.get("json_schema")
    return {"type": wanted["type"], **schema} if isinstance(schema, Mapping) else dict(wanted)
