"""Text becomes terms: what the keyword index stores and what a query asks for, in any script.

In: passages and queries as they stand. Out: normalised text (for exact phrases) and lists of terms (for ranking).
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

import regex

TERMS_VERSION = 2
"""Raised whenever the same text would give other terms: stored terms of another version must be made again."""

_LINE_HYPHEN = regex.compile(r"(?<=\p{L})[-\u2010\u2011]\s*\n\s*(?=\p{Ll})")
_INVISIBLE = regex.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\u0640]")
_VOWEL_POINTS = regex.compile(r"[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670]")
_PUNCTUATION = str.maketrans(
    {"‘": "'", "’": "'", "‚": "'", "‛": "'", "ʼ": "'", "“": '"', "”": '"', "„": '"', "‟": '"'}
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-")
    | {"أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ة": "ه", "ؤ": "و", "ئ": "ي"}
)

_WORD = r"[\p{L}\p{M}\p{N}]+"
_TOKEN = regex.compile(rf"{_WORD}(?:[-_./:,'+&@#·]{_WORD})*")
_RUN = regex.compile(_WORD)
_LETTERS_OR_DIGITS = regex.compile(r"\p{N}+|[\p{L}\p{M}]+")
_UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}ー々]+")
_CUT_WORD = regex.compile(rf"({_WORD})[-\u2010\u2011]\s*\n\s*(?=({_WORD}))")
_GROUPED_NUMBER = regex.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_MARK = regex.compile(r"\p{Mn}+")
_FOLDABLE = regex.compile(r"[\p{Latin}\p{Greek}\p{Cyrillic}]")

_COMMON = """
    a about after all also an and any are as at be been before being between both but by can could did do does
    during each for from had has have he her his how i if in into is it its many me more most much my no nor not of on
    one or other our out over she so some such than that the their them then there these they this those through to
    under up was we were what when where which while who whom whose why will with would you your
"""
STOP_WORDS = frozenset(_COMMON.split())
"""Common English words: they still match, with less weight. No word is ever dropped."""


def normalise(text: str) -> str:
    """Text as exact phrases are compared: NFKC, casefold, one space between words, words cut at line ends joined."""
    return _fold_case(_LINE_HYPHEN.sub("", text) if "\n" in text else text)


def normalise_keeping_hyphens(text: str) -> str:
    """As `normalise`, but a hyphen at a line end is kept: the other reading of `well-\\nknown`."""
    return _fold_case(_LINE_HYPHEN.sub("-", text))


def _fold_case(text: str) -> str:
    if text.isascii():
        text = text.lower()
    else:
        text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
        text = _VOWEL_POINTS.sub("", _INVISIBLE.sub("", text)).translate(_PUNCTUATION)
    return " ".join(text.split())


def index_terms(text: str) -> list[str]:
    """Every term `text` can be found by, in order, repeated as often as it occurs; no term contains white space."""
    return [term for token in _tokens(text) for term, _ in _forms_cached(token)]


def query_terms(text: str) -> dict[str, float]:
    """The terms a query asks for and their weights: a stem counts fully, its surface form adds to it."""
    weights: dict[str, float] = {}
    for token in _tokens(text):
        for term, weight in _forms(token).items():
            if token in STOP_WORDS:
                weight *= 0.2
            weights[term] = max(weights.get(term, 0.0), weight)
    return weights


def content_words(text: str) -> list[str]:
    """The words of a text that carry meaning, folded, in order; pairs of characters where words have no spaces."""
    found: list[str] = []
    for token in _tokens(text):
        if token not in STOP_WORDS:
            found.extend(_unspaced_parts(token) if _UNSPACED.search(token) else [fold(token.removesuffix("'s"))])
    return found


def runs(text: str) -> list[str]:
    """The plain letter-digit runs of a phrase: every passage that contains the phrase has all of them as terms."""
    found: list[str] = []
    for run in _RUN.findall(normalise(text)):
        for stretch in _split_scripts(run):
            if not _UNSPACED.fullmatch(stretch):
                found.append(fold(stretch))
            else:  # a lone character may be half of any pair in the passage: it says nothing
                found.extend(stretch[i : i + 2] for i in range(len(stretch) - 1))
    return [run for run in found if run != "s"]  # the s of keeper's is no term


def _tokens(text: str) -> Iterator[str]:
    joined = normalise(text)
    yield from _TOKEN.findall(joined)
    if "\n" in text and _LINE_HYPHEN.search(
        text
    ):  # the pieces of words cut at line ends, so that either reading is found
        for match in _CUT_WORD.finditer(text):
            yield from (_fold_case(match[1]), _fold_case(match[2]))


@functools.lru_cache(maxsize=200_000)
def _forms_cached(token: str) -> tuple[tuple[str, float], ...]:
    forms: dict[str, float] = {}
    if token.endswith("'s"):
        token = token[:-2]
    pieces = _RUN.findall(token)
    if len(pieces) > 1:
        forms[fold(token)] = 1.5
        if _GROUPED_NUMBER.fullmatch(token):
            forms[token.replace(",", "")] = 1.5
        if "'" in token:
            forms[fold(token.replace("'", ""))] = 1.0
    share = 1.0 if len(pieces) == 1 else 0.6
    for piece in pieces:
        for term, weight in _piece_forms(piece):
            forms[term] = max(forms.get(term, 0.0), weight * share)
    return tuple(forms.items())


def _forms(token: str) -> dict[str, float]:
    return dict(_forms_cached(token))


def _piece_forms(piece: str) -> Iterator[tuple[str, float]]:
    parts = list(_unspaced_parts(piece))
    if parts:
        yield from ((part, 1.0) for part in parts)
        return
    word = fold(piece)
    root = stem(word)
    yield (word, 1.0 if root == word else 0.4)
    if root != word:
        yield (root, 1.0)
    mixed = _LETTERS_OR_DIGITS.findall(word)
    if len(mixed) == 2:  # a number and its unit: 10kv, m2
        yield from ((part, 0.5) for part in mixed)


def _unspaced_parts(run: str) -> Iterator[str]:
    """Character pairs of scripts written without spaces; a run of one character is itself."""
    if run.isascii() or not _UNSPACED.search(run):
        return
    for stretch in _split_scripts(run):
        if not _UNSPACED.fullmatch(stretch):
            yield fold(stretch)
        elif len(stretch) == 1:
            yield stretch
        else:
            yield from (stretch[i : i + 2] for i in range(len(stretch) - 1))


def _split_scripts(run: str) -> Iterator[str]:
    position = 0
    for match in _UNSPACED.finditer(run):
        if match.start() > position:
            yield run[position : match.start()]
        yield match[0]
        position = match.end()
    if position < len(run):
        yield run[position:]


def fold(word: str) -> str:
    """A word without its accents where accents are ornaments (Latin, Greek, Cyrillic): café is found by cafe."""
    if word.isascii() or not _FOLDABLE.search(word):
        return word
    return unicodedata.normalize("NFC", _MARK.sub("", unicodedata.normalize("NFD", word)))


@functools.lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    """The English stem of a plain word (Snowball); anything else is its own stem."""
    if len(word) < 3 or not (word.isascii() and word.isalpha()):
        return word
    stems = _stemmer()(word)
    return stems[0] if stems else word


@functools.cache
def _stemmer() -> Callable[[str], list[str]]:
    import tantivy

    builder: Any = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace())
    analyse: Callable[[str], list[str]] = builder.filter(tantivy.Filter.stemmer("english")).build().analyze
    return analyse
