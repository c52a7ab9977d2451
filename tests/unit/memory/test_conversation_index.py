"""A conversation is searched by what it was about: neighbours, speakers and sessions count."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from workbench.core.errors import UsageError
from workbench.evaluation.memory_evidence import measured, read_dialogues, scores
from workbench.memory.conversation_index import ConversationIndex, Turn, Weights

SAID = [
    (1, "Ida", "Did you ever see the lighthouse at Scaur?"),
    (1, "Nils", "Once, in a storm. It was in March."),
    (1, "Ida", "I would like to go."),
    (2, "Nils", "My sister bought a boat."),
    (2, "Ida", "How big is it?"),
    (2, "Nils", "Nine metres, with two masts."),
    (3, "Ida", "I have learnt to swim."),
    (3, "Nils", "Bravo."),
]
TURNS = [Turn(number, session, who, text) for number, (session, who, text) in enumerate(SAID)]


def best(question: str, count: int = 3) -> list[int]:
    return [key for key, _ in ConversationIndex(TURNS).rank(question).turns[:count]]


def test_an_answer_without_the_words_of_the_question_is_found_by_its_neighbour() -> None:
    assert set(best("When did Nils see the lighthouse?", 2)) == {0, 1}
    assert best("When did Nils see the lighthouse?")[0] == 1


def test_sessions_are_ranked_by_what_is_said_in_them() -> None:
    ranked = ConversationIndex(TURNS).rank("How big is the boat of the sister?")
    assert ranked.sessions[0][0] == 2
    assert {key for key, _ in ranked.turns[:3]} == {3, 4, 5}


def test_the_day_of_a_session_is_known_by() -> None:
    days = {1: date(2033, 5, 8), 2: date(2033, 6, 8), 3: date(2034, 3, 2)}
    turns = [Turn(turn.id, turn.session, turn.who, turn.text, days[turn.session]) for turn in TURNS]
    index = ConversationIndex(turns)

    def first(question: str) -> int:
        return index.rank(question).sessions[0][0]

    assert [first(when) for when in ("May 2033?", "June 2033?", "2034?", "8. Juni 2033?")] == [1, 2, 3, 2]
    assert ConversationIndex(TURNS).rank("June 2033?").sessions == ()
    # A word that is a month as well is none in small letters, and a number is no day.
    assert index.rank("zebras may 8?").sessions == ()


def test_nothing_is_found_where_nothing_fits() -> None:
    assert ConversationIndex(TURNS).rank("zebra crossing").turns == ()
    assert ConversationIndex([]).rank("anything").sessions == ()


def test_turns_that_come_later_are_ranked_as_if_they_had_been_there_from_the_start() -> None:
    days = [date(2033, 5, 8), date(2033, 6, 8), date(2033, 6, 9), None]
    turns = [replace(turn, when=days[number % 4]) for number, turn in enumerate(TURNS)]
    whole, grown = ConversationIndex(turns), ConversationIndex()
    for size in (1, 2, 3, 2):
        before = grown
        grown = grown.with_more(turns[len(grown.turns) : len(grown.turns) + size])
        assert len(before.turns) < len(grown.turns)
    for question in (
        "How big is the boat?",
        "Who learnt to swim on June 9?",
        "May 2033?",
        "my sister",
        "What did Ida say?",
    ):
        assert grown.rank(question) == whole.rank(question)
        assert whole.rank(question).turns or question == "May 2033?"
    assert ConversationIndex(turns[:3]).with_more([]).rank("storm") == ConversationIndex(turns[:3]).rank("storm")
    with pytest.raises(ValueError):
        grown.with_more(TURNS[:1])


def test_neighbours_of_another_session_do_not_count() -> None:
    assert 3 not in best("lighthouse storm", 8)


def test_likeness_orders_what_the_words_leave_open() -> None:
    def likeness(query: str, texts: Sequence[str]) -> list[float]:
        return [1.0 if "masts" in text else 0.0 for text in texts]

    index = ConversationIndex(TURNS, Weights(meaning=2.0))
    assert index.rank("What does the boat look like?", likeness).turns[0][0] in (4, 5)


def test_a_speaker_may_be_called_otherwise() -> None:
    index = ConversationIndex([Turn(1, 1, "user", "The lamp is red."), Turn(2, 1, "you", "The lamp is red.")])
    assert index.rank("What did I say of the lamp?", called={"user": ("i",)}).turns[0][0] == 1
    assert index.rank("What did you say of the lamp?", called={"you": ("you",)}).turns[0][0] == 2


def test_measures_count_turns_and_sessions() -> None:
    found = scores([4, 9, 1], [2, 3], frozenset({1, 7}), frozenset({2, 5}))
    assert found == {
        "turns any@5": 1.0, "turns r@5": 0.5, "turns r@10": 0.5,
        "sessions any@5": 1.0, "sessions all@5": 0.0, "sessions all@10": 0.0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("rank", "expected"),
    [
        (5, {"turns any@5": 1, "turns r@5": 1, "turns r@10": 1, "sessions any@5": 1, "sessions all@5": 1, "sessions all@10": 1}),
        (6, {"turns any@5": 0, "turns r@5": 0, "turns r@10": 1, "sessions any@5": 0, "sessions all@5": 0, "sessions all@10": 1}),
        (11, {"turns any@5": 0, "turns r@5": 0, "turns r@10": 0, "sessions any@5": 0, "sessions all@5": 0, "sessions all@10": 0}),
    ],
)  # fmt: skip
def test_measures_end_where_they_say(rank: int, expected: dict[str, float]) -> None:
    assert scores(range(1, 30), range(1, 30), frozenset({rank}), frozenset({rank})) == expected


def test_dialogues_are_read_and_measured(tmp_path: Path) -> None:
    said = [
        {"speaker": who, "dia_id": f"D{session}:{number}", "text": text}
        for number, (session, who, text) in enumerate(SAID, 1)
    ]
    talk = {f"session_{n}": [one for one in said if one["dia_id"].startswith(f"D{n}:")] for n in (1, 2, 3)}
    questions = [
        {"question": "When did Nils see the lighthouse?", "evidence": ["D1:2; D9:9"], "category": 2},
        {"question": "What is not said?", "evidence": ["D1:1"], "category": 5},
    ]
    (tmp_path / "a.json").write_text(json.dumps([{"conversation": talk, "qa": questions}]), encoding="utf-8")
    *asked, result = measured(tmp_path, None)
    assert [row["turns"][0] for row in asked] == [1]
    assert result["metrics"]["turns r@5"] == result["metrics"]["temporal:sessions all@5"] == 1.0
    with pytest.raises(UsageError):
        read_dialogues(tmp_path / "none.json")
