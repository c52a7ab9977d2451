"""One line that is there only while documents load: which, what is done to it, a bar, a rate and what remains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from workbench.core.sanitize import one_line
from workbench.tui.widgets import glyphs
from workbench.tui.widgets.cells import clock, fit, number
from workbench.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from workbench.api.events import LoadProgress


ROOM_CELLS = 28
"""What name and bar take at least, where it can be had."""


class LoadLine(Lines):
    """How far a load is."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._progress: LoadProgress | None = None
        self.display = False

    def show(self, progress: LoadProgress | None) -> None:
        """Draw this progress; None when no load runs."""
        self._progress = progress
        if self.display == (progress is not None):
            self.renewed()
        else:
            self.display = progress is not None
            self.changed(layout=False)

    def rows(self, width: int) -> list[Content]:
        progress = self._progress
        if progress is None:
            return [Content("")]
        done, of = counted(progress)
        unit = "passages" if progress.passages_total else "files"
        count = f" {number(done)}/{number(of)}" if of else f" {number(done)}"
        files = (
            f" {number(progress.files_done)}/{number(progress.files_total)} files ·" if progress.files_total > 1 else ""
        )
        left = f" · {clock(progress.remaining_seconds)}" if progress.remaining_seconds is not None else ""
        rate = f" · {progress.passages_per_second:,.0f}/s" if progress.passages_per_second else ""
        said = f"{count} {unit}{left}{' left' if left else ''}"
        ends = [f"{files if unit == 'passages' else ''}{said}{rate}", f"{said}{rate}", said, f"{count}{left}"]
        stage = one_line(progress.stage, 8)
        if progress.current_pages > 1:
            stage += f" p.{number(progress.current_page)}/{number(progress.current_pages)}"
        # A bar and the beginning of a name are seen before words are.
        end = next((end for end in ends if width - len(end) - len(stage) - 4 >= ROOM_CELLS), ends[-1])
        room = width - len(end) - len(stage) - 4
        name_cells = max(6, min(32, room // 2))
        cells = max(3, room - name_cells)
        full = round(cells * min(1.0, done / of)) if of else 0
        return [
            Content.assemble(
                (f"{glyphs.DOWN} ", "$accent"),
                fit(one_line(progress.current.rsplit("/", 1)[-1] or progress.source, 200), name_cells),
                (f" {stage} ", "$muted"),
                (glyphs.DONE_CELL * full, "$accent"),
                (glyphs.TODO_CELL * (cells - full), "$muted"),
                (end, ""),
            ).truncate(width)
        ]


def counted(progress: LoadProgress) -> tuple[int, int]:
    """What the bar measures: passages once they are known, files before."""
    if progress.passages_total:
        return progress.passages_done, progress.passages_total
    return progress.files_done, progress.files_total
