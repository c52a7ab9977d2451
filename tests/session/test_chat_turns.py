"""Servers whose chat template wants turns to alternate: what is folded, what they receive, and what is recorded of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.model_replies import calls, refusal, says
from tests.support.model_server import ModelServer
from workbench.core.chat_turns import RESULTS, USERS, merge_turns, shaped, short_id

SAID = "Conversation roles must alternate user/assistant/user/assistant/..."


def adjacent(messages: Any) -> bool:
    return any(a["role"] == b["role"] == "user" for a, b in zip(messages, messages[1:], strict=False))


def mistral(messages: Any) -> bool:
    """The rule of its template: calls and results are looked away from."""
    turns = [m["role"] for m in messages[1:] if m["role"] != "tool" and not m.get("tool_calls")]
    return turns[0] != "user" or any(a == b for a, b in zip(turns, turns[1:], strict=False))


def test_nothing_is_lost_and_the_order_stays() -> None:
    roles = ["system", "user", "user", "assistant", "tool", "user", "user", "tool"]
    messages = [{"role": role, "content": str(number)} for number, role in enumerate(roles)]
    for how, expected in ((USERS, 6), (RESULTS, 5)):
        made = merge_turns(messages, how)
        assert len(made) == expected
        assert "\n\n".join(m["content"] for m in made) == "\n\n".join(m["content"] for m in messages)
        assert shaped(messages, how) == shaped(messages, {"fold": how}) == made
        assert merge_turns(made, how) == made
    assert shaped(messages, None) == shaped(messages, {}) == messages


def test_ids_keep_their_pairs_and_what_fits_stays() -> None:
    calls = [
        {"id": ident, "type": "function", "function": {"name": "f", "arguments": "{}"}}
        for ident in ("ahead_1", "abcdefg01")
    ]
    messages: list[dict[str, Any]] = [
        {"role": "assistant", "content": "", "tool_calls": calls},
        *({"role": "tool", "tool_call_id": call["id"], "content": "{}"} for call in calls),
    ]
    made = shaped(messages, {"ids": {"length": 9, "exact": True}})
    written = [call["id"] for call in made[0]["tool_calls"]]
    assert [message["tool_call_id"] for message in made[1:]] == written
    assert written[1] == "abcdefg01"
    assert short_id("ahead_1", 9, exact=True) == written[0] != short_id("ahead_2", 9, exact=True)
    assert made == shaped(made, {"ids": {"length": 9, "exact": True}})


def test_parallel_calls_are_written_one_after_the_other() -> None:
    calls = [{"id": ident, "type": "function", "function": {"name": ident, "arguments": "{}"}} for ident in "ab"]
    results = [{"role": "tool", "tool_call_id": ident, "content": ident} for ident in "ab"]
    made = shaped([{"role": "assistant", "content": "x", "tool_calls": calls}, *results], {"calls": "single"})
    assert [message.get("tool_call_id") or message["tool_calls"][0]["id"] for message in made] == ["a", "a", "b", "b"]


@pytest.mark.parametrize("wrong", [adjacent, mistral])
@pytest.mark.parametrize("status", [400, 500])
def test_a_template_that_wants_alternation_is_served_and_recorded_as_sent(
    make_session: Any, papers: Path, wrong: Any, status: int
) -> None:
    taken: list[Any] = []

    def script(body: Any) -> Any:
        if wrong(body["messages"]):
            return refusal(status, SAID)
        taken.append(body)
        if len(taken) % 3:
            return calls("archival_memory_search", query=f"harbour {len(taken)}", request_heartbeat=True)
        return says("Nothing else to say.")

    with ModelServer(script) as server:
        session = make_session(base_url=server.url, model="scripted", verify=False, repair=False)
        list(session.load([papers]))
        for question in ("Who kept the light?", "And then?"):
            events = list(session.submit(question))
            assert events[-1].name == "yielded", events[-1]
        assert len(taken) == len(session.steps())
        for step, body in zip(session.steps(), taken, strict=True):
            assert session.recorded(step).body() == body
        assert [sum(adjacent(body["messages"]) for body in taken)] == [0]
