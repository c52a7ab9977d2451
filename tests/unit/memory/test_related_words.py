"""A turn is found by words akin to those of the question, read from the embedding model's table of words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray

from workbench.embedding.word_vectors import word_vectors
from workbench.memory.conversation_index import ConversationIndex, Turn
from workbench.memory.recall import RecallStorage

SAID = [
    ("Ida", "I am off to the taekwondo class this week, see you."),
    ("Nils", "Have fun! We had soup and bread for lunch this week."),
    ("Ida", "My sister was in Spain with her dog last week."),
    ("Nils", "The weather here has been grey for a week."),
]
TURNS = [Turn(number, number // 2, who, text) for number, (who, text) in enumerate(SAID)]


def best(question: str, turns: Sequence[Turn] = TURNS) -> int:
    return ConversationIndex(turns, word_vectors=word_vectors).rank(question).turns[0][0]


def test_words_of_a_kind_are_found_by_its_name() -> None:
    arts, countries = (
        "Which martial arts did anybody train that week?",
        "Which European countries did anybody visit that week?",
    )
    assert (best(arts), best(countries)) == (0, 2)
    plain = ConversationIndex(TURNS)
    assert (plain.rank(arts).turns[0][0], plain.rank(countries).turns[0][0]) != (0, 2)
    assert ConversationIndex(TURNS, word_vectors=word_vectors).rank(countries).sessions[0][0] == 1


def test_akin_words_find_nothing_by_themselves() -> None:
    assert ConversationIndex(TURNS, word_vectors=word_vectors).rank("Which martial arts?").turns == ()


def test_the_words_of_the_question_itself_count_for_more() -> None:
    turns = [*TURNS, Turn(9, 4, "Ida", "They showed martial arts on television.")]
    assert best("Which martial arts did anybody train that week?", turns) == 9


def test_a_conversation_in_another_language_is_searched_by_its_own_words() -> None:
    asked: list[str] = []

    def vectors(words: Sequence[str]) -> NDArray[np.float32]:
        asked.extend(words)
        return word_vectors(words)

    german = [
        Turn(number, 1, "Ida", text)
        for number, text in enumerate(
            ("Ich gehe jetzt in den Kurs und du bist nicht dabei.", "Das Wetter ist heute grau.")
        )
    ]
    assert ConversationIndex(german, word_vectors=vectors).rank("Wie ist das Wetter?").turns[0][0] == 1
    assert not asked


@pytest.mark.parametrize("sizes", [[1] * 8, [230, 7, 1], [5, 0, 40, 3]])
def test_a_conversation_that_grew_is_ranked_as_one_that_is_read_at_once(sizes: Sequence[int]) -> None:
    words = "soup bread taekwondo dog sister Spain weather grey week class lunch train Ida 7 42".split()
    turns = [
        Turn(number, number // 9, ("Ida", "Nils", "Guest Berg")[number % (2 + (number > 20))], text)
        for number in range(sum(sizes))
        for text in [" ".join(("I am in the", *(words[number * step % len(words)] for step in range(number % 8))))]
    ]
    grown = ConversationIndex(word_vectors=word_vectors)
    questions = ("Which martial arts did Ida train?", "Which European countries?", "soup for Guest", "???")
    at = 0
    for size in sizes:
        grown = grown.with_more(turns[at : at + size])
        at += size
        before = ConversationIndex(turns[:at], word_vectors=word_vectors)
        assert [grown.rank(question) for question in questions] == [before.rank(question) for question in questions]


def test_turns_that_say_the_same_among_the_same_turns_count_the_same_wherever_they_are() -> None:
    texts = ("I am off to the taekwondo class.", "We had soup and bread.", "My sister was in Spain with her dog.")
    turns = [Turn(number, 0, "Ida", texts[number % 3]) for number in range(601)]
    scores = dict(ConversationIndex(turns, word_vectors=word_vectors).rank("Which martial arts class?").turns)
    for first in range(3, 6):
        assert {round(scores[at], 9) for at in range(first, 597, 3)} == {round(scores[first], 9)}


def test_words_without_a_vector_are_no_kin() -> None:
    def nothing(words: Sequence[str]) -> NDArray[np.float32]:
        return np.zeros((len(words), 384), np.float32)

    index, plain = ConversationIndex(TURNS, word_vectors=nothing), ConversationIndex(TURNS)
    for question in ("Which martial arts did anybody train that week?", "Where was the sister?", ""):
        assert index.rank(question) == plain.rank(question)


def test_a_vector_is_the_mean_of_the_pieces_of_a_word() -> None:
    dog, spain, unknown = word_vectors(["dog", "spain", "\U0001f9ff"])
    assert dog.shape == (384,)
    assert dog.any()
    assert not np.allclose(dog, spain)
    assert not unknown.any()
    assert np.array_equal(word_vectors(["spain", "dog"]), np.stack([spain, dog]))
    assert word_vectors([]).shape == (0, 384)


@pytest.mark.parametrize("question", ["What does Ida like?", "???", "Ida", "zebra"])
def test_every_question_is_ranked_without_a_number_that_is_none(question: str) -> None:
    ranked = ConversationIndex(TURNS, word_vectors=word_vectors).rank(question)
    assert all(np.isfinite(score) for _, score in (*ranked.turns, *ranked.sessions))


class Spoken:
    """Messages of a person, as storage gives them."""

    def __init__(self, *texts: str) -> None:
        self.texts = texts

    def said(self, agent: int, words: Sequence[str], after: int = 0) -> list[SimpleNamespace]:
        return [
            SimpleNamespace(
                id=number, kind="user_message", body=json.dumps({"message": text}), created=datetime(2033, 5, 1, 12, number, tzinfo=UTC)
            )
            for number, text in reversed(list(enumerate(self.texts, 1)))
            if number > after
        ]  # fmt: skip


def test_recall_finds_akin_words_and_reads_those_of_the_conversation_once() -> None:
    read: list[str] = []

    def vectors(words: Sequence[str]) -> NDArray[np.float32]:
        read.extend(words)
        return word_vectors(words)

    texts = ("We had soup and bread this week.", "I am off to the taekwondo class this week, see you.")
    messages = Spoken(*texts)
    recall = RecallStorage(messages, word_vectors=vectors)  # type: ignore[arg-type]
    assert recall.search(1, [1, 2], "martial arts of the week")[0].message == 2
    messages.texts = (*texts, "It was a long week and I am tired.")
    assert recall.search(1, [1, 2, 3], "martial arts of the week")[0].message == 2
    assert [read.count(word) for word in ("soup", "taekwondo", "tired", "week")] == [1] * 4
    recall.clear()
    recall.search(1, [1, 2, 3], "martial arts of the week")
    assert [read.count(word) for word in ("soup", "taekwondo", "tired", "week")] == [2] * 4
