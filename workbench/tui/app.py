"""The Textual app: composes the main screen and passes keys and messages on to the controller.

The frame is painted before there is a session. What opens one, and whatever only works with one (the controller, the overlays,
the slash commands), is imported and run behind the first frame: a start that has to import everything first takes five times
as long until something can be seen (tests/benchmarks/screen_start.py).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from rich.text import Text
from textual import events, on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.color import Color
from textual.containers import Container
from textual.driver import Driver
from textual.filter import Monochrome, NoColor
from textual.message import Message
from textual.widgets import Tabs

from workbench.core.activity import doing
from workbench.core.garbage import collect_briefly
from workbench.core.sanitize import one_line
from workbench.tui import themes
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
from workbench.tui.widgets.cells import plural, use_ascii
from workbench.tui.widgets.exchange import ExchangeBlock
from workbench.tui.widgets.filters import AsciiFilter, NoColourFilter
from workbench.tui.widgets.fold import FoldBlock
from workbench.tui.widgets.key_footer import KeyFooter
from workbench.tui.widgets.text_fields import is_early

if TYPE_CHECKING:
    from workbench.api.session import SessionProtocol
    from workbench.tui.controller import Controller
    from workbench.tui.workers import Arrived, Ended, Happened, Left, Overheard, Streamed

Handler = TypeVar("Handler", bound=Callable[..., Any])

log = logging.getLogger(__name__)


class Opened(Message):
    """The session is open, and what works with it is imported; `error` says why not."""

    def __init__(self, session: SessionProtocol | None, error: Exception | None = None) -> None:
        super().__init__()
        self.session = session
        self.error = error


def _needs_session(handler: Handler) -> Handler:
    """Mark a handler or an action that does nothing before there is a session."""

    @wraps(handler)
    def guarded(self: WorkbenchApp, *arguments: Any) -> Any:
        return handler(self, *arguments) if self.is_open else None

    return guarded  # type: ignore[return-value]


class WorkbenchApp(App[int]):
    """The workbench on a terminal.

    Args:
        open_session: opens the session; called once, in a thread, behind the first frame. What it raises ends the app and
            is then its `failure`. Closing the session is the caller's business.
        usable_tokens: what the gauge shows that a prompt may have, until the session tells.
        load: files and folders to load and attach.
        remarks: what `open_session` has put there is said in the chat once the session is open.
        ascii: draw with plain ASCII signs only.
        theme: name of the colour theme; one that there is not is taken for the default.
        links: whether the terminal has links (OSC 8): citations are then links to their files.
        now: the clock of the status line, in seconds.
        driver: how the terminal is driven; default: Textual's choice.
        given_back: called when the terminal is given back, with what still runs ("" for nothing).
    """

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
        Binding("ctrl+up", "other_answer(-1)", "Earlier answer", id="earlier-answer", show=False),
        Binding("ctrl+down", "other_answer(1)", "Later answer", id="later-answer", show=False),
        Binding("y", "copy", "Copy the last answer", id="copy", show=False),
        Binding("z", "zoom", show=False, id="zoom-letter"),
        Binding("slash", "command", "Type a command", id="command", show=False),
        Binding("ctrl+q", "quit", "Quit", id="quit", show=False, priority=True),
    ]

    def __init__(
        self,
        open_session: Callable[[], SessionProtocol],
        *,
        usable_tokens: int = 0,
        load: Sequence[Path] = (),
        remarks: Sequence[str] = (),
        ascii: bool = False,
        theme: str = "workbench",
        links: bool = False,
        now: Callable[[], float] = time.monotonic,
        driver: type[Driver] | None = None,
        given_back: Callable[[str], None] = lambda doing: None,
    ) -> None:
        super().__init__(driver_class=driver)
        self._given_back = given_back
        self._open_session = open_session
        self._controller: Controller | None = None
        self._early: list[str] = []
        self.failure: Exception | None = None
        """Why the session could not be opened."""
        self._load = tuple(load)
        self._remarks = remarks
        self._ascii = ascii
        self._links = links
        use_ascii(ascii)
        for ours in themes.OURS:
            self.register_theme(ours)
        self.theme = theme if theme in self.available_themes else themes.DARK.name
        self._filter()
        self.status = StatusLine(now=now, id="status")
        self.gauge = Gauge(usable_tokens, id="gauge")
        self.tabs = PaneTabs(id="tabs")
        self.chat = ChatPane(id="chat")
        self.memory = MemoryPane(id="memory")
        self.archive = ArchivePane(id="archive")
        self.trace = TracePane(id="trace")
        self.library = LibraryPane(id="library")
        self.prompt = PromptPane(self._complete, id="prompt")
        self._load_lines = (LoadLine(id="load-wide"), LoadLine(id="load-narrow"))
        self.regions = Regions(
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
        self.arrangement = Arrangement(self, self.regions)
        self._arranged = False

    @property
    def is_open(self) -> bool:
        """Whether there is a session."""
        return self._controller is not None

    @property
    def controller(self) -> Controller:
        """What does the work. Only once there is a session."""
        assert self._controller is not None, "the session is not open yet"
        return self._controller

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
        yield KeyFooter(compact=True)

    def on_mount(self) -> None:
        """Draw what is known, ask for the rest off the event loop, begin to load."""
        self.screen.set_class(self._ascii, "-ascii")
        self.arrangement.begin()
        self._arranged = True
        self._catch_signals()
        self.prompt.area.focus()
        # Stopped and continued (ctrl+z in some terminals, kill -TSTP, a pager): the terminal shows nothing of ours.
        self.app_resume_signal.subscribe(self, lambda _: self._repaint())
        self.call_after_refresh(self._open)

    def _repaint(self) -> None:
        for screen in self.screen_stack:
            screen.refresh(repaint=True, layout=True)

    def _open(self) -> None:
        """The frame can be seen: everything else may take its time now."""

        def work() -> None:
            try:
                # Imported here, in the thread, so that keys are heard meanwhile.
                with doing("loading the screen's code"):
                    import_module("workbench.tui.controller")
                self.post_message(Opened(self._open_session()))
            except Exception as error:
                self.post_message(Opened(None, error))

        self.run_worker(work, group="open", thread=True, exit_on_error=False)

    def on_opened(self, message: Opened) -> None:
        """There is a session now, or there is none and the app ends."""
        if message.session is None:
            self.failure = message.error
            self.exit(1)
            return
        from workbench.tui.controller import Controller

        self._controller = Controller(self, self.regions, self.arrangement, message.session, links=self._links)
        self.refresh_bindings()
        self._controller.begin()
        for remark in self._remarks:
            self._controller.say(remark)
        if self._load:
            self._controller.work.load(self._load)
        for text in self._early:
            self._controller.send(text)

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
                loop.add_signal_handler(number, self.leave)

    # -- what comes from worker threads ------------------------------------------------------

    @_needs_session
    def on_happened(self, message: Happened) -> None:
        """An event of the session."""
        if not self.controller.work.leaving:
            self.controller.bridge.draw(message.event)

    @_needs_session
    def on_streamed(self, message: Streamed) -> None:
        """Pieces of an answer: more come until they are drawn."""
        if not self.controller.work.leaving:
            self.controller.bridge.stream(message)

    @_needs_session
    def on_overheard(self, message: Overheard) -> None:
        """An event of what another display or a command did."""
        if not self.controller.work.leaving:
            self.controller.elsewhere.heard(message.event)

    @_needs_session
    def on_arrived(self, message: Arrived) -> None:
        """Something that was fetched."""
        if not self.controller.work.leaving:
            message.deliver()

    @_needs_session
    def on_ended(self, message: Ended) -> None:
        """A question or a load is over."""
        if not self.controller.work.leaving:
            self.controller.ended(message)

    def on_left(self, message: Left) -> None:
        """Everything was told to stop."""
        self.exit(0)

    def on_unmount(self) -> None:
        """The terminal is given back; threads may still end what they do."""
        self._given_back(self.controller.work.doing if self.is_open else "")

    # -- the prompt --------------------------------------------------------------------------

    def on_paste(self, event: events.Paste) -> None:
        """A paste that nothing with the focus wanted is meant for the prompt."""
        if not self.screen.is_modal:
            event.stop()
            self.prompt.area.focus()
            self.prompt.area.put(event.text)

    @on(PromptArea.Sent)
    def _sent(self, message: PromptArea.Sent) -> None:
        if self.is_open:
            self.controller.send(message.text)
        else:
            self._early.append(message.text)

    def prefill(self, text: str) -> None:
        """Put the start of a command into the prompt."""
        self.prompt.area.load_text(f"{text} ")
        self.prompt.area.move_cursor(self.prompt.area.document.end)
        self.prompt.area.focus()

    def _complete(self, word: str) -> list[tuple[str, str]]:
        if word.startswith("/"):
            from workbench.tui.commands import registry

            return registry.complete(word)
        start = word[1:].lower()
        documents = self.controller.documents if self.is_open else ()
        names = {one_line(document.path, 200): document for document in documents}
        return [
            (f"@{name}", plural(document.pages, "page")) for name, document in names.items() if start in name.lower()
        ]

    # -- keys --------------------------------------------------------------------------------

    async def on_event(self, event: events.Event) -> None:
        """Keys are taken in the order in which they were typed."""
        if isinstance(event, events.Key):
            if event.key != "ctrl+q" and is_early(event, self):
                return
            self.chat.give_way()
        await super().on_event(event)

    def leave(self) -> None:
        """End the app, whatever runs."""
        if self.is_open:
            self.controller.leave()
        else:
            self.exit(0)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that need a session are shown dim until there is one."""
        return None if action in _WITH_SESSION and not self.is_open else super().check_action(action, parameters)

    async def action_quit(self) -> None:
        """ctrl+q."""
        self.leave()

    def action_palette(self) -> None:
        """ctrl+p."""
        from workbench.tui.commands import palette
        from workbench.tui.screens.choose import Choose

        def done(chosen: tuple[str, str] | None) -> None:
            match chosen:
                case ("key", action):
                    self.call_later(self.run_action, action)
                case ("type", command):
                    self.prefill(command)
                case ("run", command):
                    self.controller.run_command(command)

        self.push_screen(Choose("Commands", palette.choices(), "what do you want to do?"), done)

    def action_command(self) -> None:
        """/, wherever the focus is but in a text field: the prompt takes it."""
        area = self.prompt.area
        self.screen.set_focus(area)
        if not area.text:
            area.insert("/")

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

    def action_other_answer(self, by: int) -> None:
        """ctrl+up, ctrl+down: the answer before or after, behind the newest the prompt."""
        if not self.chat.region.area:
            self.arrangement.reveal("chat")
        if not self.chat.other_answer(by):
            self.prompt.area.focus()

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
    @_needs_session
    def _library_wanted(self, message: LibraryLines.Wanted) -> None:
        self.controller.library_actions.do(message.action, message.item)

    @on(ArchivePane.PageWanted)
    @_needs_session
    def _page_wanted(self, message: ArchivePane.PageWanted) -> None:
        from workbench.tui.commands import search

        self.controller.show_page(lambda: search.other_page(self.controller, message.shown, message.page))

    @on(ArchivePane.FollowWanted)
    @_needs_session
    def _follow_wanted(self, message: ArchivePane.FollowWanted) -> None:
        self.controller.show_page(lambda: self.controller.session.search_service.follow(message.hit.passage))

    @on(MemoryPane.EditWanted)
    @_needs_session
    def _edit_wanted(self, message: MemoryPane.EditWanted) -> None:
        self.controller.dialogs.memory()

    @on(ArchivePane.HitChosen)
    @_needs_session
    def _hit_chosen(self, message: ArchivePane.HitChosen) -> None:
        self.controller.dialogs.hit(message.hit)

    @on(PromptArea.CitationWanted)
    @_needs_session
    def _citation_wanted(self, message: PromptArea.CitationWanted) -> None:
        citations = self.chat.citations
        chosen = next((item for item in citations if item.number == message.number), None)
        if chosen is not None:
            self.controller.dialogs.citation(chosen, citations)

    @on(ExchangeBlock.CitationChosen)
    @_needs_session
    def _citation_chosen(self, message: ExchangeBlock.CitationChosen) -> None:
        self.controller.dialogs.citation(message.citation, message.all)

    @on(FoldBlock.Opened)
    @_needs_session
    def _fold_opened(self, message: FoldBlock.Opened) -> None:
        from workbench.tui.widgets.message_lines import recalled

        session = self.controller.session
        self.controller.fetch(lambda: recalled(session.history(), message.messages), message.fold.fill)

    def on_resize(self) -> None:
        """Narrow and wide are decided by the breakpoints, after this."""
        if self._arranged:
            self.call_after_refresh(self.arrangement.resized)


_WITH_SESSION = frozenset(
    "help add_documents search jump stop palette library xray memory_map samples agents recall copy".split()
)
"""Actions that need a session."""


def _driver() -> type[Driver] | None:
    """Ours where Textual would take its driver for terminals; None leaves the choice (Windows, a browser) to Textual."""
    if sys.platform == "win32" or os.environ.get("TEXTUAL_DRIVER"):
        return None
    from workbench.tui.terminal import TerminalDriver

    return TerminalDriver


def run(
    open_session: Callable[[], SessionProtocol],
    *,
    usable_tokens: int = 0,
    load: Sequence[Path] = (),
    remarks: Sequence[str] = (),
    ascii: bool = False,
    theme: str = "workbench",
    links: bool = False,
    given_back: Callable[[str], None] = lambda doing: None,
) -> int:
    """Show the screen until the user quits; the exit code. Raises what `open_session`, called in a thread, raised.

    Closing the session is the caller's business. `given_back` is told when the terminal is free, and what still runs.
    """

    def opened() -> SessionProtocol:
        session = open_session()
        collect_briefly()
        return session

    app = WorkbenchApp(
        opened,
        usable_tokens=usable_tokens,
        load=load,
        remarks=remarks,
        ascii=ascii,
        theme=theme,
        links=links,
        driver=_driver(),
        given_back=given_back,
    )
    # The event loop takes these over and leaves them at their defaults, which would end the program while it still closes.
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        code = app.run()
    finally:
        for number, handler in before.items():
            with contextlib.suppress(ValueError, TypeError):
                signal.signal(number, handler)
    if app.failure is not None:
        raise app.failure
    return code if code is not None else app.return_code or 0
