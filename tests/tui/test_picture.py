"""The page as a picture: v on a source page, the protocols of terminals, and which one is taken."""

from __future__ import annotations

import base64
import io
import re
import zlib

import pytest
from PIL import Image

from tests.support.grid import grid
from tests.support.lease import lease
from tests.support.pilot import ask, piloted, running, wait_until
from workbench.tui import graphics
from workbench.tui.screens.page_picture import PagePictureScreen
from workbench.tui.screens.source_page import SourcePage
from workbench.tui.terminal import InputParser

WIDTH, HEIGHT = 13, 9
RGB = bytes(
    (x * 19 % 256, y * 28 % 256, 40 * (x > 6))[channel]
    for y in range(HEIGHT)
    for x in range(WIDTH)
    for channel in range(3)
)


@piloted
async def test_v_shows_the_page_and_v_goes_back() -> None:
    """In half cells where nothing better is known; the passage that was marked is asked for."""
    session = lease()
    async with running(session) as (app, pilot):
        await ask(pilot, "/open lease-2019.pdf:12")
        await wait_until(pilot, lambda: isinstance(app.screen, SourcePage))
        await pilot.press("v")
        await wait_until(pilot, lambda: isinstance(app.screen, PagePictureScreen) and "quote marked" in grid(app))
        assert "▀▀▀▀" in grid(app)
        assert any(call.startswith("picture lease-2019.pdf 12") for call in session.calls)
        await pilot.press("v")
        await wait_until(pilot, lambda: isinstance(app.screen, SourcePage))


def test_kitty_is_handed_the_very_dots() -> None:
    """In pieces of 4,096 characters at most, each marked whether more follows; the cells name row and column."""
    pieces = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", graphics.kitty(WIDTH, HEIGHT, RGB, 77, 4, 2))
    assert zlib.decompress(base64.b64decode("".join(data for _, data in pieces))) == RGB
    assert [head[-3:] for head, _ in pieces] == ["m=1"] * (len(pieces) - 1) + ["m=0"]
    assert "s=13,v=9,i=77,c=4,r=2" in pieces[0][0]
    assert len({cell for row in range(2) for cell in graphics.placeholders(row, 4)}) == 8


def test_iterm2_is_handed_a_png_of_them() -> None:
    sequence = graphics.iterm2(WIDTH, HEIGHT, RGB, 4, 2)
    data = base64.b64decode(sequence.partition(":")[2].removesuffix("\x07"))
    assert Image.open(io.BytesIO(data)).convert("RGB").tobytes() == RGB


def test_sixels_draw_the_same_picture() -> None:
    """Decoded again: every dot has a colour, and it is near its own."""
    drawn = _decoded(graphics.sixel(WIDTH, HEIGHT, RGB))
    assert set(drawn) == {(x, y) for x in range(WIDTH) for y in range(HEIGHT)}
    for (x, y), colour in drawn.items():
        at = 3 * (y * WIDTH + x)
        assert all(abs(one - other) < 60 for one, other in zip(colour, RGB[at : at + 3], strict=True))


def _decoded(text: str) -> dict[tuple[int, int], tuple[int, ...]]:
    body = text[text.index("#") :].removesuffix("\x1b\\")
    palette = {
        int(number): tuple(round(int(part) * 2.55) for part in parts.split(";"))
        for number, parts in re.findall(r"#(\d+);2;([\d;]+)", body)
    }
    drawn: dict[tuple[int, int], tuple[int, ...]] = {}
    x = top = colour = 0
    for number, count, sign, move in re.findall(r"#(\d+)(?:;2;[\d;]+)?|!(\d+)([?-~])|([?-~$-])", body):
        if number:
            colour = int(number)
        elif move == "$":
            x = 0
        elif move == "-":
            x, top = 0, top + 6
        else:
            bits, times = ord(sign or move) - 63, int(count or 1)
            places = [(x + at, top + bit) for at in range(times) for bit in range(6) if bits >> bit & 1]
            drawn.update(dict.fromkeys(places, palette[colour]))
            x += times
    return drawn


@pytest.mark.parametrize(
    ("environment", "sixel", "expected"),
    [
        ({"KITTY_WINDOW_ID": "1"}, False, "kitty"),
        ({"TERM": "xterm-kitty"}, True, "kitty"),
        ({"TERM_PROGRAM": "ghostty"}, False, "kitty"),
        ({"TERM_PROGRAM": "iTerm.app"}, True, "iterm2"),
        ({"TERM_PROGRAM": "WezTerm"}, False, "iterm2"),
        ({"KITTY_WINDOW_ID": "1", "TMUX": "/tmp/x"}, False, "cells"),
        ({"TMUX": "/tmp/x"}, True, "sixel"),
        ({"TERM": "xterm-256color"}, False, "cells"),
        ({"KITTY_WINDOW_ID": "1", "WORKBENCH_PICTURES": "cells"}, False, "cells"),
    ],
)
def test_the_terminal_decides(environment: dict[str, str], sixel: bool, expected: str) -> None:
    assert graphics.protocol(environment, sixel=sixel) == expected


@pytest.mark.parametrize(
    ("answer", "sixel"), [("\x1b[?62;4;22c", True), ("\x1b[?1;2c", False), ("\x1b[?64;22c", False)]
)
def test_a_terminal_says_that_it_draws_sixels(answer: str, sixel: bool) -> None:
    """Its answer to DA1 is heard, and is no key."""
    parser = InputParser()
    assert list(parser.feed(answer)) == []
    assert parser.draws_sixels is sixel
