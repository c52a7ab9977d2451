"""Reads numbers as people write them: decimal point or comma, digits grouped by comma, point, space or apostrophe.

"1,284" is a thousand in one country and little more than one in another. Which it is is decided for a whole column:
by the cells that can be read in one way only, else by those of the other columns of the table, else the point is the
decimal sign.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_SPACES = " \u00a0\u2007\u2009\u202f"
_SPACE_GROUPED = r"[1-9]\d{0,2}(?:[" + _SPACES + r"'’]\d{3})+"
_SIGN = r"[+\-−]?"
_POINT = re.compile(
    rf"{_SIGN}(?:(?:0|[1-9]\d{{0,17}}|[1-9]\d{{0,2}}(?:,\d{{3}}){{1,5}}|{_SPACE_GROUPED})(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{{1,3}})?"
)
_COMMA = re.compile(rf"{_SIGN}(?:0|[1-9]\d{{0,17}}|[1-9]\d{{0,2}}(?:\.\d{{3}}){{1,5}}|{_SPACE_GROUPED})(?:,\d+)?")
_CURRENCY = re.compile(r"^(?:[$€£¥]|[A-Z]{3}(?=[\s\d-])|kr\.?(?=\s))|(?:[$€£¥]|(?<=\s)[A-Z]{3}|(?<=\s)kr\.?|(?<=,)-)$")
_BEFORE_NUMBER = "$€£¥(+-−"
_PLAIN = re.compile(r"-?(?:0|[1-9]\d{0,17})(?:\.\d+)?")
_GROUPING = re.compile("[" + _SPACES + "'’]")


def decimal_sign(cells: Iterable[str]) -> str:
    """The decimal sign that the cells prove: "." or ","; "" when they prove none or both."""
    signs = set()
    for cell in cells:
        if "," not in cell and "." not in cell:
            continue
        point, comma = _POINT.fullmatch(cell) is not None, _COMMA.fullmatch(cell) is not None
        if not (point or comma or cell[0] in _BEFORE_NUMBER or cell[0].isdigit() or cell[-1].isdigit()):
            continue
        if not point and not comma:
            bare = _bare(cell)[0]
            point, comma = _POINT.fullmatch(bare) is not None, _COMMA.fullmatch(bare) is not None
        if point != comma:
            signs.add("." if point else ",")
            if len(signs) > 1:
                return ""
    return signs.pop() if signs else ""


def numbers(cells: Sequence[str], sign: str) -> list[int | float] | None:
    """The cells as numbers, all with the decimal sign `sign` and one currency at most; None when one of them is none."""
    if sign != "," and all(map(_PLAIN.fullmatch, cells)):
        return [float(cell) for cell in cells] if any("." in cell for cell in cells) else [int(cell) for cell in cells]
    pattern = _COMMA if sign == "," else _POINT
    bare, currencies = [], set()
    for cell in cells:
        text, currency = _bare(cell)
        if currency:
            currencies.add(currency)
        if not pattern.fullmatch(text) or len(currencies) > 1:
            return None
        bare.append(text)
    plain = [_GROUPING.sub("", text).replace("−", "-") for text in bare]
    plain = [text.replace(".", "").replace(",", ".") if sign == "," else text.replace(",", "") for text in plain]
    if all(map(str.isdigit, (text.lstrip("+-") for text in plain))):
        return [int(text) for text in plain]
    return [float(text) for text in plain]


def _bare(cell: str) -> tuple[str, str]:
    """A cell without its currency and the brackets of a negative amount, and the currency."""
    text = cell.strip()
    negative = text.startswith("(") and text.endswith(")")
    if negative:
        text = text[1:-1].strip()
    currency = ""
    if text and not (text[0].isdigit() and text[-1].isdigit()):
        sign = text[0] if text[0] in "+-−" else ""
        rest = text[len(sign) :].strip()
        if match := _CURRENCY.search(rest):
            currency = match[0]
            rest = (rest[: match.start()] + rest[match.end() :]).strip(" ,\u00a0\u202f")
            text = sign + rest if not rest.startswith(("-", "−")) or not sign else rest
    return (f"-{text}" if negative and text[:1] not in "-−+" else text), currency
