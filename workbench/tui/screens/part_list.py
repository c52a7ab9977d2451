"""Parts of a prompt as rows with a cursor: segments, or what changed in them, come in; a row each goes out, its tokens at the right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

from textual.binding import Binding
from textual.content import Content
from textual.events import Click
from textual.message import Message

from workbench.tui.widgets.cells import crop, right
from workbench.tui.widgets.exchange_rows import CURSOR
from workbench.tui.widgets.lines import Lines

Item = TypeVar("Item")


class PartList(Lines, Generic[Item], can_focus=True):
    """One row an item. A subclass says how an item begins, what it is called and how many tokens it takes."""

    BINDINGS = [Binding("up", "move(-1)", show=False), Binding("down", "move(1)", show=False)]
    EMPTY = ""
    """What stands there when there is no item."""
    TOKEN_CELLS = 7

    class Moved(Message):
        """The cursor stands on another item."""

    def __init__(self) -> None:
        super().__init__()
        self.items: Sequence[Item] = ()
        self.cursor = 0

    @property
    def chosen(self) -> Item | None:
        """The item under the cursor."""
        return self.items[self.cursor] if self.items else None

    def lead(self, item: Item) -> Content:
        """The signs before the name."""
        raise NotImplementedError

    def title(self, item: Item) -> str:
        """What an item is called, on one line."""
        raise NotImplementedError

    def tokens(self, item: Item) -> str:
        """Its tokens as they are written."""
        raise NotImplementedError

    def put(self, items: Sequence[Item]) -> None:
        """Show these, the cursor on the first."""
        self.items, self.cursor = items, 0
        self.changed()
        self.post_message(self.Moved())

    def rows(self, width: int) -> list[Content]:
        rows: list[Content] = []
        for at, item in enumerate(self.items):
            lead, tokens = self.lead(item), right(self.tokens(item), self.TOKEN_CELLS)
            name = crop(self.title(item), width - lead.cell_length - 1 - len(tokens))
            pad = " " * max(0, width - lead.cell_length - len(tokens) - Content(name).cell_length)
            if at == self.cursor:
                rows.append(Content.assemble(lead, (name + pad + tokens, CURSOR)))
            else:
                rows.append(Content.assemble(lead, name, pad, (tokens, "$muted")))
        return rows or [Content.styled(self.EMPTY, "$muted")]

    def action_move(self, by: int) -> None:
        """Another item."""
        self.go(self.cursor + by)

    def go(self, at: int) -> None:
        """Put the cursor on item `at`."""
        if 0 <= at < len(self.items):
            self.cursor = at
            self.changed(layout=False)
            self.scroll_visible()
            self.post_message(self.Moved())

    def on_click(self, event: Click) -> None:
        """The item that was clicked."""
        self.go(event.y)
