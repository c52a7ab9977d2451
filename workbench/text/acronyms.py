"""Knows the words that an acronym stands for: "CEO" is asked for, "Chief Executive Officer" is written."""

from __future__ import annotations

import re

from workbench.core.text_cache import text_cache

_ACRONYM = re.compile(r"(?<![\w.])[A-Z]{3,6}(?![\w.]*[A-Z])")
_SMALL = r"(?:of|and|the|for|in|on|to|de|des|du|der|und|für|del|la|y)"


def written_short(question: str, text: str) -> str:
    """A text in which names whose initials are an acronym of the question are written as that acronym.

    Two letters stand for too many things to be known so.
    """
    for acronym in dict.fromkeys(_ACRONYM.findall(question)):
        text = _spelled(acronym).sub(acronym, text)
    return text


@text_cache(64)
def _spelled(acronym: str) -> re.Pattern[str]:
    """Words in capitals whose first letters are these; small words may stand between them."""
    gap = rf"[\s-]+(?:{_SMALL}\s+){{0,2}}"
    return re.compile(r"(?<!\w)" + gap.join(rf"{letter}[^\W\d_]+" for letter in acronym) + r"(?!\w)")
