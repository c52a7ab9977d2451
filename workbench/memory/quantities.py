"""Numbers with their units: a normalised text goes in, its quantities come out, the same for `5 mg` and `5mg`."""

from __future__ import annotations

from collections.abc import Iterator

import regex

_PREFIXED = r"(?:da|[npμmcdhkgt])?(?:g|m[23]?|l|s|v|w|hz|ω|ohms?|pa|j|n|f|h|ev|bar|mol|va|wh|ah|bit|byte|bps|gy|sv|bq)"
_OTHER = r"°\s?[cfk]?|%|‰|[kmgt]i?b|k?cal|min|hrs?|sec|mph|rpm|psi|lbs?|oz|gal|kn|db|dpi|px|pt|ha|ft|yd|ppm|ppb"
_UNIT = rf"(?:(?:{_PREFIXED}|{_OTHER})(?:/(?:{_PREFIXED}|{_OTHER}))?)"
QUANTITY = regex.compile(rf"(?<![\p{{L}}\p{{N}}])(\d++(?:[.,]\d++)*+)\s?({_UNIT})(?![\p{{L}}\p{{N}}])")
"""A number and its unit, as they stand in normalised text."""


def quantities(normal: str) -> Iterator[str]:
    """Every quantity of a normalised text, written together."""
    for match in QUANTITY.finditer(normal):
        yield "".join(match[0].split())


def is_quantity(normal: str) -> bool:
    """Whether a normalised text is a number with its unit and nothing else."""
    return bool(QUANTITY.fullmatch(normal))


def number_and_unit(normal: str) -> tuple[str, ...]:
    """The two parts of a quantity; none when it is something else."""
    match = QUANTITY.fullmatch(normal)
    return match.groups() if match else ()
