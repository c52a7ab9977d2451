"""A point in an agent's history: what an agent is at one moment goes in by reference, small JSON comes out, and the reverse."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

Hidden = tuple[tuple[int, int], ...]
"""Events of the journal that are off the current branch: numbers from the first up to but not including the second."""

ON_EVERY_BRANCH = ("attached", "detached", "loaded")
"""Events that are told on every branch: nothing done to the branch takes them back."""


@dataclass(frozen=True)
class Point:
    """Head of the branch, queue (ranges of messages and evidence, as JSON), current question, summary, working context.

    Going back to a point brings all of them back as they were. `hidden` is what the journal does not tell there.
    """

    head: int | None
    queue: str
    question: int | None
    summary: int | None
    version: int | None
    hidden: Hidden = ()

    def dump(self) -> str:
        """JSON of it."""
        return json.dumps(asdict(self))

    @classmethod
    def load(cls, text: str) -> Point:
        """The inverse of `dump`."""
        data = json.loads(text)
        return cls(**{**data, "hidden": tuple((first, end) for first, end in data["hidden"])})


def hide(hidden: Hidden, first: int, end: int) -> Hidden:
    """The same with the events from `first` up to but not including `end` hidden too; what lies inside becomes one range."""
    if first >= end:
        return hidden
    inside = [(a, b) for a, b in hidden if a <= end and b >= first]
    outside = [(a, b) for a, b in hidden if not (a <= end and b >= first)]
    low, high = min([first, *(a for a, _ in inside)]), max([end, *(b for _, b in inside)])
    return tuple(sorted([*outside, (low, high)]))
