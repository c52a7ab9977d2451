"""The Textual app: composes the main screen and passes keys and messages on to the controller."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import events, on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.color import Color
from textual.containers import Container
from textual.driver import Driver
from textual.filter import Monochrome, NoColor
from textual.widgets import Footer, Tabs

from workbench.api.session import SessionProtocol
from workbench.core.sanitize import one_line
from workbench.tui import themes
from workbench.tui.commands import palette, registry, search
from workbench.tui.controller import Controller
from workbench.tui.layout import WIDE_CELLS, Arrangement
from workbench.tui.panes.archive import ArchivePane
from workbench.tui.panes.chat import ChatPane
from workbench.tui.panes.gauge import Gauge
from workbench.tui.panes.library import LibraryLines, LibraryPane
from workbench.tui.panes.load_line import LoadLine
from workbench.tui.panes.memory import MemoryPane
from workbench.tui.panes.pane import Pane
from workbench.tui.panes.prompt import PromptArea, PromptPane
from workbench.tui.panes.status import StatusLine
from workbench.tui.panes.tabs import PaneTabs
from workbench.tui.panes.trace import TracePane
from workbench.tui.regions import Regions
from workbench.tui.screens.choose import Choose
from workbench.tui.widgets.cells import plural, use_ascii
from workbench.tui.widgets.exchange import ExchangeBlock
from workbench.tui.widgets.filters import AsciiFilter, NoColourFilter
from workbench.tui.widgets.fold import FoldBlock
from workbench.tui.widgets.message_lines import recalled
from workbench.tui.workers import Arrived, Ended, Happened, Overheard

log = logging.getLogger(__name__)


class WorkbenchApp(App[int]):
    """The workbench on a terminal."""

    CSS_PATH = Path(__file__).with_name("styles") / "workbench.tcss"
    TITLE = "workbench"
    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE_CELLS, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "help", "Help", id="help"),
        Binding("f2", "add_documents", "Add docs", id="add"),
        Binding("f3", "search", "Search", id="search"),
        Binding("ctrl+o", "jump", "Jump", id="jump", priority=True),
        Binding("f10", "zoom", "Zoom", id="zoom"),
        Binding("escape", "stop", "Stop", id="stop", key_display="esc"),
        Binding("ctrl+p", "palette", "Commands", id="palette"),
        Binding("f4", "library", "Library", id="library", show=False),
        Binding("f5", "xray", "Context X-ray", id="xray", show=False),
        Binding("f8", "memory_map", "Memory map", id="map", show=False),
        Binding("f9", "samples", "Sample documents", id="samples", show=False),
        Binding("ctrl+t", "agents", "Agents", id="agents", show=False),
        Binding("ctrl+r", "recall", "Recall", id="recall", show=False),
        Binding("y", "copy", "Copy the last answer", id="copy", show=False),
        Binding("z", "zoom", show=False, id="zoom-letter"),
        Binding("ctrl+q", "quit", "Quit", id="quit", show=False, priority=True),
    ]

    def __init__(
        self,
        session: SessionProtocol,
        *,
        load: Sequence[Path] = (),
        ascii: bool = False,
        theme: str = "workbench",
        now: Callable[[], float] = time.monotonic,
        driver: type[Driver] | None = None,
    ) -> None:
        super().__init__(driver_class=driver)
        self._load = tuple(load)
        self._ascii = ascii
        use_ascii(ascii)
        for ours in themes.OURS:
            self.register_theme(ours)
        self.theme = theme if theme in self.available_themes else themes.DARK.name
        self._filter()
        self.status = StatusLine(now=now, id="status")
        self.gauge = Gauge(session.window_tokens, id="gauge")
        self.tabs = PaneTabs(id="tabs")
        self.chat = ChatPane(id="chat")
        self.memory = MemoryPane(id="memory")
        self.archive = ArchivePane(id="archive")
        self.trace = TracePane(id="trace")
        self.library = LibraryPane(id="library")
        self.prompt = PromptPane(self._complete, id="prompt")
        self._load_lines = (LoadLine(id="load-wide"), LoadLine(id="load-narrow"))
        regions = Regions(
            self.status,
            self.gauge,
            self.tabs,
            self.chat,
            self.memory,
            self.archive,
            self.trace,
            self.library,
            self.prompt,
            self._load_lines,
        )
        self.arrangement = Arrangement(self, regions)
        self.controller = Controller(self, regions, self.arrangement, session)
        self._arranged = False

    def _filter(self) -> None:
        if self.no_color:
            self._filters = [entry for entry in self._filters if not isinstance(entry, (Monochrome, NoColor))]
            shown = self.get_css_variables()
            self._filters.append(
                NoColourFilter([Color.parse(shown[name]) for name in ("background", "surface", "panel")])
            )
        if self._ascii:
            self._filters.append(AsciiFilter())

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our variables, for themes that do not know them."""
        return themes.fallbacks(self.current_theme)

    # -- the screen --------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        wide, narrow = self._load_lines
        yield self.status
        yield self.gauge
        yield self.tabs
        with Container(id="body"):
            yield self.chat
            with Container(id="side"):
                yield self.memory
                yield self.archive
                yield self.trace
                yield self.library
                yield wide
            yield self.prompt
        yield narrow
        yield Footer(compact=True)

    def on_mount(self) -> None:
        """Draw what is known, ask for the rest off the event loop, begin to load."""
        self.screen.set_class(self._ascii, "-ascii")
        self.arrangement.begin()
        self._arranged = True
        self._catch_signals()
        self.prompt.area.focus()
        # Stopped and continued (ctrl+z in some terminals, kill -TSTP, a pager): the terminal shows nothing of ours.
        self.app_resume_signal.subscribe(self, lambda _: self._repaint())
        self.call_after_refresh(self._begin)

    def _repaint(self) -> None:
        for screen in self.screen_stack:
            screen.refresh(repaint=True, layout=True)

    def _begin(self) -> None:
        """Every pane is there now."""
        self.controller.begin()
        if self._load:
            self.controller.work.load(self._load)

    def _fatal_error(self) -> None:
        """No traceback reaches a person: it goes to the log, one sentence to the terminal."""
        log.exception("the screen failed")
        error = sys.exc_info()[1]
        said = one_line(f"The screen failed: {type(error).__name__}: {error}", 300)
        self.panic(Text(f"{said}. Everything is saved; start the workbench again."))

    def _catch_signals(self) -> None:
        """A closed terminal or a polite kill ends the app as ctrl+q does, leaving the terminal clean."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                loop.add_signal_handler(number, self.controller.leave)

    # -- what comes from worker threads ------------------------------------------------------

    def on_happened(self, message: Happened) -> None:
        """An event of the session."""
        if not self.controller.work.leaving:
            self.controller.bridge.draw(message.event)

    def on_overheard(self, message: Overheard) -> None:
        """An event of what another display or a command did."""
        if not self.controller.work.leaving:
            self.controller.elsewhere.heard(message.event)

    def on_arrived(self, message: Arrived) -> None:
        """Something that was fetched."""
        if not self.controller.work.leaving:
            message.deliver()

    def on_ended(self, message: Ended) -> None:
        """A question or a load is over."""
        if not self.controller.work.leaving:
            self.controller.ended(message)

    # -- the prompt --------------------------------------------------------------------------

    def on_paste(self, event: events.Paste) -> None:
        """A paste that nothing with the focus wanted is meant for the prompt."""
        if not self.screen.is_modal:
            event.stop()
            self.prompt.area.focus()
            self.prompt.area.put(event.text)

    @on(PromptArea.Sent)
    def _sent(self, message: PromptArea.Sent) -> None:
        self.controller.send(message.text)

    def prefill(self, text: str) -> None:
        """Put the start of a command into the prompt."""
        self.prompt.area.load_text(f"{text} ")
        self.prompt.area.move_cursor(self.prompt.area.document.end)
        self.prompt.area.focus()

    def _complete(self, word: str) -> list[tuple[str, str]]:
        if word.startswith("/"):
            return registry.complete(word)
        start = word[1:].lower()
        names = {one_line(document.path, 200): document for document in self.controller.documents}
        return [
            (f"@{name}", plural(document.pages, "page")) for name, document in names.items() if start in name.lower()
        ]

    # -- keys --------------------------------------------------------------------------------

    async def action_quit(self) -> None:
        """ctrl+q."""
        self.controller.leave()

    def action_palette(self) -> None:
        """ctrl+p."""

        def done(chosen: tuple[str, str] | None) -> None:
            match chosen:
                case ("key", action):
                    self.call_later(self.run_action, action)
                case ("type", command):
                    self.prefill(command)
                case ("run", command):
                    self.controller.run_command(command)

        self.push_screen(Choose("Commands", palette.choices(), "what do you want to do?"), done)

    def action_agents(self) -> None:
        """ctrl+t."""
        self.controller.open_agents()

    def action_samples(self) -> None:
        """f9."""
        self.controller.load_samples()

    def action_stop(self) -> None:
        """esc: leave zoom, else stop."""
        if self.arrangement.zoomed:
            self.arrangement.unzoom()
        elif not self.controller.return_to_now():
            elsewhere, said = self.controller.work.elsewhere, self.controller.stop()
            if elsewhere:
                self.controller.say(said)

    def action_zoom(self) -> None:
        """f10, z."""
        self.arrangement.zoom(self.focused)

    def action_help(self) -> None:
        """f1."""
        self.controller.dialogs.help()

    def action_add_documents(self) -> None:
        """f2."""
        self.controller.dialogs.add_documents()

    def action_search(self) -> None:
        """f3."""
        self.controller.dialogs.search()

    def action_library(self) -> None:
        """f4."""
        if self.arrangement.narrow:
            self.arrangement.reveal("library")
        else:
            self.controller.dialogs.library()

    def action_xray(self) -> None:
        """f5."""
        self.controller.dialogs.context(None)

    def action_memory_map(self) -> None:
        """f8."""
        self.controller.dialogs.memory_map()

    def action_recall(self) -> None:
        """ctrl+r."""
        self.controller.dialogs.recall("")

    def action_copy(self) -> None:
        """y."""
        self.controller.run_command("/copy")

    def action_jump(self) -> None:
        """ctrl+o. Its binding has priority, so it also arrives here while an overlay covers the panes."""
        if not self.screen.is_modal:
            self.controller.dialogs.jump()

    # -- messages of panes -------------------------------------------------------------------

    @on(Tabs.TabActivated)
    def _tab(self, message: Tabs.TabActivated) -> None:
        self.arrangement.show_tab(self.tabs.shown)

    @on(Pane.Changed)
    def _pane_changed(self, message: Pane.Changed) -> None:
        self.arrangement.changed(message.pane)
        if message.pane is self.archive and self.archive.shown is not None:
            self.tabs.count("archive", self.archive.shown.total)

    @on(LibraryLines.Wanted)
    def _library_wanted(self, message: LibraryLines.Wanted) -> None:
        self.controller.library_actions.do(message.action, message.item)

    @on(ArchivePane.PageWanted)
    def _page_wanted(self, message: ArchivePane.PageWanted) -> None:
        self.controller.show_page(lambda: search.other_page(self.controller, message.shown, message.page))

    @on(ArchivePane.FollowWanted)
    def _follow_wanted(self, message: ArchivePane.FollowWanted) -> None:
        self.controller.show_page(lambda: self.controller.session.search_service.follow(message.hit.passage))

    @on(MemoryPane.EditWanted)
    def _edit_wanted(self, message: MemoryPane.EditWanted) -> None:
        self.controller.dialogs.memory()

    @on(ArchivePane.HitChosen)
    def _hit_chosen(self, message: ArchivePane.HitChosen) -> None:
        self.controller.dialogs.hit(message.hit)

    @on(PromptArea.CitationWanted)
    def _citation_wanted(self, message: PromptArea.CitationWanted) -> None:
        citations = self.chat.citations
        chosen = next((item for item in citations if item.number == message.number), None)
        if chosen is not None:
            self.controller.dialogs.citation(chosen, citations)

    @on(ExchangeBlock.CitationChosen)
    def _citation_chosen(self, message: ExchangeBlock.CitationChosen) -> None:
        self.controller.dialogs.citation(message.citation, message.all)

    @on(FoldBlock.Opened)
    def _fold_opened(self, message: FoldBlock.Opened) -> None:
        session = self.controller.session
        self.controller.fetch(lambda: recalled(session.history(), message.messages), message.fold.fill)

    def on_resize(self) -> None:
        """Narrow and wide are decided by the breakpoints, after this."""
        if self._arranged:
            self.call_after_refresh(self.arrangement.resized)


def _driver() -> type[Driver] | None:
    """Ours where Textual would take its driver for terminals; None leaves the choice (Windows, a browser) to Textual."""
    if sys.platform == "win32" or os.environ.get("TEXTUAL_DRIVER"):
        return None
    from workbench.tui.terminal import TerminalDriver

    return TerminalDriver


def run(session: SessionProtocol, *, load: Sequence[Path] = (), ascii: bool = False, theme: str = "workbench") -> int:
    """Show a session until the user quits; the exit code. Closing the session is the caller's business."""
    app = WorkbenchApp(session, load=load, ascii=ascii, theme=theme, driver=_driver())
    # The event loop takes these over and leaves them at their defaults, which would end the program while it still closes.
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        code = app.run()
    finally:
        for number, handler in before.items():
            with contextlib.suppress(ValueError, TypeError):
                signal.signal(number, handler)
    return code if code is not None else app.return_code or 0
