"""Does what keys, commands and overlays ask for: starts work in threads and tells the panes what to show."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TypeVar

from textual.app import App

from workbench.api.documents import QueueRow
from workbench.api.events import ContextAssembled, Event, Failed, PageRead, QuestionAsked
from workbench.api.history import ErasurePlan, erasure_lines
from workbench.api.paging import coverage
from workbench.api.session import BlockView, DocumentInfo, SessionProtocol, SourceInfo
from workbench.core.errors import UsageError, WorkbenchError
from workbench.core.paths import samples
from workbench.core.sanitize import one_line
from workbench.tui import themes
from workbench.tui.bridge import Bridge
from workbench.tui.commands import registry, search
from workbench.tui.commands.library_keys import LibraryActions
from workbench.tui.dialogs import Dialogs
from workbench.tui.layout import Arrangement
from workbench.tui.regions import Regions
from workbench.tui.remote_activity import RemoteActivity
from workbench.tui.run_dialogs import RunDialogs
from workbench.tui.screens.confirm import Confirm
from workbench.tui.screens.library import LibraryScreen
from workbench.tui.widgets.cells import plural
from workbench.tui.workers import Ended, Work

Result = TypeVar("Result")

FIRST_QUESTION = "With what oil must the Brass Aunt be oiled?"
"""Offered to whoever tries the sample documents and cannot know what is in them."""

HEARTBEAT_SECONDS = 60.0
"""How often the session is asked whether the model has a turn of its own."""

LEAVE_SECONDS = 1.0
"""How long the screen waits, after ctrl+q, for what runs to be told that it shall stop."""

SERVER_SECONDS = 10.0
"""How often a model server that was missing is looked for again."""

IDLE_SERVER_SECONDS = 30.0
"""How often a near model server that was there is looked for while nothing is asked, so that the status does not promise one that died."""

LIBRARY_SECONDS = 2.0
"""How often the numbers of documents are asked for while a load runs."""


class Controller:
    """The session and the screen together: one object for everything a person can ask for."""

    def __init__(
        self,
        app: App[int],
        regions: Regions,
        arrangement: Arrangement,
        session: SessionProtocol,
        *,
        links: bool = False,
    ) -> None:
        self._app = app
        self._links = links
        self._regions = regions
        self._arrangement = arrangement
        self.session = session
        self.work = Work(app, session)
        self.bridge = Bridge(regions, self.refresh_library, self.refresh_memory)
        self.dialogs = Dialogs(app, regions, arrangement, self)
        self._runs = RunDialogs(app, self, self.dialogs)
        self.library_actions = LibraryActions(self, app.push_screen)
        self.documents: Sequence[DocumentInfo] = ()
        self.moment: int | None = None
        """The step that the panes are put back to."""
        self._early: list[str] | None = []
        self._held: list[str] = []
        """Questions that wait for the first document of the load that runs."""
        self._attached: int | None = None
        """How many documents are attached, None before that is known."""
        self._stops = 0
        self._redraw_at_end = False
        self._idle_beat = False
        """Whether what runs is a heartbeat that has found nothing to do so far."""
        self._redrawing = 0
        self._asked_of: tuple[str, str] | None = None
        """Agent and model whose server was looked for."""
        self._lookups = 0
        self.elsewhere = RemoteActivity(self)

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
        self._app.set_interval(HEARTBEAT_SECONDS, self.run_heartbeat)
        self._app.set_interval(SERVER_SECONDS, self._while_missing)
        self._app.set_interval(IDLE_SERVER_SECONDS, self._while_idle)

    def run_heartbeat(self) -> None:
        """A minute has passed: the model has a turn of its own if one is due and nothing else runs."""
        if self.drawn and not self.work.asking:
            self._idle_beat = True
            self.work.turn(self._beats)

    def _beats(self) -> Iterator[Event]:
        for event in self.session.heartbeat():
            self._redraw_at_end, self._idle_beat = True, False
            yield event

    def look_for_server(self, *, unasked: bool = False) -> None:
        """See in a thread whether the model server is there; what was looked for before no longer counts."""
        self._lookups += 1
        lookup = self._lookups

        def done(missing: str) -> None:
            # What was found before a question was asked says nothing about a server that is answering it.
            if lookup == self._lookups and not (unasked and self.work.asking):
                self._server_seen(missing)

        self.work.fetch(lambda: self.session.missing_server(unasked=unasked), done, failed=lambda failure: None)

    def _server_seen(self, missing: str) -> None:
        status = self._regions.status
        if missing and status.server_there:
            self.say(f"{one_line(missing, 300)} Start it, or type /model reader to have answers without one.")
        elif not missing and not status.server_there:
            self.say("The model server answers again.", passing=True)
        status.server(there=not missing)

    def _while_missing(self) -> None:
        if not (self._regions.status.server_there or self.work.asking):
            self.look_for_server()

    def _while_idle(self) -> None:
        if self._regions.status.server_there and not self.work.asking:
            self.look_for_server(unasked=True)

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
            self.bridge.replay(history, self.session.agent)
        self._regions.prompt.area.remember_all([event.text for event in history if isinstance(event, QuestionAsked)])
        if not any(isinstance(event, ContextAssembled) for event in history):
            self.refresh_context()
        early, self._early = self._early or [], None
        self.elsewhere.catch_up()
        for text in early:
            self.ask(text)
        self.fetch(self.session.sources, self._resume)
        self.refresh_library()
        self.refresh_coverage()
        self.refresh_memory()
        self.refresh_links()

    def _resume(self, sources: list[SourceInfo]) -> None:
        """Finish what earlier loads left: files that were still waiting, then passages without their vectors."""
        if any(source.queued for source in sources):
            self.fetch(self.session.library.queue, self._load_waiting)
        if left := sum(source.unembedded for source in sources):
            self.say(f"going on with the last load: {plural(left, 'passage')} found by words only so far")
            self.work.queue_load(self.session.library.resume)

    def _load_waiting(self, rows: list[QueueRow]) -> None:
        waiting: dict[str, list[str]] = {}
        for row in rows:
            if row.state == "waiting":
                waiting.setdefault(row.source, []).append(row.path)
        for source, paths in waiting.items():
            self.say(f"going on with the load of {one_line(source, 80)}: {plural(len(paths), 'file')} waiting")
            self.work.queue_load(partial(self.session.library.retry, source, paths))

    def send(self, text: str) -> None:
        """What the user sent: a command or a question."""
        if text.startswith("/") and not text.startswith("//"):
            # Its answer is a line of the chat, unless the command itself goes elsewhere.
            self._arrangement.show("chat")
            self.run_command(text)
        elif self._early is not None:
            self._early.append(text)
        else:
            self.ask(text)

    def ask(self, text: str) -> None:
        """Ask now, after the question that is being answered, or once the load that runs has brought the first document."""
        if self.work.loading and not self._attached:
            self._held.append(text)
            if self._attached is not None:
                self.say(f"asked as soon as the first document is there: {one_line(text, 300)}")
            return
        if self.work.ask(text):
            self._begin(text)
        else:
            self.say(f"next: {one_line(text, 300)}")

    def _begin(self, text: str) -> None:
        self.return_to_now()
        self._stops = 0
        self._arrangement.show("chat")
        self._regions.chat.begin(text)
        self._regions.status.started()

    def run_command(self, text: str) -> None:
        """Run a slash command; a mistake is answered with a line."""
        try:
            registry.run(self, text)
        except UsageError as error:
            self._regions.chat.fail(error.message, error.hint)

    def ended(self, message: Ended) -> None:
        """A question or a load is over; the next one may begin."""
        self.work.ended(message.group)
        if message.group == "sweep":
            return
        if message.group == "load":
            self.bridge.load_over()
            self.refresh_library()
            self.work.next_load()
            self._ask_held()
            return
        self.answered()

    def answered(self) -> None:
        """A question that was asked here or elsewhere is over; the next one may begin."""
        self._stops = 0
        if self._idle_beat:
            # Nothing happened, so nothing is asked for anew.
            self._idle_beat = False
            self._next()
            return
        self.bridge.finish()
        self.elsewhere.answered()
        if self._redraw_at_end:
            self._redraw_at_end = False
            self.redraw(lambda: None)
        self.refresh_memory()
        self.refresh_identity()
        self.refresh_coverage()
        self.refresh_links()
        self._next()

    def _ask_held(self) -> None:
        """Ask what waited for a document, when there is one or none is to come."""
        if self._attached or not self.work.loading:
            held, self._held = self._held, []
            for text in held:
                self.ask(text)

    def _next(self) -> None:
        if text := self.work.next_question():
            self._begin(text)

    # -- what commands may do ----------------------------------------------------------------

    def say(self, text: str, *, passing: bool = False) -> None:
        """A line in the chat; one in `passing` goes when the next one comes."""
        self._regions.chat.say(text, passing=passing)

    def fetch(
        self,
        work: Callable[[], Result],
        then: Callable[[Result], None],
        failed: Callable[[str], None] | None = None,
    ) -> None:
        """Run `work` off the event loop, `then` on it; an error becomes a line in the chat, unless `failed` takes it."""
        self.work.fetch(work, then, failed=failed)

    def stream(
        self,
        group: str,
        start: Callable[[], Iterator[Result]],
        each: Callable[[Result], None],
        over: Callable[[str], None],
    ) -> bool:
        """Run what yields items off the event loop, `each` and `over` on it; False while one of this group has not ended."""
        return self.work.stream(group, start, each, over)

    def load_paths(self, paths: Sequence[str]) -> None:
        """Load and attach files and folders, beside whatever else runs."""
        self.work.load(paths)

    def load_samples(self) -> None:
        """Load the documents that come with the program."""
        folder = samples()
        if not folder.is_dir():
            self.say("this installation has no sample documents; f2 adds your own")
            return
        self._regions.prompt.area.remember(FIRST_QUESTION)
        self.say(
            f"loading the sample documents, about an invented harbour town; ask meanwhile: up, then enter, asks “{FIRST_QUESTION}”"
        )
        self.load_paths([str(folder)])

    def start_load(self, start: Callable[[], Iterator[Event]]) -> bool:
        """Run a load of another kind; False when one is running."""
        return self.work.start_load(start)

    def start_sweep(self, start: Callable[[], Iterator[Event]]) -> bool:
        """Sweep the archive; False when a sweep is running."""
        return self.work.sweep(start)

    @property
    def asking(self) -> bool:
        """Whether a question is being answered, here or elsewhere."""
        return self.work.asking

    def draw(self, event: Event) -> None:
        """Draw an event."""
        self.bridge.draw(event)

    def begin_elsewhere(self) -> None:
        """A question is being answered that was asked elsewhere; what is asked here waits."""
        if self.work.begin_elsewhere():
            self._regions.status.started()

    def end_elsewhere(self) -> None:
        """It is over."""
        if self.work.end_elsewhere():
            self.answered()

    def start_search(self, query: str, page: int = 1) -> None:
        """Search as the user, options behind the query; the archive shows it, the latest search wins."""
        self.show_page(lambda: search.find_page(self, query, page))

    def show_page(self, find: Callable[[], PageRead]) -> None:
        """Find a page off the event loop; the archive shows it, the latest wins."""
        self._arrangement.reveal("archive")
        self.work.fetch(find, self.bridge.draw, group="search")

    def refresh_library(self) -> None:
        """Sources or attachments may have changed: ask again."""
        self.fetch(lambda: (self.session.sources(), self.session.documents()), lambda found: self._library(*found))

    def _library(self, sources: list[SourceInfo], documents: list[DocumentInfo]) -> None:
        self.documents = documents
        self._regions.library.show(sources, documents)
        if isinstance(self._app.screen, LibraryScreen):
            self._app.screen.show(sources, documents)
        attached = [source for source in sources if source.attached]
        count = self._attached = sum(source.documents for source in attached)
        self._ask_held()
        self._regions.status.attached(count, sum(source.passages for source in attached))
        self._regions.chat.greet(count, loading=self.work.loading)

    def refresh_coverage(self) -> None:
        """The agent may have read other pages: asked for after an answer only, since it goes through the whole history."""
        self.fetch(lambda: coverage(self.session.history()), self._regions.library.cover)

    def refresh_links(self) -> None:
        """Other citations are drawn: ask where the files of their passages are, if the terminal has links."""
        passages = self._regions.chat.cited_passages() if self._links else set()
        if passages:
            self.fetch(
                lambda: self.session.library.files(list(passages)), self._regions.chat.link, lambda failure: None
            )

    def refresh_memory(self) -> None:
        """The working context may have changed: ask again."""
        self.fetch(self.session.memory, self._regions.memory.show)

    def refresh_context(self) -> None:
        """What is in context now: gauge, dots and trace. Changes are told by themselves."""
        self.fetch(self.session.context, self.bridge.draw)

    def refresh_identity(self) -> None:
        """Agent or model may have changed: show them again."""
        answering = (self.session.agent, self.session.model_label)
        if answering != self._asked_of:
            self._asked_of = answering
            self.look_for_server()
        self._regions.status.identify(
            self.session.agent, self.session.model_label, self.session.window_tokens, self.session.drive
        )

    def redraw(self, then: Callable[[], None]) -> None:
        """The branch has moved: draw the conversation as it is now, then do the rest."""

        def drawn(history: list[Event]) -> None:
            with self._app.batch_update():
                self.bridge.redraw(history, self.session.agent)
            self._redrawing -= 1
            if not any(isinstance(event, ContextAssembled) for event in history):
                self.refresh_context()
            self.refresh_memory()
            self.refresh_links()
            then()
            self.elsewhere.catch_up()

        self._redrawing += 1
        self.fetch(self._history, drawn)

    def turn(self, start: Callable[[], Iterator[Event]]) -> None:
        """Let the agent act without a new question; the conversation is drawn again when it is over."""
        self._redraw_at_end = True
        self._stops = 0
        self._regions.status.started()
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
        self.dialogs.diff(first, second)

    def open_recall(self, words: str) -> None:
        """What was said with these words."""
        self.dialogs.recall(words)

    def open_map(self, *, play: bool = False) -> None:
        """The memory map; with `play` it runs through all steps."""
        self.dialogs.memory_map(play=play)

    def open_page(self, document: str, page: int) -> None:
        """A page of a document."""
        self.dialogs.document(document, page)

    def open_table(self, questions: Callable[[], str], source: str) -> None:
        """The table of answers to these questions."""
        self._runs.table(questions, source)

    def open_check(self, name: str, text: Callable[[], str], source: str) -> None:
        """The check of a text."""
        self._runs.check(name, text, source)

    def open_comparison(self, first: str, second: str, source: str) -> None:
        """What two documents state differently."""
        self._runs.compare(first, second, source)

    def open_memory(self) -> None:
        """The lines of the working context, to edit and pin."""
        self.dialogs.memory()

    def copy_answer(self) -> str:
        """Put the last answer on the clipboard; returns it, "" when there is none."""
        text = self._regions.chat.last_answer()
        if text:
            self._app.copy_to_clipboard(text)
        return text

    def command_help(self, name: str) -> str:
        """The help of a command. Raises UsageError for an unknown command."""
        return registry.find(name).line

    def open_help(self) -> None:
        """The list of commands."""
        self.dialogs.commands()

    def open_agents(self) -> None:
        """The agents, to switch to one."""
        self.dialogs.agents()

    def open_answers(self) -> None:
        """All questions of the conversation with their answers."""
        self.dialogs.answers()

    def open_timeline(self) -> None:
        """All steps on one page."""
        self.dialogs.timeline()

    def show_moment(self, step: int) -> None:
        """Put gauge, archive and working memory back to a step, until escape or the next event."""

        def done(context: ContextAssembled) -> None:
            regions = self._regions
            self.moment = step
            regions.gauge.show(context)
            regions.archive.show_context(context.in_context)
            regions.chat.show_context(context.in_context)
            regions.memory.show(blocks_of(context, regions.memory.texts()))
            regions.status.moment(step)

        self.fetch(lambda: self.session.context(step), done)

    def return_to_now(self) -> bool:
        """Show what is now again; False when nothing else was shown."""
        if self.moment is None:
            return False
        self.moment = None
        self._regions.status.moment(None)
        self.refresh_context()
        self.refresh_memory()
        return True

    def open_faults(self) -> None:
        """Page faults at other windows and under other policies."""
        self.dialogs.page_faults()

    def switch_agent(self, name: str) -> None:
        """Go on with another agent; the conversation is drawn anew."""
        if self.work.asking:
            raise UsageError("A question is being answered.", "Wait for it, or stop it with esc.")

        def done(agent: str) -> None:
            self.refresh_identity()
            self.refresh_library()
            self.redraw(lambda: self.say(f"agent {one_line(agent, 80)}"))

        self.fetch(lambda: self.session.open_agent(name), done)

    def ask_aside(self, text: str) -> None:
        """Ask beside the conversation: once it is answered, question and answer leave the branch again."""
        if self.work.asking:
            raise UsageError("A question is being answered.", "Wait for it, or stop it with esc.")

        def start() -> Iterator[Event]:
            yield from self.session.submit(text)
            self.session.timeline.undo()

        self.say("asked beside the conversation: nothing of it stays in its context")
        self._begin(text)
        self.work.turn(start)

    def open_context(self, step: int | None) -> None:
        """The X-ray of a step, None for the next prompt."""
        self.dialogs.context(step)

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
            self.session.stop()
            self._regions.status.stopping(now=self._stops > 1)
            if self._stops > 1:
                self._take_back()
                return "cancelling now"
            waiting = f"; then: {one_line(self.work.waiting[0], 200)}" if self.work.waiting else ""
            return f"stopping after this step, esc again cancels now{waiting}"
        if self.work.sweeping:
            self.session.search_service.stop()
            return "ending the sweep; what it found is kept"
        if self.work.loading:
            self.session.stop_load()
            return "stopping the load; what is done stays"
        return "nothing is running"

    def _take_back(self) -> None:
        """Whoever cancels does not want the next question yet: what waits goes back into the prompt, nothing is lost."""
        texts = self.work.take_waiting()
        area = self._regions.prompt.area
        if texts and not area.text.strip():
            area.load_text("\n".join(texts))
            area.move_cursor(area.document.end)
        elif texts:
            self.say("not asked, up recalls it: " + "; ".join(one_line(text, 200) for text in texts))

    def leave(self) -> None:
        """Quit: workers are told to stop, then the terminal is given back; asked for again, at once."""
        if self.work.leaving:
            self._app.exit(0)
            return
        self._regions.status.leaving(self.work.doing)
        self.work.leave()
        self._app.set_timer(LEAVE_SECONDS, lambda: self._app.exit(0))


def blocks_of(context: ContextAssembled, known: Mapping[str, BlockView]) -> list[BlockView]:
    """The blocks of the working context as a prompt holds them; limits are those of now."""
    state = next((item.text for item in context.segments if item.name == "working_context"), "")
    try:
        held = json.loads(state)
    except ValueError:
        held = {}
    texts = held.get("working_context", held) if isinstance(held, dict) else {}
    blocks = []
    for name, block in known.items():
        value = texts.get(name, "") if isinstance(texts, dict) else ""
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        blocks.append(BlockView(name, text, len(text), block.limit_chars))
    return blocks
