"""Numbers of lists in the formats of Word."""

from __future__ import annotations

import pytest

from loaders.list_numbers import counted


@pytest.mark.parametrize(
    ("number", "form", "shown"),
    [
        (28, "lowerLetter", "bb"), (14, "upperRoman", "XIV"), (112, "ordinal", "112th"), (22, "ordinal", "22nd"),
        (21, "cardinalText", "Twenty-one"), (30, "ordinalText", "Thirtieth"), (12, "ordinalText", "Twelfth"),
        (23, "japaneseCounting", "二十三"), (10, "chineseCounting", "十"), (104, "chineseCounting", "百四"),
        (15, "decimalEnclosedCircle", "⑮"), (21, "decimalEnclosedCircle", "21"), (3, "russianLower", "в"),
        (12, "decimalFullWidth", "１２"), (11, "ideographTraditional", "甲甲"), (7, "decimalZero", "07"), (5, "unknown", "5"),
    ],
)  # fmt: skip
def test_numbers_in_their_format(number: int, form: str, shown: str) -> None:
    assert counted(number, form) == shown
