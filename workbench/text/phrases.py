"""Decides whether a phrase occurs in a text, in normalised form and between word boundaries."""

from __future__ import annotations

import regex

from workbench.core.text_cache import text_cache
from workbench.text.analyzer import QUANTITY, normalise, normalise_keeping_hyphens

_SPACED = r"[[\p{L}\p{M}\p{N}]--[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}ー々]]"
"""A character of a word that ends where the script says so; in the other scripts a phrase may begin anywhere."""
_EDGE = regex.compile(_SPACED, regex.V1)


@text_cache(256)
def pattern(phrase: str) -> regex.Pattern[str]:
    """The compiled form of a phrase for normalised text. A word must not go on beyond the phrase's ends: `HX-20` is
    not in `HX-204`. A quantity may be written together or apart. Scripts written without spaces have no such ends."""
    normal = normalise(phrase)
    body, done = "", 0
    for quantity in QUANTITY.finditer(normal):
        body += _literal(normal[done : quantity.start()]) + rf"{_literal(quantity[1])}\s?{_literal(quantity[2])}"
        done = quantity.end()
    body += _literal(normal[done:])
    before = f"(?<!{_SPACED})" if _EDGE.match(normal[:1]) else ""
    after = f"(?!{_SPACED})" if _EDGE.match(normal[-1:]) else ""
    return regex.compile(before + body + after, regex.V1)


def _literal(normal: str) -> str:
    body = regex.escape(normal).replace("\\ ", " ").replace(" ", r"\s")
    return str(regex.sub(r"([§°])(?:\\s)?", lambda sign: rf"{sign[1]}\s?", body))


def contains(text: str, phrase: str) -> bool:
    """Whether `phrase` stands in `text`, whatever the case, spacing, dashes, or breaks of words at line ends."""
    if pattern(phrase).search(normalise(text)):
        return True
    return "-" in phrase and bool(pattern(phrase).search(normalise_keeping_hyphens(text)))
