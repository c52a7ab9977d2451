"""An answer counts when its quote holds every number and content word that it adds to the question."""

from __future__ import annotations

import pytest

from workbench.agent.answers.written_answer import WrittenAnswer, bears_out, parse

QUOTE = "The lamp was replaced in 1871, because the old one had corroded; Ida Wynn paid 1,200 crowns for it."


@pytest.mark.parametrize(
    ("question", "answer", "right"),
    [
        ("When was the lamp replaced?", "1871", True),
        ("When was the lamp replaced?", "In 1871.", True),
        ("When was the lamp replaced?", "The lamp was replaced in 1871.", True),
        ("When was the lamp replaced?", "1870", False),
        ("When was the lamp replaced?", "Ida Wynn", False),
        ("What was replaced in 1871?", "1871: the lamp", True),
        ("Why was the lamp replaced?", "The old one was corroded", True),
        ("Why was the lamp replaced?", "The old one was struck by lightning", False),
        ("Who paid for the lamp?", "Ida Wynn", True),
        ("Who paid for the lamp?", "Ida", True),
        ("Who paid for the lamp?", "Ida Wynn and Sam Holt", False),
        ("Who paid for the lamp?", "the lamp", False),
        ("How much did the lamp cost?", "1200 crowns", True),
        ("How much did the lamp cost?", "1,300 crowns", False),
        ("Was the lamp replaced?", "Yes", False),
        ("What about the old lamp?", "It had not corroded", False),
        ("What happened in 1871?", "", False),
    ],
)
def test_the_words_of_the_answer(question: str, answer: str, right: bool) -> None:
    assert bears_out(WrittenAnswer(QUOTE, "#a1", answer), question) is right


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"quote": "a b", "handle": "#a3", "answer": "c"}', WrittenAnswer("a b", "#a3", "c")),
        ('```json\n{"answer": "c [#a3]", "quote": "“a\n b”", "handle": "[a3]"}\n```', WrittenAnswer("a b", "#a3", "c")),
        (
            'Sure!\n{"Quote": "a b", "Handle": "excerpt #a3", "Answer": 1871} Anything else?',
            WrittenAnswer("a b", "#a3", "1871"),
        ),
        ('{"quote": "a b", "answer": "c', WrittenAnswer("a b", "", "c")),
        ('[{"quote": "a b", "handle": null, "answer": "c"}]', WrittenAnswer("a b", "", "c")),
        ('{"answer": "c"}', None),
        ('{"quote": {"text": "a"}, "answer": ["c"]}', WrittenAnswer("", "", "")),
        ("The answer is c.", None),
        ("", None),
        ("{", None),
    ],
)
def test_any_form_of_a_reply(text: str, expected: WrittenAnswer | None) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize("answer", ["", "Not found.", "N/A", "unknown", "It is not stated in the excerpts.", "None"])
def test_what_says_that_there_is_none(answer: str) -> None:
    assert WrittenAnswer("a b", "#a1", answer).empty
