"""Decides how well an answer rests on its quotes, and names the lines that rest on none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

GROUNDED, PARTLY, NOT_GROUNDED = "grounded", "partly", "not grounded"

_ITEM = re.compile(r"\s*(?:[-*+•–]|\(?\d{1,3}[.)]|[a-z][.)])\s+|\s*\|")
_QUOTE_BLOCK = re.compile(r"\s*>")
_HEADING = re.compile(r"\s*#{1,6}\s|\s*(?:\*\*[^*]+\*\*|__[^_]+__)\s*:?\s*$")
_WORD = re.compile(r"[^\W\d_]{2,}|[^\W\d_]")
_FENCE = re.compile(r"\s*(?:```|~~~)")
_LEAST_WORDS = 2


@dataclass(frozen=True)
class Grounding:
    """`state` is grounded, partly or not grounded; `unquoted` are lines, from 1, that claim something and rest on no quote.

    `claims` is how many lines claim something. A line is a claim unless it is a heading, a lead-in that ends with a
    colon, a question, or code; a quote supports the paragraph or the item of a list that it stands in.
    """

    state: str
    unquoted: tuple[int, ...]
    claims: int


def grounding(text: str, sound: Sequence[tuple[int, int]], false_quotes: int, *, abstains: bool) -> Grounding:
    """The state of an answer. `sound` are the characters of its quotes that were found; an answer that says that the

    documents do not say claims nothing.
    """
    claims: list[int] = []
    unquoted: list[int] = []
    for unit in _units(text):
        start, end = unit[0][1], unit[-1][1] + len(unit[-1][2])
        held = any(first < end and start < last for first, last in sound)
        lines = [number for number, _, line in unit if _claims(line)]
        claims += lines
        unquoted += [] if held else lines
    if not sound:
        return Grounding(NOT_GROUNDED, () if abstains else tuple(unquoted), len(claims))
    state = PARTLY if unquoted or false_quotes else GROUNDED
    return Grounding(state, tuple(unquoted), len(claims))


def _units(text: str) -> Iterator[list[tuple[int, int, str]]]:
    """Paragraphs and items of lists as lines (number, start, text); a block of quotation belongs to what stands before it."""
    unit: list[tuple[int, int, str]] = []
    at, gap, code = 0, False, False
    for number, line in enumerate(text.split("\n"), 1):
        start, at = at, at + len(line) + 1
        if _FENCE.match(line):
            code = not code
        elif code or not line.strip():
            gap = True
        else:
            joined = unit and (
                _QUOTE_BLOCK.match(line) or not (gap or _ITEM.match(line) or _HEADING.match(unit[-1][2]))
            )
            if not joined and unit:
                yield unit
                unit = []
            unit.append((number, start, line))
            gap = False
    if unit:
        yield unit


def _claims(line: str) -> bool:
    plain = line.strip().rstrip("*_ ")
    if _HEADING.match(line) or plain.endswith((":", "?", "：", "？")):
        return False
    # A word is a word in any script; where words have no spaces, a few characters are enough.
    return len(_WORD.findall(plain)) >= _LEAST_WORDS or any(ord(letter) > 0x2E80 for letter in plain)
