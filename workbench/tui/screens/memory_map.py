"""The memory map: the three tiers as they are now, what each holds and how much of it is in context, on one page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content

from workbench.api.events import ContextAssembled
from workbench.api.session import BlockView, SourceInfo
from workbench.core.sanitize import one_line
from workbench.tui.screens.overlay import Overlay
from workbench.tui.widgets import glyphs
from workbench.tui.widgets.cells import crop, fit, number, plural, right
from workbench.tui.widgets.lines import Lines
from workbench.tui.widgets.segment_styles import PARTS, tokens_by_part

MOST_PAGES = 40
NARROW_CELLS = 60
"""Below this a row says its number and nothing beside it."""


@dataclass(frozen=True)
class Tiers:
    """What the map is drawn from. `messages` counts all on the branch; `places` names passages by document and page."""

    context: ContextAssembled
    blocks: Sequence[BlockView]
    messages: int
    sources: Sequence[SourceInfo]
    places: Mapping[int, str]


class MapLines(Lines):
    """Main context, recall storage and archival storage, one under the other."""

    def __init__(self, tiers: Tiers) -> None:
        super().__init__()
        self._tiers = tiers

    def rows(self, width: int) -> list[Content]:
        return [*self._main(width), Content(""), *self._recall(width), Content(""), *self._archive(width)]

    def _main(self, width: int) -> list[Content]:
        context = self._tiers.context
        totals = tokens_by_part(context.segments)
        sign = "" if context.exact else "~"
        rows = [_head("Main context", f"{sign}{number(context.used)} of {number(context.window)} tokens", width)]
        chars, limit = sum(block.chars for block in self._tiers.blocks), sum(b.limit_chars for b in self._tiers.blocks)
        notes = {
            "M": f"{number(chars)}/{number(limit)} chars",
            "C": plural(self._in_queue, "message"),
            "P": plural(len(context.in_context), "passage"),
        }
        cells = max(0, min(24, width - 46))
        for part in PARTS:
            size = round(cells * totals[part.letter] / context.window) if context.window else 0
            bar = glyphs.FILL * max(size, 1 if totals[part.letter] else 0)
            note = notes.get(part.letter, "")
            if width < NARROW_CELLS:
                bar, note = "", ""
            drawn = [(f"  {part.letter} {part.label:<9}", part.style), (right(number(totals[part.letter]), 8), "")]
            drawn += [("  " + fit(bar, cells), part.style)] if cells and bar else [(" " * (cells + 2), "")]
            rows.append(Content.assemble(*drawn, (f"  {note}", "$muted")).truncate(width))
        reserve = right(number(context.reserve), 8)
        rows.append(Content.styled(crop(f"  R {'reserved':<9}{reserve}  for the answer", width), "$muted"))
        return rows

    @property
    def _in_queue(self) -> int:
        queued = ("conversation", "paged")
        return len({item.message for item in self._tiers.context.segments if item.name in queued and item.message})

    def _recall(self, width: int) -> list[Content]:
        left = max(0, self._tiers.messages - self._in_queue)
        return [
            _head("Recall storage", plural(self._tiers.messages, "message"), width),
            Content.styled(crop(f"  {glyphs.IN_CONTEXT} {number(self._in_queue)} in context", width), "$in-context"),
            Content.styled(crop(f"  {glyphs.UP} {number(left)} evicted, found by ctrl+r and conversation_search", width), "$muted"),
        ]  # fmt: skip

    def _archive(self, width: int) -> list[Content]:
        sources, here = self._tiers.sources, self._tiers.context.in_context
        total = sum(source.passages for source in sources if source.attached)
        rows = [_head("Archival storage", f"{plural(total, 'passage')} attached", width)]
        for source in sources:
            sign = glyphs.RUNNING if source.attached else glyphs.READY
            counts = plural(source.passages, "passage")
            if width >= NARROW_CELLS:
                counts = f"{plural(source.documents, 'doc')} · {plural(source.pages, 'page')} · {counts}"
            name = crop(one_line(source.name, 200), max(8, width - len(counts) - 8))
            rows.append(Content.assemble((f"  {sign} ", "$accent"), name, (f"  {counts}", "$muted")).truncate(width))
        rows.append(Content.styled(crop(f"  {plural(len(here), 'passage')} paged in now", width), "$in-context"))
        named = sorted({self._tiers.places.get(passage, f"passage {passage}") for passage in here})
        for place in named[:MOST_PAGES]:
            rows.append(Content.assemble((f"    {glyphs.IN_CONTEXT} ", "$in-context"), crop(place, max(4, width - 6))))
        if len(named) > MOST_PAGES:
            rows.append(Content.styled(f"    … and {number(len(named) - MOST_PAGES)} more pages", "$muted"))
        return rows


def _head(title: str, amount: str, width: int) -> Content:
    if len(title) + len(amount) + 3 > width:
        return Content.assemble((amount, "bold")).truncate(width)
    rule = glyphs.RULE * (width - len(title) - len(amount) - 2)
    return Content.assemble((title, "bold"), (f" {rule} ", "$muted"), (amount, "bold")).truncate(width)


class MemoryMap(Overlay[None]):
    """The map in a box that scrolls."""

    BINDINGS = [Binding("f8,q", "close", "Close", show=False)]

    def __init__(self, tiers: Tiers) -> None:
        super().__init__()
        self._tiers = tiers

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="memory-map") as box:
            yield MapLines(self._tiers)
        self.named(box, "Memory map", "f5 word for word · esc close")

    def on_mount(self) -> None:
        """It scrolls with the keys."""
        self.query_one(VerticalScroll).focus()
