"""What the keys, the commands and the overlays work at: requests come in, work is started and panes are told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

from workbench.api.events import ContextAssembled, Event, Failed, PageRead, QuestionAsked
from workbench.api.history import ErasurePlan, erasure_lines
from workbench.api.session import DocumentInfo, SessionProtocol, SourceInfo
from workbench.core.errors import UsageError, WorkbenchError
from workbench.core.sanitize import one_line
from workbench.tui import themes
from workbench.tui.commands import registry, search
from workbench.tui.remote_activity import RemoteActivity
from workbench.tui.screens.confirm import Confirm
from workbench.tui.screens.library import LibraryScreen
from workbench.tui.workers import Ended, Work

if TYPE_CHECKING:
    from workbench.tui.app import WorkbenchApp

Result = TypeVar("Result")

BEAT_SECONDS = 60.0
"""How often the session is asked whether the model has a turn of its own."""

LIBRARY_SECONDS = 2.0
"""How often the numbers of documents are asked for while a load runs."""


class Controller:
    """The session and the screen together: one object for everything a person can ask for."""

    def __init__(self, app: WorkbenchApp, session: SessionProtocol) -> None:
        self._app = app
        self.session = session
        self.work = Work(app, session)
        self.documents: Sequence[DocumentInfo] = ()
        self._early: list[str] | None = []
        self._stops = 0
        self._redraw_at_end = False
        self._redrawing = 0
        self.elsewhere = RemoteActivity(app)

    # -- the conversation --------------------------------------------------------------------

    @property
    def drawn(self) -> bool:
        """Whether the conversation as it is now is on the screen."""
        return self._early is None and not self._redrawing

    def begin(self) -> None:
        """Draw the conversation as it was left; what is sent before that waits."""
        self.refresh_identity()
        self.work.listen()
        self.fetch(self._history, self._replay)
        self.fetch(self.session.detect_model, lambda _: self.refresh_identity())
        self._app.set_interval(LIBRARY_SECONDS, self._while_loading)
        self._app.set_interval(BEAT_SECONDS, self.run_heartbeat)

    def run_heartbeat(self) -> None:
        """A minute has passed: the model has a turn of its own if one is due and nothing else runs."""
        if self.drawn and not self.work.asking:
            self.work.turn(self._beats)

    def _beats(self) -> Iterator[Event]:
        for event in self.session.heartbeat():
            self._redraw_at_end = True
            yield event

    def _while_loading(self) -> None:
        if self.work.loading:
            self.refresh_library()

    def _history(self) -> list[Event]:
        try:
            return list(self.session.history())
        except WorkbenchError as error:
            return [Failed(message=error.message, hint=error.hint)]

    def _replay(self, history: list[Event]) -> None:
        with self._app.batch_update():
            self._app.bridge.replay(history)
        self._app.prompt.area.remember_all([event.text for event in history if isinstance(event, QuestionAsked)])
        if not any(isinstance(event, ContextAssembled) for event in history):
            self.refresh_context()
        early, self._early = self._early or [], None
        self.elsewhere.catch_up()
        for text in early:
            self.ask(text)
        self.fetch(self.session.sources, self._resume)
        self.refresh_library()
        self.refresh_memory()

    def _resume(self, sources: list[SourceInfo]) -> None:
        """What an earlier load left without its vectors gets them now."""
        if any(source.unembedded for source in sources):
            self.work.start_load(self.session.library.resume)

    def send(self, text: str) -> None:
        """What the user sent: a command or a question."""
        if text.startswith("/") and not text.startswith("//"):
            self.run_command(text)
        elif self._early is not None:
            self._early.append(text)
        else:
            self.ask(text)

    def ask(self, text: str) -> None:
        """Ask now, or after the question that is being answered."""
        if self.work.ask(text):
            self._begin(text)
        else:
            self.say(f"next: {one_line(text, 300)}")

    def _begin(self, text: str) -> None:
        self._stops = 0
        self._app.arrangement.show("chat")
        self._app.chat.begin(text)
        self._app.status.started()

    def run_command(self, text: str) -> None:
        """Run a slash command; a mistake is answered with a line."""
        try:
            registry.run(self, text)
        except UsageError as error:
            self._app.chat.fail(error.message, error.hint)

    def ended(self, message: Ended) -> None:
        """A question or a load is over; the next one may begin."""
        self.work.ended(message.group)
        if message.group == "sweep":
            return
        if message.group == "load":
            self._app.bridge.load_over()
            self.refresh_library()
            self.work.next_load()
            return
        self.answered()

    def answered(self) -> None:
        """A question that was asked here or elsewhere is over; the next one may begin."""
        self._stops = 0
        self._app.bridge.finish()
        self.elsewhere.answered()
        if self._redraw_at_end:
            self._redraw_at_end = False
            self.redraw(lambda: None)
        self.refresh_memory()
        self.refresh_identity()
        if text := self.work.next_question():
            self._begin(text)

    # -- what commands may do ----------------------------------------------------------------

    def say(self, text: str) -> None:
        """A line in the chat."""
        self._app.chat.say(text)

    def fetch(self, work: Callable[[], Result], then: Callable[[Result], None]) -> None:
        """Run `work` off the event loop, `then` on it; an error becomes a line in the chat."""
        self.work.fetch(work, then)

    def start_load(self, paths: Sequence[str]) -> None:
        """Load and attach files and folders, beside whatever else runs."""
        self.work.load(paths)

    def start_search(self, query: str, page: int = 1) -> None:
        """Search as the user, options behind the query; the archive shows it, the latest search wins."""
        self.show_page(lambda: search.find_page(self, query, page))

    def show_page(self, find: Callable[[], PageRead]) -> None:
        """Find a page off the event loop; the archive shows it, the latest wins."""
        self._app.arrangement.reveal("archive")
        self.work.fetch(find, self._app.bridge.draw, group="search")

    def refresh_library(self) -> None:
        """Sources or attachments may have changed: ask again."""
        self.fetch(lambda: (self.session.sources(), self.session.documents()), lambda found: self._library(*found))

    def _library(self, sources: list[SourceInfo], documents: list[DocumentInfo]) -> None:
        self.documents = documents
        self._app.library.show(sources, documents)
        if isinstance(self._app.screen, LibraryScreen):
            self._app.screen.show(sources, documents)
        attached = [source for source in sources if source.attached]
        count = sum(source.documents for source in attached)
        self._app.status.attached(count, sum(source.passages for source in attached))
        self._app.chat.greet(count, loading=self.work.loading)

    def refresh_memory(self) -> None:
        """The working context may have changed: ask again."""
        self.fetch(self.session.memory, self._app.memory.show)

    def refresh_context(self) -> None:
        """What is in context now: gauge, dots and trace. Changes are told by themselves."""
        self.fetch(self.session.context, self._app.bridge.draw)

    def refresh_identity(self) -> None:
        """Agent or model may have changed: show them again."""
        self._app.status.identify(self.session.agent, self.session.model_label, self.session.window_tokens)

    def redraw(self, then: Callable[[], None]) -> None:
        """The branch has moved: draw the conversation as it is now, then do the rest."""

        def drawn(history: list[Event]) -> None:
            with self._app.batch_update():
                self._app.bridge.redraw(history)
            self._redrawing -= 1
            if not any(isinstance(event, ContextAssembled) for event in history):
                self.refresh_context()
            self.refresh_memory()
            then()
            self.elsewhere.catch_up()

        self._redrawing += 1
        self.fetch(self._history, drawn)

    def turn(self, start: Callable[[], Iterator[Event]]) -> None:
        """Let the agent act without a new question; the conversation is drawn again when it is over."""
        self._redraw_at_end = True
        self._stops = 0
        self._app.status.started()
        self.work.turn(start)

    def confirm_erasure(self, plan: ErasurePlan) -> None:
        """Ask before anything is forgotten; draw what is left afterwards."""

        def done(said: str) -> None:
            self.refresh_library()
            self.redraw(lambda: self.say(said))

        def answered(yes: bool | None) -> None:
            if yes:
                self.fetch(lambda: self.session.timeline.eraser.erase(plan), done)
            else:
                self.say("nothing was erased")

        self._app.push_screen(Confirm("Erase for good?", erasure_lines(plan)), answered)

    def open_diff(self, first: int | None, second: int | None) -> None:
        """What changed between two steps; None for the first is the newest step, for the second the next prompt."""
        self._app.windows.diff(first, second)

    def open_recall(self, words: str) -> None:
        """What was said with these words."""
        self._app.windows.recall(words)

    def open_map(self) -> None:
        """The three tiers of memory."""
        self._app.windows.memory_map()

    def open_page(self, document: str, page: int) -> None:
        """A page of a document."""
        self._app.windows.document(document, page)

    def open_memory(self) -> None:
        """The lines of the working context, to edit and pin."""
        self._app.windows.memory()

    def copy_answer(self) -> str:
        """Put the last answer on the clipboard; returns it, "" when there is none."""
        text = self._app.chat.last_answer()
        if text:
            self._app.copy_to_clipboard(text)
        return text

    def open_context(self, step: int | None) -> None:
        """The X-ray of a step, None for the next prompt."""
        self._app.windows.context(step)

    def choose_theme(self, name: str) -> None:
        """Change the colours. Raises UsageError for a name there is not."""
        if name not in self._app.available_themes:
            raise UsageError(f"There is no theme {name!r}.", "/theme lists them.")
        self._app.theme = name

    def theme_names(self) -> Sequence[str]:
        """The themes there are, the one in force first."""
        known = self._app.available_themes
        names = [self._app.theme, themes.DARK.name, themes.LIGHT.name, "ansi-dark", "ansi-light", *sorted(known)]
        return [name for name in dict.fromkeys(names) if name in known]

    def stop(self) -> str:
        """Stop the answer after this step (again: now), else the load; says what it did."""
        if self.work.elsewhere:
            return "this was asked in another workbench: stop it there"
        if self.work.asking:
            self._stops += 1
            waiting = self.work.forget_waiting()
            self.session.stop()
            self._app.status.stopping(now=self._stops > 1)
            if self._stops > 1:
                return "cancelling now"
            return "stopping after this step, again to cancel now" + (f"; {waiting} waiting dropped" if waiting else "")
        if self.work.sweeping:
            self.session.search_service.stop()
            return "ending the sweep; what it found is kept"
        if self.work.loading:
            self.session.stop_load()
            return "stopping the load; what is done stays"
        return "nothing is running"

    def leave(self) -> None:
        """Quit: workers are told to stop, then the terminal is given back."""
        self.work.leave()
        self._app.exit(0)
