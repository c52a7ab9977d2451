"""Misspelt words: what a slip may stand for, and which words are left as they were typed."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from workbench.text.spelling import corrected, corrections, remarked, remarks, slips

ARCHIVE = {
    "lighthouse": 4, "lighthous": 4, "keeper": 9, "oxygenated": 2, "oxygen": 2, "received": 3, "receiv": 3, "horse": 5,
    "maastricht": 1, "sosa": 2, "stans": 1, "painted": 3, "paint": 3, "door": 6, "blood": 7, "signed": 2, "treaty": 3,
}  # fmt: skip


def read(text: str, *words: str) -> dict[str, str]:
    def frequencies(terms: Sequence[str]) -> dict[str, int]:
        return {term: ARCHIVE.get(term, 0) for term in terms}

    return corrections(text, frequencies, lambda word: word in words)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("keepr", "keeper"), ("keeeper", "keeper"), ("keepre", "keeper"), ("kepeer", "keeper"), ("keepwr", "keeper"), ("ekeper", "keeper")],
)  # fmt: skip
def test_a_slip_of_each_kind(typed: str, meant: str) -> None:
    assert meant in slips(typed)
    assert read(f"who was the {typed} of the door") == {typed: meant}


def test_two_words_of_a_short_question() -> None:
    words = read("what was the keepr of the lighthuose painted")
    assert words == {"keepr": "keeper", "lighthuose": "lighthouse"}
    assert read("wer malte keepr lighthuose") == {}


def test_letters_far_apart_on_the_keyboard_are_no_slip() -> None:
    assert "horse" not in slips("house")
    assert "keeper" not in slips("keepmr")


@pytest.mark.parametrize(
    "text",
    [
        "who owned the stand by the door",  # spelt right, though nobody here has it
        "which bridge crosses the Sosna by the door",  # a short name
        "what is HX-KEEPR-7 painted with",  # part of a code
        "who was the KEEPR of the door",
        "wer war der keepr im hafen von gestern abend",  # most words are unknown: another language
        "who was the kipper of the door",  # two letters apart
    ],
)
def test_what_is_left_as_it_was_typed(text: str) -> None:
    assert read(text, "stand") == {}


def test_the_capital_of_a_name_stays_and_the_rest_of_the_text_too() -> None:
    words = read("when was the Maastrich treaty signed?")
    assert words == {"Maastrich": "Maastricht"}
    assert corrected("when was the Maastrich treaty signed?", words) == "when was the Maastricht treaty signed?"


def test_what_a_page_says_of_it_is_read_back_and_nothing_else_is() -> None:
    words = {"keepr": "keeper", "oxygneated": "oxygenated"}
    assert remarked(f"Showing 5 of 9 results (page 0/1){remarks(words.items())}") == words
    assert remarked('Showing 1 of 1 results; "x y" stands nowhere and is read as "z"') == {}
