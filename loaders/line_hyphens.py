"""Puts words together that a PDF's lines had cut at a hyphen, so that a quote reads as a person would write it.

Whether the hyphen belongs to the word is told by the document's own words: "inter-/national" is one where "international"
stands elsewhere, or where its halves are no words; "well-/known" and "Trace-/Monkey" keep theirs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

MARK = "\ufdd0"
"""Stands where a line ended in a hyphen; it is a character that no text has."""

_CUT = re.compile(rf"(?<!\S)(\S*){MARK}([ \t]*\n)?[ \t]*(\S+)[ \t]*(\n?)")
_LEFT = re.compile(r"(-?)([^\W\d_]+)$")
_RIGHT = re.compile(r"^[^\W\d_]+")
_WORDS = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_ENGLISH, _CLOSED = re.compile(r"\b(?:the|of|and)\b"), re.compile(r"\b(?:der|und|die|het|een|och|att|og|det)\b")
"""Words of English, and of languages that write compounds as one word."""


def rejoined(texts: Sequence[str]) -> list[str]:
    """The texts of a document's pages with the words that were cut at MARK whole, on the line where they begin."""
    if not any(MARK in text for text in texts):
        return list(texts)
    known = {word for text in texts for word in _WORDS.findall(_CUT.sub("\n", text).casefold())}
    sample = "\n".join(texts)[:200_000].casefold()
    closed = len(_CLOSED.findall(sample)) > len(_ENGLISH.findall(sample))

    def whole(match: re.Match[str]) -> str:
        before, line_end, after = match[1], match[2], match[3]
        left, right = _LEFT.search(before), _RIGHT.match(after)
        if not before:
            return f"-{line_end or ' '}{after}{match[4]}"
        goes_on = "" if match.end() == len(match.string) else "\n" if line_end or match[4] else " "
        one_word = (
            left is not None and right is not None and _is_one_word(left[2], right[0], bool(left[1]), known, closed)
        )
        hyphen = "" if one_word else "-"
        return f"{before}{hyphen}{after}{goes_on}"

    return [text if MARK not in text else _twice(text, whole) for text in texts]


def _twice(text: str, whole: Callable[[re.Match[str]], str]) -> str:
    # What was cut twice in a row is put together in two turns.
    for _ in range(3):
        text = _CUT.sub(whole, text)
    return text.replace(MARK, "-")


def _is_one_word(left: str, right: str, compound: bool, known: set[str], closed: bool) -> bool:
    """Whether two halves are one word; `compound`: the first is itself behind a hyphen, as in "stop-the-/world"."""
    if right[0].isupper() and not left.isupper():
        return False
    first, second = left.casefold(), right.casefold()
    if first + second in known:
        return True
    if f"{first}-{second}" in known:
        return False
    return not compound and (closed or not (first in known and second in known))
