"""Prices of models from tables that people can edit: what a million tokens cost, by server and model.

The table that ships (prices.toml) is from memory, in the state of August 2025, and unchecked.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from workbench.core.errors import ConfigError
from workbench.core.settings import Settings

_OPENAI = "api.openai.com"
_DATED = re.compile(r"(?:-\d{4}-\d{2}-\d{2}|-\d{4,8}|-latest)?")


@dataclass(frozen=True)
class Price:
    """What a million tokens cost: sent, read from the provider's cache, and written. `server` "" holds for every server."""

    model: str
    input: float
    output: float
    cached: float | None = None
    server: str = ""

    def holds_for(self, server: str, model: str) -> bool:
        """Whether it is the price of a model; a dated version has the price of its name."""
        name = model.rpartition("/")[2] if "/" not in self.model else model
        dated = name.startswith(self.model) and _DATED.fullmatch(name[len(self.model) :]) is not None
        return dated and self.server in ("", server)


class PriceTable:
    """The prices of the user's file, then those that ship; the file is read again when it has changed."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._read: tuple[float, tuple[Price, ...]] = (-1.0, ())
        self._shipped: tuple[Price, ...] = ()

    def priced(self, settings: Settings) -> Settings:
        """The settings with the prices of their model, where they name none themselves.

        Raises ConfigError for a file that cannot be read.
        """
        if settings.uses_reader or settings.price_in or settings.price_out:
            return settings
        price = self._price(_host(settings.base_url), settings.model)
        if price is None:
            return settings
        cached = price.input if price.cached is None else price.cached
        return replace(settings, price_in=price.input, price_cached=cached, price_out=price.output)

    def _price(self, server: str, model: str) -> Price | None:
        if not model:
            return None
        self._shipped = self._shipped or tuple(prices(_shipped_text(), "prices.toml"))
        return next((one for one in (*self._own(), *self._shipped) if one.holds_for(server, model)), None)

    def _own(self) -> tuple[Price, ...]:
        try:
            changed = self._file.stat().st_mtime
            if changed != self._read[0]:
                self._read = changed, tuple(prices(self._file.read_text(encoding="utf-8"), str(self._file)))
        except FileNotFoundError:
            return ()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{self._file} cannot be read: {error}.", "Correct the file or move it away.") from None
        return self._read[1]


def _shipped_text() -> str:
    return resources.files("workbench.core").joinpath("prices.toml").read_text(encoding="utf-8")


def prices(text: str, where: str) -> Iterator[Price]:
    """The rows of a table. Raises ConfigError, naming the file and the row."""
    try:
        rows = tomllib.loads(text).get("price", [])
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where} is not valid TOML: {error}.", "Correct that line or move the file away.") from None
    for number, row in enumerate(rows if isinstance(rows, list) else [rows], 1):
        try:
            yield _price_of(row)
        except (KeyError, TypeError, ValueError):
            raise ConfigError(
                f"{where}: price {number} is not one.",
                'It has model = "name", input and output as numbers; cached, server.',
            ) from None


def _price_of(row: Mapping[str, Any]) -> Price:
    amounts = {key: float(row[key]) for key in ("input", "output")}
    cached = float(row["cached"]) if "cached" in row else None
    if not all(0 <= amount < math.inf for amount in (*amounts.values(), cached or 0.0)):
        raise ValueError("an amount is no price")
    server, model = row.get("server", ""), row["model"]
    if not isinstance(model, str) or not isinstance(server, str) or not model:
        raise ValueError("a name is no text")
    return Price(model, amounts["input"], amounts["output"], cached, server)


def _host(base_url: str) -> str:
    try:
        return urlsplit(base_url).hostname or "" if base_url else _OPENAI
    except ValueError:
        return ""


def cost(settings: Settings, sent_tokens: int, written_tokens: int, cached_tokens: int = 0) -> float:
    """What a request costs at the prices of the settings; `cached_tokens` of what was sent were read from a cache."""
    sent, cached, written = in_force(settings)
    fresh = max(0, sent_tokens - cached_tokens)
    return (fresh * sent + cached_tokens * cached + written_tokens * written) / 1_000_000


def in_force(settings: Settings) -> tuple[float, float, float]:
    """What a million tokens cost by the settings: sent, read from the provider's cache, and written."""
    cached = settings.price_in if settings.price_cached < 0 else settings.price_cached
    return settings.price_in, cached, settings.price_out
