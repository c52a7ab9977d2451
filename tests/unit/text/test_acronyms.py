"""Acronyms that a question uses and a document spells out."""

from __future__ import annotations

import pytest

from workbench.text.acronyms import written_short


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
