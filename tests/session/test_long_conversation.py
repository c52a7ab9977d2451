"""Hundreds of turns in a window of 8,192 tokens: nothing said is lost, the summary stays small, and every prompt is known to the byte."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from tests.support.scripted import Scripted, results, using
from workbench.api.events import AnswerDone, Evicted
from workbench.core.tokens import count_message
from workbench.memory.queue_manager import Pressure

NAMES = ("Aino", "Bram", "Ciro", "Dagny", "Emeka", "Fenna", "Goran", "Hedda", "Ilmar", "Jonna")
THINGS = ("locker", "boat", "lamp", "ledger", "anchor", "kettle", "barrow", "violin", "sextant", "goat")


def planted(turns: int) -> dict[int, tuple[str, str, str]]:
    """Turn -> (name, thing, number): a fact every ten turns, none like another."""
    chance = random.Random(7)
    pairs = [(name, thing) for name in NAMES for thing in THINGS]
    chance.shuffle(pairs)
    return {turn: (*pairs[turn // 10], str(chance.randrange(10_000, 99_999))) for turn in range(3, turns, 10)}


@pytest.mark.parametrize("turns", [120, pytest.param(500, marks=pytest.mark.nightly)])
def test_every_planted_fact_is_found_again_through_recall(make_session: Any, turns: int) -> None:
    facts = planted(turns)
    asked: dict[str, str] = {}

    def plan(request: Any, number: int) -> Any:
        question, searched = "", False
        for message in reversed(request.messages):
            searched = searched or message["role"] == "tool"
            content = json.loads(message["content"]) if message["role"] == "user" else {}
            if content.get("type") == "user_message":
                question = content["message"]
                break
        if not question.startswith("What is the number"):
            return "send_message", {
                "message": "I see. " + "The sea was grey and the wind turned twice before noon. " * 3
            }
        if not searched:
            name, thing = question.split("of ")[1].rstrip("?").split("'s ")
            return "conversation_search", {"query": f"{name} {thing}", "request_heartbeat": True}
        asked[question] = results(request)[-1]
        return "send_message", {"message": "Found it."}

    with using(Scripted(plan, keep=False)):
        session = make_session(model="gpt-4o", read_ahead=False)
        session.open_agent("talker")
        evicted = 0
        for turn in range(turns):
            text = (
                f"Turn {turn}: today I walked along the pier and counted {turn} gulls, and then I went home for soup."
            )
            if turn in facts:
                name, thing, number = facts[turn]
                text = f"Remember: the number of {name}'s {thing} is {number}."
            events = list(session.submit(text))
            evicted += sum(event.messages for event in events if isinstance(event, Evicted))
            assert any(isinstance(event, AnswerDone) for event in events)
        assert evicted > turns
        memory = session.current_agent.workspace.memory
        assert memory.summary is not None
        assert count_message(memory.summary.wire()) <= Pressure.of(session.settings).summary_tokens
        for name, thing, number in facts.values():
            question = f"What is the number of {name}'s {thing}?"
            list(session.submit(question))
            assert number in asked[question], question
        steps = session.steps()
        for step in (steps[0], steps[len(steps) // 2], steps[-1]):
            recorded = session.recorded(step)
            assert recorded.prompt.digest() == recorded.digest
            assert recorded.prompt.used <= recorded.window - recorded.reserve
