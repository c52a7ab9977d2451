"""Follows identifiers from record to record: the next look-up, or the record that ends the chain.

A record is a line that names two identifiers of one shape: the first leads to the second. A question that asks where such
a chain ends is answered by searching each identifier in turn, until one leads no further. Nothing else of a record is read,
so its words do not matter; and the last result holds all that is needed, so eviction does no harm.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from workbench.models.extractive.financial import is_time
from workbench.models.extractive.prompt_parser import Search, View

LOOKUPS = 40
"""Look-ups a chain is worth."""

_IDENTIFIER = re.compile(r"(?<![\w-])(?=[\w-]*\d)[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*(?![\w-])")
_SHORTEST_CHARS = 6
_ASKS_FOR_THE_END = re.compile(
    r"\b(?:final(?:ly)?|in the end|ends?|in turn|itself|leads? on|follow(?:ed|ing)?|chain|nested|ultimately|last)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Step:
    """A search to make (`query`, `page` from 0), or the end: a record's text with its handle."""

    query: str = ""
    page: int = 0
    record: str = ""
    handle: str = ""


def next_step(view: View) -> Step | None:
    """The next step of a chain; None when the question is not about one, or it cannot be followed."""
    start = _start(view.question)
    if not start:
        return None
    last = next((search for search in reversed(view.searches) if search.handles is not None), None)
    at = last.query.strip('"') if last else ""
    if last is None or not _shape(at) or _shape(at) != _shape(start):
        return None if _asked(view, start) else Step(start)
    for first, second, _, _ in _records(view, last):
        if first == at and not _asked(view, second):
            return Step(second) if len(view.searches) < LOOKUPS else None
    if last.page < last.last_page:
        return Step(last.query, last.page + 1)
    for first, second, line, handle in _records(view, last):
        if at in (first, second):
            return Step(record=line, handle=handle)
    return None


def _start(question: str) -> str:
    """The one identifier of a question that asks where a chain ends."""
    named = {match.group() for match in _IDENTIFIER.finditer(question) if len(match.group()) >= _SHORTEST_CHARS}
    named = {name for name in named if not is_time(name)}
    return named.pop() if len(named) == 1 and _ASKS_FOR_THE_END.search(question) else ""


def _asked(view: View, identifier: str) -> bool:
    return any(search.query.strip('"') == identifier for search in view.searches)


def _records(view: View, search: Search) -> Iterator[tuple[str, str, str, str]]:
    """(first identifier, second, the line, its handle) of the lines in a result that link two of one shape."""
    for handle in search.handles or ():
        passage = view.passages.get(handle)
        for line in passage.text.splitlines() if passage else ():
            named = [match.group() for match in _IDENTIFIER.finditer(line) if len(match.group()) >= _SHORTEST_CHARS]
            if len(named) == 2 and _shape(named[0]) == _shape(named[1]):
                yield named[0], named[1], line.strip(), handle


def _shape(identifier: str) -> str:
    """What identifiers of one kind share: the lengths of their parts."""
    found = _IDENTIFIER.fullmatch(identifier)
    return "-".join(str(len(part)) for part in identifier.split("-")) if found else ""
