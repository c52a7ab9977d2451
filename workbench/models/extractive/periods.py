"""Reads the period that a question is about ("before 1930", "after 3 March 2031"), so that what lies outside it is no answer."""

# A pattern is one line for a few languages.
# ruff: noqa: E501

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

from workbench.core.text_cache import text_cache
from workbench.text.dates import days, months

_BEFORE = r"before|prior to|until|till|up to|by|earlier than|vor(?: dem)?|bis(?: zum)?|avant(?: le)?|jusqu['’](?:au?|en)|antes de(?:l)?|hasta(?: el)?"
_AFTER = r"after|since|from|later than|following|nach(?: dem)?|seit(?: dem)?|ab(?: dem)?|après(?: le)?|depuis(?: le)?|à partir d[eu]|después de(?:l)?|desde(?: el)?|a partir de(?:l)?"
_WITH_THE_DAY = re.compile(
    r"^(?:until|till|up to|by|bis|jusqu|hasta|since|from|seit|ab|depuis|à partir|desde|a partir)", re.IGNORECASE
)
_SAID_BEFORE = re.compile(rf"\b({_BEFORE})\s+(?:the\s+)?(?:year\s+|jahr\s+|l['’]année\s+|año\s+)?$", re.IGNORECASE)
_SAID_AFTER = re.compile(rf"\b({_AFTER})\s+(?:the\s+)?(?:year\s+|jahr\s+|l['’]année\s+|año\s+)?$", re.IGNORECASE)
_BETWEEN = re.compile(r"\b(?:between|from|zwischen|von|entre|de)\s*$", re.IGNORECASE)
_CJK_BEFORE, _CJK_AFTER = (
    re.compile(r"^\s*(?:以?前|之前|より前|まで)"),
    re.compile(r"^\s*(?:以?[后後]|之[后後]|より後|から|以来|以降)"),
)
_YEAR = re.compile(r"(?<![\d.,/-])(1\d{3}|20\d\d|21\d\d)(?![\d%]|[.,/-]\d)")
_LAST = "~"
"""Sorts after every day of a month or a year."""


@dataclass(frozen=True)
class Period:
    """`first` and `last` are days in ISO form or beginnings of them, "" where the period is open; with their own day or not."""

    first: str = ""
    last: str = ""
    with_first: bool = True
    with_last: bool = True

    def holds(self, day: str) -> bool:
        """Whether a day, a month or a year (a beginning of an ISO day) lies in the period."""
        if self.first:
            if self.with_first and day + _LAST < self.first:
                return False
            if not self.with_first and day <= self.first + _LAST:
                return False
        if self.last:
            if self.with_last and day > self.last + _LAST:
                return False
            if not self.with_last and day >= self.last:
                return False
        return True


@text_cache(256)
def period_of(question: str) -> Period | None:
    """The period that a question names with a word of order ("before", "since"); None when it names none."""
    places = _named(question)
    for (start, end, day), (second, _, last) in itertools.pairwise(places):
        if _BETWEEN.search(question[:start]) and len(question[end:second]) < 8 and day <= last:
            return Period(day, last)
    for start, end, day in places:
        ahead, behind = question[:start], question[end:].removeprefix("年")
        if match := _SAID_BEFORE.search(ahead):
            return Period(last=day, with_last=bool(_WITH_THE_DAY.match(match.group(1))))
        if match := _SAID_AFTER.search(ahead):
            return Period(first=day, with_first=bool(_WITH_THE_DAY.match(match.group(1))))
        if _CJK_BEFORE.match(behind):
            return Period(last=day, with_last=False)
        if _CJK_AFTER.match(behind):
            return Period(first=day, with_first=False)
    return None


@text_cache(32_768)
def lies_in(period: Period, text: str) -> bool | None:
    """Whether a day, month or year that a text names lies in the period; None when it names no time."""
    named = [day for *_, day in _named(text)]
    return any(period.holds(day) for day in named) if named else None


def _named(text: str) -> list[tuple[int, int, str]]:
    """(start, end, ISO) of the days, months and years that a text names, in order."""
    found: list[tuple[int, int, str]] = []
    at = 0
    for written, iso in sorted({*days(text), *months(text)}, key=lambda one: (text.find(one[0]), -len(one[0]))):
        start = text.find(written, at)
        if start >= 0:
            found.append((start, start + len(written), iso))
            at = start + len(written)
    for match in _YEAR.finditer(text):
        if not any(start <= match.start() < end for start, end, _ in found):
            found.append((match.start(), match.end(), match.group(1)))
    return sorted(found)
