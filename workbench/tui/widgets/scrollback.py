"""What was said earlier in this session, in one widget: many exchanges, of which only the rows in sight are drawn.

Every widget of the chat makes a change of the focus slower, so that only the newest exchanges have one of their own. What the
model no longer has is dim and says so; the person still reads it.
"""

from __future__ import annotations

from workbench.tui.widgets.exchange import ExchangeBlock
from workbench.tui.widgets.lines import Lines, Row
from workbench.tui.widgets.notes import NoteBlock

KEPT_MESSAGES = 400
"""Of more than this, each exchange and remark counted as one besides, the oldest go behind the row at the top."""


class Scrollback(Lines):
    """Blocks that have left the chat as widgets; each keeps the rows that it was laid out to."""

    def __init__(self) -> None:
        super().__init__()
        self._blocks: list[ExchangeBlock | NoteBlock] = []
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
            gone = _messages(self._blocks.pop(0))
            left, messages = left + gone, messages - gone
        self._shown()
        return left

    @property
    def messages(self) -> int:
        """How many messages its exchanges are made of."""
        return sum(_messages(block) for block in self._blocks)

    def clear(self) -> None:
        """Nothing is in it."""
        self._blocks = []
        self._shown()

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
