"""Lets a model without function calling call functions in the text of its replies.

The functions are described at the end of the system instructions; a reply is one JSON object {"name", "arguments"}, held to
that by a JSON schema where the server offers constrained output; calls and results of the history are written as text.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

JSON_SCHEMA = "json_schema"
"""Replies are held to the form by the server."""

TEXT = "text"
"""The instructions alone say what form a reply has."""

PROTOCOL = (
    "You act by calling functions. Each of your replies is one JSON object and nothing else:\n"
    '{"name": "FUNCTION", "arguments": {…}}\n'
    "The result comes with the next message, as `Result of FUNCTION: …`. You speak to the user only by calling send_message. "
    "These are the functions, with the JSON schemas of their arguments:"
)


def without_functions(body: Mapping[str, Any], how: str) -> dict[str, Any]:
    """The request with its functions as text; `how` is JSON_SCHEMA or TEXT. One without functions stays as it is."""
    tools = body.get("tools")
    if not tools:
        return dict(body)
    made = {key: value for key, value in body.items() if key not in ("tools", "tool_choice", "parallel_tool_calls")}
    made["messages"] = _described(list(_as_text(body["messages"])), tools)
    if how == JSON_SCHEMA:
        made["response_format"] = reply_format(tools)
    return made


def reply_format(tools: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The `response_format` that a reply which calls one of the functions has."""
    branches = [_branch(tool["function"]) for tool in tools]
    schema = branches[0] if len(branches) == 1 else {"anyOf": branches}
    return {"type": "json_schema", "json_schema": {"name": "function_call", "strict": True, "schema": schema}}


def _branch(function: Mapping[str, Any]) -> dict[str, Any]:
    arguments = dict(function.get("parameters") or {"type": "object"})
    return {
        "type": "object",
        "properties": {"name": {"type": "string", "enum": [function["name"]]}, "arguments": arguments},
        "required": ["name", "arguments"],
        "additionalProperties": False,
    }


def _described(messages: list[dict[str, Any]], tools: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    listed = "\n".join(json.dumps(tool["function"], ensure_ascii=False, separators=(",", ":")) for tool in tools)
    said = f"{PROTOCOL}\n{listed}"
    if messages and messages[0]["role"] == "system":
        return [{**messages[0], "content": f"{messages[0]['content']}\n\n{said}"}, *messages[1:]]
    return [{"role": "system", "content": said}, *messages]


def _as_text(messages: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Calls as the text of an assistant's message, one a line, and results as messages of the user's."""
    names: dict[str, str] = {}
    for message in messages:
        if message["role"] == "tool":
            name = names.get(str(message.get("tool_call_id")), "the function")
            yield {"role": "user", "content": f"Result of {name}: {message.get('content') or ''}"}
            continue
        made = {key: value for key, value in message.items() if key != "tool_calls"}
        lines = [str(message["content"])] if message.get("content") else []
        for call in message.get("tool_calls") or ():
            function = call["function"]
            names[str(call["id"])] = function["name"]
            lines.append(_written(function["name"], function["arguments"]))
        yield {**made, "content": "\n".join(lines)} if message.get("tool_calls") else made


def _written(name: str, arguments: str) -> str:
    try:
        value = json.loads(arguments or "{}")
    except ValueError:
        value = {"malformed": arguments}
    return json.dumps({"name": name, "arguments": value}, ensure_ascii=False)
