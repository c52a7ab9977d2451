"""Writes a conversation in the shape that a server takes: strict turns, call ids of its own form, reasoning handed back.

Chat templates and APIs differ in what history they accept. A shape is a small JSON value, recorded with the step instead
of the messages, so that replay makes of the same messages exactly what was sent.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

USERS = "users"
"""Messages of the user's that follow each other become one."""

RESULTS = "results"
"""They are folded into the result before them too: templates that look away from calls and results see one user's turn."""

REASONING_KEYS = ("reasoning_content", "reasoning", "thinking", "reasoning_text")
SIGNED_KEYS = (
    "reasoning_items",
    "reasoning_details",
    "thinking_blocks",
    "reasoning_signature",
    "thought_signature",
    "extra_content",
)
_CALL_KEYS = frozenset({"id", "type", "function"})
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

Messages = list[dict[str, Any]]


def shaped(messages: Sequence[Mapping[str, Any]], shape: Mapping[str, Any] | str | None) -> Messages:
    """The messages in a shape; nothing said is lost or moved. Keys, all optional:

    `fold`: USERS or RESULTS. `system`: "user" writes the instructions at the head of the first message of the user's.
    `calls`: "single" gives every call an assistant's message of its own. `ids`: {"length": 9, "exact": true} writes call
    ids with so many letters and digits. `reasoning`: "none" leaves it out, "every" puts some into each message with calls.
    `extra`: "none" leaves out what came signed. `content`: "omit" or "space" where an assistant said nothing. A text alone
    is a way to fold.
    """
    shape = {"fold": shape} if isinstance(shape, str) else shape or {}
    made: Messages = [dict(message) for message in messages]
    if shape.get("calls") == "single":
        made = list(_single_calls(made))
    if ids := shape.get("ids"):
        made = [_with_ids(message, int(ids["length"]), exact=bool(ids.get("exact"))) for message in made]
    if how := shape.get("reasoning"):
        made = [_with_reasoning(message, how) for message in made]
    if shape.get("extra") == "none":
        made = [_without_extra(message) for message in made]
    if how := shape.get("content"):
        made = [_with_content(message, how) for message in made]
    if shape.get("system") == "user":
        made = _system_as_user(made)
    return merge_turns(made, shape["fold"]) if shape.get("fold") else made


def merge_turns(messages: Sequence[Mapping[str, Any]], how: str) -> Messages:
    """The messages, a user's folded into its neighbour before it; `how` is USERS or RESULTS."""
    into = {"user"} if how == USERS else {"user", "tool"}
    done: Messages = []
    for message in messages:
        if done and message["role"] == "user" and done[-1]["role"] in into:
            done[-1] = {**done[-1], "content": f"{done[-1]['content']}\n\n{message['content']}"}
        else:
            done.append(dict(message))
    return done


def _system_as_user(messages: Messages) -> Messages:
    if not messages or messages[0]["role"] != "system":
        return messages
    first, *rest = messages
    if rest and rest[0]["role"] == "user":
        return [{**rest[0], "content": f"{first['content']}\n\n{rest[0]['content']}"}, *rest[1:]]
    return [{**first, "role": "user"}, *rest]


def _single_calls(messages: Messages) -> Iterator[dict[str, Any]]:
    """Each call with its result, one after the other."""
    at = 0
    while at < len(messages):
        message, at = messages[at], at + 1
        calls = message.get("tool_calls") or ()
        if len(calls) < 2:
            yield message
            continue
        results: dict[str, dict[str, Any]] = {}
        while at < len(messages) and messages[at]["role"] == "tool":
            results[str(messages[at].get("tool_call_id"))] = messages[at]
            at += 1
        for number, call in enumerate(calls):
            one = {**message, "tool_calls": [call]}
            yield one if number == 0 else {**one, "content": ""}
            if (result := results.pop(str(call["id"]), None)) is not None:
                yield result
        yield from results.values()


def short_id(ident: str, length: int, *, exact: bool) -> str:
    """An id of letters and digits: itself when it has that form, else always the same one made of it."""
    if re.fullmatch(r"[A-Za-z0-9]+", ident) and (len(ident) == length if exact else len(ident) <= length):
        return ident
    number = int.from_bytes(hashlib.sha256(ident.encode("utf-8", "surrogatepass")).digest(), "big")
    letters = []
    for _ in range(min(length, 40)):
        number, rest = divmod(number, len(_LETTERS))
        letters.append(_LETTERS[rest])
    return "".join(letters)


def _with_ids(message: dict[str, Any], length: int, *, exact: bool) -> dict[str, Any]:
    if message.get("tool_calls"):
        calls = [{**call, "id": short_id(str(call["id"]), length, exact=exact)} for call in message["tool_calls"]]
        return {**message, "tool_calls": calls}
    if "tool_call_id" in message:
        return {**message, "tool_call_id": short_id(str(message["tool_call_id"]), length, exact=exact)}
    return message


def _with_reasoning(message: dict[str, Any], how: str) -> dict[str, Any]:
    if how == "none":
        return {key: value for key, value in message.items() if key not in REASONING_KEYS}
    if not message.get("tool_calls") or "reasoning_content" in message:
        return message
    known = next((message[key] for key in REASONING_KEYS if message.get(key)), " ")
    # A blank stands for the reasoning of a call that the workbench made itself: an empty text counts as none.
    return {**message, "reasoning_content": known}


def _without_extra(message: dict[str, Any]) -> dict[str, Any]:
    made = {key: value for key, value in message.items() if key not in SIGNED_KEYS}
    if made.get("tool_calls"):
        made["tool_calls"] = [
            {key: value for key, value in call.items() if key in _CALL_KEYS} for call in made["tool_calls"]
        ]
    return made


def _with_content(message: dict[str, Any], how: str) -> dict[str, Any]:
    if message["role"] != "assistant" or message.get("content"):
        return message
    if how == "omit" and message.get("tool_calls"):
        return {key: value for key, value in message.items() if key != "content"}
    return {**message, "content": " "}
