"""Searches pages of documents with a regular expression and pages the matching lines.

A match is shown inside the passage where it starts, so it has a handle and can be cited; nothing is stored but references.
"""

from __future__ import annotations

import bisect
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import regex

from workbench.api.results import ResultPage
from workbench.core.errors import UsageError
from workbench.retrieval.paging.cursors import NOBODY, Cursor, Reader
from workbench.retrieval.paging.pager import Budget, Pager
from workbench.retrieval.query import NO_RESTRICTION, Restriction
from workbench.storage.rows import Passage

_LONGEST_PATTERN_CHARS = 500
_CONTEXT_LINES = 1
_PAGES_AT_ONCE = 256
_CONTEXT_CHARS = 240
"""Most characters of context on either side of a match, for texts without lines."""


@dataclass(frozen=True)
class _Match:
    passage: int
    span: tuple[int, int]


class ArchivalGrep:
    """Matches of a pattern in documents, by document and page. `page_seconds` bounds one page, `seconds` the whole search."""

    def __init__(self, pager: Pager, *, page_seconds: float = 0.5, seconds: float = 20.0) -> None:
        self.archive = pager.archive
        self.page_seconds = page_seconds
        self.seconds = seconds
        self._pager = pager

    def page(
        self,
        sources: Iterable[int],
        pattern: str,
        number: int,
        budget: Budget,
        handle_of: Callable[[int], str],
        *,
        reader: Reader = NOBODY,
        restriction: Restriction = NO_RESTRICTION,
    ) -> ResultPage:
        """Page `number` (from 0) of the lines that match; further pages continue what `reader` saw on page 0.

        Raises UsageError for a pattern that is not valid, or that takes too long.
        """
        paths = self.archive.paths(sources)
        blank = ResultPage("archival_grep", pattern, number, 0, 0, 0, True, extra=restriction.words, key="pattern")

        def look() -> Cursor:
            within = restriction.documents
            documents = sorted(
                (path, document) for document, (path, _) in paths.items() if within is None or document in within
            )
            matches = list(self._matches(_compiled(pattern), [document for _, document in documents]))
            ids, spans = tuple(item.passage for item in matches), tuple(item.span for item in matches)
            return Cursor(ids, (), (), True, 0, spans=spans)

        return self._pager.page(blank, budget, reader, paths, handle_of, look)

    def _matches(self, pattern: regex.Pattern[str], documents: Sequence[int]) -> Iterator[_Match]:
        deadline = time.monotonic() + self.seconds
        for document, number, text in self._pages(documents):
            left = deadline - time.monotonic()
            if left <= 0:
                raise UsageError(
                    f"There is too much text for this pattern: {self.seconds:g} seconds were not enough.",
                    "Name a document or a source, or use archival_memory_search.",
                )
            lines = _lines(pattern, text, min(left, self.page_seconds))
            if lines:
                yield from _in_passages(text, lines, self.archive.passages_of(document, number))

    def _pages(self, documents: Sequence[int]) -> Iterator[tuple[int, int, str]]:
        for document in documents:
            first = 1
            while rows := self.archive.page_texts(document, first, first + _PAGES_AT_ONCE):
                yield from ((document, number, text) for number, text in rows)
                first += _PAGES_AT_ONCE


def _compiled(pattern: str) -> regex.Pattern[str]:
    if not pattern or len(pattern) > _LONGEST_PATTERN_CHARS:
        raise UsageError(
            f"A pattern has 1 to {_LONGEST_PATTERN_CHARS} characters, not {len(pattern):,}.", "Make it shorter."
        )
    try:
        return regex.compile(pattern, regex.MULTILINE | regex.VERSION0)
    except (regex.error, OverflowError, RecursionError) as error:
        raise UsageError(
            f"The pattern is not a valid regular expression: {str(error)[:120]}.",
            "Escape signs that are meant as such.",
        ) from None


def _lines(pattern: regex.Pattern[str], text: str, seconds: float) -> list[tuple[int, int, int, int]]:
    """(start, end) of each matching line or group of lines, and of the first match in it."""
    matches: list[tuple[int, int, int, int]] = []
    try:
        # The lock is let go while it searches, so that a slow pattern freezes nothing.
        for match in pattern.finditer(text, concurrent=True, timeout=seconds):
            if match.end() == match.start() or (matches and match.start() < matches[-1][1]):
                continue
            start = text.rfind("\n", 0, match.start()) + 1
            end = text.find("\n", match.end() - 1)
            matches.append((start, len(text) if end < 0 else end, match.start(), match.end()))
    except TimeoutError:
        raise UsageError(
            f"The pattern takes too long: more than {seconds:g} seconds on one page.",
            "Make it simpler: no repeats inside repeats.",
        ) from None
    return matches


def _in_passages(text: str, lines: list[tuple[int, int, int, int]], passages: Sequence[Passage]) -> Iterator[_Match]:
    """Each matching line with its context, as a span of the passage where the match starts."""
    starts = [passage.start_char for passage in passages]
    for start, end, match_start, match_end in lines:
        at = bisect.bisect_right(starts, match_start) - 1
        if not passages:
            continue
        passage = passages[max(0, at)]
        if match_start >= passage.end_char and at + 1 < len(passages):
            passage = passages[at + 1]
        for _ in range(_CONTEXT_LINES):
            start = text.rfind("\n", 0, max(0, start - 1)) + 1
            after = text.find("\n", end + 1)
            end = len(text) if after < 0 else after
        start, end = max(start, match_start - _CONTEXT_CHARS), min(end, match_end + _CONTEXT_CHARS)
        low = min(max(start, passage.start_char), passage.end_char) - passage.start_char
        high = max(min(end, passage.end_char) - passage.start_char, low)
        yield _Match(passage.id, (low, high))
