"""What is done to every line before it reaches the terminal: ASCII signs for --ascii, no colour at all for NO_COLOR."""

from __future__ import annotations

from collections.abc import Collection

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

from workbench.tui.widgets.glyphs import to_ascii

_DEFAULTS = Style(color="default", bgcolor="default")
_REVERSED = _DEFAULTS + Style(reverse=True)


class AsciiFilter(LineFilter):
    """Redraws every line of the screen with ASCII signs: borders, bars and scroll bars included."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same segments, each sign replaced by one of the same width."""
        return [
            segment if segment.text.isascii() else Segment(to_ascii(segment.text), segment.style, segment.control)
            for segment in segments
        ]


class NoColourFilter(LineFilter):
    """Takes every colour away; what only its background told apart (a cursor, a mark) is reversed instead."""

    def __init__(self, quiet: Collection[Color]) -> None:
        super().__init__()
        self._quiet = {colour.rich_color.triplet for colour in quiet} | {None}

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same text in the terminal's own colours."""
        return [
            Segment(text, None if style is None else style + self._plain(style), control)
            for text, style, control in segments
        ]

    def _plain(self, style: Style) -> Style:
        triplet = style.bgcolor.triplet if style.bgcolor else None
        return _DEFAULTS if triplet in self._quiet else _REVERSED
