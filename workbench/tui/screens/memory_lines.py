"""The lines of the working context, to edit, pin, add and delete."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalGroup, VerticalScroll
from textual.content import Content

from workbench.api.session import BlockView, LineView
from workbench.core.sanitize import one_line
from workbench.tui.screens.ask_for import AskFor
from workbench.tui.screens.overlay import Overlay
from workbench.tui.screens.part_list import PartList
from workbench.tui.widgets import glyphs
from workbench.tui.widgets.cells import fit

NAME_CELLS = 9

Entry = tuple[BlockView, LineView | None]
"""A line of a block; a block that has none is one row of its own."""


@dataclass(frozen=True)
class Wish:
    """What the user wants: `old` becomes `new` in a block (see SessionProtocol.edit_memory), or with `pin` given it is pinned."""

    block: str
    old: str = ""
    new: str = ""
    pin: bool | None = None


Show = Callable[[Sequence[BlockView]], None]


class MemoryList(PartList[Entry]):
    """One row a line: its block, whether it is pinned, its text."""

    EMPTY = "there are no blocks"
    TOKEN_CELLS = 0
    BINDINGS = [Binding("enter", "edit", show=False)]

    def lead(self, item: Entry) -> Content:
        block, line = item
        name = (fit(one_line(block.name, 40), NAME_CELLS - 1) + " ", "$accent")
        return Content.assemble(name, (f"{glyphs.IN_CONTEXT} " if line and line.pinned else "  ", "$in-context"))

    def title(self, item: Entry) -> str:
        return one_line(item[1].text, 400) if item[1] is not None else "(empty)"

    def tokens(self, item: Entry) -> str:
        return ""

    def action_edit(self) -> None:
        """enter."""
        self.post_message(self.Opened())


class MemoryLinesScreen(Overlay[None]):
    """Every line of every block. `act` does what is wished, then shows the blocks as they are."""

    BINDINGS = [
        Binding("a", "add", "Add a line", show=False),
        Binding("p", "pin", "Pin", show=False),
        Binding("d,delete", "remove", "Delete", show=False),
        Binding("q", "close", "Close", show=False),
    ]

    def __init__(self, blocks: Sequence[BlockView], act: Callable[[Wish, Show], None]) -> None:
        super().__init__()
        self._blocks = tuple(blocks)
        self._act = act

    def compose(self) -> ComposeResult:
        with VerticalGroup(id="memory-lines") as frame, VerticalScroll(can_focus=False):
            yield MemoryList()
        self.named(frame, "Working memory", "enter edit · a add · p pin · d delete · esc close")

    def on_mount(self) -> None:
        """Draw and take the focus."""
        self._draw(self._blocks)
        self.query_one(MemoryList).focus()

    def _draw(self, blocks: Sequence[BlockView]) -> None:
        entries: list[Entry] = [(block, line) for block in blocks for line in (block.lines or (None,))]
        rows = self.query_one(MemoryList)
        rows.put(entries, rows.cursor)

    @property
    def _chosen(self) -> Entry | None:
        return self.query_one(MemoryList).chosen

    def on_cursor_list_opened(self) -> None:
        """enter, or a click."""
        if (chosen := self._chosen) is not None:
            self._ask(*chosen)

    def action_add(self) -> None:
        """a."""
        if (chosen := self._chosen) is not None:
            self._ask(chosen[0], None)

    def _ask(self, block: BlockView, line: LineView | None) -> None:
        def done(text: str | None) -> None:
            if text and (line is None or text != line.text):
                self._wish(Wish(block.name, line.text if line else "", text))

        old = line.text if line else ""
        room = f"{block.limit_chars - block.chars:,} of {block.limit_chars:,} characters are free"
        title = f"{'Edit' if line else 'Add'} a line of {one_line(block.name, 40)}"
        self.app.push_screen(AskFor(title, "the line as the model will read it", (room,), old), done)

    def action_pin(self) -> None:
        """p: pin the line, or unpin it."""
        if (chosen := self._chosen) is not None and chosen[1] is not None:
            self._wish(Wish(chosen[0].name, chosen[1].text, pin=not chosen[1].pinned))

    def action_remove(self) -> None:
        """d."""
        if (chosen := self._chosen) is not None and chosen[1] is not None:
            self._wish(Wish(chosen[0].name, chosen[1].text))

    def _wish(self, wish: Wish) -> None:
        def shown(blocks: Sequence[BlockView]) -> None:
            if self.is_open:
                self._draw(blocks)

        self._act(wish, shown)
