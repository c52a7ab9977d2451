"""Where a passage says what was looked for: its text from the sentence on that holds most words of the query, those words marked.

It only decides what people see first: ranking has its own analysis of words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from workbench.core.sanitize import sanitize
from workbench.text.stop_words import STOP_WORDS

_SENTENCE = re.compile(r"(?<=[.!?。！？])\s+|\n+")
_WORD = re.compile(r"\d+(?:[.,:/]\d+)+|\w+")
_RULE = re.compile(r"^[\s|:-]+$", re.MULTILINE)
_MARKUP = re.compile(r"^\s*(?:#{1,6}\s+|>\s?|[-*+]\s+|\|)|\*\*|__|`|(?<=\s)\|(?=\s)|\|\s*$", re.MULTILINE)
_SHORTEST = 3
"""Shorter words say too little to be looked for by their beginning."""


@dataclass(frozen=True)
class Match:
    """`pieces` are (text, whether it is a word of the query); `cut`: sentences before them were left out."""

    pieces: tuple[tuple[str, bool], ...]
    cut: bool = False


def best_first(text: str, query: str) -> Match:
    """`text` from the sentence on that holds most words of the query; all of it where none does."""
    stems = _stems(query)
    sentences = [sentence.strip() for sentence in _SENTENCE.split(plain(text)) if sentence.strip()]
    if not sentences:
        return Match(())
    scores = [
        len({_stem(word.lower()) for word in _WORD.findall(sentence) if _matches(word, stems)})
        for sentence in sentences
    ]
    best = scores.index(max(scores))
    shown = " ".join(sentences[best:])
    pieces: list[tuple[str, bool]] = []
    at = 0
    for match in _WORD.finditer(shown):
        if _matches(match.group(), stems):
            pieces += [(shown[at : match.start()], False), (match.group(), True)]
            at = match.end()
    pieces.append((shown[at:], False))
    return Match(tuple(piece for piece in pieces if piece[0]), best > 0)


def plain(text: str) -> str:
    """`text`, cleaned, without the signs of Markdown at the start of lines and around words."""
    return _MARKUP.sub("", _RULE.sub("", sanitize(text)))


def _stem(word: str) -> str:
    """The beginning that forms of one word share, roughly."""
    return word[: max(4, len(word) - 3)] if len(word) > 4 else word


def _stems(query: str) -> set[str]:
    words = [word for word in _WORD.findall(query.lower()) if len(word) >= _SHORTEST or not word.isascii()]
    telling = [word for word in words if word not in STOP_WORDS]
    return {_stem(word) for word in telling or words}


def _matches(word: str, stems: set[str]) -> bool:
    low = word.lower()
    return any(low.startswith(stem) for stem in stems if len(stem) > 3) or low in stems


def quote_span(text: str, quote: str) -> tuple[int, int] | None:
    """Where a quote stands in a page, whatever its blanks and line ends; None where it does not stand word for word."""
    match = across_lines(quote).search(text) if quote.strip() else None
    return match.span() if match else None


def across_lines(words: str) -> re.Pattern[str]:
    """Finds words whatever stands between them, and behind a hyphen, as blanks and line ends."""
    return re.compile(r"\s+".join(re.escape(word).replace(r"\-", r"-\s*") for word in words.split()))
