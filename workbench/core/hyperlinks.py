"""Links in the terminal's own way (OSC 8): to a file on this machine and nowhere else, and only where the terminal is known to have them.

A terminal that does not know the sequence may show it as text, and nothing asks a terminal whether it does: those that document
it are recognised by what they put into the environment, as supports-hyperlinks does. https://gist.github.com/egmontkob/eb114294efbcd5adb1944c9f3cb5feda
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

AUTO, ON, OFF = "auto", "on", "off"

_ADDRESS = re.compile(r"file:///[A-Za-z0-9%/._~-]+")
_PROGRAMS = {"iTerm.app", "WezTerm", "vscode", "ghostty", "rio", "Tabby", "WarpTerminal"}
_TERMS = ("xterm-kitty", "xterm-ghostty", "foot", "contour", "alacritty", "wezterm", "mintty")
_FIRST_VTE = 5001
"""VTE 0.50.0 crashes at a link; what came before shows nothing of it."""


def file_address(path: Path) -> str:
    """The file:// address of a file, every byte but letters, digits and -._~/ percent-encoded.

    It names no page: GLib refuses a file address with a fragment, and the desktop would then open nothing.
    """
    return path.absolute().as_uri()


def hyperlink(address: str, words: str) -> str:
    """Words, cleaned before, as a link; what is no file:// address in its strictest form is left out."""
    return f"\x1b]8;;{address}\x1b\\{words}\x1b]8;;\x1b\\" if is_safe(address) else words


def is_safe(address: str) -> bool:
    """Whether an address is one that `file_address` makes."""
    return _ADDRESS.fullmatch(address) is not None


def has_links(environment: Mapping[str, str], wanted: str = AUTO) -> bool:
    """Whether the terminal that this environment describes has links. NO_HYPERLINKS, set to anything, says no."""
    if wanted == OFF or environment.get("NO_HYPERLINKS"):
        return False
    if wanted == ON:
        return True
    if environment.get("TERM", "dumb") == "dumb" or environment.get("TMUX") or environment.get("STY"):
        return False  # tmux and screen take the sequence out, or show it, as they are set up
    vte = environment.get("VTE_VERSION", "")
    if vte.isdigit() and int(vte) >= _FIRST_VTE:
        return True
    return (
        environment.get("TERM_PROGRAM") in _PROGRAMS
        or environment["TERM"].startswith(_TERMS)
        or any(environment.get(name) for name in ("WT_SESSION", "KITTY_WINDOW_ID", "DOMTERM"))
        or (environment.get("KONSOLE_VERSION", "").isdigit() and int(environment["KONSOLE_VERSION"]) >= 201200)
    )
