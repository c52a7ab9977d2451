"""What the command palette lists: the keys of the screen and the slash commands, from their tables."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.tui.commands.registry import COMMANDS
from workbench.tui.screens.choose import Choice

KEY_ACTIONS = (
    ("help", "Help", "f1", "on the pane with the focus, the keys and the commands"),
    ("add_documents", "Add documents", "f2", "load files or folders and attach them"),
    ("search", "Search", "f3", "search the archive yourself"),
    ("library", "Library", "f4", "documents, and what became of them"),
    ("xray", "Context X-ray", "f5", "the exact prompt, segment by segment"),
    ("memory_map", "Memory map", "f8", "the window as a disk map, step by step"),
    ("samples", "Sample documents", "f9", "load the documents that come with the program"),
    ("zoom", "Zoom", "f10", "the pane with the focus, alone"),
    ("recall", "Recall", "ctrl+r", "what was said, also what was evicted"),
    ("agents", "Agents", "ctrl+t", "switch to another agent"),
    ("other_answer(-1)", "Earlier answer", "ctrl+up", "go to the answer before; there 1-9 open its citations"),
    ("jump", "Jump", "ctrl+o", "to a pane by its letter"),
    ("stop", "Stop", "esc", "the answer after this step, or the load"),
    ("quit", "Quit", "ctrl+q", "everything is saved"),
)
"""Action, name, key and what it does, in the order people meet them."""


def choices() -> Sequence[Choice[tuple[str, str]]]:
    """All of it. The value is ("key", ACTION), ("run", COMMAND) or ("type", COMMAND), which needs words behind it."""
    keys = [Choice(name, what, "Keys", ("key", action), key) for action, name, key, what in KEY_ACTIONS]
    commands = [
        Choice(
            command.usage,
            command.help,
            command.group,
            ("type" if command.needs_words else "run", f"/{command.name}"),
        )
        for command in COMMANDS
    ]
    return [*keys, *commands]
