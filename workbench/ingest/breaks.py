"""Where a page may be cut: its text and headings go in, possible cuts with a price each come out.

The price says how bad it is to end a passage there: nothing at a paragraph, less than nothing before a heading, little
after a sentence or a table row, much inside a sentence, most between a heading and the text under it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

BEFORE_HEADING = -0.6
PARAGRAPH = 0.0
SENTENCE_AT_LINE_END = 0.15
SENTENCE = 0.2
ROW = 0.25
SHORT_LINE = 0.35
WRAPPED_LINE = 0.8
WORD = 1.5
AFTER_HEADING = 2.0
ANYWHERE = 2.5


@dataclass(frozen=True)
class Break:
    """A place where a passage may end: the next one would begin at `position`."""

    position: int
    price: float


_CLOSING = "\"'”’»›)\\]」』）】〉》"
_SPACED_END = re.compile(rf"[.!?…؟۔।॥։׃።។။]+[{_CLOSING}]*\s+")
# A quoted sentence that goes on (「…。」と言った) ends none.
_CJK_END = re.compile(
    rf"(?:[。！？｡]|(?<!\d)．|…{{2,}}(?=[{_CLOSING}]))+(?:[{_CLOSING}]+(?![とっ、，])|(?![{_CLOSING}]))"
)
_ENDS_SENTENCE = re.compile(rf"[.!?…؟۔।॥։׃።។။。！？｡．:：;；][{_CLOSING}]*\s*$")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\[])(?:[A-Z]|Mr|Mrs|Ms|Dr|Prof|St|No|Nos|Fig|Figs|Eq|Sec|Ch|Art|Vol|vol|pp?|al|vs|cf|ca|Jr|Sr|Rev|Gen|Col|Capt|"
    r"Lt|Sgt|Hon|approx|dept|ed|eds|e\.g|i\.e|[A-Z](?:\.[A-Z])+)\.$"
)
_LIST_ITEM = re.compile(r"^\s*(?:[-*+•◦▪‣–·]|\(?\d{1,3}[.)]|\(?[a-zA-Z][.)]|\(?[ivxIVX]{1,5}[.)])\s+\S")
_TABLE = re.compile(r" \| |\|.*\||\t|\S {3,}\S.* {3,}\S")
_NUMBER = re.compile(r"^[^\w]*\d[\d.,:%/()$€£-]*$")


def breaks(text: str, heading_starts: Sequence[int]) -> list[Break]:
    """All places where `text` may be cut, in order, at least price one each; neither its start nor its end is one."""
    found: dict[int, float] = {}
    lines = list(_lines(text))
    usual_chars = _usual_length([end - start for start, end, _ in lines])
    headings = set(heading_starts)
    previous: tuple[int, int] | None = None
    for start, end, gap in lines:
        if previous is not None:
            found[start] = _between(text, previous, (start, end), gap, headings, usual_chars)
        line = text[start:end]
        if not is_row(line):
            for position in sentence_starts(line):
                found.setdefault(start + position, SENTENCE)
        previous = (start, end)
    return [Break(position, price) for position, price in sorted(found.items())]


def _lines(text: str) -> Iterator[tuple[int, int, bool]]:
    """Start, end and "a blank line came before" of every line that is not blank."""
    position, gap = 0, False
    for line in text.split("\n"):
        if line.strip():
            yield position, position + len(line), gap
            gap = False
        else:
            gap = True
        position += len(line) + 1


def _usual_length(lengths: list[int]) -> int:
    """What most full lines of the page have: the upper quartile; 0 for a page of a few lines."""
    return sorted(lengths)[len(lengths) * 3 // 4] if len(lengths) >= 4 else 0


def _between(
    text: str, previous: tuple[int, int], line: tuple[int, int], gap: bool, headings: set[int], usual_chars: int
) -> float:
    """The price of a cut between two lines that follow each other."""
    if previous[0] in headings:
        return AFTER_HEADING
    if line[0] in headings:
        return BEFORE_HEADING
    if gap:
        return PARAGRAPH
    before = text[previous[0] : previous[1]]
    if is_row(before) or is_row(text[line[0] : line[1]]):
        return ROW
    if _ENDS_SENTENCE.search(before):
        return SENTENCE_AT_LINE_END
    return SHORT_LINE if len(before) < 0.6 * usual_chars else WRAPPED_LINE


def is_row(line: str) -> bool:
    """Whether a line is a row of a table or an item of a list, which is kept whole."""
    if _LIST_ITEM.match(line) or _TABLE.search(line):
        return True
    words = line.split()
    return len(words) >= 2 and sum(bool(_NUMBER.match(word)) for word in words) * 5 >= len(words) * 2


def sentence_starts(line: str) -> list[int]:
    """Where a new sentence begins inside `line`, in order; abbreviations and initials end none."""
    starts = []
    for match in _SPACED_END.finditer(line):
        end = match.end()
        if end >= len(line) or line[end].islower():
            continue
        if line[match.start()] == "." and _ABBREVIATION.search(line, max(0, match.start() - 12), match.start() + 1):
            continue
        starts.append(end)
    starts += [match.end() for match in _CJK_END.finditer(line) if match.end() < len(line)]
    return sorted(starts)
