"""Quotes: a quote and a page's text go in; whether the page says exactly that comes out. No tokens are spent."""

from __future__ import annotations

import functools
import re
import unicodedata

_FOLD = str.maketrans(
    {
        "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‟": '"', "‘": "'", "’": "'", "‚": "'", "‛": "'", "`": "'", "´": "'",
        "–": "-", "—": "-", "‐": "-", "‑": "-", "‒": "-", "−": "-", "\ufffe": "-", "\u00ad": "", "\u200b": "", "\ufeff": "",
        "\u200c": "", "\u2060": "",
    }
)  # fmt: skip
_LINE_HYPHEN = re.compile(r"(?<=[^\W\d_])[-\u00ad\ufffe]\s*(?=[^\W\d_])")
_SOFT_HYPHEN = re.compile("\u00ad\\s*")
_NUMBER_BREAK = re.compile(r"(?<=\d)-[^\S\n]*\n\s*(?=\d)")
_RAISED = re.compile(r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻]+")
"""Raised figures are exponents and marks of notes: 10⁶ is not 106."""
_ELLIPSIS = re.compile(r"\s*(?:\[?…\]?|\[?\.\.\.\]?)\s*")


@functools.lru_cache(maxsize=256)
def fold(text: str) -> str:
    """Text as quotes are compared: ligatures taken apart, quotation marks and dashes alike, hyphens between letters

    dropped (they may come from the end of a line), white space single. Digits, signs and case stay as they are.
    """
    # A soft hyphen is an invisible break inside a word; a real hyphen before a line break cannot be told from one.
    whole = _SOFT_HYPHEN.sub("", _RAISED.sub(r"^\g<0>", text))
    plain = unicodedata.normalize("NFKC", whole).translate(_FOLD)
    joined = _LINE_HYPHEN.sub("", _NUMBER_BREAK.sub("-", plain))
    return " ".join(joined.split())


def is_on_page(quote: str, page_text: str) -> bool:
    """Whether the page holds the quote, word for word. Parts around an ellipsis must follow one another there."""
    page = fold(page_text)
    at = 0
    parts = [part for part in (fold(part) for part in _ELLIPSIS.split(quote)) if part]
    if not parts:
        return False
    for part in parts:
        found = _find(page, part, at)
        if found < 0:
            return False
        at = found + len(part)
    return True


def _find(page: str, part: str, start: int) -> int:
    at = page.find(part, start)
    while at >= 0:
        if _whole(page, at, at + len(part)):
            return at
        at = page.find(part, at + 1)
    return -1


def _whole(page: str, start: int, end: int) -> bool:
    """Whether a match starts and ends at the edge of a word or number: "1,2" is not a quote of "11,20", nor "5" of "-5"."""
    before = page[max(0, start - 2) : start]
    after = page[end : end + 2]
    if before and (_joins(before[-1], page[start]) or (_is_amount(page[start]) and before[-1] == "-")):
        return False
    if page[start].isdigit() and before[-1:] in _POINTS and before[:1].isdigit() and len(before) == 2:
        return False
    if after and _joins(page[end - 1], after[0]):
        return False
    return not (len(after) == 2 and page[end - 1].isdigit() and after[0] in ".,-" and after[1].isdigit())


_POINTS = (".", ",")


def _is_amount(letter: str) -> bool:
    return letter.isdigit() or unicodedata.category(letter) == "Sc"


def _joins(left: str, right: str) -> bool:
    # Scripts without spaces have no word edges to respect.
    if ord(left) >= 0x2E80 or ord(right) >= 0x2E80:
        return False
    return left.isalnum() and right.isalnum()
