"""The library over a wide screen, where it has no tab of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textual.app import ComposeResult
from textual.binding import Binding

from workbench.api.paging import Coverage
from workbench.api.session import DocumentInfo, SourceInfo
from workbench.tui.panes.library import KEYS, LibraryPane
from workbench.tui.screens.overlay import Overlay


class LibraryScreen(Overlay[None]):
    """Sources and documents; the keys of the pane work here too."""

    BINDINGS = [Binding("f4,q", "close", "Close", show=False)]

    def __init__(
        self,
        sources: Sequence[SourceInfo],
        documents: Sequence[DocumentInfo],
        coverage: Mapping[str, Coverage] | None = None,
    ) -> None:
        super().__init__()
        self._coverage = coverage or {}
        self._sources = sources
        self._documents = documents

    def compose(self) -> ComposeResult:
        yield LibraryPane(id="library-screen")

    def on_mount(self) -> None:
        """Draw and take the focus."""
        self.show(self._sources, self._documents)
        self.query_one(LibraryPane).cover(self._coverage)
        self.query_one(LibraryPane).goal().focus()

    def show(self, sources: Sequence[SourceInfo], documents: Sequence[DocumentInfo]) -> None:
        """Draw these."""
        pane = self.query_one(LibraryPane)
        pane.show(sources, documents)
        pane.frame(number=f"{KEYS} · esc close")
