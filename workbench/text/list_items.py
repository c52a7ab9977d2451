"""Reads lists in plain text: which lines are items, and under which item another one stands."""

from __future__ import annotations

import re
from collections.abc import Container, Sequence

_MARK = re.compile(r"\s*(?:[-*+•◦▪]|\d{1,3}[.)])\s+")


def is_item(line: str) -> bool:
    """Whether a line begins with the mark or the number of an item."""
    return _MARK.match(line) is not None


def bare_item(line: str) -> str:
    """What an item says, without its mark."""
    return _MARK.sub("", line, count=1).strip()


def items_above(lines: Sequence[str], headings: Container[int] = ()) -> list[str]:
    """For each line: what the item says under which it stands as an item of its own, "" where it stands under none.

    Depth is the white space before a line. A list ends at an empty line, at a line that is not indented, and at a heading;
    `headings` are the places of headings among the lines.
    """
    above: list[str] = []
    open_items: list[tuple[int, str]] = []
    for place, line in enumerate(lines):
        depth = len(line) - len(line.lstrip())
        if place in headings or not line.strip():
            open_items = []
        while open_items and open_items[-1][0] >= depth:
            open_items.pop()
        if is_item(line):
            above.append(open_items[-1][1] if open_items else "")
            open_items.append((depth, bare_item(line)))
        else:
            above.append("")
            open_items = open_items if depth else []
    return above
