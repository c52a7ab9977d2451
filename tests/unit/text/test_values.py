"""Numbers, dates and codes are found in any spelling, and two spellings of one value are the same."""

from __future__ import annotations

import pytest

from workbench.text.values import CODE, DATE, NUMBER, OTHER, SAME, UNRELATED, relation, values


def only(text: str):
    (value,) = values(text)
    return value


@pytest.mark.parametrize(
    ("text", "key", "unit"),
    [
        ("a rent of £1,250.00", "1250", "£"),
        ("1250 pounds", "1250", "£"),
        ("one thousand two hundred and fifty pounds", "1250", "£"),
        ("EUR 900 a month", "900", "€"),
        ("$1.6 billion", "1600000000", "$"),
        ("three dozen eggs", "36", "egg"),
        ("forty-one persons", "41", "person"),
        ("12.5 per cent", "12.5", "%"),
        ("a loss of (4,250)", "-4250", ""),
        ("at 20:15", "1215", "time"),
        ("the ninth child", "9", "ordinal"),
    ],
)
def test_a_number_is_read_with_what_it_counts(text: str, key: str, unit: str) -> None:
    value = only(text)
    assert (value.kind, value.key, value.unit) == (NUMBER, key, unit)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("6 July 1926", "1926-07-06"),
        ("July 6, 1926", "1926-07-06"),
        ("1926-07-06", "1926-07-06"),
        ("06.07.1926", "1926-07-06"),
        ("the sixth day of July 1926", "1926-07-06"),
        ("in 1926", "1926-??-??"),
        ("on 6 July", "????-07-06"),
        ("1952–2013", "1952/13"),
    ],
)
def test_a_day_is_read_in_any_spelling(text: str, key: str) -> None:
    value = only(text)
    assert (value.kind, value.key) == (DATE, key)


def test_a_code_is_neither_number_nor_date() -> None:
    assert [item.kind for item in values("part KP-4471 of 1949")] == [CODE, DATE]


@pytest.mark.parametrize(
    ("one", "two", "wanted"),
    [
        ("318 tons", "three hundred and eighteen tons", SAME),
        ("318 tons", "381 tons", OTHER),
        ("9 miles", "9 per cent", UNRELATED),
        ("9 miles", "12 shillings", UNRELATED),
        ("41 people", "forty-one persons", SAME),
        ("in 1926", "6 July 1926", SAME),
        ("in 1927", "6 July 1926", OTHER),
        ("on 6 July", "6 July 1926", SAME),
        ("in 1952", "1952–2013", SAME),
        ("1952–2018", "1952–2013", OTHER),
        ("$1.6 billion", "$1,577 million", SAME),
        ("the third", "three", UNRELATED),
    ],
)
def test_values_are_compared_by_what_they_say(one: str, two: str, wanted: str) -> None:
    assert relation(only(one), only(two)) == wanted
