"""Shows stored numbers as a workbook's number format says (ECMA-376 part 1, 18.8.30 and 18.8.31): 0.0575 as 5.75%.

No kept Python library does this: openpyxl, xlrd and pandas give the stored number, and an answer must be able to quote
what a person sees in the sheet.
"""

from __future__ import annotations

import datetime
import functools
import itertools
import locale
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

BUILT_IN = {
    0: "General", 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 5: '"$"#,##0;("$"#,##0)',
    6: '"$"#,##0;("$"#,##0)', 7: '"$"#,##0.00;("$"#,##0.00)', 8: '"$"#,##0.00;("$"#,##0.00)',
    9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?", 13: "# ??/??",
    # 14 and 22 are the reader's own short form of a date, which no two readers share.
    14: "yyyy-mm-dd", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm",
    21: "h:mm:ss", 22: "yyyy-mm-dd h:mm", 37: "#,##0;(#,##0)", 38: "#,##0;(#,##0)", 39: "#,##0.00;(#,##0.00)",
    40: "#,##0.00;(#,##0.00)", 41: '#,##0;(#,##0);"-"', 42: '$#,##0;$(#,##0);$"-"', 43: '#,##0.00;(#,##0.00);"-"',
    44: '$#,##0.00;$(#,##0.00);$"-"', 45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0", 48: "##0.0E+0", 49: "@",
    **dict.fromkeys((27, 28, 29, 30, 31, 36, 50, 51, 52, 53, 54, 57, 58), "yyyy-mm-dd"),
    **dict.fromkeys((32, 33, 34, 35, 55, 56), "h:mm"),
}  # fmt: skip
"""The formats that files name by number only. Those of East Asian locales are shown as ISO dates."""

_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"?|\\(?P<escaped>.)|_(?P<blank>.)|\*(?P<fill>.)|\[(?P<bracket>[^\]]*)\]|(?P<general>General)'
    r"|(?P<noon>AM/PM|A/P)|(?P<date>y+|m+|d+|h+|s+|e+(?![+-])|b+|g+|a{3,4})|(?P<exponent>E[+-])|(?P<digit>[0#?])"
    r"|(?P<point>\.)|(?P<comma>,)|(?P<percent>%)|(?P<slash>/)|(?P<text>@)|(?P<other>.)",
    re.IGNORECASE | re.DOTALL,
)
_CONDITION = re.compile(r"^(<=|>=|<>|=|<|>)\s*(-?[\d.]+)$")
_CURRENCY = re.compile(r"^\$([^-]*)(?:-(.+))?$")
_ISO = "yyyy-mm-dd"
_TIMES = frozenset("hs")

Token = tuple[str, str]


@dataclass(frozen=True)
class _Section:
    tokens: tuple[Token, ...]
    condition: tuple[str, float] | None
    language: str | None
    is_date: bool

    @functools.cached_property
    def plain(self) -> _Plain | None:
        """How to show a number with its digits in one run, which most formats do; None for the others."""
        kinds = [kind for kind, _ in self.tokens]
        places = [place for place, kind in enumerate(kinds) if kind == "digit"]
        if not places or set(kinds) - {"digit", "point", "comma", "literal", "percent"}:
            return None
        run = kinds[places[0] : places[-1] + 1]
        point = run.index("point") if "point" in run else len(run)
        decimals = self.tokens[places[0] + point + 1 : places[-1] + 1]
        tail = kinds[places[-1] + 1 :]
        if (
            set(run) - {"digit", "point", "comma"}
            or run.count("point") > 1
            or "comma" in run[point:]
            or "comma" in tail
        ):
            return None
        if any(text != "0" for _, text in decimals) or "point" in tail or "point" in kinds[: places[0]]:
            return None
        least = sum(text == "0" for kind, text in self.tokens[places[0] : places[0] + point] if kind == "digit")
        before = "".join(text for kind, text in self.tokens[: places[0]] if kind in ("literal", "percent"))
        after = "".join(text for kind, text in self.tokens[places[-1] + 1 :] if kind in ("literal", "percent"))
        grouped = "comma" in run
        if grouped and least > 3:
            return None
        return _Plain(before, after, grouped, len(decimals), least, 2 * kinds.count("percent"))


@dataclass(frozen=True)
class _Plain:
    """Digits in one run: texts around them, decimals, least digits before the point, and by how many places to shift."""

    before: str
    after: str
    grouped: bool
    decimals: int
    least: int
    shift: int

    def show(self, number: float) -> str:
        """The number with its digits and the texts around them."""
        exact = Decimal(f"{number:.15g}")
        rounded = (exact.scaleb(self.shift) if self.shift else exact).quantize(
            _STEPS[min(self.decimals, 30)], ROUND_HALF_UP
        )
        shown = format(rounded, ",f" if self.grouped else "f")
        if self.least != 1:
            whole, point, rest = shown.partition(".")
            shown = (whole.lstrip("0") if whole.strip("0") == "" else whole).rjust(self.least, "0") + point + rest
        return f"{self.before}{shown}{self.after}"


_STEPS = [Decimal(1).scaleb(-places) for places in range(31)]


class NumberFormat:
    """One format of a workbook. `is_date` says whether its numbers are days and times, `has_days` whether days are among them."""

    def __init__(self, code: str) -> None:
        self.code = code
        self._sections = [_section(part) for part in _split(code or "General")]
        self.is_date = self._sections[0].is_date
        self.has_days = any(kind == "date" and text[0] in "ymde" for kind, text in self._sections[0].tokens)
        self.is_general = [kind for kind, _ in self._sections[0].tokens] == ["general"] and len(self._sections) == 1

    def show(self, number: float) -> str:
        """A number as it is shown."""
        if self.is_general:
            return general(number)
        section, magnitude, signed = self._chosen(number)
        plain = section.plain
        if plain is not None and plain.decimals <= 30 and magnitude < 1e15:
            shown = plain.show(magnitude)
        else:
            shown = _numeric(section.tokens, magnitude)
        return " ".join(f"-{shown}".split() if signed else shown.split())

    def show_day(self, moment: datetime.datetime, serial: float) -> str:
        """A moment as it is shown; `serial` is the number that is stored for it, in days."""
        return " ".join(_day(self._sections[0], moment, serial).split())

    def show_text(self, text: str) -> str:
        """A text as it is shown: most formats leave it as it is."""
        section = self._sections[3] if len(self._sections) > 3 else self._sections[0]
        if not any(kind == "text" for kind, _ in section.tokens):
            return text
        said = "".join(text if kind == "text" else said for kind, said in section.tokens if kind in ("text", "literal"))
        return " ".join(said.split())

    def _chosen(self, number: float) -> tuple[_Section, float, bool]:
        """The section for a number, the number to show by it, and whether a minus sign stands before it."""
        sections = self._sections
        if any(section.condition for section in sections[:2]):
            for section in sections[:3]:
                if section.condition is None or _holds(number, section.condition):
                    one_sign = (
                        section.condition is not None
                        and section.condition[0] in ("<", "<=")
                        and section.condition[1] <= 0
                    )
                    return section, abs(number), number < 0 and not one_sign
            return sections[-1], abs(number), number < 0
        if number < 0 and len(sections) > 1:
            return sections[1], -number, False
        if number == 0 and len(sections) > 2:
            return sections[2], 0.0, False
        return sections[0], abs(number), number < 0


@functools.lru_cache(maxsize=4_096)
def number_format(code: str) -> NumberFormat:
    """The format with this code. The cache holds formats, never values."""
    return NumberFormat(code)


def general(number: float) -> str:
    """A number without a format: as many digits as it needs, twelve at most."""
    if float(number).is_integer() and abs(number) < 1e15:
        return str(int(number))
    return f"{number:.12g}"


def _holds(number: float, condition: tuple[str, float]) -> bool:
    sign, limit = condition
    return {
        "<": number < limit, "<=": number <= limit, ">": number > limit, ">=": number >= limit, "=": number == limit,
        "<>": number != limit,
    }[sign]  # fmt: skip


def _split(code: str) -> list[str]:
    """The sections of a format: what stands between semicolons that are not quoted."""
    parts, start, place = [], 0, 0
    while place < len(code):
        char = code[place]
        if char == '"':
            place = code.find('"', place + 1)
            if place < 0:
                break
        elif char in "\\_*":
            place += 1
        elif char == ";":
            parts.append(code[start:place])
            start = place + 1
        place += 1
    return [*parts, code[start:]][:4]


def _section(code: str) -> _Section:
    tokens: list[Token] = []
    condition: tuple[str, float] | None = None
    language: str | None = None
    for match in _TOKEN.finditer(code):
        kind, text = str(match.lastgroup), match[str(match.lastgroup)] or ""
        if kind in ("quoted", "escaped", "other"):
            tokens.append(("literal", text))
        elif kind == "blank":
            tokens.append(("literal", " "))
        elif kind == "bracket":
            if held := _CONDITION.match(text):
                condition = (held[1], float(held[2]))
            elif money := _CURRENCY.match(text):
                language = money[2] or language
                tokens.append(("literal", money[1]))
            elif re.fullmatch(r"h+|m+|s+", text, re.IGNORECASE):
                tokens.append(("elapsed", text.lower()))
        elif kind != "fill":
            tokens.append((kind, text.lower() if kind == "date" else text))
    kinds = {kind for kind, _ in tokens}
    is_date = bool(kinds & {"date", "elapsed", "noon"}) and "general" not in kinds
    if is_date:
        tokens = _minutes(tokens)
    return _Section(tuple(tokens), condition, language, is_date)


def _minutes(tokens: list[Token]) -> list[Token]:
    """An m after hours or before seconds is of minutes."""
    times = [place for place, (kind, _) in enumerate(tokens) if kind in ("date", "elapsed")]
    for number, place in enumerate(times):
        kind, text = tokens[place]
        before = tokens[times[number - 1]][1][0] if number else ""
        after = tokens[times[number + 1]][1][0] if number + 1 < len(times) else ""
        if kind == "date" and text[0] == "m" and len(text) <= 2 and (before == "h" or after == "s"):
            tokens[place] = ("minute", text)
    return tokens


# Numbers


def _numeric(tokens: Sequence[Token], number: float) -> str:
    kinds = [kind for kind, _ in tokens]
    if "general" in kinds or ("digit" not in kinds and "text" in kinds):
        return "".join(
            general(number) if kind in ("general", "text") else text for kind, text in tokens if kind in _LITERAL
        )
    if "digit" not in kinds:
        return "".join("%" if kind == "percent" else text for kind, text in tokens if kind in ("literal", "percent"))
    if "slash" in kinds and kinds.index("slash") > kinds.index("digit"):
        return _with_fraction(tokens, number)
    if "exponent" in kinds:
        return _scientific(tokens, number)
    return _fixed(tokens, Decimal(f"{number:.15g}"))


_LITERAL = ("literal", "general", "text", "percent")


def _fixed(tokens: Sequence[Token], number: Decimal) -> str:
    kinds = [kind for kind, _ in tokens]
    digits = [place for place, kind in enumerate(kinds) if kind == "digit"]
    point = next((place for place, kind in enumerate(kinds) if kind == "point"), len(kinds))
    whole = [place for place in digits if place < point]
    parts = [place for place in digits if place > point]
    last = whole[-1] if whole else point
    # Commas after the last digit divide by a thousand each.
    ends = {last, digits[-1]} if digits else set()
    scale = sum(len(list(itertools.takewhile(lambda kind: kind == "comma", kinds[end + 1 :]))) for end in ends)
    grouped = bool(whole) and any(kinds[place] == "comma" for place in range(whole[0], last))
    number = number.scaleb(2 * kinds.count("percent") - 3 * scale)
    rounded = format(number.quantize(Decimal(1).scaleb(-len(parts)), ROUND_HALF_UP), "f")
    left, _, right = rounded.partition(".")
    least = sum(tokens[place][1] == "0" for place in whole)
    left = left.lstrip("0").rjust(least, "0")
    keep = max((number for number, place in enumerate(parts, 1) if tokens[place][1] == "0"), default=0)
    right = right[:keep] + right[keep:].rstrip("0")
    pieces = _digits(left, whole, grouped)
    shown = []
    for place, (kind, text) in enumerate(tokens):
        if place in pieces:
            shown.append(pieces[place])
        elif place == point:
            # The digits of a number without a place before the point still stand there.
            shown.append((left if not whole else "") + ("." + right if right or keep else ""))
        elif kind == "literal" or kind == "percent":
            shown.append(text)
    return "".join(shown)


def _digits(left: str, places: Sequence[int], grouped: bool) -> dict[int, str]:
    """Which digits stand at which placeholder: one each from the right, the rest at the first."""
    if not places:
        return {}
    if grouped or list(places) == list(range(places[0], places[-1] + 1)):
        text = f"{int(left):,}".rjust(len(left), "0") if grouped and left else left
        return {places[0]: text} | dict.fromkeys(places[1:], "")
    pieces: dict[int, str] = {}
    rest = left
    for place in reversed(places[1:]):
        pieces[place], rest = rest[-1:], rest[:-1]
    pieces[places[0]] = rest
    return pieces


def _scientific(tokens: Sequence[Token], number: float) -> str:
    place = next(place for place, (kind, _) in enumerate(tokens) if kind == "exponent")
    before, after = tokens[:place], tokens[place + 1 :]
    exponent = 0 if number == 0 else Decimal(f"{number:.15g}").adjusted()
    width = max(1, sum(kind == "digit" for kind, _ in itertools.takewhile(lambda token: token[0] != "point", before)))
    exponent -= exponent % width if width > 1 else 0
    sign = "-" if exponent < 0 else "+" if tokens[place][1].endswith("+") else ""
    least = sum(kind == "digit" for kind, _ in after)
    mantissa = _fixed(before, Decimal(f"{number:.15g}").scaleb(-exponent))
    return f"{mantissa}E{sign}{str(abs(exponent)).rjust(least, '0')}" + "".join(t for k, t in after if k == "literal")


def _with_fraction(tokens: Sequence[Token], number: float) -> str:
    slash = next(place for place, (kind, _) in enumerate(tokens) if kind == "slash")
    after = "".join(text for _, text in tokens[slash + 1 :])
    fixed = re.match(r"\s*(\d+)", after)
    limit = 10 ** min(sum(kind == "digit" for kind, _ in tokens[slash + 1 :]) or 1, 7) - 1
    first = next(place for place in range(slash - 1, -1, -1) if tokens[place][0] == "digit")
    while first > 0 and tokens[first - 1][0] == "digit":
        first -= 1
    mixed = any(kind == "digit" for kind, _ in tokens[:first])
    whole = int(number) if mixed else 0
    rest = number - whole
    part = Fraction(round(rest * int(fixed[1])), int(fixed[1])) if fixed else Fraction(rest).limit_denominator(limit)
    if mixed and part == 1:
        whole, part = whole + 1, Fraction(0)
    over, under = part.numerator, part.denominator
    if fixed:
        over, under = over * int(fixed[1]) // under, int(fixed[1])
    shown = [str(whole)] if mixed and (whole or not over) else []
    return " ".join(shown + ([f"{over}/{under}"] if over or not mixed else []))


# Days and times


def _day(section: _Section, moment: datetime.datetime, serial: float) -> str:
    tokens = section.tokens
    names = _names(section.language)
    if names is None and any(kind == "date" and text[0] in "mda" and len(text) > 2 for kind, text in tokens):
        tokens = _section(_ISO).tokens
    clock = [
        place
        for place, (kind, text) in enumerate(tokens)
        if kind in ("minute", "noon") or (text[:1] in _TIMES and kind == "date")
    ]
    days = [place for place, (kind, text) in enumerate(tokens) if kind == "date" and text[0] in "ymdea"]
    if clock and days and moment.time() == datetime.time() and max(days) < min(clock):
        # Midnight says that a day is meant.
        tokens = tokens[: max(days) + 1]
    half = any(kind == "noon" for kind, _ in tokens)
    shown = []
    for place, (kind, text) in enumerate(tokens):
        if kind in ("literal", "slash", "comma", "point"):
            shown.append(text)
        elif kind == "digit" and place and tokens[place - 1][0] in ("point", "digit"):
            if tokens[place - 1][0] == "point":
                shown.append(f"{moment.microsecond:06}"[: sum(k == "digit" for k, _ in tokens[place:])])
        elif kind == "elapsed":
            shown.append(
                str(int(round(serial * 86_400) // {"h": 3_600, "m": 60, "s": 1}[text[0]])).rjust(len(text), "0")
            )
        elif kind == "minute":
            shown.append(str(moment.minute).rjust(len(text), "0"))
        elif kind == "noon":
            shown.append("AM" if moment.hour < 12 else "PM")
        elif kind == "date":
            shown.append(_date_part(text, moment, half, names))
    return "".join(shown)


Names = tuple[Sequence[str], Sequence[str], Sequence[str], Sequence[str]]
"""Months, months shortened, days of the week from Monday, the same shortened."""


def _date_part(text: str, moment: datetime.datetime, half: bool, names: Names | None) -> str:
    letter, length = text[0], len(text)
    months, short_months, days, short_days = names or _names(None) or ((), (), (), ())
    if letter in "ye":
        return f"{moment.year:04}" if length > 2 or letter == "e" else f"{moment.year % 100:02}"
    if letter == "m":
        return str(moment.month).rjust(length, "0") if length <= 2 else (
            short_months[moment.month - 1] if length == 3 else months[moment.month - 1][: 1 if length == 5 else None]
        )  # fmt: skip
    if letter in "da":
        if length <= 2:
            return str(moment.day).rjust(length, "0")
        return (short_days if length == 3 else days)[moment.weekday()]
    if letter == "h":
        return str((moment.hour % 12 or 12) if half else moment.hour).rjust(min(length, 2), "0")
    return str(moment.second).rjust(min(length, 2), "0") if letter == "s" else ""


@functools.lru_cache(maxsize=64)
def _names(language: str | None) -> Names | None:
    """The names of months and days in a language of a format ("407", "de-DE"); None when they are not known."""
    import babel

    name: str | None = "en_US"
    if language:
        plain = language.split(",")[0]
        if re.fullmatch(r"[0-9A-Fa-f]{1,8}", plain):
            number = int(plain, 16) & 0xFFFF
            name = locale.windows_locale.get(number) if number != 0xF800 else None
        else:
            name = plain.replace("-", "_")
    if not name:
        return None
    try:
        known = babel.Locale.parse(name)
    except (ValueError, babel.UnknownLocaleError):
        return None
    months, days = known.months["format"], known.days["format"]
    return (
        [months["wide"][number] for number in range(1, 13)],
        [months["abbreviated"][number] for number in range(1, 13)],
        [days["wide"][number] for number in range(7)],
        [days["abbreviated"][number] for number in range(7)],
    )
