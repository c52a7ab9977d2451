"""How the parts of a prompt are named, lettered and coloured wherever they appear: gauge, X-ray, trace."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.tui.widgets import glyphs

if TYPE_CHECKING:
    from workbench.api.events import Segment


@dataclass(frozen=True)
class Part:
    """A part of main context as people see it. `style` is a colour variable of the theme."""

    letter: str
    label: str
    style: str
    names: tuple[str, ...]


PARTS = (
    Part("S", "system", "$part-system", ("system", "functions", "overhead")),
    Part("M", "memory", "$part-memory", ("working_context",)),
    Part(glyphs.SUMMARY, "summary", "$part-summary", ("summary",)),
    Part("C", "chat", "$part-chat", ("conversation",)),
    Part("P", "paged", "$in-context", ("paged",)),
)
"""In the paper's order: system instructions, working context, queue (its summary first)."""

_BY_NAME = {name: part for part in PARTS for name in part.names}


def part_of(segment: Segment) -> Part:
    """The part a segment belongs to; one of an unknown name counts as conversation."""
    return _BY_NAME.get(segment.name, PARTS[3])


def tokens_by_part(segments: Iterable[Segment]) -> dict[str, int]:
    """Tokens of each part, by its letter, all parts present."""
    totals = {part.letter: 0 for part in PARTS}
    for segment in segments:
        totals[part_of(segment).letter] += segment.tokens
    return totals
