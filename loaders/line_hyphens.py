"""Puts words together that a PDF's lines had cut at a hyphen, so that a quote reads as a person would write it.

Whether the hyphen belongs to the word is told by the document's own words: "inter-/national" is one where "international"
stands elsewhere, or where its halves are no words; "well-/known" and "Trace-/Monkey" keep theirs.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Sequence

MARK = "\ufdd0"
"""Stands where a line ended in a hyphen; it is a character that no text has."""

_CUT = re.compile(rf"(?<!\S)(\S*){MARK}([ \t]*\n)?[ \t]*(\S+)[ \t]*(\n?)")
_LEFT = re.compile(r"(-?)([^\W\d_]+)$")
_RIGHT = re.compile(r"^[^\W\d_]+")
_WORDS = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_SPACE = re.compile(r"\s")
_ENGLISH = frozenset(("the", "of", "and", "The", "Of", "And"))
_CLOSED = frozenset(
    word
    for small in ("der", "und", "die", "het", "een", "och", "att", "og", "det")
    for word in (small, small.capitalize())
)
"""Words of English, and of languages that write compounds as one word."""

_ADDRESS = re.compile(r"://|^www\.|@", re.IGNORECASE)
"""An address of the web keeps the hyphen at which a line cut it."""

_NUMBER = re.compile(
    r"(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)-"
    r"(?:one|two|three|four|five|six|seven|eight|nine|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)"
)
_SAMPLE_CHARS = 50_000


def rejoined(texts: Sequence[str]) -> list[str]:
    """The texts of a document's pages with the words that were cut at MARK whole, on the line where they begin."""
    if not any(MARK in text for text in texts):
        return list(texts)
    # Words are looked for in the different tokens of the document, which are a fifth of its text.
    tokens = set[str]().union(*(_without_cuts(text).split() for text in texts))
    folded = "\n".join(tokens).casefold().split("\n")
    known = set(filter(str.isalpha, folded))  # most tokens, for which no pattern is needed
    known.update(_WORDS.findall("\n".join(token for token in folded if token not in known)))

    @functools.cache
    def closed() -> bool:
        # Asked for by few documents.
        words = "\n".join(texts)[:_SAMPLE_CHARS].split()
        return sum(map(_CLOSED.__contains__, words)) > sum(map(_ENGLISH.__contains__, words))

    def whole(match: re.Match[str]) -> str:
        before, line_end, after = match[1], match[2], match[3]
        left, right = _LEFT.search(before), _RIGHT.match(after)
        if not before:
            return f"-{line_end or ' '}{after}{match[4]}"
        goes_on = "" if match.end() == len(match.string) else "\n" if line_end or match[4] else " "
        one_word = (
            left is not None and right is not None and _is_one_word(left[2], right[0], bool(left[1]), known, closed)
        )
        hyphen = "" if one_word and not _ADDRESS.search(f"{before}-{after}") else "-"
        return f"{before}{hyphen}{after}{goes_on}"

    return [text if MARK not in text else _twice(text, whole) for text in texts]


def _twice(text: str, whole: Callable[[re.Match[str]], str]) -> str:
    # What was cut twice in a row is put together in two turns.
    for _ in range(3):
        if MARK in text:
            text = _replaced(text, whole)
    return text.replace(MARK, "-")


def _without_cuts(text: str) -> str:
    return _replaced(text, lambda match: "\n") if MARK in text else text


def _replaced(text: str, replacement: Callable[[re.Match[str]], str]) -> str:
    parts, end = list[str](), 0
    for match in _cuts(text):
        parts += (text[end : match.start()], replacement(match))
        end = match.end()
    return "".join((*parts, text[end:]))


def _cuts(text: str) -> Iterator[re.Match[str]]:
    """What _CUT finds in a text, one after the other; it is tried at the tokens with a MARK only, which are few."""
    end = 0
    while (mark := text.find(MARK, end)) >= 0:
        start = mark
        while start > end and not text[start - 1].isspace():
            start -= 1
        if match := _CUT.match(text, start):
            yield match
            end = match.end()
        else:
            space = _SPACE.search(text, mark)
            end = space.end() if space else len(text)


def _is_one_word(left: str, right: str, compound: bool, known: set[str], closed: Callable[[], bool]) -> bool:
    """Whether two halves are one word; `compound`: the first is itself behind a hyphen, as in "stop-the-/world"."""
    if right[0].isupper() and not left.isupper():
        return False
    first, second = left.casefold(), right.casefold()
    if first + second in known:
        return True
    if f"{first}-{second}" in known or _NUMBER.fullmatch(f"{first}-{second}"):
        return False
    return not compound and (not (first in known and second in known) or closed())
