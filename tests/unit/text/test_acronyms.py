"""Acronyms that a question uses and a document spells out."""

from __future__ import annotations

import pytest

from workbench.text.acronyms import spells_out, written_short


@pytest.mark.parametrize(
    ("question", "text", "read"),
    [
        ("Who is the CEO?", "Ida Varga, our Chief Executive Officer, left.", "Ida Varga, our CEO, left."),
        ("Who leads the NOAA?", "the National Office of Aquatic Affairs", "the NOAA"),
        ("Who leads the FAO?", "the Food and Agriculture Office", "the FAO"),
        ("Who is the CEO?", "the chief of every office", "the chief of every office"),
        ("Is it OK?", "Old Keepers kept it.", "Old Keepers kept it."),
        ("who is in charge?", "Ida Varga, Chief Executive Officer", "Ida Varga, Chief Executive Officer"),
    ],
)
def test_a_name_is_read_as_the_acronym_that_the_question_uses(question: str, text: str, read: str) -> None:
    assert written_short(question, text) == read


@pytest.mark.parametrize(
    ("question", "text", "spelt"),
    [
        ("What does TBM stand for?", "The Timber Bridge Model (TBM) is old.", True),
        ("What does TBM stand for?", "The TBM (timber bridge model) is old.", True),
        ("What does TBM stand for?", "TBM\tTimber Bridge Model", True),
        ("What is TBM short for?", "TBM stands for timber bridge model.", True),
        ("Wofür steht FAO?", "die Food and Agriculture Organization (FAO)", True),
        ("What does TBM stand for?", "The TBM was bought in May.", False),
        ("What does TBM stand for?", "The Timber Bridge Model is old.", False),
        ("Who bought the TBM?", "The Timber Bridge Model (TBM) is old.", False),
    ],
)
def test_only_what_stands_beside_its_letters_spells_them_out(question: str, text: str, spelt: bool) -> None:
    assert spells_out(question, text) is spelt
