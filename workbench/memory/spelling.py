"""What two spellings of a text share: any text goes in, the form that phrases and terms are compared in comes out."""

from __future__ import annotations

import unicodedata

import regex

LINE_HYPHEN = regex.compile(r"(?<=\p{L})[-\u2010\u2011]\s*\n\s*(?=\p{Ll})")
_INVISIBLE = regex.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\u0640]")
_VOWEL_POINTS = regex.compile(r"[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670]")
_OTHER_DIGIT = regex.compile(r"[\p{Nd}--[0-9]]", regex.V1)
_SIGNS = str.maketrans(
    {"‘": "'", "’": "'", "‚": "'", "‛": "'", "ʼ": "'", "“": '"', "”": '"', "„": '"', "‟": '"', "״": '"', "׳": "'"}
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-")
    | {"أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ة": "ه", "ؤ": "و", "ئ": "ي"}
)

_MARK = regex.compile(r"\p{Mn}+")
_FOLDABLE = regex.compile(r"[\p{Latin}\p{Greek}\p{Cyrillic}]")
_STRUCK = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ŧ": "t", "ı": "i", "þ": "th", "æ": "ae", "œ": "oe"}
)
"""Letters whose ornament is no mark of its own."""

_SPELT_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})


def normalise(text: str) -> str:
    """Text as exact phrases are compared: NFKC, casefold, plain digits, one space between words, words cut at line ends
    joined."""
    return fold_case(LINE_HYPHEN.sub("", text) if "\n" in text else text)


def normalise_keeping_hyphens(text: str) -> str:
    """As `normalise`, but a hyphen at a line end is kept: the other reading of `well-\\nknown`."""
    return fold_case(LINE_HYPHEN.sub("-", text))


def fold_case(text: str) -> str:
    """As `normalise`, but what is cut at line ends stays in pieces."""
    if text.isascii():
        text = text.lower()
    else:
        text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
        text = _VOWEL_POINTS.sub("", _INVISIBLE.sub("", text)).translate(_SIGNS)
        text = _OTHER_DIGIT.sub(lambda digit: str(unicodedata.decimal(digit[0])), text)
    return " ".join(text.split())


def fold(word: str) -> str:
    """A word without its accents where accents are ornaments (Latin, Greek, Cyrillic): café is found by cafe."""
    if word.isascii() or not _FOLDABLE.search(word):
        return word
    return unicodedata.normalize("NFC", _MARK.sub("", unicodedata.normalize("NFD", word))).translate(_STRUCK)


def spelt_out(word: str) -> str:
    """A word with its umlauts as two letters: köln is koeln as well. The word itself where there are none."""
    return word if word.isascii() else fold(word.translate(_SPELT_OUT))
