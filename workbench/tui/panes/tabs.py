"""The tabs of a narrow screen: a label a pane, with a mark when something changed out of sight."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Tab, Tabs

from workbench.tui.widgets import glyphs
from workbench.tui.widgets.cells import number

NAMES = {"chat": "Chat", "memory": "Memory", "archive": "Archive", "trace": "Trace", "library": "Library"}


class PaneTabs(Tabs):
    """One tab a pane; which pane is shown is decided by style."""

    def __init__(self, *, id: str) -> None:
        super().__init__(*[Tab(Content(label), id=f"tab-{name}") for name, label in NAMES.items()], id=id)
        self._counts: dict[str, int] = {}
        self._news: set[str] = set()

    @property
    def shown(self) -> str:
        """Name of the pane whose tab is active."""
        return self.active.removeprefix("tab-") or "chat"

    def choose(self, name: str) -> None:
        """Make a tab active."""
        self.active = f"tab-{name}"

    def count(self, name: str, amount: int) -> None:
        """The number behind a label."""
        self._counts[name] = amount
        self._label(name)

    def news(self, name: str, fresh: bool) -> None:
        """Whether a pane has something nobody has seen."""
        if fresh != (name in self._news):
            (self._news.add if fresh else self._news.discard)(name)
            self._label(name)

    def _label(self, name: str) -> None:
        count = f" {number(self._counts[name])}" if self._counts.get(name) else ""
        tab = self.query_one(f"#tab-{name}", Tab)
        tab.label = Content.assemble(
            NAMES[name], (count, "$muted"), (f" {glyphs.NEW}" if name in self._news else "", "$accent")
        )
