"""The lines of the working context, to edit, pin, add and delete: blocks come in, what the user wants of a line goes out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalGroup
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from workbench.api.session import BlockView, LineView
from workbench.core.sanitize import one_line
from workbench.tui.screens.ask_for import AskFor
from workbench.tui.screens.overlay import Overlay
from workbench.tui.widgets import glyphs
from workbench.tui.widgets.cells import fit

NAME_CELLS = 9


@dataclass(frozen=True)
class Wish:
    """What the user wants: `old` becomes `new` in a block (see SessionProtocol.edit_memory), or with `pin` given it is pinned."""

    block: str
    old: str = ""
    new: str = ""
    pin: bool | None = None


Show = Callable[[Sequence[BlockView]], None]


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
        with VerticalGroup(id="memory-lines") as frame:
            yield OptionList()
        self.named(frame, "Working memory", "enter edit · a add · p pin · d delete · esc close")

    def on_mount(self) -> None:
        """Draw and take the focus."""
        self._draw(self._blocks)
        self.query_one(OptionList).focus()

    @property
    def _entries(self) -> list[tuple[BlockView, LineView | None]]:
        """A row each: every line, and a block that has none as one row of its own."""
        return [(block, line) for block in self._blocks for line in (block.lines or (None,))]

    def _draw(self, blocks: Sequence[BlockView]) -> None:
        self._blocks = tuple(blocks)
        rows = self.query_one(OptionList)
        at = rows.highlighted or 0
        rows.clear_options()
        rows.add_options([Option(self._row(*entry)) for entry in self._entries])
        rows.highlighted = min(at, max(0, rows.option_count - 1))

    def _row(self, block: BlockView, line: LineView | None) -> Content:
        name = (fit(one_line(block.name, 40), NAME_CELLS - 1) + " ", "$accent")
        if line is None:
            return Content.assemble(name, "  ", ("(empty)", "$muted"))
        mark = (f"{glyphs.IN_CONTEXT} " if line.pinned else "  ", "$in-context")
        led = f"  after reading {one_line(line.led_by, 80)}" if line.led_by else ""
        text = (one_line(line.text, 400), "$muted" if line.origin == "system" else "")
        return Content.assemble(name, mark, text, (led, "$warning"))

    def _chosen(self) -> tuple[BlockView, LineView | None] | None:
        at = self.query_one(OptionList).highlighted
        return self._entries[at] if at is not None and at < len(self._entries) else None

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """enter."""
        if found := self._chosen():
            self._ask(*found)

    def action_add(self) -> None:
        """a."""
        if found := self._chosen():
            self._ask(found[0], None)

    def _ask(self, block: BlockView, line: LineView | None) -> None:
        def done(text: str | None) -> None:
            if text and (line is None or text != line.text):
                self._wish(Wish(block.name, line.text if line else "", text))

        old = line.text if line else ""
        room = f"{block.limit_chars - block.chars:,} of {block.limit_chars:,} characters are free"
        title = f"{'Edit' if line else 'Add'} a line of {one_line(block.name, 40)}"
        self.app.push_screen(AskFor(title, "the line as the model will read it", (room,), old), done)

    def action_pin(self) -> None:
        """p: pin the line, or let it go."""
        if (found := self._chosen()) and found[1] is not None:
            self._wish(Wish(found[0].name, found[1].text, pin=not found[1].pinned))

    def action_remove(self) -> None:
        """d."""
        if (found := self._chosen()) and found[1] is not None:
            self._wish(Wish(found[0].name, found[1].text))

    def _wish(self, wish: Wish) -> None:
        def shown(blocks: Sequence[BlockView]) -> None:
            if self.is_attached:
                self._draw(blocks)

        self._act(wish, shown)
