"""Whether a phrase stands in a text, word for word: compared in normalised form, between word boundaries."""

from __future__ import annotations

import functools

import regex

from workbench.memory import terms

_SPACED = r"[[\p{L}\p{M}\p{N}]--[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}ー々]]"
"""A character of a word that ends where the script says so; in the other scripts a phrase may begin anywhere."""
_EDGE = regex.compile(_SPACED, regex.V1)


@functools.lru_cache(maxsize=256)
def pattern(phrase: str) -> regex.Pattern[str]:
    """The compiled form of a phrase for normalised text. A word must not go on beyond the phrase's ends: `HX-20` is
    not in `HX-204`. Scripts written without spaces have no such ends."""
    normal = terms.normalise(phrase)
    body = regex.escape(normal).replace("\\ ", " ").replace(" ", r"\s")
    body = regex.sub(r"§(?:\\s)?", lambda _: r"§\s?", body)
    before = f"(?<!{_SPACED})" if _EDGE.match(normal[:1]) else ""
    after = f"(?!{_SPACED})" if _EDGE.match(normal[-1:]) else ""
    return regex.compile(before + body + after, regex.V1)


def contains(text: str, phrase: str) -> bool:
    """Whether `phrase` stands in `text`, whatever the case, spacing, dashes, or breaks of words at line ends."""
    if pattern(phrase).search(terms.normalise(text)):
        return True
    return "-" in phrase and bool(pattern(phrase).search(terms.normalise_keeping_hyphens(text)))
