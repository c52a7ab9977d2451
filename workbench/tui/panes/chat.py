"""The chat: questions, steps and answers as they happen; what is from before this session folds into one row at its top."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.timer import Timer
from textual.widget import Widget

from workbench.api.citation_marks import cited
from workbench.tui.panes.pane import Pane
from workbench.tui.widgets.exchange import ExchangeBlock
from workbench.tui.widgets.exchange_state import Exchange
from workbench.tui.widgets.fold import FoldBlock
from workbench.tui.widgets.key_bar import KeyBar
from workbench.tui.widgets.notes import ErrorBlock, NoteBlock, Welcome
from workbench.tui.widgets.scrollback import Scrollback

if TYPE_CHECKING:
    from workbench.api.events import Citation, Evicted

KEPT_REMARKS = 500
STREAM_SECONDS = 0.08
"""Pieces of an answer are drawn together, twelve times a second at most."""

SLOWEST_STREAM_SECONDS = 0.5

TYPING_SECONDS = 0.25
"""Somebody who pressed a key so short ago is about to press the next one."""

LIVE_BLOCKS = 12
"""More widgets than this make every focus change slow."""


class ChatPane(VerticalScroll, Pane):
    """A picture of the context window: what was evicted is dim, and one row stands for what is from before this session."""

    TITLE = "Chat"
    JUMP = "c"
    HELP = (
        "Your questions, every step of the agent on one line with the tokens it cost, and the answers.\n"
        "ctrl+up goes to the answer before, ctrl+down to the one after (here N and n do too); there 1 to 9 open that\n"
        "citation, up and down go through steps and citations, space expands a step, enter opens a cited page.\n"
        "What is dim was evicted to recall storage: you read it, the model does not.\n"
        "The row at the top stands for messages from before this session and for those that are far back: enter\n"
        "pages them in for you. esc stops the answer after this step, esc again cancels it."
    )

    BINDINGS = [
        Binding("N", "app.other_answer(-1)", "Earlier answer", show=False),
        Binding("n", "app.other_answer(1)", "Later answer", show=False),
    ]

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._welcome = Welcome()
        self._fold = FoldBlock()
        self._earlier = Scrollback()
        self.past = False
        """Whether what is drawn now is from before this session."""
        self._at_answer = False
        """Whether an exchange has the focus."""
        self._evicted = 0
        self._folded = 0
        self._in_context: Collection[int] = frozenset()
        self._files: dict[int, str] = {}
        self._current: ExchangeBlock | None = None
        self._live: list[ExchangeBlock | NoteBlock] = []
        self._last: list[NoteBlock] = []
        self._passing: ExchangeBlock | NoteBlock | None = None
        self._said: list[str] = []
        self._drawing: Timer | None = None
        self._pace = STREAM_SECONDS
        self._due = self._drew = self._typed = float("-inf")
        self._take: Callable[[], None] = lambda: None

    def compose(self) -> ComposeResult:
        yield self._welcome
        yield self._fold
        yield self._earlier

    def on_mount(self) -> None:
        """Stay at the end."""
        self.anchor()

    # -- what the bridge says ---------------------------------------------------------------

    @property
    def exchange(self) -> Exchange | None:
        """The exchange that is going on, or the last one."""
        return self._current.exchange if self._current else None

    def begin(self, question: str) -> None:
        """A new question: everything before it is folded smaller."""
        self._welcome.display = False
        if self._current is not None:
            self._current.exchange.folded_steps = True
            self._current.exchange.finished = True
            self._current.changed()
        self._add(ExchangeBlock(Exchange(question, past=self.past)))
        self.anchor()

    def last_answer(self) -> str:
        """The newest answer that is drawn; "" when there is none."""
        return next((block.exchange.answer for block in reversed(self._exchanges) if block.exchange.answer), "")

    @property
    def citations(self) -> list[Citation]:
        """What the newest answer cites: verified quotes with their numbers."""
        return next(
            (cited(block.exchange.citations) for block in reversed(self._exchanges) if block.exchange.answer), []
        )

    def changed(self) -> None:
        """The current exchange was written to."""
        if self._current is not None:
            self._current.changed()

    def streamed(self, take: Callable[[], None] = lambda: None) -> None:
        """A piece of an answer came: it is drawn with those that come in the next moment, after `take` has written them down.

        A model writes up to some hundred pieces a second, and laying an answer out for each would leave keys waiting.
        """
        self._take = take
        if self._drawing is None:
            self._draw_in(self._pace)

    def give_way(self) -> None:
        """A key was pressed: its frame comes first, and that of the next key of somebody who types."""
        self._typed = time.monotonic()

    def _draw_in(self, seconds: float) -> None:
        self._due = time.monotonic() + seconds
        self._drawing = self.set_timer(seconds, self._draw_stream)

    def _draw_stream(self) -> None:
        self._drawing, now = None, time.monotonic()
        if now - self._typed < TYPING_SECONDS and now - self._drew < SLOWEST_STREAM_SECONDS:
            self._draw_in(STREAM_SECONDS)
            return
        # On a machine that is busy the timer comes late: then fewer frames are drawn, and keys come through between them.
        self._pace = min(SLOWEST_STREAM_SECONDS, max(STREAM_SECONDS, 2 * (now - self._due)))
        self._drew = now
        self._take()
        if self._current is not None:
            self._current.grown()

    def ensure(self) -> Exchange:
        """The current exchange; a nameless one when the agent acts unasked."""
        if self._current is None:
            self.begin("")
        assert self._current is not None
        return self._current.exchange

    def say(self, text: str, *, style: str = "$muted", told_again: bool = False, passing: bool = False) -> None:
        """One of our own remarks; `told_again`: the history of the conversation says it too.

        One in `passing` goes when something else comes: a window that was opened is no news once it is closed.
        """
        self._note(NoteBlock(text, style=style), told_again)
        self._passing = self._live[-1] if passing else None

    def fail(self, message: str, hint: str, *, told_again: bool = False) -> None:
        """Something failed."""
        if self._current is not None:
            self._current.exchange.waiting = ""
        self._note(ErrorBlock(message, hint), told_again)

    def _note(self, block: NoteBlock, told_again: bool) -> None:
        block.told_again = told_again
        self._said = [*self._said, block.text][-KEPT_REMARKS:]
        self._add(block)

    def show_context(self, in_context: Collection[int]) -> None:
        """Which passages are in main context now."""
        self._in_context = in_context
        for block in self._exchanges:
            block.show_context(in_context)

    @property
    def _exchanges(self) -> list[ExchangeBlock]:
        """The exchanges that have a widget of their own, oldest first."""
        return [block for block in self._live if isinstance(block, ExchangeBlock)]

    def cited_passages(self) -> set[int]:
        """The passages that the drawn answers cite and whose files are not known yet."""
        items = [item for block in self._exchanges for item in block.exchange.citations if not item.origin]
        return {item.passage for item in items if item.passage is not None} - self._files.keys()

    def link(self, files: Mapping[int, str]) -> None:
        """Citations of these passages are links to files, by their file:// addresses."""
        self._files = {**self._files, **files}
        for block in self._exchanges:
            block.link(self._files)

    def clear(self) -> None:
        """Nothing is drawn any more, but our own remarks since the last exchange."""
        after = max((at for at, block in enumerate(self._live) if isinstance(block, ExchangeBlock)), default=-1)
        self._last = [
            block for block in self._live[after + 1 :] if isinstance(block, NoteBlock) and not block.told_again
        ]
        for block in self._live:
            if block not in self._last:
                block.remove()
        self._live = []
        self._earlier.clear()
        self._current, self._evicted, self._folded = None, 0, 0
        self._fold.close()
        self._show_fold()

    def settle(self) -> None:
        """The conversation was drawn anew: our last remarks stand behind it."""
        for block in self._last:
            self.move_child(block, after=-1)
        self._live += self._last
        self._last = []

    def skip(self, messages: int) -> None:
        """So many messages of earlier runs are not drawn; the row stands for them."""
        self._folded += messages
        self._show_fold()

    def evict(self, event: Evicted) -> None:
        """Messages left: exchanges that left whole are dim, and go behind the row if they are from before this session."""
        self._evicted += event.messages
        gone, past = self._folded, []
        for block in [*self._earlier.blocks, *self._live]:
            gone += block.exchange.messages if isinstance(block, ExchangeBlock) else 0
            if block is self._current or gone > self._evicted:
                break
            if isinstance(block, ExchangeBlock):
                block.evict()
                if block.exchange.past and block in self._live:
                    past.append(block)
        if past and not self._earlier.blocks:
            # Our own remarks between them go with them.
            for block in self._live[: self._live.index(past[-1]) + 1]:
                self._put_behind(block)
        self._earlier.changed()
        self._show_fold()

    def greet(self, documents: int, *, loading: bool) -> None:
        """What the empty chat says is next."""
        self._welcome.show(documents, loading=loading)

    @property
    def said(self) -> list[str]:
        """Our own remarks since the start of this conversation, the newest last."""
        return self._said

    # -- going through the answers ---------------------------------------------------------------

    def goal(self) -> Widget:
        """The newest exchange has the cursor, where there is one."""
        return self._current or self

    def other_answer(self, by: int) -> bool:
        """Put the focus on the exchange before or after the one that has it; False behind the newest.

        Before the oldest is the row that stands for what is not drawn.
        """
        past, live = self._earlier.exchanges, self._exchanges
        everything = [*past, *live]
        here = self._earlier.chosen if self._earlier.has_focus else self.app.focused
        now = -1 if here is self._fold else len(everything)
        at = next((place for place, block in enumerate(everything) if block is here), now) + by
        if at >= len(everything):
            return False
        if at < 0:
            if self._fold.display:
                self._fold.focus()
            return True
        block = everything[at]
        block.point_at_sources()
        owner = self._earlier if at < len(past) else block
        if owner is self._earlier:
            self._earlier.choose(block)
        owner.focus(scroll_visible=False)
        self.call_after_refresh(owner.show_whole)
        return True

    def on_descendant_focus(self) -> None:
        """Say which keys there are."""
        self._look()

    def on_descendant_blur(self) -> None:
        """Say where one is, unless another exchange has the focus now."""
        self._look()

    def _look(self) -> None:
        self._at_answer = isinstance(self.app.focused, (ExchangeBlock, Scrollback))
        self._show_place()

    # -- keeping it light --------------------------------------------------------------------

    def _add(self, block: ExchangeBlock | NoteBlock) -> None:
        if self._passing is not None and self._passing in self._live:
            self._live.remove(self._passing)
            self._passing.remove()
        self._passing = None
        if isinstance(block, ExchangeBlock):
            self._current = block
            block.show_context(self._in_context)
            block.link(self._files)
        self.mount(block)
        self._live.append(block)
        for old in self._live[: max(0, len(self._live) - LIVE_BLOCKS)]:
            if old is not self._current:
                self._put_away(old)
        self._show_fold()
        self._show_place()
        self.mark_changed()

    def _put_away(self, block: ExchangeBlock | NoteBlock) -> None:
        """No widget of its own any more: what is of this session stays to be read."""
        past = block.exchange.past if isinstance(block, ExchangeBlock) else block.told_again
        if past and not self._earlier.blocks:
            self._put_behind(block)
            return
        self._live.remove(block)
        block.remove()
        self._folded += self._earlier.add(block)

    def _put_behind(self, block: ExchangeBlock | NoteBlock) -> None:
        self._live.remove(block)
        if isinstance(block, ExchangeBlock):
            self._folded += block.exchange.messages
        block.remove()

    def _show_fold(self) -> None:
        live = [block for block in self._exchanges if block is not self._current]
        drawn = self._earlier.messages + sum(block.exchange.messages for block in live)
        current = self._current.exchange.messages if self._current else 0
        # Steps of the present question that left are still drawn: the row stands for nothing that can be seen.
        missing = max(0, self._evicted - drawn) if self._evicted > self._folded + drawn + current else 0
        self._fold.hold(max(self._folded, missing), self._evicted)

    def watch_scroll_y(self, old: float, new: float) -> None:
        """Say whether the end is in view."""
        super().watch_scroll_y(old, new)
        self._show_place()

    def watch_virtual_size(self) -> None:
        """The content grew or shrank."""
        self._show_place()

    def _show_place(self) -> None:
        if self._at_answer:
            self.frame(number=KeyBar("1-9 open sources · N earlier answer · n later · up down enter"))
            return
        below = round(self.max_scroll_y - self.scroll_y)
        following = below <= 0 or (self._anchored and not self._anchor_released)
        self.frame(
            number=("following ↓" if self._current else "") if following else f"{below} lines below · end follows ↓"
        )
