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
    """Words in capitals whose first letters are these."""
    return re.compile(rf"(?<!\w){_words_of(acronym)}(?!\w)")


def _words_of(acronym: str) -> str:
    """A pattern of words whose first letters are these; small words may stand between them."""
    gap = rf"[\s-]+(?:{_SMALL}\s+){{0,2}}"
    return gap.join(rf"{letter}[^\W\d_]+" for letter in acronym)


def spells_out(question: str, text: str) -> bool:
    """Whether a text sets an acronym that the question asks the words of beside those words: "Linear Reference System (LRS)".

    True only of questions that ask what letters stand for.
    """
    if not _ASKS_FOR_WORDS.search(question):
        return False
    acronyms = dict.fromkeys(_LETTERS.findall(question))
    return any(acronym in text and _beside(acronym).search(text) is not None for acronym in acronyms)


_ASKS_FOR_WORDS = re.compile(
    r"\b(?:stands? for|short for|abbreviat\w+|acronym|spelled out|wofür steh\w+|abkürzung|abgekürzt|sigle|acronyme|abréviation|siglas?"
    r"|acrónimo|abreviatura)\b|缩写|略語|何の略",
    re.IGNORECASE,
)
_LETTERS = re.compile(r"(?<![\w.])[A-Z][A-Za-z]{0,6}[A-Z](?!\w)")


@text_cache(64)
def _beside(acronym: str) -> re.Pattern[str]:
    """Words whose first letters are these, in any case, right before or behind the acronym."""
    long, short = _words_of(acronym), re.escape(acronym)
    between = r"(?:\W{1,4}|\W+(?:stands for|is short for|means)\W+(?:the )?)"
    return re.compile(rf"(?<!\w)(?i:{long})\W{{1,3}}{short}(?!\w)|(?<!\w){short}{between}(?i:{long})(?!\w)")
