"""What was said earlier in this session, in one widget: many exchanges, of which only the rows in sight are drawn.

Every widget of the chat makes a change of the focus slower, so that only the newest exchanges have one of their own. What the
model no longer has is dim and says so; the person still reads it.
"""

from __future__ import annotations

from textual.actions import SkipAction
from textual.events import Click

from workbench.tui.widgets.exchange import ExchangeBlock, show_rows
from workbench.tui.widgets.lines import Lines, Row
from workbench.tui.widgets.notes import NoteBlock

KEPT_MESSAGES = 400
"""Of more than this, each exchange and remark counted as one besides, the oldest go behind the row at the top."""


class Scrollback(Lines, can_focus=True):
    """Blocks that have left the chat as widgets; each keeps the rows that it was laid out to.

    With the focus it does for one of its exchanges what the exchange did as a widget: the same keys, the same clicks.
    """

    BINDINGS = [*ExchangeBlock.BINDINGS]

    def __init__(self) -> None:
        super().__init__()
        self._blocks: list[ExchangeBlock | NoteBlock] = []
        self._chosen: ExchangeBlock | None = None
        self.display = False

    @property
    def blocks(self) -> list[ExchangeBlock | NoteBlock]:
        """What is in it, oldest first."""
        return self._blocks

    def add(self, block: ExchangeBlock | NoteBlock) -> int:
        """Take a block over; returns how many messages had to leave at the other end."""
        self._blocks.append(block)
        left, messages = 0, self.messages
        while messages + len(self._blocks) > KEPT_MESSAGES and len(self._blocks) > 1:
            oldest = self._blocks.pop(0)
            if oldest is self._chosen:
                self.choose(None)
            gone = _messages(oldest)
            left, messages = left + gone, messages - gone
        self._shown()
        return left

    @property
    def messages(self) -> int:
        """How many messages its exchanges are made of."""
        return sum(_messages(block) for block in self._blocks)

    def clear(self) -> None:
        """Nothing is in it."""
        self._blocks, self._chosen = [], None
        self._shown()

    # -- the exchange that keys act on ---------------------------------------------------------

    @property
    def exchanges(self) -> list[ExchangeBlock]:
        """The exchanges in it, oldest first."""
        return [block for block in self._blocks if isinstance(block, ExchangeBlock)]

    @property
    def chosen(self) -> ExchangeBlock | None:
        """The exchange that keys act on."""
        return self._chosen

    def choose(self, block: ExchangeBlock | None) -> None:
        """Let keys act on this exchange, or on none."""
        if self._chosen is not None:
            self._chosen.pointed = False
            self._chosen.forget_layout()
        self._chosen = block
        if block is not None:
            block.pointed = self.has_focus
            block.forget_layout()
        self.changed(layout=False)

    def show_cursor(self) -> None:
        """Scroll the chat to the row of the cursor."""
        if self._chosen is not None:
            width = self.content_size.width
            show_rows(self, self._top(self._chosen, width) + self._chosen.cursor_row(width), 1)

    def show_whole(self) -> None:
        """Scroll the chat so that all of the exchange can be seen, where it is too long the row of the cursor."""
        if (chosen := self._chosen) is not None:
            width = self.content_size.width
            if not show_rows(self, self._top(chosen, width), len(chosen.laid_out(width))):
                self.show_cursor()

    def _top(self, block: ExchangeBlock, width: int) -> int:
        return sum(len(item.laid_out(width)) for item in self._blocks[: self._blocks.index(block)])

    def action_move(self, by: int) -> None:
        """Move the cursor; at the ends the key goes on to the chat, which scrolls."""
        if self._chosen is None or not self._chosen.move(by):
            raise SkipAction()
        self.changed(layout=False)
        self.show_cursor()

    def action_act(self) -> None:
        """Open what the cursor stands on."""
        if self._chosen is not None:
            self._open(self._chosen.act())

    def action_cite(self, number: int) -> None:
        """1-9."""
        if self._chosen is not None:
            self._open(self._chosen.citation(number))

    def on_click(self, event: Click) -> None:
        """A click acts on what was clicked."""
        width, top = self.content_size.width, 0
        for block in self._blocks:
            rows = len(block.laid_out(width))
            if top <= event.y < top + rows:
                if isinstance(block, ExchangeBlock):
                    self.choose(block)
                    self._open(block.clicked(event.x, event.y - top, width))
                return
            top += rows

    def _open(self, chosen: ExchangeBlock.CitationChosen | None) -> None:
        self.changed()
        if chosen is not None:
            self.post_message(chosen)

    def on_focus(self) -> None:
        """Show the cursor; the newest exchange is the first that keys act on."""
        exchanges = self.exchanges
        if self._chosen is None and exchanges:
            exchanges[-1].point_at_sources()
            self._chosen = exchanges[-1]
        self.choose(self._chosen)

    def on_blur(self) -> None:
        """Hide it."""
        self.choose(self._chosen)

    def _shown(self) -> None:
        self.display = bool(self._blocks)
        self.changed()

    def rows(self, width: int) -> list[Row]:
        return [row for block in self._blocks for row in block.laid_out(width)]

    def notify_style_update(self) -> None:
        """Colours may be in the rows of the blocks too."""
        for block in self._blocks:
            block.forget_layout()
        super().notify_style_update()


def _messages(block: ExchangeBlock | NoteBlock) -> int:
    return block.exchange.messages if isinstance(block, ExchangeBlock) else 0
