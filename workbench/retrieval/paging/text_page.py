"""Pages of lines that are computed rather than stored, bounded by tokens, with true totals."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from workbench.core.errors import UsageError
from workbench.retrieval.paging.page_fit import text_room
from workbench.text.result_text import text_tokens


@dataclass(frozen=True)
class TextPage:
    """The text that a model reads, and what it shows: `number` counts from 0; `total` is true.

    `lines` are those of this page as they are shown, the first of them being number `first` of all.
    """

    text: str
    number: int
    total: int
    pages: int
    first: int = 0
    lines: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, lines: Sequence[str], number: int, page_tokens: int, next_call: Callable[[int], str], hits: int = 10**6
    ) -> TextPage:
        """Page `number` of the lines: at most `hits` of them, and no more than fit a message of `page_tokens`.

        Raises UsageError when the call for the next page alone would fill it.
        """
        total = len(lines)
        frame = text_tokens(f"Showing {total} of {total} results (page {10**5}/{10**6})\nNext: {next_call(10**6)}\n")
        room = text_room(page_tokens) - frame
        if room < text_room(page_tokens) // 2:
            raise UsageError("The query is too long: it would fill the page that answers it.", "Make it shorter.")
        starts = _starts(lines, room, hits)
        first, end = (*starts, total)[number : number + 2] if 0 <= number < len(starts) else (0, 0)
        shown = tuple(_fitting(line, room) for line in lines[first:end])
        text = cls.written(shown, number, len(starts), total, next_call)
        return cls(text, number, total, len(starts), first, shown)

    @staticmethod
    def written(lines: Sequence[str], number: int, pages: int, total: int, next_call: Callable[[int], str]) -> str:
        """The text of a page that shows these lines."""
        if not total:
            return "No results found."
        if not 0 <= number < pages:
            return f"There is no page {number}: {total} results end at page {pages - 1}. No more results."
        head = f"Showing {len(lines)} of {total} results (page {number}/{pages - 1})"
        tail = f"Next: {next_call(number + 1)}" if number + 1 < pages else "No more results."
        return "\n".join([head, *lines, tail])

    @property
    def shown(self) -> int:
        """How many lines it shows."""
        return len(self.lines)

    @property
    def summary(self) -> str:
        """One line for people, who count pages from 1."""
        where = f"p.{self.number + 1}/{self.pages} " if self.pages else ""
        return f"{where}{self.shown} of {self.total}"


def _starts(lines: Sequence[str], room: int, hits: int) -> list[int]:
    """Where pages start. A token is a byte at least: lines are counted only where a page of them may be too long."""
    starts: list[int] = []
    at = 0
    while at < len(lines):
        starts.append(at)
        bound, end = 0, at
        while end < len(lines) and end - at < hits and bound <= room:
            bound += _most_tokens(lines[end])
            end += 1
        if bound > room:
            some = lines[at : min(at + hits, len(lines))]
            end = at + _fitting_count(some, room)
        at = end
    return starts


def _fitting_count(lines: Sequence[str], room: int) -> int:
    """How many of these lines, cut where they must be, fit a page; one at least."""
    used = 0
    for number, line in enumerate(lines):
        used += text_tokens(_fitting(line, room)) + 1
        if used > room and number:
            return number
    return len(lines)


def _most_tokens(line: str) -> int:
    """Bytes of a line in JSON, and one."""
    if line.isascii() and line.isprintable():  # as json.dumps would write it, in a tenth of the time
        return len(line) + line.count('"') + line.count("\\") + len('""') + 1
    return len(json.dumps(line, ensure_ascii=False).encode("utf-8", "surrogatepass")) + 1


def _fitting(line: str, room: int) -> str:
    """The line, cut where it alone would overflow a page."""
    while (size := text_tokens(line) + 1) > room and len(line) > 32:
        line = line[: max(24, int(len(line) * min(0.9, room / size)) - 1)] + "…"
    return line
