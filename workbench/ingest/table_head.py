"""Finds what the lines above say of the table or the list in whose middle a passage begins: columns, years, unit, caption, item.

A row of figures says nothing without them, and a table is often longer than a passage; nor does an item under another one.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import cached_property

from workbench.text.entities import TABLE_HEAD
from workbench.text.list_items import is_item, items_above

_LOOK_BACK = 90
"""Lines of a table that a page may have above a passage."""

_HEAD_CHARS = 160
_LABEL_CHARS = 90
_AROUND = 4
_PERIOD = re.compile(
    r"(?<![\w.,$€£])(?:(?:FY|CY|[HQ][1-4])['’ -]?)?(?:19|20)\d\d(?:[/–-]\d{2,4})?[AEFPB]?(?![\w%]|[.,]\d)"
    r"|(?<!\w)\d{1,2}[./]\d{1,2}[./](?:19|20)\d\d(?!\w)"
)
_NUMBER = re.compile(r"\d[\d.,]*")
_DAY = re.compile(r"^(?:[1-9]|[12]\d|3[01])[.,]?$")
_UNIT = re.compile(
    r"\b(?:in|amounts?|dollars?)\b.{0,40}\b(?:thousands?|millions?|billions?|mio|mrd|tausend|millionen|milliers|millones|000s?)\b"
    r"|[$€£¥]\s?(?:in\s)?(?:000|millions?|thousands?|billions?)|\bin\s(?:EUR|USD|GBP|CHF|JPY|CNY|SEK|NOK|DKK|%|percent)(?!\w)"
    r"|\(\s?(?:[$€£¥]|%|EUR|USD|GBP|CHF|unaudited|audited)\s?\)",
    re.IGNORECASE,
)
_SPAN = re.compile(
    r"\b(?:years?|months?|weeks?|quarters?|periods?|ended|ending|as of|fiscal|at|note|zum|jahr|exercice|ejercicio)\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[.!?。！？]\s*$")
_LABELLED = re.compile(r"(?:^|\| )[^|:]{1,120}: \S")


class TableHeads:
    """The heads of the tables of one page. `is_row` tells rows of tables from lines of prose.

    `headings` are the places where its headings begin: what stands above one is no head of what stands below it.
    """

    def __init__(self, text: str, is_row: Callable[[str], bool], headings: Sequence[int] = ()) -> None:
        self._lines = text.split("\n")
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line) + 1)
        self._is_row = is_row
        self._headings = {bisect_right(self._starts, start) - 1 for start in headings}

    def item_above(self, start_char: int) -> str:
        """The item of a list under which the one at `start_char` stands; "" where it stands under none."""
        place = bisect_right(self._starts, start_char) - 1
        item = self._items_above[place] if place < len(self._items_above) else ""
        return " ".join(item.split())[:_HEAD_CHARS].rstrip(" :")

    @cached_property
    def _items_above(self) -> list[str]:
        return items_above(self._lines, self._headings)

    def above(self, start_char: int) -> str:
        """The head of the table that goes on at `start_char`, as one line; "" where none does."""
        place = bisect_right(self._starts, start_char) - 1
        here = self._lines[place] if place < len(self._lines) else ""
        if not place or place in self._headings or not self._goes_on(place):
            return ""
        labelled = len(_LABELLED.findall(here)) >= 2
        first = place
        for number in range(place - 1, max(-1, place - _LOOK_BACK), -1):
            line = self._lines[number].strip()
            if number in self._headings:
                break
            if not line:
                if labelled or not self._table_above(number):
                    break
                continue
            if not labelled and (self._names_periods(line) or self._names_columns(line, number)):
                return self._with_unit(number)
            if not self._is_row(line) and (len(line) > _LABEL_CHARS or _SENTENCE.search(line)):
                break
            first = number
        caption = self._lines[first].strip() if labelled and first < place else ""
        return "" if not caption or self._is_row(caption) else _shown([caption])

    def _goes_on(self, place: int) -> bool:
        """Whether a line is in a table: a row, or the label of one that follows."""
        near = [line for line in self._lines[place : place + 3] if line.strip()]
        return bool(near) and any(self._is_row(line) for line in near) and not self._names_periods(near[0])

    def _table_above(self, number: int) -> bool:
        above = next((line for line in reversed(self._lines[max(0, number - 2) : number]) if line.strip()), "")
        return bool(above) and (self._is_row(above) or self._names_periods(above) or len(above) <= _LABEL_CHARS)

    def _names_periods(self, line: str) -> bool:
        """Whether a line has the years or days of two columns or more, and no other figures."""
        periods = _PERIOD.findall(line)
        if len(periods) < 2 or len(line) > _HEAD_CHARS or is_item(line):
            return False
        rest = _PERIOD.sub(" ", line)
        return all(_DAY.match(number) for number in _NUMBER.findall(rest)) and len(rest.split()) <= 4 * len(periods) + 6

    def _names_columns(self, line: str, number: int) -> bool:
        """Whether a line is the heads of columns, parted by bars, above rows of figures."""
        bars, following = line.count(" | "), self._lines[number + 1 : number + 4]
        if not bars or _NUMBER.search(line) or _LABELLED.search(line) or not any(map(_NUMBER.search, following)):
            return False
        return not number or self._lines[number - 1].count(" | ") != bars

    def _with_unit(self, number: int) -> str:
        """The line of names with what is said of all columns right above and below it."""
        head = [self._lines[number]]
        for step in range(1, _AROUND + 1):
            line = self._lines[number - step].strip() if number >= step else ""
            if not line or len(line) > _LABEL_CHARS or _SENTENCE.search(line):
                break
            if _UNIT.search(line) or _SPAN.search(line):
                head.insert(0, line)
        below = self._lines[number + 1].strip() if number + 1 < len(self._lines) else ""
        if _UNIT.search(below) and not self._is_row(below) and len(below) <= _LABEL_CHARS:
            head.append(below)
        return _shown(head)


def _shown(head: Sequence[str]) -> str:
    line = " ".join(" ".join(head).replace(" | ", ", ").replace(">", " ").split())
    return f"{TABLE_HEAD}{line[:_HEAD_CHARS].rstrip()}"
