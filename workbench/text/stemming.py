"""Stems words by Snowball's algorithms: of the index by the script they are written in, of the reader by their language.

The one stemmer is the one that tantivy carries (compiled from Snowball's Rust sources): 2.2 microseconds a word, where the
Python package snowballstemmer takes 63. On the words of XQuAD and of our own documentation (13,300 English, 7,000 German, 6,200
Spanish) both give the same stems, every one.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Callable
from typing import Any

import regex

from workbench.core.text_cache import text_cache

_LANGUAGES = (("greek", regex.compile(r"\p{Greek}+")), ("russian", regex.compile(r"\p{Cyrillic}+")))
"""The script tells enough of the language: a stem that is wrong for it is the same wrong one in passage and query."""

_ARABIC, _HEBREW = regex.compile(r"\p{Arabic}+"), regex.compile(r"\p{Hebrew}+")
_ARABIC_PREFIX = regex.compile(r"(?:[وف]?(?:[بك]?ال|لل)|و)(?=.{3})")
_HEBREW_PREFIX = regex.compile(r"[והבלכמש](?=.{3})")
_LEAST_CHARS = 3


@text_cache(200_000)
def stem(word: str) -> str:
    """The stem of a plain word (Snowball: English for plain letters, Greek, Russian, Arabic by their script); in Arabic and
    Hebrew the article and what is written together with the word are left out. Anything else is its own stem."""
    if len(word) < _LEAST_CHARS:
        return word
    if word.isascii():
        return snowball("english", word) if word.isalpha() else word
    if _HEBREW.fullmatch(word):
        return _without(_HEBREW_PREFIX, word)
    if _ARABIC.fullmatch(word):
        return snowball("arabic", _without(_ARABIC_PREFIX, word))
    language = next((name for name, script in _LANGUAGES if script.fullmatch(word)), "")
    return snowball(language, word) if language else word


def stem_in(language: str, word: str) -> str:
    """The Snowball stem of a normalised word in a language by its English name ("german"), without accents."""
    return fold_accents(snowball(language, word))


def fold_accents(word: str) -> str:
    """A word in Latin script without its accents: kündigung becomes kundigung."""
    if word.isascii():
        return word
    return "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c))


def _without(prefix: regex.Pattern[str], word: str) -> str:
    """The word without such prefixes, as many as leave three letters: then every form of it ends up the same."""
    while match := prefix.match(word):
        word = word[match.end() :]
    return word


def snowball(language: str, word: str) -> str:
    """The Snowball stem of a word in small letters, in a language by its English name ("german")."""
    stems = _stemmer(language)(word)
    return stems[0] if stems else word


@functools.cache
def _stemmer(language: str) -> Callable[[str], list[str]]:
    import tantivy

    builder: Any = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace())
    analyse: Callable[[str], list[str]] = builder.filter(tantivy.Filter.stemmer(language)).build().analyze
    return analyse
