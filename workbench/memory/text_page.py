"""A page of lines that are made, not stored: lines go in with a budget of tokens, a text with true totals comes out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from workbench.errors import UsageError
from workbench.memory.result_page import paginate, text_room, text_tokens


@dataclass(frozen=True)
class TextPage:
    """The text that a model reads, and what it shows: `number` counts from 0; `total` is true."""

    text: str
    number: int
    shown: int
    total: int
    pages: int

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
        fitted = [_fitting(line, room) for line in lines]
        starts = paginate([text_tokens(line) + 1 for line in fitted], room, hits)
        if not total:
            return cls("No results found.", number, 0, 0, 0)
        if not 0 <= number < len(starts):
            last = len(starts) - 1
            text = f"There is no page {number}: {total} results end at page {last}. No more results."
            return cls(text, number, 0, total, len(starts))
        chosen = fitted[starts[number] : (*starts, total)[number + 1]]
        head = f"Showing {len(chosen)} of {total} results (page {number}/{len(starts) - 1})"
        tail = f"Next: {next_call(number + 1)}" if number + 1 < len(starts) else "No more results."
        return cls("\n".join([head, *chosen, tail]), number, len(chosen), total, len(starts))

    @property
    def summary(self) -> str:
        """One line for people, who count pages from 1."""
        where = f"p.{self.number + 1}/{self.pages} " if self.pages else ""
        return f"{where}{self.shown} of {self.total}"


def _fitting(line: str, room: int) -> str:
    """The line, cut where it alone would overflow a page."""
    while (size := text_tokens(line) + 1) > room and len(line) > 32:
        line = line[: max(24, int(len(line) * min(0.9, room / size)) - 1)] + "…"
    return line
