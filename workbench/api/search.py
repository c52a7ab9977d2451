"""Options of a person's search, parsed from a typed line or from flags, and the protocol of the search service."""

from __future__ import annotations

import calendar
import json
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Protocol

from workbench.api.events import Event, PageRead
from workbench.core.errors import UsageError

_FLAG = re.compile(r"(?:^|\s)--(source|document|pages|since|until|reranker)(?=[\s=]|$)")
_QUOTED = re.compile(r'"[^"]*"|“[^”]*”|«[^»]*»|「[^」]*」')


@dataclass(frozen=True)
class SearchOptions:
    """Which passages a search may give: of a source, of a document, of pages of documents, of documents of a time.

    `pages` is "3" or "3-9" (also "3-" and "-9"), both ends included; `since` and `until` are days, months or years
    (2021-03-04, 2021-03, 2021), both included. Empty texts restrict nothing. `reranker` names a cross-encoder.
    """

    source: str = ""
    document: str = ""
    pages: str = ""
    since: str = ""
    until: str = ""
    reranker: str = ""

    @property
    def page_range(self) -> tuple[int, int] | None:
        """The first and the last page; None for all. Raises UsageError."""
        if not self.pages:
            return None
        match = re.fullmatch(r"\s*(\d*)\s*(?:([-–:])\s*(\d*)\s*)?", self.pages)
        if match is None or not (match[1] or match[3]):
            raise UsageError(f"{self.pages!r} is no range of pages.", "Write 3 or 3-9.")
        first = int(match[1] or 1)
        last = int(match[3]) if match[3] else (10**9 if match[2] else first)
        if not 1 <= first <= last:
            raise UsageError(f"{self.pages!r} is no range of pages.", "Pages count from 1, the smaller one first.")
        return first, last

    @property
    def days(self) -> tuple[date, date] | None:
        """The first and the last day; None for all time. Raises UsageError."""
        if not (self.since or self.until):
            return None
        first = _day(self.since, last=False) if self.since else date.min
        last = _day(self.until, last=True) if self.until else date.max
        if last < first:
            raise UsageError(f"{self.until} lies before {self.since}.", "Swap the two days.")
        return first, last

    @classmethod
    def from_words(cls, words: str) -> SearchOptions:
        """The options of a call's other arguments, as they stand in the call for the next page."""
        options: dict[str, str] = {}
        for match in re.finditer(r'(\w+)=("(?:[^"\\]|\\.)*"), ', words):
            if match[1] in {field.name for field in fields(cls)}:
                options[match[1]] = str(json.loads(match[2]))
        return cls(**options)

    def flags(self) -> str:
        """The same as flags of a command."""
        given = [(field.name, str(getattr(self, field.name))) for field in fields(self)]
        return "".join(f" --{name} {shlex.quote(value)}" for name, value in given if value)


def read_line(line: str) -> tuple[str, SearchOptions]:
    """A query with options behind it, as it is typed: `rent review --document lease.pdf --pages 3-9`. Raises UsageError."""
    quoted = [match.span() for match in _QUOTED.finditer(line)]
    starts = (match.start() for match in _FLAG.finditer(line))
    at = next((start for start in starts if not any(a < start < b for a, b in quoted)), len(line))
    query, rest = line[:at].strip(), line[at:]
    try:
        words = shlex.split(rest)
    except ValueError:
        raise UsageError("A quotation mark is left open in the options.", "Close it.") from None
    known = {field.name for field in fields(SearchOptions)}
    values: dict[str, str] = {}
    while words:
        name, _, value = words.pop(0).removeprefix("--").partition("=")
        if name not in known:
            raise UsageError(f"There is no option {name!r} of a search.", f"Options: --{', --'.join(sorted(known))}.")
        if not value and not words:
            raise UsageError(f"--{name} needs a value.", "Options stand behind the query.")
        values[name] = value or words.pop(0)
    return query, SearchOptions(**values)


def _day(text: str, *, last: bool) -> date:
    match = re.fullmatch(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?", text.strip())
    try:
        if match is None:
            raise ValueError
        year, month = int(match[1]), int(match[2] or (12 if last else 1))
        return date(year, month, int(match[3] or (calendar.monthrange(year, month)[1] if last else 1)))
    except ValueError:
        raise UsageError(f"{text!r} is no date.", "Write 2021-03-04, 2021-03 or 2021.") from None


# The protocol of the search service: searches, links and sweeps of a person.


@dataclass(frozen=True)
class Said:
    """Something that was said, as recall storage keeps it.

    `who` is user or you, the model; `time` is ISO 8601 in UTC; `in_context`: whether the message is in context now.
    """

    message: int
    who: str
    text: str
    time: str
    in_context: bool


@dataclass(frozen=True)
class SaidPage:
    """A page, counted from 1, of what was said with some words; `total` is true, also where the page is past the last one."""

    query: str
    total: int
    page: int
    pages: int
    messages: tuple[Said, ...] = ()


class SearchServiceProtocol(Protocol):
    """Searches by the user. All of it blocks: call it off the event loop. Pages count from 1."""

    def search(self, query: str, page: int = 1, options: SearchOptions | None = None) -> PageRead:
        """A page of a search, within the options. Raises UsageError, NotFound, RerankerError."""
        ...

    def grep(self, pattern: str, page: int = 1) -> PageRead:
        """A page of the lines that match a regular expression, in reading order. Raises UsageError for a wrong pattern."""
        ...

    def follow(self, passage: int, page: int = 1) -> PageRead:
        """A page of the passages that belong to one by name. Raises NotFound."""
        ...

    def sweep(self, query: str, page: int = 1, options: SearchOptions | None = None) -> Iterator[Event]:
        """Everything about a query: SweepProgress (the forecast first)…, then a page of the findings as PageRead."""
        ...

    def recall(self, words: str = "") -> Sequence[Said]:
        """What was said on the current branch with these words, the newest first; everything without words."""
        ...

    def stop(self) -> None:
        """End the sweep that runs, before its next page; what it found so far is its result."""
        ...

    def passage_of(self, handle: str) -> int:
        """The passage of a handle that the agent knows. Raises NotFound."""
        ...
