"""Reads days as people write them in a column of a table: 03.02.2033, 2/14/2033, 2033/02/03, 3 February 2033.

"03/02/2033" is a day in February in one country and in March in another. Which it is is decided for a whole column, by
the cells that can be read in one way only; a column that proves neither stays text.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence

_DAY_FIRST = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.\s?((?:19|20)\d\d)")
_EITHER = re.compile(r"(\d{1,2})([/-])(\d{1,2})\2((?:19|20)\d\d)")
_YEAR_FIRST = re.compile(r"((?:19|20)\d\d)(?:[/.-](\d{1,2})[/.-](\d{1,2})|年(\d{1,2})月(\d{1,2})日)")
_NAMED = re.compile(r"(\d{1,2})(?:\.|st|nd|rd|th)?[ -]([A-Za-zäéûç]{3,9})\.?,?[ -]((?:19|20)\d\d)")
_NAMED_FIRST = re.compile(r"([A-Za-z]{3,9})\.? (\d{1,2})(?:st|nd|rd|th)?,? ((?:19|20)\d\d)")
_MONTHS = {
    name: number
    for names in (
        "january february march april may june july august september october november december",
        "jan feb mar apr may jun jul aug sep oct nov dec",
        "januar februar märz april mai juni juli august september oktober november dezember",
        "jan feb mär apr mai jun jul aug sep okt nov dez",
    )
    for number, name in enumerate(names.split(), 1)
}


def dates(cells: Sequence[str]) -> list[datetime.date] | None:
    """The cells as days, all written in one way; None when one of them is none, or the column may be read in two ways."""
    if not cells or not cells[0][:1].isalnum() or not cells[0][-1:].isalnum() or len(cells[0]) > 20:
        return None
    for read in (_day_first, _either, _year_first, _named):
        try:
            if (found := read(cells)) is not None:
                return found
        except ValueError:
            return None  # the 31st of February: not days, whatever they look like
    return None


def _day_first(cells: Sequence[str]) -> list[datetime.date] | None:
    matches = [_DAY_FIRST.fullmatch(cell) for cell in cells]
    return None if None in matches else [datetime.date(int(m[3]), int(m[2]), int(m[1])) for m in matches if m]


def _either(cells: Sequence[str]) -> list[datetime.date] | None:
    found = [match for cell in cells if (match := _EITHER.fullmatch(cell))]
    if len(found) < len(cells):
        return None
    first, second = max(int(m[1]) for m in found), max(int(m[3]) for m in found)
    if (first > 12) == (second > 12):
        return None
    day, month = (1, 3) if first > 12 else (3, 1)
    return [datetime.date(int(m[4]), int(m[month]), int(m[day])) for m in found]


def _year_first(cells: Sequence[str]) -> list[datetime.date] | None:
    matches = [_YEAR_FIRST.fullmatch(cell) for cell in cells]
    return (
        None if None in matches
        else [datetime.date(int(m[1]), int(m[2] or m[4]), int(m[3] or m[5])) for m in matches if m]
    )  # fmt: skip


def _named(cells: Sequence[str]) -> list[datetime.date] | None:
    days = []
    for cell in cells:
        match = _NAMED.fullmatch(cell)
        day, name, year = match.groups() if match else ("", "", "")
        if match is None and (match := _NAMED_FIRST.fullmatch(cell)):
            name, day, year = match.groups()
        month = _MONTHS.get(name.casefold())
        if match is None or month is None:
            return None
        days.append(datetime.date(int(year), month, int(day)))
    return days
