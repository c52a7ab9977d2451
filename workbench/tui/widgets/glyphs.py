"""The signs the screen is drawn with, and the ASCII sign each becomes with --ascii: cell for cell, so nothing moves."""

from __future__ import annotations

import re

IN_CONTEXT = "●"
RUNNING = "●"
READY = "○"
CLOSED = "▸"
OPEN = "▾"
BAR = "▎"
SEARCH = "⌕"
EDIT = "✎"
UP = "⇡"
DOWN = "⇣"
FAILED = "✗"
NEW = "◂"
CARET = "▌"
EDGE = "▐"
FILL = "▒"
FREE = "·"
RESERVED = "░"
RULE = "┄"
WARN_MARK = "┆"
FLUSH_MARK = "│"
SUMMARY = "Σ"
ARROW = "→"
MINUS = "−"
BLOCKS = " ▏▎▍▌▋▊▉█"
SPARKS = "▁▂▃▄▅▆▇█"
DONE_CELL = "▓"
TODO_CELL = "░"
FULL = "█"
PAGE_READ = "▄"
PAGE_QUOTED = "█"
"""They differ without colour and in ASCII too."""
CELL_OLD = "▫"
CELL_FRESH = "▪"

_ASCII = str.maketrans(
    {
        **dict.fromkeys("●", "*"),
        **dict.fromkeys("○", "o"),
        **dict.fromkeys("▸⌕→›", ">"),
        **dict.fromkeys("▾⇣↓", "v"),
        **dict.fromkeys("◂←‹", "<"),
        **dict.fromkeys("⇡↑", "^"),
        **dict.fromkeys("✎", "+"),
        **dict.fromkeys("✗×", "x"),
        **dict.fromkeys("▎▏▍▌│┃┆┊║▊▕▐", "|"),
        **dict.fromkeys("─━┄┈═╸╺╴╶–—−▔", "-"),
        **dict.fromkeys("╭╮╰╯┌┐└┘├┤┬┴┼┏┓┗┛╔╗╚╝", "+"),
        **dict.fromkeys("█▉▋▓▒▇▆", "#"),
        **dict.fromkeys("▅▄", "="),
        **dict.fromkeys("▃▂", "-"),
        **dict.fromkeys("▁", "_"),
        **dict.fromkeys("░", ":"),
        **dict.fromkeys("·…", "."),
        **dict.fromkeys("▫", "."),
        **dict.fromkeys("▪", "#"),
        **dict.fromkeys("•", "-"),
        **dict.fromkeys("Σ", "E"),
        **dict.fromkeys("⟨", "<"),
        **dict.fromkeys("⟩", ">"),
        **dict.fromkeys("“”„«»", '"'),
        **dict.fromkeys("‘’‚", "'"),
        **dict.fromkeys("§", "S"),
        **dict.fromkeys("\u00a0\u2002\u2003\u2009\u202f", " "),
    }
)


_ELLIPSIS = re.compile(r"…  ")


def to_ascii(text: str) -> str:
    """`text` with our signs and common punctuation as ASCII, cell for cell; letters of any script stay."""
    if text.isascii():
        return text
    # An ellipsis takes the blanks behind it, where there are any: one dot alone looks like the end of a name.
    return _ELLIPSIS.sub("...", text).translate(_ASCII)


def bar(share: float, cells: int) -> str:
    """A bar of `cells` cells filled to `share` (0..1) in eighths of a cell, padded with spaces."""
    eighths = round(max(0.0, min(1.0, share)) * cells * 8)
    full, rest = divmod(eighths, 8)
    return ("█" * full + (BLOCKS[rest] if rest else "")).ljust(cells)


def spark(shares: list[float]) -> str:
    """One sign a share (0..1), taller for more."""
    return "".join(SPARKS[min(7, int(max(0.0, min(1.0, share)) * 8))] for share in shares)
