"""Makes of a request what a server was sent, and of that a record without the messages and functions in it.

A step stores its messages and functions by reference. Its record holds everything else of the request and the shape in
which they were written, so that replay makes of the same messages exactly what was sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from workbench.core.chat_turns import shaped
from workbench.core.responses_request import responses_request
from workbench.core.written_functions import JSON_SCHEMA, TEXT, without_functions

RESPONSES = "responses"
"""Value of the shape's key `wire` for the Responses API."""


def as_sent(body: Mapping[str, Any], shape: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a Chat Completions request in a shape. Keys of it beside those of `chat_turns.shaped`:

    `functions`: "json_schema" or "text" describes them in the instructions (see written_functions); `wire`: "responses"
    writes it for POST /responses without what `left_out` names (see responses_request).
    """
    made = dict(body)
    if (how := shape.get("functions")) in (JSON_SCHEMA, TEXT):
        made = without_functions(made, str(how))
    if shape:
        made["messages"] = shaped(made["messages"], shape)
    return responses_request(made, str(shape.get("left_out", ""))) if shape.get("wire") == RESPONSES else made


def as_recorded(body: Mapping[str, Any], shape: Mapping[str, Any] | None) -> dict[str, Any]:
    """A body that was sent, for the record: `rebuilt` fills in what is None, and the shape stands in place of the messages."""
    shape = shape or {}
    blank = _blank(shape)
    held = "input" if shape.get("wire") == RESPONSES else "messages"
    return {
        key: (dict(shape) or None) if key == held else None if key in blank else value for key, value in body.items()
    }


def rebuilt(
    recorded: Mapping[str, Any], messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """The body that `as_recorded` was given, made of the messages and functions again."""
    how = recorded.get("messages", recorded.get("input")) or {}
    shape: Mapping[str, Any] = {"fold": how} if isinstance(how, str) else how
    plain = {"model": recorded["model"], "messages": list(messages), **({"tools": list(tools)} if tools else {})}
    made, blank = as_sent(plain, shape), _blank(shape)
    return {key: made[key] if key in blank and key in made else value for key, value in recorded.items()}


def _blank(shape: Mapping[str, Any]) -> frozenset[str]:
    """Keys of a body that are made of messages and functions."""
    responses = shape.get("wire") == RESPONSES
    keys = {"input", "instructions", "tools"} if responses else {"messages", "tools"}
    if shape.get("functions") == JSON_SCHEMA:
        keys.add("text" if responses else "response_format")
    return frozenset(keys)
