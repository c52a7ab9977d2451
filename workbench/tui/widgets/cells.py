"""Lays text out in terminal cells: cutting, padding, wrapping, numbers."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size
from textual.content import Content
from textual.style import Style

from workbench.core.sanitize import one_line

Piece = tuple[str, str] | str
"""A text and the style it is drawn in."""


def crop(text: str, width: int, *, keep_end: bool = False) -> str:
    """`text` in at most `width` cells, with an ellipsis where something was cut (at the front with `keep_end`)."""
    if cell_len(text) <= width:
        return text
    sign = _ellipsis
    if width <= len(sign):
        return sign[: max(width, 0)]
    if keep_end:
        return sign + set_cell_size(text[::-1], width - len(sign)).rstrip()[::-1]
    return set_cell_size(text, width - len(sign)).rstrip() + sign


_ellipsis = "…"


def use_ascii(ascii_only: bool) -> None:
    """Cut texts end in three dots from now on, or in one sign: that of the one screen this process shows."""
    global _ellipsis
    _ellipsis = "..." if ascii_only else "…"


def crop_path(path: str, width: int) -> str:
    """A path in at most `width` cells: folders go first, then the middle of the name, so that its ending stays."""
    if cell_len(path) <= width:
        return path
    name = path.rsplit("/", 1)[-1]
    if name != path and cell_len(name) + 2 <= width:
        return crop(path, width, keep_end=True)
    end = 8 if width >= 18 else 5
    return crop(name, width) if width < 12 else crop(name, width - end) + set_cell_size(name[::-1], end).rstrip()[::-1]


def fit(text: str, width: int, *, keep_end: bool = False) -> str:
    """`text` in exactly `width` cells: cut or padded on the right."""
    return set_cell_size(crop(text, width, keep_end=keep_end), max(width, 0))


def right(text: str, width: int) -> str:
    """`text` in exactly `width` cells, pushed to the right."""
    text = crop(text, width)
    return " " * (width - cell_len(text)) + text


def number(value: int) -> str:
    """A number with separators."""
    return f"{value:,}"


def signed(value: int) -> str:
    """A number with its sign, the minus being a real one."""
    return f"+{value:,}" if value >= 0 else f"−{-value:,}"


def plural(value: int, noun: str) -> str:
    """`3 pages`, `1 page`."""
    if value == 1:
        return f"1 {noun}"
    many = (
        noun[:-1] + "ies"
        if noun.endswith("y") and not noun.endswith("ey")
        else noun + ("es" if noun.endswith("ch") else "s")
    )
    return f"{value:,} {many}"


def short_window(tokens: int) -> str:
    """`8k` for 8,192."""
    return f"{tokens // 1024}k" if tokens >= 1024 and tokens % 1024 == 0 else number(tokens) if tokens else ""


def clock(seconds: float) -> str:
    """`00:07`, or `1:02:03` from an hour on."""
    whole = max(0, int(seconds))
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60:02}:{rest % 60:02}"


def line(*pieces: Piece) -> Content:
    """Pieces of text, never parsed for markup, joined into one content."""
    parts = [piece if isinstance(piece, str) else Content.styled(piece[0], piece[1]) for piece in pieces]
    return Content.assemble(*parts)


def wrap(text: str, width: int) -> list[str]:
    """`text` (several lines) as lines of at most `width` cells, broken between words, never wider."""
    lines: list[str] = []
    for content in Content(text).wrap(max(width, 1)):
        lines.append(content.plain.rstrip())
    return lines or [""]


def page_place(page: int, label: str | None, cells: int = 12) -> str:
    """`p.7`, and the document's own label of the page behind it where that is another: `p.7 (v)`."""
    own = one_line(label or "", cells)
    return f"p.{page}" if own in ("", str(page)) else f"p.{page} ({own})"


DIM = Style(dim=True)
