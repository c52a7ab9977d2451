"""Counts what a loader saw in a file and left out, so that the document's remarks can say it.

A picture, an embedded object, deleted text: none of it can be searched, and a person who is not told takes the document
for complete.
"""

from __future__ import annotations

from collections import Counter

PICTURE = "picture"
OBJECT = "embedded object"
EQUATION = "equation"
DELETED = "piece of deleted text"
STRUCK = "piece of struck-out text"
HIDDEN = "piece of hidden text"
MACRO = "macro project"
CHART = "chart without stored numbers"
DIAGRAM = "diagram"
FORMULA = "formula without a stored value"
READING_AID = "reading aid (ruby)"
NOTE = "footnote"
COMMENT = "comment"
PART = "damaged part"
UNORDERED = "part outside of the reading order"
DEEP = "part nested too deeply"
SOUND = "sound or film"
LINK = "link target"
NAVIGATION = "menu or mark of navigation"

_PLURALS = {
    DELETED: "pieces of deleted text",
    STRUCK: "pieces of struck-out text",
    HIDDEN: "pieces of hidden text",
    CHART: "charts without stored numbers",
    FORMULA: "formulas without a stored value",
    READING_AID: "reading aids (ruby)",
    SOUND: "sounds or films",
    NAVIGATION: "menus or marks of navigation",
    UNORDERED: "parts outside of the reading order",
    DEEP: "parts nested too deeply",
}


class LeftOut:
    """Counts by kind; the kinds are the constants of this module."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def add(self, kind: str, count: int = 1) -> None:
        """`count` more things of this kind were left out."""
        self._counts[kind] += count

    def include(self, other: LeftOut) -> None:
        """Count what another counter has counted too."""
        self._counts.update(other._counts)

    @property
    def notes(self) -> dict[str, str]:
        """Metadata of the document: one line under `left_out`, nothing when all was read."""
        said = [f"{count:,} {_noun(kind, count)}" for kind, count in self._counts.items() if count]
        return {"left_out": "not read: " + ", ".join(said)} if said else {}


def _noun(kind: str, count: int) -> str:
    return kind if count == 1 else _PLURALS.get(kind, f"{kind}s")
