"""Every quirk of the wire, on the first and the third request of a conversation, over real HTTP: the same answer as from a

good server, or the right sentence; what was sent is what is recorded, nothing hangs, and no key is told.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Mapping
from typing import Any

import openai  # noqa: F401 - here, so that loading it does not count as a server's silence in the first test
import pytest

from tests.support.model_replies import Reply
from tests.support.model_server import ModelServer
from tests.support.wire_quirks import OVERFLOWS, QUIRKS, SAME, Quirk
from workbench.core.chat_turns import shaped
from workbench.core.errors import ModelError, ModelOverflow
from workbench.models.base import Completion, ModelRequest
from workbench.models.openai.client import OpenAIChat

ANSWER = "FINAL The lamp at pier 2 is green."
PLAN: list[tuple[str, dict[str, Any]]] = [
    *(("archival_memory_search", {"query": "lamp colour", "page": page}) for page in range(3)),
    ("send_message", {"message": ANSWER}),
]
TOOLS = [
    {"type": "function", "function": {"name": name, "parameters": {}}}
    for name in dict.fromkeys(name for name, _ in PLAN)
]
KEY = "sk-planted-0123456789abcdef"
AHEAD = {"id": "ahead_1", "type": "function", "function": {"name": "archival_memory_search", "arguments": "{}"}}
START: list[dict[str, Any]] = [
    {"role": "system", "content": "You answer from documents."},
    {"role": "user", "content": "What colour is the lamp?"},
    {"role": "assistant", "content": "", "tool_calls": [AHEAD]},
    {"role": "tool", "tool_call_id": "ahead_1", "content": "5 results"},
]
STATE = {"role": "user", "content": '{"type": "state"}'}
SECONDS = 30.0


def scripted(quirk: Quirk, at: int) -> Any:
    """A server that reads three pages and answers, and has a quirk on request `at`, or as long as it lasts."""
    played = []

    def script(body: Mapping[str, Any]) -> Reply:
        done = sum(bool(message.get("tool_calls")) for message in body["messages"]) - 1
        good = Reply(calls=[PLAN[done]])
        if quirk.lasting or (done + 1 == at and not played):
            played.append(done)
            return quirk.play(body, good) or good
        return good

    return script


def converse(server: ModelServer) -> list[Completion]:
    """The replies to a conversation that goes on until the model answers the user; each is checked against what was sent."""
    model = OpenAIChat("some-model", server.url, KEY, timeout_seconds=SECONDS / 3, backoff_seconds=0.01)
    messages, replies = list(START), list[Completion]()
    while len(replies) < 8:
        request = ModelRequest("some-model", [*messages, STATE], TOOLS, 100)
        *_, reply = model.stream(request, threading.Event())
        assert isinstance(reply, Completion)
        assert reply.body == server.requests[-1]
        assert shaped(request.messages, reply.shape) == reply.body["messages"]
        replies.append(reply)
        calls = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
                **call.extra,
            }
            for call in reply.calls[:1]
        ]
        messages.append({"role": "assistant", "content": "", "tool_calls": calls, **reply.handback})
        if reply.calls and reply.calls[0].name == "send_message":
            break
        messages += [{"role": "tool", "tool_call_id": call["id"], "content": "5 results"} for call in calls]
    return replies


def texts(arguments: Mapping[str, Any]) -> dict[str, str]:
    """Arguments as they can be compared: some dialects know only text."""
    return {key: str(value) for key, value in arguments.items()}


@pytest.mark.parametrize("at", [1, 3])
@pytest.mark.parametrize("quirk", QUIRKS, ids=lambda quirk: quirk.name)
def test_a_quirk_changes_no_answer_or_is_told(quirk: Quirk, at: int) -> None:
    if quirk.lasting and at > 1:
        pytest.skip("it is played on every request already")
    started = time.monotonic()
    with ModelServer(scripted(quirk, at)) as server:
        if quirk.ends is not SAME:
            with pytest.raises(ModelError) as caught:
                converse(server)
            assert re.search(quirk.ends, caught.value.one_line()), caught.value.one_line()
            assert KEY not in caught.value.one_line()
            assert caught.value.hint
        else:
            replies = converse(server)
            made = [(call.name, texts(json.loads(call.arguments))) for one in replies for call in one.calls[:1]]
            assert made == [(name, texts(arguments)) for name, arguments in PLAN]
            assert not any(one.content.strip() for one in replies), "what was thought or called is never said"
        assert len(server.requests) <= len(PLAN) + 4
    assert time.monotonic() - started < SECONDS


@pytest.mark.parametrize("at", [1, 3])
@pytest.mark.parametrize("quirk", OVERFLOWS, ids=lambda quirk: quirk.name)
def test_an_overflow_is_known_by_its_meaning_with_its_limit(quirk: Quirk, at: int) -> None:
    with ModelServer(scripted(quirk, at)) as server, pytest.raises(ModelOverflow) as caught:
        converse(server)
    assert caught.value.limit_tokens == quirk.overflow
    assert "--window" in caught.value.hint
