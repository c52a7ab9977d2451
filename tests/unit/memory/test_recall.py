"""What was said is indexed once: a search of a conversation that has grown reads only what is new."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from workbench.memory.recall import RecallStorage
from workbench.storage.messages import SaidRow

_BEGIN = datetime(2026, 1, 2, 9, 0)


class Stored:
    """Messages of users, and how many rows were read."""

    def __init__(self) -> None:
        self.texts: dict[int, str] = {}
        self.read = 0

    def said(self, agent: int, words: Sequence[str] = (), after: int = 0) -> list[SaidRow]:
        rows = [
            SaidRow(key, "user_message", json.dumps({"message": text}), _BEGIN + timedelta(minutes=key))
            for key, text in sorted(self.texts.items(), reverse=True)
            if key > after and all(word.lower() in text.lower() for word in words)
        ]
        self.read += len(rows)
        return rows


def recall_of(stored: Stored) -> RecallStorage:
    return RecallStorage(cast(Any, stored))


def told(recall: RecallStorage, branch: list[int], question: str) -> list[int]:
    return [item.message for item in recall.about(1, branch, question)]


def test_a_conversation_that_has_grown_is_not_read_again() -> None:
    stored = Stored()
    recall = recall_of(stored)
    for number in range(1, 201):
        stored.texts[number] = f"Lamp {number} burns oil of kind {number % 7}."
    assert 120 in told(recall, list(range(1, 201)), "Which oil burns in lamp 120?")
    stored.read = 0
    stored.texts[201] = "The tower was painted green."
    branch = list(range(1, 202))
    assert told(recall, branch, "What colour was the tower painted?")[0] == 201
    assert stored.read == 1
    assert told(recall, branch, "Which tower is green?") == told(recall_of(stored), branch, "Which tower is green?")


def test_another_branch_is_read_anew_and_shows_nothing_of_the_one_that_was_left() -> None:
    stored = Stored()
    recall = recall_of(stored)
    stored.texts |= {1: "We met at the pier.", 2: "The boat is red.", 3: "The boat is blue."}
    assert set(told(recall, [1, 2], "Which colour has the boat?")) >= {2}
    assert 2 not in told(recall, [1, 3], "Which colour has the boat?")
    assert told(recall, [1, 3], "Which colour has the boat?")[0] == 3
    assert told(recall, [1], "boat") == []


def test_a_message_that_is_stored_after_a_search_is_found_by_the_next_one() -> None:
    stored = Stored()
    recall = recall_of(stored)
    stored.texts[1] = "We met at the pier."
    assert told(recall, [1, 2], "boat") == []
    assert told(recall, [1, 2], "pier") == [1]
    stored.texts[2] = "The boat is red."
    assert told(recall, [1, 2], "Which colour has the boat?")[0] == 2


def test_nothing_is_kept_once_something_was_forgotten() -> None:
    stored = Stored()
    recall = recall_of(stored)
    stored.texts |= {1: "We met at the pier.", 2: "The boat is red."}
    assert told(recall, [1, 2], "red boat")
    stored.texts[2] = "[forgotten]"
    recall.clear()
    assert told(recall, [1, 2], "red boat") == []
