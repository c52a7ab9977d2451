"""Prices come from a table that people can edit, by server and model."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.core.errors import ConfigError
from workbench.core.prices import PriceTable, cost
from workbench.core.settings import Settings

OWN = """
[[price]]
model = "mistral-small"
input = 0.2
output = 0.6

[[price]]
server = "api.openai.com"
model = "gpt-4o-mini"
input = 9
cached = 1
output = 10
"""


def table(folder: Path, text: str = OWN) -> PriceTable:
    file = folder / "prices.toml"
    file.write_text(text)
    return PriceTable(file)


def test_a_model_has_the_price_of_its_name_also_in_a_dated_version(tmp_path: Path) -> None:
    prices = PriceTable(tmp_path / "none.toml")
    dated = prices.priced(Settings(model="gpt-4o-mini-2024-07-18"))
    assert (dated.price_in, dated.price_cached, dated.price_out) == (0.15, 0.075, 0.6)
    assert prices.priced(Settings(model="gpt-4o")).price_in == 2.5, "not that of gpt-4o-mini"
    for other in (Settings(model="gpt-4o-audio"), Settings(), Settings(model="reader")):
        assert prices.priced(other) == other


def test_a_price_of_openai_does_not_hold_for_a_server_of_ones_own(tmp_path: Path) -> None:
    local = Settings(model="gpt-4o-mini", base_url="http://localhost:8080/v1")
    assert table(tmp_path).priced(local) == local


def test_the_users_table_goes_first_and_settings_before_it(tmp_path: Path) -> None:
    prices = table(tmp_path)
    assert prices.priced(Settings(model="gpt-4o-mini")).price_in == 9
    mistral = prices.priced(Settings(model="mistral-small", base_url="http://localhost:1/v1"))
    assert (mistral.price_in, mistral.price_cached, mistral.price_out) == (0.2, 0.2, 0.6)
    own = Settings(model="gpt-4o-mini", price_in=3.0)
    assert prices.priced(own) == own


def test_a_table_that_was_edited_is_read_again(tmp_path: Path) -> None:
    prices = table(tmp_path)
    prices.priced(Settings(model="mistral-small"))
    (tmp_path / "prices.toml").write_text('[[price]]\nmodel = "mistral-small"\ninput = 1\noutput = 2\n')
    import os

    os.utime(tmp_path / "prices.toml", (1, 1))
    assert prices.priced(Settings(model="mistral-small")).price_in == 1


@pytest.mark.parametrize(
    "text",
    ["[[price", '[[price]]\nmodel = "x"\ninput = 1\n', '[[price]]\nmodel = "x"\ninput = -1\noutput = 1\n', "price = 3\n",
     '[[price]]\nmodel = 3\ninput = 1\noutput = 1\n', '[[price]]\nmodel = "x"\ninput = "cheap"\noutput = 1\n'],
)  # fmt: skip
def test_a_table_that_is_wrong_is_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match=r"prices\.toml"):
        table(tmp_path, text).priced(Settings(model="x"))


def test_what_was_cached_costs_less() -> None:
    settings = Settings(model="x", price_in=2.0, price_out=8.0, price_cached=0.5)
    assert cost(settings, 1_000_000, 100_000, 400_000) == pytest.approx(0.6 * 2 + 0.4 * 0.5 + 0.1 * 8)
    assert cost(Settings(model="x", price_in=2.0), 1_000_000, 0, 400_000) == 2.0
