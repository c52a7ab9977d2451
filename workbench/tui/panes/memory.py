"""Working memory: the blocks of the working context as they are now, newest edit marked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message

from workbench.core.sanitize import one_line, sanitize
from workbench.tui.panes.pane import Pane
from workbench.tui.widgets import glyphs
from workbench.tui.widgets.cells import crop, fit, number, wrap
from workbench.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from workbench.api.session import BlockView

NAME_CELLS = 9
NEW = f"  {glyphs.NEW} new"


class MemoryLines(Lines):
    """The blocks, one under the other."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks: dict[str, BlockView] = {}
        self.added: dict[str, str] = {}
        self.whole = False
        self.budget_rows = 7

    def rows(self, width: int) -> list[Content]:
        if not self.blocks:
            return [Content.styled("nothing yet", "$muted")]
        room = self.budget_rows - len(self.blocks) + 1
        return [row for block in self.blocks.values() for row in self._block(block, width, room)]

    def _block(self, block: BlockView, width: int, room: int) -> list[Content]:
        text = sanitize(block.text).strip()
        lines = self._lines_of(block.name, text, width - NAME_CELLS, room)
        fresh = self._fresh(block, lines)
        rows: list[Content] = []
        for at, line in enumerate(lines or [""]):
            mark = NEW if at in fresh and (at + 1 not in fresh) else ""
            # The mark may take the end of a full line: the line is whole when the pane is zoomed.
            said = crop(line, width - NAME_CELLS - cell_len(mark))
            gap = width - NAME_CELLS - cell_len(said) - cell_len(mark)
            name = fit(one_line(block.name, 40), NAME_CELLS - 1) + " " if at == 0 else " " * NAME_CELLS
            style = "$muted" if not text else ""
            rows.append(Content.assemble((name, "$accent"), (said or ("(empty)" if not text else ""), style)))
            if mark:
                rows[-1] = Content.assemble(rows[-1], " " * max(gap, 0), (mark, "$part-memory"))
        return rows

    def _lines_of(self, name: str, text: str, width: int, room: int) -> list[str]:
        """All of a block, wrapped; or in brief a line each, the middle of the task left out where it is too long."""
        if self.whole:
            return [line for part in text.split("\n") for line in wrap(part, width)]
        if name != "task":
            return [one_line(text)]
        lines = text.split("\n")
        if len(lines) <= max(room, 3):
            return lines
        kept = max(room, 3) - 2
        return [lines[0], f"… {len(lines) - kept - 1} more lines, f10 shows them", *lines[-kept:]]

    def _fresh(self, block: BlockView, lines: list[str]) -> set[int]:
        """Which lines are of the latest edit: the last ones, as many as the added text takes."""
        added = sanitize(self.added.get(block.name, "")).strip()
        if not added:
            return set()
        words = added.split("\n")[-1][:24]
        starts = [
            at for at, line in enumerate(lines) if words and line.strip().startswith(words[: max(len(line.strip()), 1)])
        ]
        return set(range(starts[-1], len(lines))) if starts else ({len(lines) - 1} if lines else set())


class MemoryPane(VerticalScroll, Pane):
    """What the model chose to keep in sight."""

    TITLE = "Working memory"
    JUMP = "m"
    HELP = (
        "The working context: blocks of text the model itself reads in every prompt and writes with\n"
        "core_memory_append and core_memory_replace. The task block holds the question, the searches\n"
        "made for it and the findings; a mark shows the newest edit. Blocks have limits in characters.\n"
        "f10 shows every block whole. enter opens the lines: edit, add, delete, and pin those that\n"
        "the model must leave as they are."
    )

    BINDINGS = [Binding("enter", "edit", "Edit and pin lines", show=False)]

    class EditWanted(Message):
        """The user wants to edit or pin lines."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._drawn = MemoryLines()

    def action_edit(self) -> None:
        """enter."""
        self.post_message(self.EditWanted())

    def compose(self) -> ComposeResult:
        yield self._drawn

    def show(self, blocks: Iterable[BlockView]) -> None:
        """All blocks as they are now."""
        self._drawn.blocks = {block.name: block for block in blocks}
        self._draw()

    def edit(self, block: BlockView, added: str) -> None:
        """One block after an edit."""
        self._drawn.blocks[block.name] = block
        self._drawn.added = {block.name: added} if added else {}
        self._draw()
        self.mark_changed()

    def settle(self) -> None:
        """A new question begins: nothing is new any more."""
        self._drawn.added = {}
        self._draw()

    def whole(self, whole: bool) -> None:
        """Show every block whole (zoomed, or a tab of its own), or the short ones on a line each."""
        if self._drawn.whole != whole:
            self._drawn.whole = whole
            self._draw()

    def on_resize(self) -> None:
        """In brief it takes about a quarter of the screen."""
        self._drawn.budget_rows = max(3, round(self.app.size.height * 0.27) - 3)
        self._drawn.changed()

    def texts(self) -> Mapping[str, BlockView]:
        """The blocks by name."""
        return self._drawn.blocks

    def _draw(self) -> None:
        blocks = self._drawn.blocks.values()
        chars, limit = sum(block.chars for block in blocks), sum(block.limit_chars for block in blocks)
        self.frame(number=f"{number(chars)}/{number(limit)} chars" if limit else "")
        self._drawn.changed()
