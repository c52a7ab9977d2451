"""Puts the numbers of its citations into an answer, in the place of the handles that the model cites by.

The screen, `ask` and the exports all number by this, so that one quote has the same number in the text and in the list.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from workbench.core.sanitize import sanitize

if TYPE_CHECKING:
    from workbench.api.events import Citation

START, END = "\ue000", "\ue001"
"""Private signs around a citation's mark while a text is laid out; foreign text is stripped of them first."""

UNVERIFIED = "[not verified]"
"""Shown where a quote could not be found on the page it cites; such a quote has no number."""

UNQUOTED = "[no quote]"
"""Shown where a claim has no quote, or a handle stands behind a claim and not behind a quote: there was nothing to check."""

_MENTION = re.compile(r"[\[(]\s*#[a-z]{1,3}\d{1,4}(?:\s*[,;]\s*#[a-z]{1,3}\d{1,4})*\s*[\])]")

_BEHIND = re.compile(rf"[ \t]*{_MENTION.pattern}")


def cited(citations: Sequence[Citation]) -> list[Citation]:
    """What may be shown as a citation: verified quotes and those of notes, numbered as they came, or in order where they were not."""
    sound = [citation for citation in citations if citation.shown]
    return [citation if citation.number else replace(citation, number=at) for at, citation in enumerate(sound, 1)]


def marked(text: str, citations: Sequence[Citation], unquoted: Collection[int] = ()) -> str:
    """`text`, cleaned, with every mention of a handle as the number of the citation its quote became, between START and END.

    A mention whose quote was found on no page is said to be unverified; one without a quote, and the lines (from 1)
    whose claims rest on none, to be unquoted.
    """
    text = unmarked(text)
    lines = text.split("\n")
    for number in unquoted:
        if 0 < number <= len(lines) and not _MENTION.search(lines[number - 1]):
            lines[number - 1] = f"{lines[number - 1].rstrip()} {START}{UNQUOTED}{END}"
    text = "\n".join(lines)
    pieces: list[str] = []
    at = 0
    for match in _MENTION.finditer(text):
        before = text[at : match.start()]
        pieces += [before, START, _mark(before, match[0], citations), END]
        at = match.end()
    return "".join([*pieces, text[at:]])


def numbered(text: str, citations: Sequence[Citation], unquoted: Collection[int] = ()) -> str:
    """`text` as `marked` numbers it, as plain words: for pipes and files."""
    return unmarked(marked(text, cited(citations), unquoted))


def unmarked(text: str) -> str:
    """`text`, cleaned, its handles as they stand: what is shown while an answer streams."""
    return sanitize(text).replace(START, "").replace(END, "")


def without_handles(text: str) -> str:
    """`text`, cleaned, without the handles that its model cites by: for places that do not show its citations."""
    return _BEHIND.sub("", unmarked(text))


def _mark(before: str, mention: str, citations: Sequence[Citation]) -> str:
    """The mark of a mention: the number of the quote that ends nearest before it; of two alike, the one of its handle."""
    quoting = " ".join(before.split())
    handles = re.findall(r"#[a-z]+\d+", mention)
    found = [
        (quoting.rfind(" ".join(sanitize(item.quote).split())), item.handle in handles, item.number)
        for item in citations
        if item.shown and item.quote
    ]
    place, _, number = max(found, default=(-1, False, 0))
    if place >= 0:
        return f"[{number}]"
    return UNVERIFIED if quoting.rstrip(".,;: ").endswith(('"', "”", "“", "»", "」")) else UNQUOTED
