"""Resolves a question that leans on the last exchange ("and who built it?") into one that can be searched for by itself."""

# ruff: noqa: E501 - a pattern is one line for each language

from __future__ import annotations

import re

from workbench.models.extractive.languages import language_of
from workbench.models.extractive.names import names

_OPENS = re.compile(
    r"^\W*(?:and|but|also|und|aber|et|mais|y|pero|那么?|それで|では)(?:\b|(?<=[么那でそれ]))", re.IGNORECASE
)
_POINTS = {
    "en": re.compile(r"\b(?:it|its|he|him|his|she|her|hers|they|them|their|there|then|one|ones|this|that|these|those)\b", re.IGNORECASE),
    "de": re.compile(r"\b(?:er|sie|es|ihn|ihm|ihnen|ihr|ihre[rnms]?|sein(?:e[rnms]?)?|davon|dort|dazu|darin|dieser?|dieses|diesen|diese[mn])\b", re.IGNORECASE),
    "fr": re.compile(r"\b(?:il|elle|ils|elles|lui|leur|leurs|son|sa|ses|en|y|cela|celui-ci|celle-ci)\b", re.IGNORECASE),
    "es": re.compile(r"\b(?:él|ella|ellos|ellas|lo|le|les|su|sus|ese|esa|eso|este|esta|esto|allí)\b", re.IGNORECASE),
    "zh": re.compile(r"[他她它]们?|这个?|那个?|其中"),
    "ja": re.compile(r"それ|これ|その|この|彼|彼女|そこ"),
}  # fmt: skip
_MOST_TERMS = 4
"""A question with more words of its own than these says itself what it is about."""

_TOPIC_NAMES = 3
_QUOTE = re.compile(r'"([^"\n]{4,})" \[')
_ASKING = frozenset("name named called many much kind sort".split())


def resolved(question: str, before: tuple[str, str]) -> str:
    """The question with what the last one was about added, or as it is when it leans on nothing."""
    asked, answered = before
    if not asked or not _leans(question):
        return question
    topic = " ".join(_topic(asked, answered, question))
    return f"{question} ({topic})" if topic else question


def _leans(question: str) -> bool:
    language = language_of(question)
    if _OPENS.search(question):
        return True
    points = _POINTS.get(language.code)
    own = [word for word in _words(question) if word.lower() not in language.function_words]
    named = names(question) if language.spaced and not language.capitalised_nouns else ()
    return bool(points and points.search(question)) and not named and len(own) <= _MOST_TERMS


def _topic(asked: str, answered: str, question: str) -> list[str]:
    """What the last exchange was about: the names it asked about, or its words and the names of the first quote."""
    language = language_of(asked)
    here = question.lower()
    asked = re.sub(r"[?？!。.]+\s*$", "", asked)
    named = [name for name in names(asked) if name.lower() not in here]
    if named:
        return named[:_TOPIC_NAMES]
    if not language.spaced:
        return [asked]
    skipped = language.function_words | _ASKING
    words = [word for word in _words(asked) if word.lower() not in skipped and word.lower() not in here]
    quote = _QUOTE.search(answered)
    brought = [name for name in names(quote.group(1)) if name.lower() not in here] if quote else []
    return [*words, *brought[: _TOPIC_NAMES - 1]]


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+(?:['’\-][^\W_]+)*", text)
