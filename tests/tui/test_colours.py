"""Themes change colours and nothing else; NO_COLOR leaves none; every colour of ours exists in every theme."""

from __future__ import annotations

import pytest
from rich.color import Color as RichColor
from rich.color import ColorSystem
from textual.color import Color

from tests.support.grid import grid
from tests.support.lease import QUESTION, lease
from tests.support.pilot import ask, piloted, running, wait_until
from workbench.tui import themes
from workbench.tui.widgets.segment_styles import PARTS


@pytest.mark.nightly
@piloted
async def test_every_theme_draws_the_same_text() -> None:
    """Ours, a foreign one, and the terminal's own palette."""
    grids = set()
    for theme in ("workbench", "workbench-light", "nord", "ansi-dark", "no-such-theme"):
        session = lease()
        session.open_all()
        async with running(session, theme=theme) as (app, pilot):
            await ask(pilot, QUESTION)
            await wait_until(pilot, lambda: "[2] ●" in grid(app) and not app.controller.work.asking)
            assert app.theme == ("workbench" if theme == "no-such-theme" else theme)
            known = app.get_css_variables()
            assert {part.style.removeprefix("$") for part in PARTS} | {"muted", "in-context"} <= set(known)
            grids.add(grid(app))
    assert len(grids) == 1


@piloted
async def test_parts_of_the_gauge_differ_in_colour() -> None:
    for theme in themes.OURS:
        assert len({theme.variables[part.style.removeprefix("$")] for part in PARTS}) == len(PARTS)


def test_what_lies_behind_an_overlay_stays_grey_in_256_colours() -> None:
    """Dimmed greys with a touch of blue became a saturated navy there: borders lit up behind every overlay."""
    for theme in themes.OURS:
        behind = Color.parse(theme.background or "")
        for name in ("border-blurred", "scrollbar", "muted"):
            for colour in (Color.parse(theme.variables[name]), Color.parse(theme.variables[name]).blend(behind, 0.6)):
                drawn = RichColor.parse(colour.hex).downgrade(ColorSystem.EIGHT_BIT)
                red, green, blue = drawn.get_truecolor()
                assert red == green == blue, f"{theme.name} {name}: {colour.hex} is drawn as {drawn.number}"
                assert drawn.number != RichColor.parse(behind.hex).downgrade(ColorSystem.EIGHT_BIT).number


def test_no_color_leaves_no_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even grey; the cursor of a list is reversed, so it can still be seen."""
    monkeypatch.setenv("NO_COLOR", "1")

    @piloted
    async def scenario() -> None:
        session = lease()
        session.open_all()
        async with running(session) as (app, pilot):
            await ask(pilot, QUESTION)
            await wait_until(pilot, lambda: "[2] ●" in grid(app) and not app.controller.work.asking)
            await pilot.press("ctrl+o", "a")
            await wait_until(pilot, lambda: app.archive.has_focus_within)
            reversed_texts = []
            for strip in app.screen._compositor.render_strips():
                for segment in strip:
                    style = segment.style
                    assert style is None or style.color is None or style.color.is_default
                    assert style is None or style.bgcolor is None or style.bgcolor.is_default
                    if style is not None and style.reverse:
                        reversed_texts.append(segment.text)
            assert any("lease-2019.pdf" in text for text in reversed_texts)

    scenario()
