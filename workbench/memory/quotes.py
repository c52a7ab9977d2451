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
_ELLIPSIS = re.compile(r"\s*(?:\[?…\]?|\[?\.\.\.\]?)\s*")


@functools.lru_cache(maxsize=256)
def fold(text: str) -> str:
    """Text as quotes are compared: ligatures taken apart, quotation marks and dashes alike, hyphens between letters

    dropped (they may come from the end of a line), white space single. Digits, signs and case stay as they are.
    """
    # A soft hyphen is an invisible break inside a word; a real hyphen before a line break cannot be told from one.
    joined = _LINE_HYPHEN.sub("", unicodedata.normalize("NFKC", text).translate(_FOLD))
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
    """Whether a match starts and ends at the edge of a word: "1,2" is not a quote of "11,20"."""
    before = start > 0 and _joins(page[start - 1], page[start])
    after = end < len(page) and _joins(page[end - 1], page[end])
    if start > 1 and page[start - 1] in ".," and page[start - 2].isdigit() and page[start].isdigit():
        before = True
    if end + 1 < len(page) and page[end] in ".," and page[end + 1].isdigit() and page[end - 1].isdigit():
        after = True
    return not (before or after)


def _joins(left: str, right: str) -> bool:
    # Scripts without spaces have no word edges to respect.
    if ord(left) >= 0x2E80 or ord(right) >= 0x2E80:
        return False
    return left.isalnum() and right.isalnum()
