"""Terms: everything that identifies is kept, in every script; what two spellings share is the same term."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.memory import phrases, terms
from workbench.memory.query import Query, is_identifier, parse_query


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("HX-204/7", {"hx-204/7", "hx", "204", "7"}),
        ("§4.2 at 10kV", {"4.2", "10kv", "10", "kv"}),
        ("1,234.5 m²", {"1234.5", "m2"}),
        ("94071d67-86df-455c-8ee9-691e492ff740", {"94071d67-86df-455c-8ee9-691e492ff740"}),
        ("repairing the keeper's lamps", {"repairing", "repair", "keeper", "lamp", "lamps"}),
        ("Zürich café", {"zurich", "cafe"}),
        ("灯塔守卫", {"灯塔", "塔守", "守卫"}),
        ("كِتَابٌ", {"كتاب"}),
        ("שָׁלוֹם", {"שלום"}),
        ("light-\nhouse", {"lighthouse", "light", "house"}),
    ],
)
def test_what_a_text_is_found_by(text: str, expected: set[str]) -> None:
    assert expected <= set(terms.index_terms(text))


@given(st.text(max_size=80))
def test_terms_are_single_words_and_the_same_for_index_and_query(text: str) -> None:
    made = terms.index_terms(text)
    assert not any(set(term) & set(" \t\n") or not term for term in made)
    assert set(terms.query_terms(text)) == set(made)


@given(
    st.text(alphabet="ab9-/'\n .灯塔守é§", max_size=30), st.text(alphabet="ab9-/'\n .灯塔守é§", min_size=1, max_size=6)
)
def test_a_passage_that_contains_a_phrase_has_its_runs_as_terms(text: str, phrase: str) -> None:
    whole = f"{text} {phrase} {text}"
    if phrases.contains(whole, phrase):
        assert set(terms.runs(phrase)) <= set(terms.index_terms(whole))


def test_common_words_weigh_less_but_are_kept() -> None:
    weights = terms.query_terms("who is the keeper")
    assert 0 < weights["the"] < weights["keeper"]


@pytest.mark.parametrize(
    "line", ["HX-204/7", "§4.2", "§ 12.3(b)", "12345", "2024-05-01", "a.b@c.de", "0d7ba717-e034-410e-88ab-c13d37cc6499"]
)
def test_identifiers_are_searched_exactly(line: str) -> None:
    assert parse_query(line) == Query("", phrases=(line,))


@pytest.mark.parametrize("line", ["1999", "e-mail", "Halloran light", "U.S.", "-5 degrees", "x", ""])
def test_words_and_short_numbers_are_no_identifiers(line: str) -> None:
    assert not is_identifier(line)
    assert not parse_query(line).exact


def test_quotes_and_minus_signs() -> None:
    assert parse_query('"the lamp" “two words”').phrases == ("the lamp", "two words")
    assert parse_query('keeper "the lamp" -oil') == Query("keeper", ("the lamp",), ("oil",))
    assert parse_query('Who wrote "The Lamp"?').lifted == ("The Lamp",)
    assert parse_query("what is part HX-204/7 for").lifted == ("HX-204/7",)
