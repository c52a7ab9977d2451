"""Help on what has the focus, the keys, and the commands from their table."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.binding import Binding

from workbench.tui.commands import registry
from workbench.tui.screens.overlay import Overlay
from workbench.tui.screens.text_view import TextBox

KEYS = (
    ("enter", "send"),
    ("ctrl+j", "new line"),
    ("up down", "earlier questions, from the first and last line of the prompt"),
    ("esc", "leave zoom; stop the answer after this step, again: now; stop a load"),
    ("ctrl+o", "jump to a pane by its letter"),
    ("1-9", "open that citation of the last answer, while nothing is typed"),
    ("ctrl+up", "the answer before, ctrl+down the one after; there 1-9 open its citations"),
    ("tab", "next pane, next exchange"),
    ("f1", "this help"),
    ("f2", "add documents"),
    ("f3", "search the archive yourself"),
    ("f4", "library: documents and what became of them"),
    ("f5", "context X-ray: the exact prompt, segment by segment"),
    ("f8", "memory map: the three tiers, and what of each is in context"),
    ("ctrl+r", "recall: what was said, also what was evicted"),
    ("f10", "zoom the pane with the focus"),
    ("] [", "next and previous page of results or of a document"),
    ("ctrl+p", "command palette"),
    ("ctrl+q", "quit"),
)


class HelpScreen(Overlay[None]):
    """A text that scrolls."""

    BINDINGS = [Binding("f1,q", "close", "Close", show=False)]

    def __init__(self, topic: str, text: str) -> None:
        super().__init__()
        self._topic = topic
        self._text = text

    def compose(self) -> ComposeResult:
        box = TextBox(help_text(self._text, KEYS), id="help", hangs=True)
        self.named(box, f"Help · {self._topic}")
        yield box

    def on_mount(self) -> None:
        """It scrolls with the keys."""
        self.query_one(TextBox).focus()


def help_text(about: str, keys: Sequence[tuple[str, str]]) -> str:
    """About the pane, then keys, then commands; the commands come first where nothing is said about a pane."""
    named_keys = ["Keys of the main screen", *(f"  {key:<9}{what}" for key, what in keys)]
    commands = ["Commands", *(f"  {line}" for line in registry.help_lines())]
    return "\n".join([about, "", *named_keys, "", *commands] if about else [*commands, "", *named_keys])
