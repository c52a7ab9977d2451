"""Two prompts compared: their segments come in, what was added, removed and changed goes out, in wire order."""

from __future__ import annotations

import difflib
import json
from collections.abc import Sequence

from workbench.events import ContextAssembled, Segment
from workbench.timeline_views import ContextDiff, SegmentChange

CONTEXT_LINES = 2
"""Lines shown around a change."""

_ALONE = ("system", "functions", "summary", "working_context", "overhead")
"""Segments that a prompt has once: the one in either prompt is the same, changed or not."""


def compare(before: ContextAssembled, after: ContextAssembled) -> ContextDiff:
    """What it takes to come from one prompt to the other. A message is the same when it has the same id or the same text."""
    changes: list[SegmentChange] = []
    unchanged = 0
    old, new = _keyed(before.segments), _keyed(after.segments)
    matcher = difflib.SequenceMatcher(None, list(old), list(new), autojunk=False)
    olds, news = list(old.values()), list(new.values())
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag != "equal":
            changes += [SegmentChange("removed", item, None) for item in olds[a:b]]
            changes += [SegmentChange("added", None, item) for item in news[c:d]]
            continue
        for one, other in zip(olds[a:b], news[c:d], strict=True):
            if (one.text, one.tokens) == (other.text, other.tokens):
                unchanged += 1
            else:
                changes.append(SegmentChange("changed", one, other, lines(one.text, other.text)))
    return ContextDiff(before.step, after.step, before.used, after.used, tuple(changes), unchanged)


def lines(before: str, after: str) -> tuple[str, ...]:
    """A line diff of two texts; a JSON object is taken apart first, so that a change in it is one line."""
    found: list[str] = []
    for text in list(difflib.unified_diff(_lines(before), _lines(after), lineterm="", n=CONTEXT_LINES))[2:]:
        if text.startswith("@@"):
            if found:
                found.append("…")
        else:
            found.append(text)
    return tuple(found)


def _lines(text: str) -> list[str]:
    try:
        value = json.loads(text)
    except ValueError:
        return text.splitlines()
    if not isinstance(value, (dict, list)):
        return text.splitlines()
    # Texts inside JSON have lines of their own, which are what a person wants to see.
    shown = json.dumps(value, ensure_ascii=False, indent=1).replace("\\n", "\n")
    return [line.rstrip() for line in shown.splitlines()]


def _keyed(segments: Sequence[Segment]) -> dict[str, Segment]:
    """Segments by what makes them the same in two prompts, in wire order."""
    found: dict[str, Segment] = {}
    for segment in segments:
        if segment.message is not None:
            key = f"message {segment.message}"
        else:
            key = segment.name if segment.name in _ALONE else f"{segment.name} {segment.text}"
        while key in found:
            key += "'"
        found[key] = segment
    return found
