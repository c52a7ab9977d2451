"""A page as it looks, drawn by the best protocol that the terminal has, with the quote marked."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable

from rich.segment import Segment
from rich.style import Style
from textual.app import ComposeResult
from textual.binding import Binding
from textual.strip import Strip
from textual.widget import Widget

from workbench.api.session import PagePicture
from workbench.tui import graphics
from workbench.tui.screens.overlay import Overlay

FetchPicture = Callable[[int, int, Callable[[PagePicture], None]], None]
"""Called with the pixels that there is room for, and with what takes the picture."""

_numbers = itertools.count(os.getpid() % 60_000 * 200 + 1)
"""Numbers of pictures in kitty, which all programs of a terminal share."""


class PictureBox(Widget):
    """The picture, scaled to whole cells; `protocol` is one of graphics.PROTOCOLS."""

    DEFAULT_CSS = """
    PictureBox { width: 100%; height: 100%; }
    """

    def __init__(self, protocol: str, cell_pixels: tuple[int, int], write: Callable[[str], None]) -> None:
        super().__init__()
        self._protocol = protocol
        self._cell = (1, 2) if protocol == "cells" else cell_pixels
        self._write = write
        self._number = next(_numbers)
        self._picture: PagePicture | None = None
        self._rgb = b""
        self._sequence = ""

    def room(self) -> tuple[int, int]:
        """Pixels that the picture may take."""
        columns, rows = min(self.size.width, graphics.MOST_CELLS), min(self.size.height, graphics.MOST_CELLS)
        return max(1, columns) * self._cell[0], max(1, rows) * self._cell[1]

    def show(self, picture: PagePicture) -> None:
        """Draw this."""
        self._picture, self._rgb = picture, picture.rgb
        columns, rows = self._cells()
        size = (picture.width, picture.height, self._rgb)
        if self._protocol == "kitty":
            self._write(graphics.kitty(*size, self._number, columns, rows))
        elif self._protocol == "iterm2":
            self._sequence = graphics.iterm2(*size, columns, rows)
        elif self._protocol == "sixel":
            self._sequence = graphics.sixel(*size)
        self.refresh()

    def forget(self) -> None:
        """The terminal need not keep it."""
        if self._protocol == "kitty" and self._picture is not None:
            self._write(graphics.forget_kitty(self._number))

    def _cells(self) -> tuple[int, int]:
        picture = self._picture
        if picture is None:
            return 0, 0
        columns, rows = -(-picture.width // self._cell[0]), -(-picture.height // self._cell[1])
        return min(columns, graphics.MOST_CELLS), min(rows, graphics.MOST_CELLS)

    def render_line(self, y: int) -> Strip:
        """A row of half cells or placeholders; where the terminal draws over it, a row of blanks."""
        columns, rows = self._cells()
        width = self.size.width
        left = max(0, (width - columns) // 2)
        if y >= rows or self._picture is None:
            return Strip.blank(width, self.rich_style)
        if y == 0 and self._sequence:
            # The terminal draws over the cells, so the frame has to be there first.
            self.call_after_refresh(self._draw_over, left)
        if self._protocol == "cells":
            middle = [Segment("▀", style) for style in self._half_cells(self._picture, y)]
        elif self._protocol == "kitty":
            style = Style(color=f"#{self._number:06x}")
            middle = [Segment(cell, style) for cell in graphics.placeholders(y, columns)]
        else:
            middle = [Segment(" " * columns, self.rich_style)]
        before, after = Segment(" " * left, self.rich_style), Segment(" " * (width - left - columns), self.rich_style)
        return Strip([before, *middle, after], width)

    def _half_cells(self, picture: PagePicture, y: int) -> list[Style]:
        rgb = self._rgb

        def colour(x: int, row: int) -> str:
            at = 3 * (row * picture.width + x)
            return f"#{rgb[at]:02x}{rgb[at + 1]:02x}{rgb[at + 2]:02x}" if row < picture.height else "#ffffff"

        return [Style(color=colour(x, 2 * y), bgcolor=colour(x, 2 * y + 1)) for x in range(picture.width)]

    def _draw_over(self, left: int) -> None:
        if self.is_attached and self.screen.is_active:
            x, y = self.region.x + left + 1, self.region.y + 1
            self._write(f"\x1b7\x1b[{y};{x}H{self._sequence}\x1b8")


class PagePictureScreen(Overlay[None]):
    """The page in a frame; v and escape go back to its text."""

    HELP = (
        "The page as it looks, with the quote marked. kitty, iTerm2 and terminals with sixels show it sharp, all others "
        "in half cells; WORKBENCH_PICTURES=kitty, iterm2, sixel or cells chooses. v goes back to the text."
    )
    BINDINGS = [Binding("v,q", "close", "Close", show=False)]

    def __init__(
        self,
        title: str,
        fetch: FetchPicture,
        protocol: str,
        cell_pixels: tuple[int, int],
        write: Callable[[str], None],
    ) -> None:
        super().__init__()
        self._title = title
        self._fetch = fetch
        self._box = PictureBox(protocol, cell_pixels, write)

    def compose(self) -> ComposeResult:
        frame = Widget(self._box, id="page-picture")
        self.named(frame, self._title, "drawing the page… · esc close")
        yield frame

    def on_mount(self) -> None:
        """The room is known once it is laid out."""
        self.call_after_refresh(lambda: self._fetch(*self._box.room(), self._show))

    def _show(self, picture: PagePicture) -> None:
        if not self.is_open:
            return
        self._box.show(picture)
        said = "quote marked · " if picture.boxes else ""
        self.named(self.query_one("#page-picture"), self._title, f"{said}v text · esc close")

    def on_unmount(self) -> None:
        """The picture goes with its screen."""
        self._box.forget()
