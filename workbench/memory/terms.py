"""Text becomes terms: what the keyword index stores and what a query asks for, in any script.

In: passages and queries as they stand. Out: lists of terms, for ranking, and the runs that every text with a phrase has.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator

import regex

from workbench.memory.quantities import number_and_unit, quantities
from workbench.memory.spelling import LINE_HYPHEN, fold, fold_case, normalise, spelt_out
from workbench.memory.stems import stem

TERMS_VERSION = 3
"""Raised whenever the same text would give other terms: stored terms of another version must be made again."""

_WORD = r"[\p{L}\p{M}\p{N}]+"
_JOINED = rf"{_WORD}(?:[-_./:,'+&@#·]{_WORD})*"
_TOKEN = regex.compile(rf"{_JOINED}(?:\+\+|\#)?|(?<![^\s(\[{{\"'])[.\#@]{_JOINED}|[\p{{S}}--\p{{ASCII}}]", regex.V1)
"""A word, or several with signs between; C++, C#, .NET and #88 keep the sign that tells them from C, net and 88."""

_RUN = regex.compile(_WORD)
_LETTERS_OR_DIGITS = regex.compile(r"\p{N}+|[\p{L}\p{M}]+")
_UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}ー々]+")
_CUT_WORD = regex.compile(rf"({_WORD})[-\u2010\u2011]\s*\n\s*(?=({_WORD}))")
_GROUPED_NUMBER = regex.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_GROUPED_BY_POINTS = regex.compile(r"\d{1,3}(?:\.\d{3})+(?:,\d+)?|\d+,\d{1,2}")
_DECIMAL = regex.compile(r"\d+\.\d+")
_HYPHENS = regex.compile(r"[-_/]")
_LONGEST_COMPACT, _LEAST_DIGITS = 40, 8
_COMPACT_WEIGHT = 0.5

_COMMON = """
    a about after all also an and any are as at be been before being between both but by can could did do does
    during each for from had has have he her his how i if in into is it its many me more most much my no nor not of on
    one or other our out over she so some such than that the their them then there these they this those through to
    under up was we were what when where which while who whom whose why will with would you your
"""
STOP_WORDS = frozenset(_COMMON.split())
"""Common English words: they still match, with less weight. No word is ever dropped."""


def index_terms(text: str) -> list[str]:
    """Every term `text` can be found by, in order, repeated as often as it occurs; no term contains white space."""
    return [term for token in _tokens(text) for term in _indexed(token)]


def query_terms(text: str) -> dict[str, float]:
    """The terms a query asks for and their weights: a stem counts fully, its surface form adds to it."""
    weights: dict[str, float] = {}
    for token in _tokens(text):
        for term, weight in _forms(token):
            if token in STOP_WORDS:
                weight *= 0.2
            weights[term] = max(weights.get(term, 0.0), weight)
    return weights


def content_words(text: str) -> list[str]:
    """The words of a text that carry meaning, folded, in order; pairs of characters where words have no spaces."""
    found: list[str] = []
    for token in _TOKEN.findall(normalise(text)):
        if token not in STOP_WORDS:
            for stretch in _split_scripts(token):
                found.extend(_pairs(stretch) if _UNSPACED.fullmatch(stretch) else [fold(stretch.removesuffix("'s"))])
    return found


def runs(text: str) -> list[str]:
    """The plain letter-digit runs of a phrase: every passage that contains the phrase has all of them as terms."""
    found: list[str] = []
    for run in _RUN.findall(normalise(text)):
        for stretch in _split_scripts(run):
            if _UNSPACED.fullmatch(stretch):
                found.extend(_pairs(stretch))
            else:  # 5mg may stand there as 5 mg
                found.extend(number_and_unit(stretch) or (fold(stretch),))
    return [run for run in found if run != "s"]  # the s of keeper's is no term


def compact(text: str) -> str:
    """An identifier apart from its separators (AX-4410/B: ax4410b), a number apart from its groups (1.234,50: 1234.50);

    empty where too little would be left to tell it from others. What is written so, however grouped, has it as a term.
    """
    token = normalise(text)
    if _GROUPED_NUMBER.fullmatch(token):
        return token.replace(",", "")
    if _GROUPED_BY_POINTS.fullmatch(token):
        return token.replace(".", "").replace(",", ".")
    if _DECIMAL.fullmatch(token):
        return token
    if "@" in token or not _TOKEN.fullmatch(token):
        return ""
    joined = fold("".join(_RUN.findall(token)))
    telling = _LEAST_DIGITS if joined.isdecimal() else 2
    return joined if telling <= len(joined) <= _LONGEST_COMPACT else ""


def _tokens(text: str) -> Iterator[str]:
    normal = normalise(text)
    words = _TOKEN.findall(normal)
    yield from words
    yield from set(quantities(normal)).difference(words)
    if "\n" in text and LINE_HYPHEN.search(text):
        # the pieces of words cut at line ends, so that either reading is found
        for match in _CUT_WORD.finditer(text):
            yield from (fold_case(match[1]), fold_case(match[2]))


@functools.lru_cache(maxsize=200_000)
def _indexed(token: str) -> tuple[str, ...]:
    """The terms of a token, and its characters where each may be a word and the other terms are pairs of them."""
    pairs = () if token.isascii() else _UNSPACED.findall(token)
    return (*(term for term, _ in _forms(token)), *(letter for run in pairs if len(run) > 1 for letter in run))


@functools.lru_cache(maxsize=200_000)
def _forms(token: str) -> tuple[tuple[str, float], ...]:
    """The terms of a token and what each weighs in a query."""
    forms: dict[str, float] = {}
    if token.endswith("'s"):
        token = token[:-2]
    pieces = _RUN.findall(token)
    if pieces != [token]:
        forms[fold(token)] = 1.5
        if len(pieces) > 1 and (joined := compact(token)):
            forms.setdefault(joined, _COMPACT_WEIGHT)
        forms |= {fold(name.replace("'", "")): 1.0 for name in _HYPHENS.split(token) if "'" in name}
    share = 1.0 if pieces == [token] else 0.6
    for piece in pieces:
        for term, weight in _piece_forms(piece):
            forms[term] = max(forms.get(term, 0.0), weight * share)
    return tuple(forms.items())


def _piece_forms(piece: str) -> Iterator[tuple[str, float]]:
    for stretch in _split_scripts(piece):
        if _UNSPACED.fullmatch(stretch):
            yield from ((pair, 1.0) for pair in _pairs(stretch))
        else:
            yield from _word_forms(stretch)


def _word_forms(stretch: str) -> Iterator[tuple[str, float]]:
    word = fold(stretch)
    root = stem(word)
    yield (word, 1.0 if root == word else 0.4)
    if root != word:
        yield (root, 1.0)
    if (spelt := spelt_out(stretch)) != word:
        yield (spelt, 0.5)
    mixed = number_and_unit(word) or tuple(_LETTERS_OR_DIGITS.findall(word))
    if len(mixed) == 2:  # a number and its unit: 10kv, m2
        yield from ((part, 0.5) for part in mixed)


def _pairs(stretch: str) -> list[str]:
    """The pairs of characters of a stretch without spaces; one character is itself."""
    return [stretch[i : i + 2] for i in range(len(stretch) - 1)] or [stretch]


def _split_scripts(run: str) -> Iterator[str]:
    """A run in stretches of scripts with spaces between words and of scripts without."""
    position = 0
    for match in _UNSPACED.finditer(run):
        if match.start() > position:
            yield run[position : match.start()]
        yield match[0]
        position = match.end()
    if position < len(run):
        yield run[position:]
