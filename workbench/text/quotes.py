"""Verifies that a page says exactly what a quote says."""

from __future__ import annotations

import re
import unicodedata

from workbench.core.text_cache import text_cache

_FOLD = str.maketrans(
    {
        "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‟": '"', "‘": "'", "’": "'", "‚": "'", "‛": "'", "`": "'", "´": "'",
        "–": "-", "—": "-", "‐": "-", "‑": "-", "‒": "-", "−": "-", "\ufffe": "-", "\u00ad": "", "\u200b": "", "\ufeff": "",
        "\u200c": "", "\u2060": "",
    }
)  # fmt: skip
_LINE_HYPHEN = re.compile(r"(?<=[^\W\d_])[-\u00ad\ufffe]\s*(?=[^\W\d_])")
_SOFT_HYPHEN = re.compile("\u00ad\\s*")
_NUMBER_BREAK = re.compile(r"(?<=\d)-\s+(?=\d)")
_RAISED = re.compile(r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻]+")
"""Raised figures are exponents and marks of notes: 10⁶ is not 106."""
_ELLIPSIS = re.compile(r"\s*[\[(]?\s*(?:…+|\.(?:\s?\.){2,})\s*[\])]?\s*")
_NEGATION = re.compile(
    r"\b(?:not|no|never|nor|neither|none|cannot|without|hardly|nicht|kein\w*|nie|pas|jamais|aucun\w*|non|nunca|ni)\b|n['’]t\b"
    r"|[不没沒未非無无]|ない|ません|\b(?:لا|لم|لن|ليس|غير|לא|אין|не|нет)\b",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"[.!?。！？](?:\s|$)|[。！？]")
_UNSPACED = 0x2E80
_MANY_WORDS, _MANY_CHARS = 3, 6
_TRIED = 50


@text_cache(256)
def fold(text: str) -> str:
    """Text as quotes are compared: ligatures taken apart, quotation marks and dashes alike, hyphens between letters

    dropped (they may come from the end of a line), white space single. Digits, signs and case stay as they are.
    """
    # A soft hyphen is an invisible break inside a word; a real hyphen before a line break cannot be told from one.
    whole = _SOFT_HYPHEN.sub("", _RAISED.sub(r"^\g<0>", text))
    plain = unicodedata.normalize("NFKC", whole).translate(_FOLD)
    joined = _LINE_HYPHEN.sub("", _NUMBER_BREAK.sub("-", plain))
    return " ".join(joined.split())


def negates(text: str) -> bool:
    """Whether a text holds a word that denies, in any of the languages known here."""
    return _NEGATION.search(text) is not None


def is_on_page(quote: str, page_text: str) -> bool:
    """Whether the page holds the quote, word for word. Parts around an ellipsis must follow one another there.

    What an ellipsis leaves out of a sentence must hold no negation; and a part of one or two words belongs to the sentence
    that the ellipsis stands in: else two sentences could be made into a third.
    """
    page, whole = fold(page_text), fold(quote)
    if not any(map(str.isalnum, whole)):
        return False
    if _find(page, whole, 0) >= 0:  # dots may be the page's own
        return True
    parts = [part for part in (fold(part) for part in _ELLIPSIS.split(quote)) if part]
    return len(parts) > 1 and _follow(page, parts, 0, 0)


def _follow(page: str, parts: list[str], number: int, after: int) -> bool:
    """Whether parts from `number` on stand on the page one after the other, the part before ending at `after`."""
    if number == len(parts):
        return True
    at = _find(page, parts[number], after)
    if number and _SENTENCE_END.search(page[after:at]) is None and negates(page[after : max(after, at)]):
        return False
    for _ in range(_TRIED):
        if at < 0:
            return False
        fits = not number or _may_leave_out(page[after:at], parts[number - 1], parts[number])
        if fits and _follow(page, parts, number + 1, at + len(parts[number])):
            return True
        at = _find(page, parts[number], at + 1)
    return False


def _may_leave_out(gap: str, before: str, behind: str) -> bool:
    if not any(map(str.isalnum, gap)):
        return True  # the page's own dots
    if _SENTENCE_END.search(gap) or _SENTENCE_END.search(before[-1:]):
        return all(
            len(part.split()) >= _MANY_WORDS or sum(ord(letter) >= _UNSPACED for letter in part) >= _MANY_CHARS
            for part in (before, behind)
        )
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
    if before and page[start] in _INSIDE and before[-1].isdigit() and page[start + 1 : start + 2].isdigit():
        return False  # ".5" is not a quote of "1.5"
    if not after:
        return True
    if _joins(page[end - 1], after[0]) or (page[end - 1].isdigit() and after[0] in _OF_A_NUMBER):
        return False
    if page[end - 1] in _INSIDE and page[end - 2 : end - 1].isdigit() and after[0].isdigit():
        return False  # nor "1." of it
    return not (len(after) == 2 and page[end - 1].isdigit() and after[0] in _INSIDE and after[1].isdigit())


_INSIDE, _OF_A_NUMBER = (".", ",", "-"), "%‰°^"
_POINTS = (".", ",")


def _is_amount(letter: str) -> bool:
    return letter.isdigit() or unicodedata.category(letter) == "Sc"


def _joins(left: str, right: str) -> bool:
    # Scripts without spaces have no word edges to respect.
    if ord(left) >= _UNSPACED or ord(right) >= _UNSPACED:
        return False
    return left.isalnum() and right.isalnum()
