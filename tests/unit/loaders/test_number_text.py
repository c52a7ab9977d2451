"""Numbers as people write them, decided for a whole column."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from loaders import registry
from loaders.number_text import decimal_sign, numbers


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1.284,50", "987,25"], [1284.5, 987.25]),
        (["1,284", "12"], [1284, 12]),
        (["1\u202f284", "12"], [1284, 12]),
        (["1\u2009284\u2009500", "1\u00a0750"], [1284500, 1750]),
        (["1’284.50", "3"], [1284.5, 3.0]),
        (["(1,234)", "5"], [-1234, 5]),
        (["-1", "\u22122"], [-1, -2]),
        (["$1,234.50", "$3"], [1234.5, 3.0]),
        (["1.284,50 €", "3,00 €"], [1284.5, 3.0]),
        (["0,5", "1.000"], [0.5, 1000.0]),
        (["12,5", "3.5"], None),
        (["007", "5"], None),
        (["5 €", "$5"], None),
        (["5.75%", "6%"], None),
        (["12/5", "1-2"], None),
    ],
)
def test_a_column_is_numbers_or_it_is_not(cells: list[str], values: list[Any] | None) -> None:
    assert numbers(cells, decimal_sign(cells) or ".") == values


def test_the_sign_of_other_columns_decides_where_a_column_says_nothing() -> None:
    assert decimal_sign(["Köln", "987,25", "1.284"]) == ","
    assert numbers(["1.284", "12"], ",") == [1284, 12]
    assert numbers(["1.284", "12"], ".") == [1.284, 12.0]


def table(path: Path) -> pa.Table:
    return pa.ipc.open_stream(registry.read(path).tables[0].data).read_all()


def test_csv_columns_with_decimal_commas_are_numbers(tmp_path: Path) -> None:
    file = tmp_path / "verbrauch.csv"
    file.write_text("Ort;kWh;Kosten\nMühle;1.234,50;370,35\nGasse;12.004,00;n/a\n", "utf-8")
    loaded = table(file)
    assert loaded.column("kwh").to_pylist() == [1234.5, 12004.0]
    assert loaded.column("kosten").to_pylist() == [370.35, None]
