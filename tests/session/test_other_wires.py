"""Whole questions over the Responses API, and with functions as text: answered, and every step is recorded as it was sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.json_server import Answer, server

ANSWER = "FINAL Alda kept the light."
QUESTION = "Who kept the harbour light?"


def next_call(results: int) -> tuple[str, dict[str, Any]]:
    """Two searches, then the answer; the read-ahead page is the first result."""
    if results < 3:
        return "archival_memory_search", {"query": "harbour light", "page": results - 1, "request_heartbeat": True}
    return "send_message", {"message": ANSWER}


def responses_only(path: str, body: Mapping[str, Any]) -> Answer:
    if "chat" in path:
        return 404, {"detail": "Not Found"}
    name, arguments = next_call(sum(item.get("type") == "function_call_output" for item in body["input"]))
    item = {
        "type": "function_call",
        "call_id": f"call_{len(body['input'])}",
        "name": name,
        "arguments": json.dumps(arguments),
    }
    thought = {"type": "reasoning", "id": "rs", "summary": [], "encrypted_content": "c2VjcmV0"}
    usage = {"input_tokens": 3_000, "output_tokens": 20}
    whole = {"object": "response", "status": "completed", "output": [thought, item], "usage": usage}
    return 200, [{"type": "response.completed", "response": whole}]


def without_functions(path: str, body: Mapping[str, Any]) -> Answer:
    if "tools" in body:
        return 400, {"error": {"message": "registry.ollama.ai/library/gemma:2b does not support tools"}}
    results = sum(str(message["content"]).startswith("Result of ") for message in body["messages"])
    name, arguments = next_call(results)
    delta = {"content": json.dumps({"name": name, "arguments": arguments})}
    return 200, [{"choices": [{"index": 0, "delta": delta, "finish_reason": "stop"}]}]


@pytest.mark.parametrize("answer", [responses_only, without_functions])
def test_a_question_is_answered_and_its_steps_are_recorded_as_sent(
    make_session: Any, papers: Path, answer: Any
) -> None:
    with server(answer) as (url, asked):
        session = make_session(base_url=url, model="gpt-4o", verify=False, repair=False)
        list(session.load([papers]))
        events = list(session.submit(QUESTION))
        assert [event.text for event in events if event.name == "answer_done"] == [ANSWER], events[-3:]
        sent = [body for _, body in asked]
        for step in session.steps():
            assert session.recorded(step).body() in sent
        assert len(session.steps()) == 3
        assert len(asked) == 4, "one request was refused, none was made twice"
        encoded = json.dumps(sent[-1])
        assert ("encrypted_content" in encoded) == (answer is responses_only)
