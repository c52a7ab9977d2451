"""Finds the numbers, dates and names that a text states, in a normalised form in which two texts can be compared.

"£1,250.00", "1250 pounds" and "one thousand two hundred and fifty pounds" are one amount; "6 July 1926" and "06/07/1926" may be
one day. A claim differs from its source in exactly such values, and a typed column of a table holds one of them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from workbench.core.text_cache import text_cache
from workbench.text import dates
from workbench.text.stemming import fold_accents, stem

NUMBER, DATE, NAME, CODE = "number", "date", "name", "code"


@dataclass(frozen=True)
class Value:
    """A value that a text states, from `start` to `end` of it.

    `key` is its normalised form: a number in plain digits, a day as 2033-02-03 (unknown parts are "?"), the folded words of a name.
    `unit` is the stem of what a number counts, "%", a currency's sign, or "ordinal"; "" where nothing is said.
    """

    kind: str
    text: str
    start: int
    end: int
    key: str
    unit: str = ""

    @property
    def amount(self) -> float:
        """The number as a float; not a number for values of another kind."""
        return float(self.key) if self.kind == NUMBER else math.nan


_ONES = {
    word: number
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
        "eighteen nineteen".split()
    )
}
_TENS = {
    word: 10 * number for number, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)
}
_SCALES = {
    "hundred": 100, "thousand": 1_000, "million": 1_000_000, "millions": 1_000_000, "billion": 1_000_000_000,
    "billions": 1_000_000_000, "trillion": 1_000_000_000_000, "dozen": 12, "score": 20,
}  # fmt: skip
_LOOSE_SCALES = frozenset({"millions", "billions"})
"""Alone they say in what figures are given, or that there are many: "in millions, except per share amounts"."""

_SHORT_SCALES = {"k": 1e3, "m": 1e6, "mn": 1e6, "mm": 1e6, "bn": 1e9, "b": 1e9, "tn": 1e12}
_ORDINALS = {
    word: number
    for number, word in enumerate(
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth "
        "sixteenth seventeenth eighteenth nineteenth twentieth".split(),
        1,
    )
} | {"thirtieth": 30, "fortieth": 40, "fiftieth": 50, "hundredth": 100, "once": 1, "twice": 2, "thrice": 3}
_NUMBER_WORD = "|".join(sorted({*_ONES, *_TENS, *_SCALES}, key=len, reverse=True))
_ORDINAL_WORD = "|".join(sorted(_ORDINALS, key=len, reverse=True))
_WORDS = re.compile(
    rf"\b(?:(?:a|half a) (?=dozen|hundred|thousand|million|billion|score))?(?:{_NUMBER_WORD})"
    rf"(?:(?:[ -]|,? and |, )(?:{_NUMBER_WORD}))*\b(?:[ -](?:{_ORDINAL_WORD})\b)?",
    re.IGNORECASE,
)
_ORDINAL_ALONE = re.compile(rf"\b(?:{_ORDINAL_WORD})\b|\b\d+(?:st|nd|rd|th)\b", re.IGNORECASE)
_SIGNS = {"$": "$", "£": "£", "€": "€", "¥": "¥", "₹": "₹"}
_DIGITS = re.compile(
    r"(?P<sign>US\$|[$£€¥₹])?\s?(?P<minus>[-−–(](?=[$£€¥₹\d.]))?(?P<sign2>[$£€¥₹])?\s?"
    r"(?P<digits>\d{1,3}(?:[,'\u00a0\u202f]\d{3})+(?:\.\d+)?|\d{1,3}(?:\.\d{3})+(?:,\d+)?(?![\d.])|\d+(?:[.,]\d+)?|\.\d+)"
    r"(?P<fraction>\s?[½¼¾⅓⅔])?(?!\w*-\w*\d)"
    r"(?:\s?(?P<short>k|mn|mm|m|bn|b|tn)(?![\w²³]))?(?P<close>\))?",
    re.IGNORECASE,
)
_FRACTIONS = {"½": 0.5, "¼": 0.25, "¾": 0.75, "⅓": 1 / 3, "⅔": 2 / 3}
_TIME = re.compile(
    r"(?<![\d:.])(?:[01]?\d|2[0-3])[:.][0-5]\d(?:\s?[ap]\.?m\b\.?)?(?![\d:])|\b(?:1[0-2]|[1-9])\s?[ap]\.?m\b\.?",
    re.IGNORECASE,
)
_CLOCK_ONLY = re.compile(r":|[ap]\.?m", re.IGNORECASE)
_CODE = re.compile(
    r"(?<![\w-])(?=[\w./-]*\d)(?=[\w./-]*[A-Za-z])[A-Za-z0-9]+(?:[-/.][A-Za-z0-9]+)+(?![\w-])|(?<!\w)(?=[A-Z]*\d)[A-Z]{1,4}\d{2,}[A-Z]?(?!\w)"
)
_YEAR = re.compile(
    r"(?<![\d.,$£€/-])(?<!\b(?:USD|EUR|GBP|JPY|CHF|INR|CAD|AUD) )(?P<y>1[0-9]{3}|20[0-9]{2})(?![\d%/]|[.,]\d|-\d)s?\b"
)
_PERIOD = re.compile(r"(?<![\d.,$£€/-])(?P<y>1[0-9]{3}|20[0-9]{2})[-–/](?P<z>\d{2}|\d{4})(?![\d/-])")
_MONTHS = {
    name: number
    for number, names in enumerate(
        "january jan|february feb|march mar|april apr|may|june jun|july jul|august aug|september sept sep|october oct|"
        "november nov|december dec".split("|"),
        1,
    )
    for name in names.split()
}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DAY_MONTH = re.compile(
    rf"\b(?P<d>[0-3]?\d)(?:st|nd|rd|th)?(?: day)?(?: of)? (?P<m>{_MONTH})\b"
    rf"|\b(?P<m2>{_MONTH})\.? (?P<d2>[0-3]?\d)(?:st|nd|rd|th)?\b(?!,? ?\d{{4}})",
    re.IGNORECASE,
)
_MONTH_ALONE = re.compile(
    r"\b(?:January|February|April|June|July|August|September|October|November|December)\b"
    r"|(?<=\b[Ii]n )(?:March|May)\b|(?<=\b[Oo]f )(?:March|May)\b|(?<=\b[Bb]y )(?:March|May)\b"
)
_WEEKDAY = re.compile(r"\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?\b")
_SPELT_DAY = re.compile(
    rf"\b(?:the )?(?P<n>\d{{1,2}}(?:st|nd|rd|th)|{_ORDINAL_WORD}|twenty[- ](?:{_ORDINAL_WORD})|thirty[- ]first)"
    rf"(?: day)? (?:of|day of) (?P<m>{_MONTH})\b(?:,? (?P<y>1[0-9]{{3}}|20[0-9]{{2}}))?",
    re.IGNORECASE,
)
_PER_CENT = re.compile(r"\s?(?:%|per ?cent\b|percent\b|percentage points?\b)", re.IGNORECASE)
_CURRENCIES = {
    "dollar": "$", "usd": "$", "us$": "$", "pound": "£", "gbp": "£", "sterl": "£", "euro": "€", "eur": "€", "yen": "¥", "jpi": "¥",
    "jpy": "¥", "inr": "₹", "rupe": "₹", "chf": "chf", "franc": "chf", "cad": "cad", "aud": "aud",
}  # fmt: skip
_CURRENCY_BEFORE = re.compile(r"\b(USD|EUR|GBP|JPY|CHF|INR|CAD|AUD)\s?$")
_NEXT_WORD = re.compile(r"[ \u00a0-]{1,2}([^\W\d_]+(?:['’][^\W\d_]+)?)")
_SKIPPED_UNITS = frozenset(
    "and or of to in on at by for from with the a an is are was were be been per as that which who than but not it its he she they more "
    "less other such these those this only each about had has have further additional consecutive full whole successive clear calendar "
    "later earlier ago old years'".split()
)
_DESCRIBING = frozenset(
    "total more less other further additional consecutive full whole successive clear calendar".split()
)
_ORDINAL_END = re.compile(r"(?:st|nd|rd|th)\b")
_SECOND_OF_ITS_KIND = re.compile(r"\b(?:the|a|his|her|its|their|our|my) $", re.IGNORECASE)
"""Else a second is a measure of time."""
_ONE_IS_NO_NUMBER = re.compile(r"\b(?:no|any|every|some|the|this|that|each|which|another)[ -]$", re.IGNORECASE)
_ONE_BEFORE = re.compile(
    r" (?:of|who|another|that|which|by|may|must|can|could|should|would|is|was|has|had)\b", re.IGNORECASE
)


@text_cache(8_192)
def values(text: str) -> tuple[Value, ...]:
    """The dates, codes and numbers of a text in order; none overlaps another. Names are not among them."""
    found: list[Value] = []
    taken: list[tuple[int, int]] = []

    def take(items: Iterable[Value]) -> None:
        for item in items:
            if not any(start < item.end and item.start < end for start, end in taken):
                taken.append((item.start, item.end))
                found.append(item)

    take(_dates(text))
    take(
        Value(CODE, match[0], match.start(), match.end(), match[0].casefold())
        for match in _CODE.finditer(text)
        if not _is_measure(match[0])
    )
    take(_numbers(text))
    return tuple(sorted(found, key=lambda item: item.start))


def _is_measure(token: str) -> bool:
    """Whether letters behind digits are a unit or an ordinal (14th, 5mg, 3-year), and not part of a code."""
    return _MEASURE.fullmatch(token) is not None or ("." in token and "-" not in token and "/" not in token)


_MEASURE = re.compile(r"\d[\d.,]*-?(?:st|nd|rd|th|[a-z]{1,3}|[a-z]+(?:-[a-z]+)*)")


# -- dates ------------------------------------------------------------------------------------------------------------


def _dates(text: str) -> Iterator[Value]:
    for match in _SPELT_DAY.finditer(text):
        if 0 < (day := _ordinal(match["n"])) <= _LAST_DAY:
            key = f"{match['y'] or '????'}-{_MONTHS[match['m'].lower()]:02}-{day:02}"
            yield Value(DATE, match[0], match.start(), match.end(), key)
    for start, end, found in dates.places(text):
        days = [date for date in found if len(date) == _DAY_CHARS]
        yield Value(DATE, text[start:end], start, end, "|".join(days) or f"{found[0]}-??")
    for match in _DAY_MONTH.finditer(text):
        month = _MONTHS[(match["m"] or match["m2"]).lower()]
        if 0 < (day := int(match["d"] or match["d2"])) <= _LAST_DAY:
            yield Value(DATE, match[0], match.start(), match.end(), f"????-{month:02}-{day:02}")
    for match in _PERIOD.finditer(text):
        yield Value(DATE, match[0], match.start(), match.end(), f"{match['y']}/{match['z'][-2:]}")
    for match in _YEAR.finditer(text):
        if not _counts_things(text, match.end()):
            decade = "s" * match[0].endswith("s")
            yield Value(DATE, match[0], match.start(), match.end(), f"{match['y']}-??-??{decade}")
    for match in _MONTH_ALONE.finditer(text):
        yield Value(DATE, match[0], match.start(), match.end(), f"????-{_MONTHS[match[0].lower()]:02}-??")
    for match in _WEEKDAY.finditer(text):
        yield Value(DATE, match[0], match.start(), match.end(), match[0][:3].lower())


_DAY_CHARS, _LAST_DAY = len("2033-02-03"), 31


def _counts_things(text: str, end: int) -> bool:
    """Whether what looks like a year counts something: "1500 words", "2000 metres"."""
    word = _NEXT_WORD.match(text, end)
    return word is not None and word[1].lower() in _MEASURES


_MEASURES = frozenset(
    "words people men women metres meters feet miles pounds dollars euros shillings tons tonnes employees copies pages hours "
    "days kilometres kilometers km kg square acres units shares guests households soldiers ships passengers students".split()
)


def _ordinal(word: str) -> int:
    digits = re.match(r"\d+", word)
    if digits:
        return int(digits[0])
    total = 0
    for part in re.split(r"[ -]", word.lower()):
        total += _TENS.get(part, 0) + _ORDINALS.get(part, 0)
    return total


# -- numbers ----------------------------------------------------------------------------------------------------------


def _numbers(text: str) -> Iterator[Value]:
    for match in _TIME.finditer(text):
        if _CLOCK_ONLY.search(match[0]):
            yield Value(NUMBER, match[0], match.start(), match.end(), _clock(match[0]), "time")
    for match in _DIGITS.finditer(text):
        if value := _in_digits(text, match):
            yield value
    for match in _WORDS.finditer(text):
        if match[0].lower() == "one" and not _counts(text, match):
            continue
        if match[0].lower() in _LOOSE_SCALES:
            continue
        amount, is_ordinal = _spelt(match[0])
        if amount is not None:
            unit = "ordinal" if is_ordinal else _unit(text, match.end())[0]
            yield Value(NUMBER, match[0], match.start(), match.end(), plain_digits(amount), unit)
    for match in _ORDINAL_ALONE.finditer(text):
        word = match[0].lower()
        if word == "once" or (word == "second" and not _SECOND_OF_ITS_KIND.search(text[: match.start()][-6:])):
            continue
        unit = "times" if word in ("twice", "thrice") else "ordinal"
        yield Value(NUMBER, match[0], match.start(), match.end(), plain_digits(_ordinal(word)), unit)


def _counts(text: str, match: re.Match[str]) -> bool:
    """Whether the word "one" is a number here, and not a pronoun."""
    return not (_ONE_IS_NO_NUMBER.search(text[: match.start()][-8:]) or _ONE_BEFORE.match(text[match.end() :]))


def _in_digits(text: str, match: re.Match[str]) -> Value | None:
    at, end = match.start("digits"), match.end("fraction") if match["fraction"] else match.end("digits")
    before = text[max(0, at - 1) : at]
    if before.isalpha() or (match["digits"].startswith(".") and before.isdigit()):
        return None
    amount = _plain(match["digits"]) + _FRACTIONS.get((match["fraction"] or "").strip(), 0.0)
    sign = _SIGNS.get((match["sign"] or match["sign2"] or "")[-1:], "")
    start = next((match.start(part) for part in ("sign", "minus", "sign2") if match[part]), at)
    if match["minus"]:
        bracketed = match["minus"] == "(" and bool(match["close"])
        joined = match.start("minus") > 0 and text[match.start("minus") - 1].isalnum()
        if bracketed or (match["minus"] in ("-", "−") and not joined):
            amount = -amount
            end = match.end("close") if bracketed else end
        else:
            start = match.start("sign2") if match["sign2"] else at
    short = (match["short"] or "").lower()
    if short and (sign or short != "m"):  # "5 m" is a length, "$5m" an amount
        amount, end, short = amount * _SHORT_SCALES[short], match.end("short"), ""
    scale, end = _scale(text, end)
    unit, last = _unit(text, end)
    if ordinal := _ORDINAL_END.match(text, match.end("digits")):
        return Value(NUMBER, text[start : ordinal.end()], start, ordinal.end(), plain_digits(amount), "ordinal")
    if currency := _CURRENCY_BEFORE.search(text[max(0, start - 5) : start]):
        sign, start = _CURRENCIES.get(currency[1].lower(), currency[1].lower()), start - len(currency[0])
    shown = last if unit in ("%", *_SIGNS.values()) else end
    return Value(
        NUMBER, text[start:shown].strip(), start, end, plain_digits(amount * (scale or 1)), sign or short or unit
    )


def plain_digits(amount: float) -> str:
    """A number as the key of a value has it: 1250, 0.5."""
    rounded = round(amount, 6)
    return str(int(rounded)) if rounded == int(rounded) else repr(rounded)


def _clock(text: str) -> str:
    hours, _, minutes = re.sub(r"[^\d:.]", "", text).strip(".").replace(".", ":").partition(":")
    hour = int(hours) % 24
    if re.search(r"p\.?m", text, re.IGNORECASE) and hour < 12:
        hour += 12
    return plain_digits(60 * hour + int(minutes or 0))


def _plain(digits: str) -> float:
    """Digits as a number: thousands may be parted by commas, points, apostrophes or thin spaces."""
    if re.fullmatch(r"\d{1,3}(?:[,'\u00a0\u202f]\d{3})+(?:\.\d+)?", digits):
        return float(re.sub(r"[^\d.]", "", digits))
    if re.fullmatch(r"\d{1,3}(?:\.\d{3})+,\d+|\d{1,3}(?:\.\d{3}){2,}", digits):
        return float(digits.replace(".", "").replace(",", "."))
    return float(digits.replace(",", "."))


def _scale(text: str, end: int) -> tuple[float, int]:
    match = re.match(r"[ -](hundred|thousand|million|billion|trillion|dozen)s?\b", text[end:], re.IGNORECASE)
    return (float(_SCALES[match[1].lower()]), end + match.end()) if match else (0.0, end)


def _unit(text: str, end: int) -> tuple[str, int]:
    """What a number counts: a sign for per cent or a currency, else the stem of the next noun; where that ends."""
    if match := _PER_CENT.match(text, end):
        return "%", match.end()
    at = end
    for _ in range(2):
        word = _NEXT_WORD.match(text, at)
        if not word:
            return "", end
        lowered = word[1].lower()
        if lowered in _DESCRIBING:
            at = word.end()
            continue
        if lowered in _SKIPPED_UNITS:
            return "", end
        root = stem(re.sub(r"['’]s?$", "", lowered))
        return _CURRENCIES.get(root, _CURRENCIES.get(lowered, root)), word.end()
    return "", end


def _spelt(words: str) -> tuple[float | None, bool]:
    """The number that words say, and whether it is an ordinal; None when they say none ("and")."""
    total, part, ordinal, seen = 0.0, 0.0, False, False
    half = words.lower().startswith("half a ")
    for word in re.findall(r"[a-z]+", words.lower()):
        if word in _ONES:
            part, seen = part + _ONES[word], True
        elif word in _TENS:
            part, seen = part + _TENS[word], True
        elif word in _SCALES:
            scale = _SCALES[word]
            part = (part or 1) * scale
            seen = True
            if scale >= 1_000:
                total, part = total + part, 0.0
        elif word in _ORDINALS:
            part, ordinal, seen = part + _ORDINALS[word], True, True
    if not seen:
        return None, False
    return (total + part) * (0.5 if half else 1.0), ordinal


# -- comparing --------------------------------------------------------------------------------------------------------

SAME, OTHER, UNRELATED = "same", "other", "unrelated"


def relation(one: Value, two: Value) -> str:
    """How two values stand to each other: the same, another value of the same thing, or nothing that can be compared."""
    if one.kind != two.kind:
        return UNRELATED
    if one.kind == NUMBER:
        return _of_numbers(one, two)
    if one.kind == DATE:
        return _of_dates(one.key, two.key)
    return SAME if one.key == two.key else OTHER


def _of_numbers(one: Value, two: Value) -> str:
    apart = {one.unit, two.unit} & _OWN_UNITS
    if apart and one.unit != two.unit and ((one.unit and two.unit) or apart & _ALWAYS_SAID):
        return UNRELATED
    if one.key == two.key or rounded_alike(one, two):
        return SAME  # "forty-one persons" are "41 people"
    return OTHER if one.unit == two.unit or not one.unit or not two.unit else UNRELATED


_ALWAYS_SAID = frozenset({"ordinal", "time", "%", "times"})
"""Units that a number shows wherever it has them."""

_OWN_UNITS = _ALWAYS_SAID | set(_SIGNS.values())


def rounded_alike(one: Value, two: Value) -> bool:
    """Whether one number is the other, rounded to what it says: "$1.6 billion" and "$1,577 million"."""
    large = max(abs(one.amount), abs(two.amount))
    if not large or large < 1_000 or one.unit != two.unit or one.amount * two.amount < 0:
        return False
    for less, more in ((one, two), (two, one)):
        digits = len(re.sub(r"\D", "", re.sub(r"[a-zA-Z].*", "", less.text)).lstrip("0"))
        if 2 <= digits < len(re.sub(r"\D", "", more.text)) and float(f"%.{digits}g" % more.amount) == less.amount:
            return True
    return False


def _of_dates(one: str, two: str) -> str:
    if "|" in one or "|" in two:
        return SAME if any(_of_dates(a, b) == SAME for a in one.split("|") for b in two.split("|")) else OTHER
    if one == two:
        return SAME
    if one.endswith("s") or two.endswith("s"):
        decade = one if one.endswith("s") else two
        other = two if decade is one else one
        if not other[:4].isdigit():
            return UNRELATED
        return SAME if other[:3] == decade[:3] and decade[3] == "0" else OTHER
    if "/" in one or "/" in two:
        return SAME if one == two or (("/" in one) != ("/" in two) and _within(one, two)) else OTHER
    if "-" not in one or "-" not in two:
        return OTHER if "-" not in one and "-" not in two else UNRELATED
    parts = [(a, b) for a, b in zip(one.split("-"), two.split("-"), strict=False) if "?" not in a and "?" not in b]
    if not parts:
        return UNRELATED
    return SAME if all(a == b for a, b in parts) else OTHER


def _within(one: str, two: str) -> bool:
    """Whether a day lies in the first or last year of a period, written 1952/13."""
    period, day = (one, two) if "/" in one else (two, one)
    return day[:4].isdigit() and (day[:4] == period[:4] or day[2:4] == period[-2:])


# -- names ------------------------------------------------------------------------------------------------------------

TITLES = frozenset(
    "mr mrs ms miss dr sir lady lord captain capt colonel col major maj general gen sergeant sgt lieutenant lt professor prof reverend rev "
    "father brother sister saint st king queen prince princess president minister judge justice admiral commander inspector constable "
    "the a an of and de la von van der den di da du inc ltd llc plc corp co company corporation limited gmbh ag".split()
)


def name_words(name: str) -> tuple[str, ...]:
    """The words of a name that tell it from others, folded, without titles and forms of companies."""
    words = [fold_accents(word.casefold()) for word in re.findall(r"[^\W_]+", re.sub(r"['’]s\b", "", name))]
    return tuple(word for word in words if word not in TITLES) or tuple(words)
