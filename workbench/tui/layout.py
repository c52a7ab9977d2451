"""Which panes can be seen: tabs on a narrow screen, zoom on any; done with classes alone, nothing is rebuilt."""

from __future__ import annotations

from textual.app import App
from textual.geometry import Offset
from textual.screen import Screen
from textual.widget import Widget

from workbench.tui.panes.memory import MemoryPane
from workbench.tui.panes.pane import Pane
from workbench.tui.panes.tabs import NAMES
from workbench.tui.regions import Regions

WIDE_CELLS = 100
"""From this width on the panes stand side by side."""


class Arrangement:
    """The main screen's classes."""

    def __init__(self, app: App[int], regions: Regions) -> None:
        self._app = app
        self._tabs = regions.tabs
        self._panes = {str(pane.id): pane for pane in regions.panes}
        self._zoomed: str | None = None

    @property
    def _screen(self) -> Screen[object]:
        return self._app.screen_stack[0]

    def begin(self) -> None:
        """The panes are mounted: the chat is shown first."""
        self.show_tab("chat")

    @property
    def narrow(self) -> bool:
        """Whether the panes are tabs. The screen's class may still be that of the size before."""
        return self._app.size.width < WIDE_CELLS

    @property
    def zoomed(self) -> bool:
        """Whether one pane stands alone."""
        return self._zoomed is not None

    def show_tab(self, name: str) -> None:
        """The pane a narrow screen shows."""
        for other in NAMES:
            self._screen.set_class(other == name, f"-tab-{other}")
        self._tabs.news(name, False)
        self._sizes()

    def resized(self) -> None:
        """The screen became narrow or wide."""
        if not self.narrow:
            for name in NAMES:
                self._tabs.news(name, False)
        self._sizes()

    def changed(self, pane: Pane) -> None:
        """A pane has something new: its tab is marked when it cannot be seen."""
        if self.narrow and pane.id in NAMES and not pane.region.area:
            self._tabs.news(pane.id, True)

    def zoom(self, focused: Widget | None) -> None:
        """The pane with the focus alone, or everything again."""
        if self._zoomed is not None:
            self.unzoom()
            return
        name = next(
            (pane.id for pane in self._panes.values() if focused is not None and pane in focused.ancestors_with_self),
            None,
        )
        self._zoomed = name if name in NAMES else self._tabs.shown if self.narrow else "chat"
        self._screen.add_class("-zoom", f"-zoom-{self._zoomed}")
        self._sizes()

    def unzoom(self) -> None:
        """Everything again."""
        if self._zoomed is not None:
            self._screen.remove_class("-zoom", f"-zoom-{self._zoomed}")
            self._zoomed = None
            self._sizes()

    def show(self, name: str) -> None:
        """Go to a tab on a narrow screen; elsewhere it can be seen anyway."""
        if self.narrow:
            self._tabs.choose(name)
            self.show_tab(name)

    def reveal(self, name: str) -> None:
        """Make sure a pane can be seen: its tab on a narrow screen."""
        if self.zoomed:
            self.unzoom()
        if name in NAMES:
            self.show(name)

    def jump(self, letter: str) -> None:
        """Move the focus to the pane of a letter."""
        for name, pane in self._panes.items():
            if letter == pane.JUMP:
                if pane.region.area:
                    pane.goal().focus()
                    return
                self.reveal(name)
                # The tab's pane gets its size with the next layout; only then can it take the focus.
                self._screen.call_after_refresh(pane.goal().focus)

    def places(self) -> dict[str, Offset]:
        """Where each pane's jump letter goes: on its frame, or on its tab, over the initial of the name if that is the letter."""
        places: dict[str, Offset] = {}
        for pane in self._panes.values():
            if pane.region.area:
                places[pane.JUMP] = pane.region.offset + Offset(1, 0)
            elif self.narrow and pane.id in NAMES:
                tab = self._tabs.query_one(f"#tab-{pane.id}")
                # Before another letter it would read as part of the name: " MMemory".
                at = NAMES[pane.id].lower().find(pane.JUMP)
                places[pane.JUMP] = tab.content_region.offset + Offset(max(0, at), 0)
        return places

    def _sizes(self) -> None:
        memory = self._panes["memory"]
        if isinstance(memory, MemoryPane):
            memory.whole(self.narrow or self._zoomed == "memory")
