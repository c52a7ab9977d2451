"""The colours: two themes of ours, and what our variables are in every other theme."""

from __future__ import annotations

from textual.color import Color
from textual.theme import Theme

DARK = Theme(
    name="workbench",
    primary="#7aa2c8",
    secondary="#8f9bb3",
    accent="#e0a458",
    warning="#e5b567",
    error="#e06c75",
    success="#6fc3a5",
    foreground="#d6dae0",
    background="#14171c",
    surface="#14171c",
    panel="#1d2129",
    dark=True,
    variables={
        "in-context": "#5fd0b0",
        "part-system": "#7d8aa5",
        "part-memory": "#c79bf2",
        "part-summary": "#d9b26f",
        "part-chat": "#6fa8dc",
        "muted": "#7f8896",
        "border": "#e0a458",
        "border-blurred": "#3e434c",
        "block-cursor-background": "#383f4a",
        "block-cursor-foreground": "#ffffff",
        "footer-key-foreground": "#e0a458",
        "footer-background": "#14171c",
        "scrollbar": "#3e434c",
        "scrollbar-background": "#14171c",
        "scrollbar-corner-color": "#14171c",
        "text-warning": "#e5b567",
        "text-error": "#f0848c",
    },
)

LIGHT = Theme(
    name="workbench-light",
    primary="#2f5f8f",
    secondary="#5a6577",
    accent="#a55b00",
    warning="#9a6200",
    error="#b3261e",
    success="#1b7f5f",
    foreground="#22262c",
    background="#fbfaf7",
    surface="#fbfaf7",
    panel="#efede6",
    dark=False,
    variables={
        "in-context": "#0b7a5c",
        "part-system": "#5d6980",
        "part-memory": "#7a3fb0",
        "part-summary": "#8a6300",
        "part-chat": "#1f66a8",
        "muted": "#6b7280",
        "border": "#a55b00",
        "border-blurred": "#c9c6bc",
        "block-cursor-background": "#d9e4f0",
        "block-cursor-foreground": "#101418",
        "footer-key-foreground": "#a55b00",
        "footer-background": "#fbfaf7",
        "scrollbar": "#c9c6bc",
        "scrollbar-background": "#fbfaf7",
        "scrollbar-corner-color": "#fbfaf7",
        "text-warning": "#8a5a00",
        "text-error": "#b3261e",
    },
)

_TERMINAL = {
    "in-context": "ansi_bright_green",
    "part-system": "ansi_blue",
    "part-memory": "ansi_magenta",
    "part-summary": "ansi_yellow",
    "part-chat": "ansi_cyan",
    "muted": "ansi_bright_black",
}
"""The terminal's own palette."""


def fallbacks(theme: Theme) -> dict[str, str]:
    """Our variables for a theme that does not know them: its own colours, or the terminal's for a terminal theme."""
    if theme.ansi:
        return _TERMINAL
    colours = theme.to_color_system().generate()
    muted = Color.parse(colours["background"]).blend(Color.parse(colours["foreground"]), 0.6)
    return {
        "in-context": colours["success"],
        "part-system": colours["secondary"],
        "part-memory": colours["accent"],
        "part-summary": colours["warning"],
        "part-chat": colours["primary"],
        "muted": muted.hex,
    }


OURS = (DARK, LIGHT)
