"""Analyses text into the terms that the keyword index stores and that queries ask for, in any script.

Ranking uses lists of terms; phrases use the runs that every text with that phrase has.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator

import regex

from workbench.core.text_cache import text_cache
from workbench.text.dates import dates, day_of
from workbench.text.languages import asked_forms, language_of, stored_forms
from workbench.text.stemming import fold_accents, stem
from workbench.text.stop_words import STOP_WORDS

# Normalisation: the one form in which phrases and terms are compared, whatever the spelling.

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


# Quantities: numbers with their units, the same for `5 mg` and `5mg`.

_PREFIXED = r"(?:da|[npμmcdhkgt])?(?:g|m[23]?|l|s|v|w|hz|ω|ohms?|pa|j|n|f|h|ev|bar|mol|va|wh|ah|bit|byte|bps|gy|sv|bq)"
_OTHER = r"°\s?[cfk]?|%|‰|[kmgt]i?b|k?cal|min|hrs?|sec|mph|rpm|psi|lbs?|oz|gal|kn|db|dpi|px|pt|ha|ft|yd|ppm|ppb"
_UNIT = rf"(?:(?:{_PREFIXED}|{_OTHER})(?:/(?:{_PREFIXED}|{_OTHER}))?)"
QUANTITY = regex.compile(rf"(?<![\p{{L}}\p{{N}}])(\d++(?:[.,]\d++)*+)\s?({_UNIT})(?![\p{{L}}\p{{N}}])")
"""A number and its unit, as they stand in normalised text."""


def quantities(normal: str) -> Iterator[str]:
    """Every quantity of a normalised text, written together."""
    for match in QUANTITY.finditer(normal):
        yield "".join(match[0].split())


def is_quantity(normal: str) -> bool:
    """Whether a normalised text is a number with its unit and nothing else."""
    return bool(QUANTITY.fullmatch(normal))


def number_and_unit(normal: str) -> tuple[str, ...]:
    """The two parts of a quantity; none when it is something else."""
    match = QUANTITY.fullmatch(normal)
    return match.groups() if match else ()


TERMS_VERSION = 5
"""Raised whenever the same text would give other terms: stored terms of another version must be made again."""

_WORD = r"[\p{L}\p{M}\p{N}]+"
_JOINED = rf"{_WORD}(?:[-_./:,'+&@#·]{_WORD})*"
_TOKEN = regex.compile(rf"{_JOINED}(?:\+\+|\#)?|(?<![^\s(\[{{\"'])[.\#@]{_JOINED}|[\p{{S}}--\p{{ASCII}}]", regex.V1)
"""A word, or several with signs between; C++, C#, .NET and #88 keep the sign that tells them from C, net and 88."""

_RUN = regex.compile(_WORD)
_LETTERS_OR_DIGITS = regex.compile(r"\p{N}+|[\p{L}\p{M}]+")
_UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}ー々]+")
_CUT_WORD = regex.compile(rf"({_WORD})[-\u2010\u2011]\s*\n\s*(?=({_WORD}))")
_GROUPED_NUMBER = regex.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,2}(?:,\d{2})+,\d{3}(?:\.\d+)?")
"""Groups of three digits, or as in India of two before the last three."""

_GROUPED_AMONG_LETTERS = regex.compile(
    r"(?<=[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}])\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\d,])"
    r"|(?<![\d,.])\d{1,3}(?:,\d{3})+(?:\.\d+)?(?=[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}])"
)
"""A number in a script without spaces is no word of its own."""

_TELEPHONE = regex.compile(r"(?<![\p{L}\p{N}+])\+\d{1,3}(?:[ ()/.-]{1,3}\d{1,4}){2,7}(?!\d)")
_GROUPED_BY_POINTS = regex.compile(r"\d{1,3}(?:\.\d{3})+(?:,\d+)?|\d+,\d{1,2}")
_GROUPED_BY_SPACES = regex.compile(
    r"(?<![\p{L}\p{N}.,'])\d{1,3}(?:([ '])\d{3})(?:\1\d{3})*(?:[.,]\d+)?(?![\p{L}\p{N}'])"
)
"""1 284 500 and 3'450'000; a normalised text has one plain space where a thin or narrow one stood."""

_DECIMAL = regex.compile(r"\d+\.\d+")
_WHOLE = regex.compile(r"\d{4,}")
_LATIN = regex.compile(r"\p{Latin}+")
_DIGITS_IN_A_ROW = regex.compile(r"\d{3}")
_HYPHENS = regex.compile(r"[-_/]")
_LONGEST_COMPACT, _LEAST_DIGITS = 40, 8
_COMPACT_WEIGHT = 0.5


def index_terms(text: str) -> list[str]:
    """Every term `text` can be found by, in order, repeated as often as it occurs; no term contains white space."""
    words = list(_tokens(text))
    terms = [term for token in words for term in _indexed(token)]
    terms.extend(_written_otherwise(text))
    language = language_of(words)
    if language and language != "en":
        terms.extend(form for token in words for word in _RUN.findall(token) for form in _stored(word, language))
    return terms


def query_terms(text: str) -> dict[str, float]:
    """The terms a query asks for and their weights: a stem counts fully, its surface form adds to it."""
    weights: dict[str, float] = {}
    words = list(_tokens(text))
    for token in words:
        for term, weight in _forms(token):
            if token in STOP_WORDS:
                weight *= 0.2
            weights[term] = max(weights.get(term, 0.0), weight)
    for term in _written_otherwise(text):
        weights[term] = max(weights.get(term, 0.0), 1.5)
    language = language_of(token for token in words if token.isalpha())
    if language != "en":
        for token in words:
            for word in _RUN.findall(token):
                for term, weight in asked_forms(fold_accents(word), language) if _LATIN.fullmatch(word) else ():
                    weights[term] = max(weights.get(term, 0.0), weight * (0.2 if token in STOP_WORDS else 1.0))
    return weights


def _stored(word: str, language: str) -> tuple[str, ...]:
    return stored_forms(fold_accents(word), language) if _LATIN.fullmatch(word) else ()


def _written_otherwise(text: str) -> Iterator[str]:
    """Dates in ISO form, numbers grouped by spaces or apostrophes as plain ones, telephone numbers without their gaps."""
    if "+" not in text and not _DIGITS_IN_A_ROW.search(text):
        return
    normal = normalise(text)
    yield from dates(fold_accents(normal))
    for match in _GROUPED_BY_SPACES.finditer(normal):
        yield match[0].replace(" ", "").replace("'", "").replace(",", ".")
    if not normal.isascii():
        yield from (match[0].replace(",", "") for match in _GROUPED_AMONG_LETTERS.finditer(normal))
    if "+" in normal:
        yield from ("".join(_RUN.findall(match[0])) for match in _TELEPHONE.finditer(normal))


def content_words(text: str) -> list[str]:
    """The words of a text that carry meaning, folded, in order; pairs of characters where words have no spaces."""
    words: list[str] = []
    for token in _TOKEN.findall(normalise(text)):
        if token not in STOP_WORDS:
            for stretch in _split_scripts(token):
                words.extend(_pairs(stretch) if _UNSPACED.fullmatch(stretch) else [fold(stretch.removesuffix("'s"))])
    return words


def runs(text: str) -> list[str]:
    """The plain letter-digit runs of a phrase: every passage that contains the phrase has all of them as terms."""
    stretches: list[str] = []
    for run in _RUN.findall(normalise(text)):
        for stretch in _split_scripts(run):
            if _UNSPACED.fullmatch(stretch):
                stretches.extend(_pairs(stretch))
            else:  # 5mg may stand there as 5 mg
                stretches.extend(number_and_unit(stretch) or (fold(stretch),))
    return [run for run in stretches if run != "s"]  # the s of keeper's is no term


def compact(text: str) -> str:
    """An identifier apart from its separators (AX-4410/B: ax4410b), a number apart from its groups (1.234,50: 1234.50);

    empty where too little would be left to tell it from others. What is written so, however grouped, has it as a term.
    """
    token = normalise(text)
    if _GROUPED_NUMBER.fullmatch(token):
        return token.replace(",", "")
    if _GROUPED_BY_POINTS.fullmatch(token):
        return token.replace(".", "").replace(",", ".")
    if _GROUPED_BY_SPACES.fullmatch(token):
        return token.replace(" ", "").replace("'", "").replace(",", ".")
    if day := day_of(fold_accents(token)):
        return day
    if _DECIMAL.fullmatch(token) or _WHOLE.fullmatch(token):
        return token
    if _TELEPHONE.fullmatch(token) or (token[:1] == "+" and _WHOLE.fullmatch(token[1:])):
        return "".join(_RUN.findall(token))
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


@text_cache(200_000)
def _indexed(token: str) -> tuple[str, ...]:
    """The terms of a token, and its characters where each may be a word and the other terms are pairs of them."""
    pairs = () if token.isascii() else _UNSPACED.findall(token)
    return (*(term for term, _ in _forms(token)), *(letter for run in pairs if len(run) > 1 for letter in run))


@text_cache(200_000)
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
            if joined.endswith(".00"):
                forms.setdefault(joined[:-3], _COMPACT_WEIGHT)
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


# Packed terms: a stored term is its hash and its count in one integer: hash << 8 | count, with 40 bits of hash, the same
# in every process. An index is built of numbers alone, and a million different terms cost no strings. Of two million
# terms about two pairs share a hash.

COUNT_BITS = 8
MOST_COUNT = (1 << COUNT_BITS) - 1
HASH_BITS = 40


@text_cache(200_000)
def term_hash(term: str) -> int:
    """The hash of a term, below 1 << HASH_BITS."""
    made = hashlib.blake2b(term.encode("utf-8", "surrogatepass"), digest_size=HASH_BITS // 8)
    return int.from_bytes(made.digest(), "big")


def packed(terms: Iterable[str]) -> list[int]:
    """The terms of a passage as they are stored, rising; what comes more often than MOST_COUNT times counts as so often."""
    return sorted(term_hash(term) << COUNT_BITS | min(count, MOST_COUNT) for term, count in Counter(terms).items())
