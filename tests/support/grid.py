"""A screen as text: the compositor's cells come in, a character grid goes out, compared with a .txt file.

WORKBENCH_SNAPSHOTS=write makes the files anew; look at the difference before committing it. WORKBENCH_PICTURES=FOLDER also
draws every checked screen there as an SVG, colours included, to be looked at.
"""

from __future__ import annotations

import os
from pathlib import Path

from rich.cells import cell_len
from textual.app import App
from textual.strip import Strip

FOLDER = Path(__file__).parents[1] / "tui" / "grids"


def grid(app: App[int]) -> str:
    """What is on the screen, a line a row, blanks at the ends of rows kept out."""
    width, height = app.size
    lines: list[str] = []
    for strip in app.screen._compositor.render_strips():
        assert isinstance(strip, Strip)
        assert cell_len(strip.text) == width, (
            f"a row is {cell_len(strip.text)} cells wide, the screen {width}: {strip.text!r}"
        )
        lines.append(strip.text.rstrip())
    assert len(lines) == height
    return "\n".join(lines) + "\n"


def check(app: App[int], name: str) -> None:
    """The screen is as it was when the grid `name` was last looked at."""
    file = FOLDER / f"{name}.txt"
    found = grid(app)
    if pictures := os.environ.get("WORKBENCH_PICTURES"):
        Path(pictures).mkdir(parents=True, exist_ok=True)
        app.save_screenshot(f"{name}.svg", pictures)
    if os.environ.get("WORKBENCH_SNAPSHOTS") == "write":
        FOLDER.mkdir(exist_ok=True)
        file.write_text(found, encoding="utf-8")
        return
    assert file.is_file(), f"{file} is missing: run with WORKBENCH_SNAPSHOTS=write and look at it"
    assert found == file.read_text(encoding="utf-8"), f"the screen differs from {file.name}:\n{found}"
