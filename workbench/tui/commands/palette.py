"""The command palette: keys of the screen and slash commands, from their tables."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, cast

from textual.command import CommandPalette, DiscoveryHit, Hit, Provider

from workbench.tui.commands.registry import COMMANDS
from workbench.tui.screens.overlay import DismissOnce

if TYPE_CHECKING:
    from workbench.tui.app import WorkbenchApp


class Palette(Provider):
    """Everything the keyboard can do, by name."""

    def _entries(self) -> Iterator[tuple[str, str, Callable[[], object]]]:
        app = cast("WorkbenchApp", self.app)
        for action, name, key, what in ACTIONS:
            yield f"{name}  {key}", what, partial(app.run_action, action)
        for command in COMMANDS:
            # A command that needs words is put into the prompt, the others run at once.
            needs = bool(command.words) and not command.words.startswith("[")
            yield (
                command.usage,
                command.help,
                partial(app.prefill if needs else app.controller.run_command, f"/{command.name}"),
            )

    async def discover(self) -> AsyncIterator[DiscoveryHit]:
        """Everything, before anything is typed."""
        for name, what, run in self._entries():
            yield DiscoveryHit(name, run, help=what)

    async def search(self, query: str) -> AsyncIterator[Hit]:
        """What matches."""
        matcher = self.matcher(query)
        for name, what, run in self._entries():
            if (score := matcher.match(f"{name} {what}")) > 0:
                yield Hit(score, matcher.highlight(name), run, help=what)


class PaletteScreen(CommandPalette, DismissOnce[None]):
    """Textual's palette, which two quick keys must not close twice."""


ACTIONS = (
    ("help", "Help", "f1", "on the pane with the focus"),
    ("add_documents", "Add documents", "f2", "files or folders"),
    ("search", "Search", "f3", "the archive, for yourself"),
    ("library", "Library", "f4", "documents and what became of them"),
    ("xray", "Context X-ray", "f5", "the exact prompt, segment by segment"),
    ("memory_map", "Memory map", "f8", "the three tiers, and what of each is in context"),
    ("recall", "Recall", "ctrl+r", "what was said, also what was evicted"),
    ("zoom", "Zoom", "f10", "the pane with the focus"),
    ("jump", "Jump", "ctrl+o", "to a pane by its letter"),
    ("stop", "Stop", "esc", "the answer after this step, or the load"),
    ("quit", "Quit", "ctrl+q", "everything is saved"),
)
