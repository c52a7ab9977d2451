"""Words that a misspelt word may stand for: those one slip of the keyboard away from it.

A slip leaves out a letter, doubles or adds one, lets two change places, or hits a key beside the right one. That is what an archive
is asked for when a word of a question stands nowhere in it; which of them it holds decides. (`typos` judges two names that are both
there to compare; here one of them is looked for.)
"""

from __future__ import annotations

import string
from collections.abc import Callable, Iterable, Mapping, Sequence

import regex

from workbench.text.analyzer import fold, normalise
from workbench.text.stemming import stem
from workbench.text.stop_words import STOP_WORDS

LEAST_LETTERS, LEAST_OF_A_NAME = 5, 7
"""Shorter words, and names, differ from each other by one letter too often."""

MOST_WORDS = 3
"""So many words of one question are looked up: more that are unknown are no slips, but another language."""

_WORD = regex.compile(r"(?<![\p{L}\p{M}\p{N}_.@/#'’-])\p{L}[\p{L}\p{M}]*(?![\p{L}\p{M}\p{N}_@/#-])")
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_VOWELS = "aeiouy"


def _beside() -> dict[str, str]:
    """The letters on keys beside each letter's, and for a vowel every other one: they are confused by ear."""
    found: dict[str, str] = {}
    for number, row in enumerate(_ROWS):
        for at, letter in enumerate(row):
            near = {*row[max(0, at - 1) : at + 2]}
            for other in _ROWS[max(0, number - 1) : number + 2]:
                near |= {*other[max(0, at - 1) : at + 2]}
            near |= {*_VOWELS} if letter in _VOWELS else set()
            found[letter] = "".join(sorted(near - {letter}))
    return found


_BESIDE = _beside()


def slips(word: str) -> list[str]:
    """The spellings that a word of plain small letters may be a slip of; its first letter is right, or changed places with the second."""
    made: dict[str, None] = {}
    for at in range(1, len(word) + 1):
        head, tail = word[:at], word[at:]
        made.update(dict.fromkeys(f"{head}{letter}{tail}" for letter in string.ascii_lowercase))
        if tail:
            made[head + tail[1:]] = None
            made.update(dict.fromkeys(f"{head}{letter}{tail[1:]}" for letter in _BESIDE.get(tail[0], "")))
        if len(tail) > 1:
            made[f"{head}{tail[1]}{tail[0]}{tail[2:]}"] = None
    made[f"{word[1]}{word[0]}{word[2:]}"] = None
    made.pop(word, None)
    return list(made)


def corrections(
    text: str, frequencies: Callable[[Sequence[str]], Mapping[str, int]], is_word: Callable[[str], bool]
) -> dict[str, str]:
    """The words of a text that an archive has nowhere, each with the word it has that this one is most likely a slip of.

    `frequencies` says how many passages of the archive have each term; `is_word` knows the words that are spelt right although the
    archive has them nowhere, in small letters. Words in capitals, codes, short words and words of other scripts are left alone, and
    so is a text of which more than two words in three are unknown: it is in another language.
    """
    typed = list(dict.fromkeys(match[0] for match in _WORD.finditer(text)))
    folded = {word: fold(normalise(word)) for word in typed}
    telling = [word for word in typed if folded[word] not in STOP_WORDS and len(word) >= _LEAST_TELLING]
    asked = list({form for word in telling for form in (folded[word], stem(folded[word]))})
    held = frequencies(asked) if asked else {}
    unknown = [word for word in telling if not any(held[form] for form in (folded[word], stem(folded[word])))]
    if not unknown or len(unknown) > min(MOST_WORDS, 2 * (len(telling) - len(unknown))):
        return {}
    found: dict[str, str] = {}
    for word in unknown:
        plain = folded[word]
        least = LEAST_OF_A_NAME if word[0].isupper() else LEAST_LETTERS
        if len(plain) < least or word.isupper() or not (plain.isascii() and plain.isalpha()):
            continue
        known = frequencies(slips(plain))
        best = max(known, key=lambda one: (known[one], one))
        if known[best] and not is_word(plain):
            found[word] = _as_typed(word, best)
    return found


_LEAST_TELLING = 3


def remarks(words: Iterable[tuple[str, str]]) -> str:
    """What the line of totals of a page of results says of words that were read as others."""
    return "".join(f'; "{typed}" stands nowhere and is read as "{word}"' for typed, word in words)


def remarked(line: str) -> dict[str, str]:
    """The words that such a line says were read as others."""
    return dict(_REMARK.findall(line))


_REMARK = regex.compile(r'; "([\p{L}\p{M}]+)" stands nowhere and is read as "(\p{L}+)"')


def corrected(text: str, words: Mapping[str, str]) -> str:
    """A text with its misspelt words as they are read."""
    return str(_WORD.sub(lambda match: words.get(match[0], match[0]), text))


def _as_typed(typed: str, word: str) -> str:
    """A word with a capital where the typed one has one."""
    return word[:1].upper() + word[1:] if typed[:1].isupper() else word
