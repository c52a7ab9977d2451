"""The regions of the main screen under one name, so that what writes to them need not know the app that shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.tui.panes.archive import ArchivePane
from workbench.tui.panes.chat import ChatPane
from workbench.tui.panes.gauge import Gauge
from workbench.tui.panes.library import LibraryPane
from workbench.tui.panes.load_line import LoadLine
from workbench.tui.panes.memory import MemoryPane
from workbench.tui.panes.pane import Pane
from workbench.tui.panes.prompt import PromptPane
from workbench.tui.panes.status import StatusLine
from workbench.tui.panes.tabs import PaneTabs
from workbench.tui.panes.trace import TracePane


@dataclass(frozen=True)
class Regions:
    """Everything that stands on the main screen but the footer."""

    status: StatusLine
    gauge: Gauge
    tabs: PaneTabs
    chat: ChatPane
    memory: MemoryPane
    archive: ArchivePane
    trace: TracePane
    library: LibraryPane
    prompt: PromptPane
    load_lines: Sequence[LoadLine]

    @property
    def panes(self) -> tuple[Pane, ...]:
        """The framed ones, which can have the focus."""
        return self.chat, self.memory, self.archive, self.trace, self.library, self.prompt
