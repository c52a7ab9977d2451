"""Writes a picture for a terminal: by the graphics protocol of kitty, of iTerm2, as sixels, or as half cells, which all can show.

Protocols: https://sw.kovidgoyal.net/kitty/graphics-protocol/ (Unicode placeholders), https://iterm2.com/documentation-images.html,
and the DEC VT340 for sixels. Which one a terminal has is told by its environment, and for sixels by its answer to DA1.
"""

from __future__ import annotations

import base64
import fcntl
import os
import struct
import sys
import termios
import zlib
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.app import App

PROTOCOLS = ("kitty", "iterm2", "sixel", "cells")
CELL_PIXELS = (10, 20)
"""Width and height of a cell where the terminal does not say; only the quality of pictures depends on it."""

MOST_CELLS = 128
"""As many rows and columns of placeholders as there are signs for in the table below."""

_CHUNK = 4_096
_COLOURS = 64
_PLACEHOLDER = "\U0010eeee"
_DIACRITICS = (
    "\u0305\u030d\u030e\u0310\u0312\u033d\u033e\u033f\u0346\u034a\u034b\u034c\u0350\u0351\u0352\u0357"
    "\u035b\u0363\u0364\u0365\u0366\u0367\u0368\u0369\u036a\u036b\u036c\u036d\u036e\u036f\u0483\u0484"
    "\u0485\u0486\u0487\u0592\u0593\u0594\u0595\u0597\u0598\u0599\u059c\u059d\u059e\u059f\u05a0\u05a1"
    "\u05a8\u05a9\u05ab\u05ac\u05af\u05c4\u0610\u0611\u0612\u0613\u0614\u0615\u0616\u0617\u0657\u0658"
    "\u0659\u065a\u065b\u065d\u065e\u06d6\u06d7\u06d8\u06d9\u06da\u06db\u06dc\u06df\u06e0\u06e1\u06e2"
    "\u06e4\u06e7\u06e8\u06eb\u06ec\u0730\u0732\u0733\u0735\u0736\u073a\u073d\u073f\u0740\u0741\u0743"
    "\u0745\u0747\u0749\u074a\u07eb\u07ec\u07ed\u07ee\u07ef\u07f0\u07f1\u07f3\u0816\u0817\u0818\u0819"
    "\u081b\u081c\u081d\u081e\u081f\u0820\u0821\u0822\u0823\u0825\u0826\u0827\u0829\u082a\u082b\u082c"
)
"""Marks that number rows and columns of placeholders (kitty's rowcolumn-diacritics.txt, the first 128)."""


def protocol(environment: Mapping[str, str], *, sixel: bool = False) -> str:
    """The best of PROTOCOLS for a terminal with these environment variables; `sixel`: it said that it draws sixels.

    Inside tmux and screen the variables are those of the terminal around it, whose pictures do not get through.
    """
    wanted = environment.get("WORKBENCH_PICTURES", "").lower()
    if wanted in PROTOCOLS:
        return wanted
    if not environment.get("TMUX") and not environment.get("STY"):
        program = environment.get("TERM_PROGRAM", "").lower()
        if environment.get("KITTY_WINDOW_ID") or "kitty" in environment.get("TERM", "") or program == "ghostty":
            return "kitty"
        if program in ("iterm.app", "wezterm") or environment.get("LC_TERMINAL") == "iTerm2":
            return "iterm2"
    return "sixel" if sixel else "cells"


class Terminal:
    """The terminal of an app, as far as pictures go."""

    def __init__(self, app: App[int]) -> None:
        self._app = app

    def pictures(self) -> tuple[str, tuple[int, int]]:
        """The protocol to draw by, and how many pixels a cell has."""
        if self._app.is_headless or self._app.is_web:
            return "cells", CELL_PIXELS
        driver = self._app._driver
        return protocol(os.environ, sixel=getattr(driver, "draws_sixels", False)), _cell_pixels()

    def write(self, text: str) -> None:
        """Send a sequence to the terminal, behind what has been drawn."""
        if (driver := self._app._driver) is not None:
            driver.write(text)


def _cell_pixels() -> tuple[int, int]:
    """Pixels of a cell, as the terminal tells the system; a guess where it does not."""
    if sys.__stderr__ is None:
        return CELL_PIXELS
    try:
        packed = fcntl.ioctl(sys.__stderr__.fileno(), termios.TIOCGWINSZ, b"\0" * 8)
    except (OSError, ValueError):
        return CELL_PIXELS
    rows, columns, width, height = struct.unpack("HHHH", packed)
    return (width // columns, height // rows) if rows and columns and width and height else CELL_PIXELS


def kitty(width: int, height: int, rgb: bytes, number: int, columns: int, rows: int) -> str:
    """The sequence that hands a picture over, to be shown where the cells of `placeholders` stand; `number` is 1 to 2^24."""
    data = base64.standard_b64encode(zlib.compress(rgb, 6)).decode()
    pieces = [data[at : at + _CHUNK] for at in range(0, len(data), _CHUNK)]
    written = []
    for at, piece in enumerate(pieces):
        more = int(at < len(pieces) - 1)
        head = f"a=T,U=1,f=24,o=z,s={width},v={height},i={number},c={columns},r={rows},q=2,m={more}"
        written.append(f"\x1b_G{head if at == 0 else f'q=2,m={more}'};{piece}\x1b\\")
    return "".join(written)


def placeholders(row: int, columns: int) -> Iterator[str]:
    """The cells of a row of a picture; their foreground colour is its number (see `kitty`)."""
    for column in range(columns):
        yield _PLACEHOLDER + _DIACRITICS[row] + _DIACRITICS[column]


def forget_kitty(number: int) -> str:
    """The sequence after which the terminal keeps the picture no longer."""
    return f"\x1b_Ga=d,d=I,i={number},q=2\x1b\\"


def iterm2(width: int, height: int, rgb: bytes, columns: int, rows: int) -> str:
    """The sequence that draws a picture at the cursor, so many cells large."""
    data = base64.standard_b64encode(png(width, height, rgb)).decode()
    return f"\x1b]1337;File=inline=1;width={columns};height={rows};preserveAspectRatio=1;doNotMoveCursor=1:{data}\x07"


def png(width: int, height: int, rgb: bytes) -> bytes:
    """The picture as a PNG file."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    lines = b"".join(b"\0" + rgb[at : at + 3 * width] for at in range(0, len(rgb), 3 * width))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines, 6)) + chunk(b"IEND", b"")


def sixel(width: int, height: int, rgb: bytes) -> str:
    """The sequence that draws a picture at the cursor in sixels, six rows of dots at a time."""
    import numpy as np
    from PIL import Image

    quantized = Image.frombytes("RGB", (width, height), rgb).quantize(_COLOURS)
    palette = quantized.getpalette() or []
    dots = np.asarray(quantized, dtype=np.uint8)
    parts = [f'\x1bP0;1q"1;1;{width};{height}']
    for colour in np.unique(dots):
        red, green, blue = (round(value * 100 / 255) for value in palette[3 * colour : 3 * colour + 3])
        parts.append(f"#{colour};2;{red};{green};{blue}")
    for top in range(0, height, 6):
        band = dots[top : top + 6]
        weights = (1 << np.arange(len(band), dtype=np.uint8))[:, None]
        for colour in np.unique(band):
            bits = ((band == colour) * weights).sum(axis=0) + 63
            parts.append(f"#{colour}{_repeated(bits)}$")
        parts.append("-")
    return "".join(parts) + "\x1b\\"


def _repeated(bits: object) -> str:
    """Sixels with runs of one sign written as a count."""
    import numpy as np

    signs = np.asarray(bits)
    starts = np.concatenate(([0], np.flatnonzero(np.diff(signs)) + 1, [len(signs)]))
    runs = []
    for start, end in pairwise(starts):
        count, sign = int(end - start), chr(int(signs[start]))
        runs.append(f"!{count}{sign}" if count > 3 else sign * count)
    return "".join(runs)
