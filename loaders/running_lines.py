"""Tells running titles, footers and page numbers, which repeat on the pages of a document, from the text between them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

_EDGE_LINES = 3
_PAGES = 3
_SHARE = 0.3
"""A line is a running one when it stands at the edge of so many pages; titles of chapters run over fewer than half."""

_LINE_CHARS = 160
_LETTERS = 3
_NUMBER = re.compile(r"\d+|\b[ivxlc]{1,7}\b")
_PAGE_NUMBER = re.compile(r"^[\W_]*(?:(\d{1,5})|[ivxlc]{1,7})[\W_]*$")


def told_apart(texts: Sequence[str]) -> list[str]:
    """The texts of pages with a blank line between what repeats at their edges and what is the page's own.

    Numbers in a line may differ from page to page. Nothing is left out: a footer may say what a question asks for.
    """
    lines = [text.split("\n") for text in texts]
    tops = [_edge(page, range(len(page)), number) for number, page in enumerate(lines)]
    ends = [_edge(page, range(len(page) - 1, -1, -1), number) for number, page in enumerate(lines)]
    written = sum(bool(edge) for edge in tops)
    least = max(_PAGES, _SHARE * written)
    running_tops, running_ends = (
        {key for key, count in _counted(edges).items() if count >= least} for edges in (tops, ends)
    )
    if not running_tops and not running_ends:
        return list(texts)
    return [
        _parted(page, _run(top, running_tops), _run(end, running_ends)) for page, top, end in zip(lines, tops, ends)
    ]


def _edge(page: Sequence[str], order: range, number: int) -> dict[int, str]:
    """The places of the first lines with words on them, in that order, and what each has in common with others."""
    keys = dict[int, str]()
    for place in order:
        if page[place].strip():
            keys[place] = _key(page[place], number)
            if len(keys) == _EDGE_LINES:
                break
    return keys


def _counted(edges: Sequence[Mapping[int, str]]) -> Counter[str]:
    """On how many pages each line stands at this edge."""
    return Counter(key for edge in edges for key in set(edge.values()) if key)


def _key(line: str, page: int) -> str:
    """What a running line has in common on all pages: its words, and of a mere number how far it is from the page's.

    "" for what is none, such as the dates and figures of a table.
    """
    line = " ".join(line.casefold().split())
    if len(line) > _LINE_CHARS:
        return ""
    if match := _PAGE_NUMBER.match(line):
        return f"#{int(match[1]) - page}" if match[1] else "#roman"
    return _NUMBER.sub("#", line) if sum(map(str.isalpha, line)) >= _LETTERS else ""


def _run(edge: Mapping[int, str], running: set[str]) -> int | None:
    """The innermost of the running lines that follow each other from the edge on, None without any."""
    last = None
    for place, key in edge.items():
        if key not in running:
            break
        last = place
    return last


def _parted(page: list[str], top: int | None, end: int | None) -> str:
    if top is not None and end is not None and top >= end:
        return "\n".join(page)  # the page has nothing of its own
    first = 0 if top is None else top + 1
    last = len(page) if end is None else end
    parts = ("\n".join(page[:first]), "\n".join(page[first:last]), "\n".join(page[last:]))
    return "\n\n".join(part.strip("\n") for part in parts if part.strip())
