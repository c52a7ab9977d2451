"""Joins the lines of a page that a PDF broke for its paper, so that paragraphs fill the width they are read in.

A line that is too long for the box would otherwise break into itself and a stub of a few words, line after line. Only what surely is
running text is joined: a line goes on in the next one when the first word of that had no room on it. Rows of tables, lists, headings,
code and the last line of a paragraph stay as they are, and every letter stays in its place, so that what is marked can be found.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

from rich.cells import cell_len

_GAP = re.compile(r"\S(?: {2,}|\t)\s*(?=\S)")
_NUMBER = re.compile(r"[(\-–—+]?[$€£¥]?[\d.,:%/]*\d[\d.,:%/]*\)?%?|[$€£¥—–-]")
_LEADERS = re.compile(r"(?:\.\s?){4,}|…{2,}|_{3,}")
_BEGINS = re.compile(r"\s*(?:[-*+•·▪◦‣–—§|>#]|\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,4})[.)])\s")
_INDENTED = re.compile(r"(?: {3,}|\t)\S")
_FULL = 0.85
"""Lines of proportional type that fill their paper differ by about this much in how many letters they hold."""

_NEAR = 3
"""How wide the paper is, is told by so many lines before and after: a page may have columns, and a heading may be wider."""

_NUMERIC_SHARE = 0.4


@dataclass(frozen=True)
class Flowed:
    """A text with other line ends, and where a stretch of the text as it came stands in it."""

    text: str
    start: int
    end: int


def flowed(text: str, width: int, start: int = 0, end: int = 0) -> Flowed:
    """`text` with the paragraphs joined that have a line wider than `width` cells; `start`..`end` count characters of `text`."""
    lines = text.split("\n")
    cells = [cell_len(line.rstrip()) for line in lines]
    if max(cells) <= width:
        return Flowed(text, start, end)
    running = [bool(line.strip()) and not _is_row(line) for line in lines]
    held = [count if runs else 0 for count, runs in zip(cells, running, strict=True)]
    goes_on = [
        at + 1 < len(lines)
        and running[at]
        and running[at + 1]
        and _goes_on(lines[at], lines[at + 1], max(held[max(0, at - _NEAR) : at + _NEAR + 1]))
        for at in range(len(lines))
    ]
    pieces: list[str] = []
    starts, new_starts = [0], [0]
    first = 0
    while first < len(lines):
        last = first
        while goes_on[last]:
            last += 1
        joins = any(count > width for count in cells[first : last + 1])
        for at in range(first, last + 1):
            piece = lines[at] + "\n"
            if joins and at < last:
                piece = lines[at].rstrip()
                piece += "" if _needs_no_blank(piece, lines[at + 1]) else " "
            pieces.append(piece)
            starts.append(starts[-1] + len(lines[at]) + 1)
            new_starts.append(new_starts[-1] + len(piece))
        first = last + 1

    def moved(place: int) -> int:
        at = bisect_right(starts, place) - 1
        return min(new_starts[at] + place - starts[at], new_starts[min(at + 1, len(lines))])

    joined = "".join(pieces)[:-1]
    return Flowed(joined, moved(start), moved(end)) if end > start else Flowed(joined, 0, 0)


def _is_row(line: str) -> bool:
    """Whether a line is no running text: a row of a table or of contents, or code."""
    if _INDENTED.match(line) or line.count("|") > 1 or _LEADERS.search(line) or _GAP.search(line):
        return True
    words = line.split()
    numeric = sum(_NUMBER.fullmatch(word) is not None for word in words)
    ends = _NUMBER.fullmatch(words[-1]) is not None
    return numeric >= 2 and (
        numeric >= _NUMERIC_SHARE * len(words) or (ends and _NUMBER.fullmatch(words[-2]) is not None)
    )


def _goes_on(line: str, following: str, fullest: int) -> bool:
    """Whether the next line goes on with this one: its first word had no room here."""
    if _BEGINS.match(following):
        return False
    word = following.split(maxsplit=1)[0]
    return cell_len(line.rstrip()) + 1 + cell_len(word) > _FULL * fullest


def _needs_no_blank(line: str, following: str) -> bool:
    """Behind a hyphen, and between letters of scripts that have no blanks."""
    first = following.lstrip()[:1]
    if line.endswith(("-", "\u00ad")) and line[-2:-1].isalpha() and first.islower():
        return True
    return bool(first) and cell_len(line[-1:]) == 2 and cell_len(first) == 2
