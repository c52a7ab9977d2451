"""Finds the sentence of a passage that fits a query best, and marks the words of the query in it."""

from __future__ import annotations

import re

from textual.content import Content

from workbench.core.sanitize import sanitize

_SENTENCE = re.compile(r"(?<=[.!?。！？])\s+|\n+")
_WORD = re.compile(r"\w+")
_RULE = re.compile(r"^[\s|:-]+$", re.MULTILINE)
_MARKUP = re.compile(r"^\s*(?:#{1,6}\s+|>\s?|[-*+]\s+|\|)|\*\*|__|`|(?<=\s)\|(?=\s)|\|\s*$", re.MULTILINE)
_SHORTEST = 3
"""Shorter words say too little to be looked for by their beginning."""


def plain(text: str) -> str:
    """`text` without the signs of Markdown at the start of lines and around words."""
    return _MARKUP.sub("", _RULE.sub("", sanitize(text)))


def _stem(word: str) -> str:
    """The beginning that forms of one word share, roughly: this only decides what is shown first."""
    return word[: max(4, len(word) - 3)] if len(word) > 4 else word


def _stems(query: str) -> set[str]:
    return {_stem(word) for word in _WORD.findall(query.lower()) if len(word) >= _SHORTEST or not word.isascii()}


def _matches(word: str, stems: set[str]) -> bool:
    low = word.lower()
    return any(low.startswith(stem) for stem in stems if len(stem) > 3) or low in stems


def best_first(text: str, query: str) -> Content:
    """`text` from the sentence on that holds most words of the query, those words bold; all of it where none does."""
    stems = _stems(query)
    sentences = [sentence.strip() for sentence in _SENTENCE.split(plain(text)) if sentence.strip()]
    if not sentences:
        return Content("")

    def score(sentence: str) -> int:
        return len({_stem(word.lower()) for word in _WORD.findall(sentence) if _matches(word, stems)})

    scores = [score(sentence) for sentence in sentences]
    best = scores.index(max(scores))
    shown = " ".join(sentences[best:])
    pieces: list[tuple[str, str]] = [("… ", "$muted")] if best else []
    at = 0
    for match in _WORD.finditer(shown):
        if _matches(match.group(), stems):
            pieces += [(shown[at : match.start()], ""), (match.group(), "bold $accent")]
            at = match.end()
    return Content.assemble(*pieces, shown[at:])
