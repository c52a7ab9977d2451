"""Rows of a prompt's segments, of changes, of choices: the base says how one is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.events import Click
from textual.geometry import Region

from workbench.tui.screens.cursor_list import CursorList
from workbench.tui.widgets.cells import crop, right
from workbench.tui.widgets.exchange_rows import CURSOR

Item = TypeVar("Item")


class PartList(CursorList, Generic[Item]):
    """One row an item. A subclass says how an item begins, what it is called and how many tokens it takes.

    It stands in a box that scrolls, which keeps the cursor in sight.
    """

    BINDINGS = [
        Binding("pageup", "move(-10)", show=False),
        Binding("pagedown", "move(10)", show=False),
    ]
    CURSOR = CURSOR
    TOKEN_CELLS = 7

    def __init__(self) -> None:
        super().__init__()
        self.items: Sequence[Item] = ()

    @property
    def count(self) -> int:
        return len(self.items)

    @property
    def chosen(self) -> Item | None:
        """The item under the cursor."""
        return self.items[self.cursor] if self.cursor < len(self.items) else None

    def lead(self, item: Item) -> Content:
        """The signs before the name."""
        raise NotImplementedError

    def title(self, item: Item) -> str:
        """What an item is called, on one line."""
        raise NotImplementedError

    def tokens(self, item: Item) -> str:
        """Its tokens as they are written."""
        raise NotImplementedError

    def put(self, items: Sequence[Item], cursor: int = 0) -> None:
        """Show these, the cursor on the first or on another one."""
        self.items, self.cursor = items, max(0, min(cursor, len(items) - 1))
        self.changed()
        # A new list has its height only after it was laid out.
        self.call_after_refresh(self.keep_in_sight)
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

    def keep_in_sight(self) -> None:
        """Scroll the box to the cursor."""
        if isinstance(self.parent, VerticalScroll):
            self.parent.scroll_to_region(Region(0, self.cursor, 1, 1), animate=False, force=True)

    def on_click(self, event: Click) -> None:
        """The item that was clicked; a click on the cursor's row opens it."""
        if event.y == self.cursor and self.items:
            self.post_message(self.Opened())
        self.go(event.y)
