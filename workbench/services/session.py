"""Composes the services of one display: a display holds one Session and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from workbench.agent import journal, memory_edits
from workbench.agent.context import assembled
from workbench.agent.loop import Agent
from workbench.agent.tools.context import ToolContext
from workbench.api.bibliography import Reference
from workbench.api.broadcast import Subscriber
from workbench.api.documents import LoadOptions
from workbench.api.events import Changed, ContextAssembled, Event, MemoryEdited, PageRead
from workbench.api.search import SearchOptions
from workbench.api.session import AgentInfo, BlockView, DocumentInfo, PagePicture, PageView, SourceInfo
from workbench.core.errors import UsageError
from workbench.core.paths import Paths, locate
from workbench.core.secrets import without_password
from workbench.core.server_profile import ServerProfile
from workbench.core.settings import Settings, read_settings
from workbench.memory.history.steps import RecordedStep
from workbench.memory.queue_manager import Pressure
from workbench.models.openai import discovery
from workbench.models.openai.client import OPENAI_URL
from workbench.services import catalog
from workbench.services.agents import AgentService, PromptTextService
from workbench.services.check import CheckService
from workbench.services.container import AppContext
from workbench.services.documents import DocumentService
from workbench.services.history import HistoryService
from workbench.services.open_agents import CurrentAgent
from workbench.services.publisher import EventPublisher
from workbench.services.question_table import QuestionTableService
from workbench.services.search import SearchService
from workbench.services.tables import TableService
from workbench.services.turns import TurnRunner
from workbench.services.usage import UsageService
from workbench.storage import backups
from workbench.storage.database import Clock, utc_now


class Session:
    """One agent over the archive (see api.session.SessionProtocol). Safe to use from several threads; one question at a time."""

    def __init__(
        self,
        settings: Settings | None = None,
        paths: Paths | None = None,
        *,
        clock: Clock = utc_now,
        app: AppContext | None = None,
    ) -> None:
        """Compose the services.

        Args:
            settings: what holds for this display; default: the settings file and the environment.
            paths: where the database and the settings file are; default: WORKBENCH_HOME or the user's folders.
            clock: the time now, in UTC.
            app: what is shared with other displays of the process; default: one of this session's own, closed with it.

        Raises ArchiveBusy when another process owns the database, ConfigError for a wrong settings file.
        """
        places = paths or locate()
        self.settings = settings or read_settings(places.settings_file)
        self._owns_app = app is None
        self.app = app or AppContext(self.settings, places, clock)
        self.current = CurrentAgent(self.app, self.settings)
        """The agent that this display works with."""
        self._publisher = EventPublisher(self.app, self.current)
        self.usage_service = UsageService(self.app, self.settings, self.current)
        """What the current agent spent, and what a question may."""
        self._turns = TurnRunner(self.app, self.current, self._publisher, self.usage_service)
        self.library = DocumentService(self.app, self.settings, self.current, self._publisher)
        """Sources and their files: loads, the queue, notes."""
        self.search_service = SearchService(self.app, self.settings, self.current)
        """Searches, links and sweeps of the user; over all sources while no agent is open."""
        self.timeline = HistoryService(self.app, self.current, self._publisher, self._turns)
        """What can be done to the agent's past: undo, retry, fork, forget, and steps compared."""
        self.tables = TableService(self.app, self.current)
        """The tables of what is attached, and SQL over them."""
        self.question_tables = QuestionTableService(self.app, self.settings, self.current)
        """Tables of answers: the same questions asked of every document of a source."""
        self.checks = CheckService(self.app, self.current)
        """Checks of the user's own texts against sources."""
        self.agent_service = AgentService(self.app, self.settings)
        """All agents: to make, rename, delete, export and import them, and to change their presets."""
        self.prompt_texts = PromptTextService(self.app.paths.config)
        """The presets, personas and humans there are, and the user's own."""

    @property
    def subscription(self) -> Subscriber:
        """Hears what other displays and commands do to the current agent."""
        return self._publisher.subscription

    # -- agents -----------------------------------------------------------------------------------------------------

    def open_agent(self, name: str | None = None, *, paths: Sequence[Path] = (), fresh: bool = False) -> str:
        """Open an agent: by name (made when new), the one made for these paths, a fresh one, or the last one used."""
        return self.current.open(name, paths, fresh=fresh).name

    def open_existing(self, name: str) -> None:
        """Open an agent that must be there. Raises NotFound."""
        self.agent_service.require(name)
        self.open_agent(name)

    def run_with(self, given: Mapping[str, Any]) -> None:
        """Settings that flags give for this run, by name, hold for the open agent. Raises UsageError when another display has it."""
        self.current.run_with(given)

    @property
    def agent(self) -> str:
        """Name of the current agent."""
        return self.current_agent.name

    def abandon(self) -> None:
        """Delete the current agent, which was just made and of which nothing came; not if another display shows it."""
        name, self.current.opened = self.agent, None
        with suppress(UsageError):
            self.agent_service.delete(name)

    def has_nothing_to_quote(self, question: str) -> bool:
        """Whether the reader could only say that nothing is attached: no source, no note, no pasted text and no page read before."""
        from workbench.models.extractive.policy import is_small_talk
        from workbench.services.agent_factory import fits

        agent = self.current_agent
        if not agent.settings.uses_reader or agent.workspace.sources() or is_small_talk(question):
            return False
        read = (event for event in self.history() if isinstance(event, PageRead) and event.origin != "user")
        return fits(agent, question) and not any(page.total for page in read)

    @property
    def current_agent(self) -> Agent:
        """The agent that is open; the last one used is opened where there is none."""
        return self.current.get()

    @property
    def model_label(self) -> str:
        """The model as people should read it."""
        settings = self.current_agent.settings
        if settings.uses_reader:
            return "extractive reader"
        name = settings.model or self.app.known_model(settings) or without_password(settings.base_url)
        profile = self.app.server_profile(settings)
        return f"{name} ({profile.label})" if profile and profile.label else name

    def detect_model(self) -> str:
        """Ask the server which model answers, where none is named; returns `model_label`. Blocks; never raises."""
        settings = self.current_agent.settings
        if not (settings.uses_reader or settings.model):
            self.app.served_model(settings)
        return self.model_label

    def missing_server(self, *, unasked: bool = False) -> str:
        """Why the agent's model server cannot be asked, in a sentence; "" where it can, or where the reader answers alone.

        Blocks for seconds; never raises. No key goes to the server, and no token is spent. `unasked`: nobody is waiting for
        this, so only a server on this machine or in a private network is looked for.
        """
        settings = self.current_agent.settings
        if settings.uses_reader:
            return ""
        url = settings.base_url or OPENAI_URL
        if unasked and not discovery.is_near(url):
            return ""
        reason = discovery.absence(url)
        return f"No model server answers at {discovery.shown_url(url)} ({reason})." if reason else ""

    def fit_words(self, settings: Settings, profile: ServerProfile) -> tuple[str, ...]:
        """How an agent with these settings would fit a server's model, in sentences."""
        from workbench.agent.fixed_parts import fixed_parts
        from workbench.core.tokens import Calibration, functions_text
        from workbench.memory.main_context import fixed_tokens
        from workbench.services.server_profiles import fit_words, fitted

        now = fitted(replace(settings, model=profile.model or settings.model, base_url=profile.url), profile)
        calibration = Calibration.for_model(now.model)
        _, system, tools = fixed_parts(now, self.app.paths.config)
        counted = fixed_tokens(system, functions_text(tools), calibration.encoding)
        return fit_words(now, settings.window_tokens, calibration.predict(counted), profile).words

    @property
    def drive(self) -> str:
        """Who searches: "model", "guided" or "auto"; "" where the reader alone answers."""
        settings = self.current_agent.settings
        return "" if settings.uses_reader else settings.drive

    @property
    def window_tokens(self) -> int:
        """The context window in tokens."""
        return self.current_agent.workspace.settings.window_tokens

    def use_model(self, model: str) -> str:
        """Change the model of this agent from the next question on; returns its label."""
        if self.busy:
            raise UsageError("A question is being answered.", "Stop it first (esc), then change the model.")
        self.current.use_model(model)
        self._publisher.publish_change(Changed(what="agent"))
        return self.model_label

    # -- questions ----------------------------------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether a question is being answered."""
        return self._turns.busy

    def submit(self, text: str) -> Iterator[Event]:
        """Answer a question; ends with Yielded or Stopped. Raises UsageError when one is being answered already."""
        return self._turns.submit(text)

    def heartbeat(self) -> Iterator[Event]:
        """A turn of the model's own when one is due (heartbeat_minutes); no events when none is. A display asks each minute."""
        return self._turns.heartbeat()

    def stop(self) -> None:
        """Stop the answer after this step, and a sweep at its next page; called again, cancel now."""
        self.search_service.stop()
        self._turns.stop()

    # -- sources ------------------------------------------------------------------------------------------------------

    def load(
        self, paths: Sequence[str | Path], source: str | None = None, *, attach: bool = True,
        options: LoadOptions | None = None,
    ) -> Iterator[Event]:  # fmt: skip
        """Load files and folders into a source (named after the first path) and attach it: LoadProgress…, Loaded, Attached."""
        return self.library.load(paths, source, attach, options or LoadOptions())

    def stop_load(self) -> None:
        """Stop the load that runs; what is done stays."""
        self.library.stop()

    def attach(self, source: str) -> Event:
        """Attach a source. Attached; attaching twice changes nothing."""
        return self.library.attach(source)

    def detach(self, source: str) -> Event:
        """Detach a source. Raises NotFound when it is not attached."""
        return self.library.detach(source)

    def search(self, query: str, page: int = 1, source: str | None = None) -> PageRead:
        """A search by the user: the same path as the model's, `page` counted from 1. Over all sources when none is attached."""
        agent = self.agent  # opened now, so that the search is over what it is attached to
        return replace(self.search_service.search(query, page, SearchOptions(source=source or "")), agent=agent)

    # -- what there is ------------------------------------------------------------------------------------------------

    def history(self) -> Iterator[Event]:
        """The durable events of the current agent's branch, oldest first, then the present ContextAssembled."""
        any_event = False
        for event in journal.history(self.current_agent.workspace.memory):
            any_event = True
            yield event
        if any_event:
            yield self.context()

    def context(self, step: int | None = None) -> ContextAssembled:
        """What was in main context at a step (default: what the next prompt would hold). Raises NotFound."""
        agent = self.current_agent
        if step is None:
            return replace(agent.context.event(agent.context.prompt()), agent=agent.name)
        recorded = self.recorded(step)
        limits = replace(agent.workspace.settings, window_tokens=recorded.window, reserve_tokens=recorded.reserve)
        return replace(assembled(recorded.prompt, Pressure.of(limits), recorded.reserve), agent=agent.name, step=step)

    def recorded(self, step: int) -> RecordedStep:
        """A step as it was recorded, its prompt rebuilt. Raises NotFound."""
        return self.app.recorder.step(self.current_agent.workspace.memory.agent, step)

    def steps(self) -> list[int]:
        """The numbers of all recorded steps of this agent."""
        return self.timeline.steps()

    def memory(self) -> tuple[BlockView, ...]:
        """The blocks of the working context, as they are now."""
        return tuple(catalog.block(block) for block in self.current_agent.workspace.memory.working.blocks.values())

    def edit_memory(self, block: str, old: str, new: str) -> MemoryEdited:
        """The user's edit: `old` becomes `new`; an empty `old` appends, an empty `new` deletes. Raises BlockError, UsageError."""
        with self._idle() as workspace:
            return self._publisher.publish_change(memory_edits.edit(workspace, block, old, new))

    def pin(self, block: str, line: str, pinned: bool = True) -> MemoryEdited:
        """Pin a line of a block, so that the model cannot change it, or let it go. Raises BlockError, UsageError."""
        with self._idle() as workspace:
            return self._publisher.publish_change(memory_edits.pin(workspace, block, line, pinned))

    @contextmanager
    def _idle(self) -> Iterator[ToolContext]:
        agent = self.current_agent
        if not agent.asking.acquire(blocking=False):
            raise UsageError("A question is being answered.", "Wait for it, or stop it with esc.")
        try:
            yield agent.workspace
        finally:
            agent.asking.release()

    def page(
        self, document: str, number: int, passage: int | None = None, sources: Sequence[str] | None = None
    ) -> PageView:
        """A page of a document of these sources, by default of the attached ones. Raises NotFound."""
        return catalog.page(self.app, self._within(sources), document, number, passage)

    def page_picture(
        self, document: str, number: int, quote: str, width: int, height: int, sources: Sequence[str] | None = None
    ) -> PagePicture:
        """A page as it looks, as large as fits into so many pixels, with a quote marked. Raises NotFound and WorkError."""
        return catalog.page_picture(self.app, self._within(sources), document, number, quote, (width, height))

    def _within(self, sources: Sequence[str] | None) -> Sequence[int]:
        if sources is None:
            return self.current_agent.workspace.sources()
        return [self.app.archive.find_source(name) for name in sources]

    def agents(self) -> list[AgentInfo]:
        """All agents, the last used first."""
        return catalog.agents(self.app, self.settings)

    def references(self) -> tuple[Reference, ...]:
        """The documents that answers of this conversation cite, as a bibliography needs them."""
        return catalog.references(self.app, self.current_agent.workspace.sources(), self.history())

    def sources(self) -> list[SourceInfo]:
        """All sources."""
        return catalog.sources(self.app, self.library.attached_names())

    def documents(self, source: str | None = None) -> list[DocumentInfo]:
        """The documents of one source or of all, and what could not be loaded into it."""
        return catalog.documents(self.app, source)

    def transcript(self, last: int | None = None) -> list[dict[str, Any]]:
        """The messages of the current branch as they are on the wire, oldest first (`/dump`); results in the queue as they are there."""
        return catalog.transcript(self.app, self.current_agent.workspace.memory, last)

    def function_names(self) -> set[str]:
        """The names of the functions that the model of this agent is offered."""
        return {function.name for function in self.current_agent.executor.functions}

    def backup(self, file: Path, *, replace: bool = False) -> int:
        """Copy the whole database into one file, while it is in use; returns its bytes. Raises UsageError."""
        return backups.save(self.app.database, file, replace=replace)

    @property
    def settings_file(self) -> Path:
        """The settings file of the home, written or not."""
        return self.app.paths.settings_file

    def save(self) -> str:
        """Everything is saved as it happens; returns where."""
        return str(self.app.paths.database_file)

    def close(self) -> None:
        """Stop workers and close the database."""
        self.stop_load()
        self.stop()
        self.stop()
        self._publisher.close()
        self.current.close()
        if self._owns_app:
            self.app.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
