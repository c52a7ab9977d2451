"""Numbers of lists as their format shows them: figures, letters, Roman, words, and the counting of other scripts.

The formats are those of WordprocessingML (ECMA-376 part 1, 17.18.59, ST_NumberFormat); OpenDocument and slides name a few
of them in their own way.
"""

from __future__ import annotations

import string
from collections.abc import Sequence

_LARGEST = 5_000
_ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
          (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))  # fmt: skip
_CYRILLIC = "абвгдежзиклмнопрстуфхцчшщэюя"
_SEQUENCES: dict[str, str] = {
    "lowerLetter": string.ascii_lowercase,
    "upperLetter": string.ascii_uppercase,
    "russianLower": _CYRILLIC,
    "russianUpper": _CYRILLIC.upper(),
    "hebrew2": "אבגדהוזחטיכלמנסעפצקרשת",
    "arabicAlpha": "أبتثجحخدذرزسشصضطظعغفقكلمنهوي",
    "arabicAbjad": "أبجدهوزحطيكلمنسعفصقرشتثخذضظغ",
    "ideographTraditional": "甲乙丙丁戊己庚辛壬癸",
    "ideographZodiac": "子丑寅卯辰巳午未申酉戌亥",
    "aiueoFullWidth": "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲン",
    "irohaFullWidth": "イロハニホヘトチリヌルヲワカヨタレソツネナラムウヰノオクヤマケフコエテアサキユメミシヱヒモセスン",
    "ganada": "가나다라마바사아자차카타파하",
    "chosung": "ㄱㄴㄷㄹㅁㅂㅅㅇㅈㅊㅋㅌㅍㅎ",
    "thaiLetters": "กขคงจฉชซฌญฎฏฐฑฒณดตถทธนบปผฝพฟภมยรลวศษสหฬอฮ",
    "chicago": "*†‡§",
}
_SEQUENCES |= {"aiueo": _SEQUENCES["aiueoFullWidth"], "iroha": _SEQUENCES["irohaFullWidth"]}
_DIGITS: dict[str, str] = {
    "decimalFullWidth": "０１２３４５６７８９",
    "decimalFullWidth2": "０１２３４５６７８９",
    "thaiNumbers": "๐๑๒๓๔๕๖๗๘๙",
    "hindiNumbers": "०१२३४५६७८९",
    "ideographDigital": "〇一二三四五六七八九",
    "japaneseDigitalTenThousand": "〇一二三四五六七八九",
    "taiwaneseDigital": "○一二三四五六七八九",
    "koreanDigital": "영일이삼사오육칠팔구",
    "koreanDigital2": "零一二三四五六七八九",
}
_COUNTING: dict[str, str] = {
    **dict.fromkeys(
        ("japaneseCounting", "chineseCounting", "chineseCountingThousand", "taiwaneseCounting", "taiwaneseCountingThousand"),
        "一二三四五六七八九十百千",
    ),
    "koreanCounting": "일이삼사오육칠팔구십백천",
    "koreanLegal": "일이삼사오육칠팔구십백천",
    "japaneseLegal": "壱弐参四五六七八九拾百阡",
    "chineseLegalSimplified": "壹贰叁肆伍陆柒捌玖拾佰仟",
    "ideographLegalTraditional": "壹貳參肆伍陸柒捌玖拾佰仟",
}  # fmt: skip
"""The numbers from one to nine, and the signs of ten, a hundred and a thousand."""

_ENCLOSED: dict[str, tuple[int, int]] = {
    "decimalEnclosedCircle": (0x2460, 20), "decimalEnclosedCircleChinese": (0x2460, 20), "decimalEnclosedParen": (0x2474, 20),
    "decimalEnclosedFullstop": (0x2488, 20), "ideographEnclosedCircle": (0x3280, 10),
}  # fmt: skip
_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen".split()
)
_TENS = "zero ten twenty thirty forty fifty sixty seventy eighty ninety".split()
_ORDINALS = {"one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
             "twelve": "twelfth"}  # fmt: skip


def counted(number: int, form: str) -> str:
    """A number of a list as its format shows it; in figures where the format is not known or has no sign for it."""
    if not 0 < number < _LARGEST:
        return str(number)
    if form in ("lowerRoman", "upperRoman"):
        roman = roman_number(number)
        return roman if form == "lowerRoman" else roman.upper()
    if form in _SEQUENCES:
        letters = _SEQUENCES[form]
        return letters[(number - 1) % len(letters)] * ((number - 1) // len(letters) + 1)
    if form in _DIGITS:
        return "".join(_DIGITS[form][int(digit)] for digit in str(number))
    if form in _COUNTING:
        return _in_counting_signs(number, _COUNTING[form])
    if form in _ENCLOSED:
        first, count = _ENCLOSED[form]
        return chr(first + number - 1) if number <= count else str(number)
    if form in ("cardinalText", "ordinalText") and number < 100:
        return (_cardinal(number) if form == "cardinalText" else _ordinal_word(number)).capitalize()
    if form == "ordinal":
        return f"{number}{_suffix(number)}"
    if form == "numberInDash":
        return f"- {number} -"
    return {"decimalZero": f"{number:02}", "hex": f"{number:X}"}.get(form, str(number))


def roman_number(number: int) -> str:
    """A number in small Roman figures."""
    roman = ""
    for size, sign in _ROMAN:
        count, number = divmod(number, size)
        roman += sign * count
    return roman


def _in_counting_signs(number: int, signs: Sequence[str]) -> str:
    """A number below 10,000 as East Asian languages say it: 23 is two-ten-three."""
    text = ""
    for place, digit in zip((3, 2, 1, 0), f"{number:04}"):
        if digit != "0":
            one = digit == "1" and place > 0
            text += ("" if one else signs[int(digit) - 1]) + (signs[8 + place] if place else "")
    return text


def _cardinal(number: int) -> str:
    if number < 20:
        return _UNITS[number]
    tens, units = divmod(number, 10)
    return f"{_TENS[tens]}-{_UNITS[units]}" if units else _TENS[tens]


def _ordinal_word(number: int) -> str:
    before, dash, last = _cardinal(number).rpartition("-")
    last = _ORDINALS.get(last) or (f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th")
    return before + dash + last


def _suffix(number: int) -> str:
    if number % 100 in (11, 12, 13):
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
