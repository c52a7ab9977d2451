"""The seam: a display holds one Session and nothing else; questions, paths and sources go in, events come out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from workbench.agent import journal, memory_edits
from workbench.agent.context import assembled
from workbench.agent.loop import Agent
from workbench.agent.tools.context import ToolContext
from workbench.api.documents import LoadOptions
from workbench.api.events import (
    Changed,
    ContextAssembled,
    Detached,
    Event,
    Loaded,
    LoadProgress,
    MemoryEdited,
    PageRead,
)
from workbench.api.search import SearchOptions
from workbench.api.session import AgentInfo, BlockView, DocumentInfo, PageView, SourceInfo
from workbench.core.errors import NotFound, UsageError
from workbench.core.paths import Paths, locate
from workbench.core.settings import Settings, read_settings
from workbench.memory.history.steps import RecordedStep
from workbench.memory.queue_manager import Pressure
from workbench.services import agent_factory, catalog
from workbench.services.agents import AgentService
from workbench.services.container import AppContext
from workbench.services.documents import DocumentService
from workbench.services.history import HistoryService
from workbench.services.search import SearchService
from workbench.services.tables import TableService
from workbench.services.usage import UsageService
from workbench.storage.database import Clock, utc_now

Told = TypeVar("Told", bound=Event)


class Session:
    """One agent over the archive (see views.SessionProtocol). Safe to use from several threads; one question at a time."""

    def __init__(
        self,
        settings: Settings | None = None,
        paths: Paths | None = None,
        *,
        clock: Clock = utc_now,
        engine: AppContext | None = None,
    ) -> None:
        places = paths or locate()
        self.settings = settings or read_settings(places.settings_file)
        self._owns_engine = engine is None
        self.engine = engine or AppContext(self.settings, places, clock)
        self._agent: Agent | None = None
        self._answering = False
        self.library = DocumentService(self.engine, lambda: self._agent, self.attach, self._told)
        self.search_service = SearchService(self.engine, self.settings, lambda: self._agent)
        """Searches, links and sweeps of the user; over all sources while no agent is open."""
        self.engine.sessions.add(self)
        self.subscription = self.engine.broadcaster.join(self.shows)
        """Hears what other displays and commands do to the current agent."""
        self.usage_service = UsageService(self.engine, self.settings, lambda: self.current_agent)

    # -- agents -----------------------------------------------------------------------------------------------------

    def open_agent(self, name: str | None = None, *, paths: Sequence[Path] = (), fresh: bool = False) -> str:
        """Open an agent: by name (made when new), the one made for these paths, a fresh one, or the last one used."""
        with self.engine.opening:
            self._agent = agent_factory.open_agent(self.engine, self.settings, name, paths, fresh=fresh)
        self.engine.search.prepare(self._agent.workspace.sources())
        return self.agent

    def run_with(self, given: Mapping[str, Any]) -> None:
        """Settings that flags give for this run, by name, hold for the open agent. Raises UsageError when another display has it."""
        with self.engine.opening:
            self._agent = agent_factory.run_with(self.engine, self.current_agent, given)

    @property
    def agent(self) -> str:
        """Name of the current agent."""
        return self.current_agent.workspace.memory.agent.name

    @property
    def agent_service(self) -> AgentService:
        """All agents: to make, rename, delete, export and import them, and to change their presets."""
        return AgentService(self.engine, self.settings)

    def abandon(self) -> None:
        """Delete the current agent, which was just made and of which nothing came; not if another display shows it."""
        name, self._agent = self.agent, None
        with suppress(UsageError):
            self.agent_service.delete(name)

    def shows(self, agent: int) -> bool:
        """Whether the current agent is the one of this id."""
        return self._agent is not None and self._agent.workspace.memory.agent.id == agent

    def follow(self, agent: Agent) -> None:
        """The agent was made anew, by this or by another display: if it is the current one, go on with it."""
        if self.shows(agent.workspace.memory.agent.id):
            self._agent = agent

    @property
    def current_agent(self) -> Agent:
        """The agent that is open; one is opened or made when there is none."""
        if self._agent is None:
            self.open_agent()
        assert self._agent is not None
        return self._agent

    @property
    def model_label(self) -> str:
        """The model as people should read it."""
        settings = self.current_agent.workspace.settings
        served = self.engine.served.get(settings.base_url, "")
        return "extractive reader" if settings.uses_reader else settings.model or served or settings.base_url

    def detect_model(self) -> str:
        """Ask the server which model answers, where none is named; returns `model_label`. Blocks; never raises."""
        settings = self.current_agent.workspace.settings
        if not (settings.uses_reader or settings.model):
            self.engine.served_model(settings)
        return self.model_label

    @property
    def window_tokens(self) -> int:
        """The context window in tokens."""
        return self.current_agent.workspace.settings.window_tokens

    @property
    def busy(self) -> bool:
        """Whether a question is being answered."""
        return self.current_agent.asking.locked()

    def use_model(self, model: str) -> str:
        """Change the model of this agent from the next question on; returns its label."""
        if self.busy:
            raise UsageError("A question is being answered.", "Stop it first (esc), then change the model.")
        self._agent = agent_factory.with_model(self.engine, self.current_agent, model)
        self._overheard(Changed(what="agent"))
        return self.model_label

    # -- questions ----------------------------------------------------------------------------------------------------

    def submit(self, text: str) -> Iterator[Event]:
        """Answer a question; ends with Yielded or Stopped. Raises UsageError when one is being answered already."""
        if not text.strip():
            raise UsageError("The question is empty.", "Type a question.")
        agent = self.current_agent
        if not agent.asking.acquire(blocking=False):
            raise UsageError("A question is being answered.", "Wait for it, or stop it with esc.")
        return self._answer(agent, lambda: agent.answer(agent_factory.fitting(self.engine, agent, text)))

    def heartbeat(self) -> Iterator[Event]:
        """A turn of the model's own when one is due (heartbeat_minutes); no events when none is. A display asks each minute."""
        agent = self.current_agent
        if agent_factory.beat_due(self.engine, agent) and agent.asking.acquire(blocking=False):
            return self._answer(agent, agent.run_heartbeat)
        return iter(())

    def _answer(self, agent: Agent, work: Callable[[], Iterator[Event]]) -> Iterator[Event]:
        """Run what the agent does, its lock being held; stop() reaches it."""
        self._answering = True
        agent_factory.limit(agent, self.usage_service.settings)
        key, others = agent.workspace.memory.agent.id, self.engine.broadcaster
        self.engine.answering.add(key)
        try:
            for event in work():
                others.tell(key, event, self.subscription)
                yield event
        finally:
            self._answering = False
            self.engine.answering.discard(key)
            others.tell(key, Changed(what="answered"), self.subscription)
            try:
                agent_factory.show_now(self.engine, agent)
            finally:
                agent.asking.release()

    def stop(self) -> None:
        """Stop the answer after this step, and a sweep at its next page; called again, cancel now."""
        self.search_service.stop()
        if self._agent is not None and self._answering:
            self._agent.stop.request()

    @property
    def timeline(self) -> HistoryService:
        """What can be done to the agent's past: undo, retry, fork, forget, and steps compared."""
        return HistoryService(self.engine, self.current_agent, self._answer, self._overheard)

    @property
    def tables(self) -> TableService:
        """The tables of what is attached, and SQL over them."""
        return TableService(self.engine, lambda: self._agent.workspace.sources() if self._agent else ())

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
        agent = self.current_agent.workspace.memory.agent
        found = self.engine.archive.find_source(source)
        event = catalog.attached(self.engine, source)
        if not self.engine.agents.attach(agent.id, found):
            return replace(event, agent=agent.name)
        self.engine.search.prepare([key for key, _ in self.engine.agents.attached(agent.id)])
        return self._told(event)

    def detach(self, source: str) -> Event:
        """Detach a source. Raises NotFound when it is not attached."""
        agent = self.current_agent.workspace.memory.agent
        if not self.engine.agents.detach(agent.id, self.engine.archive.find_source(source)):
            raise NotFound(
                f"{source!r} is not attached.", f"Attached: {', '.join(self._attached_names()) or 'nothing'}."
            )
        self.engine.search.release(self.engine.agents.all_attached())
        return self._told(Detached(source=source))

    def _attached_names(self) -> list[str]:
        return [name for _, name in self.engine.agents.attached(self.current_agent.workspace.memory.agent.id)]

    def search(self, query: str, page: int = 1, source: str | None = None) -> PageRead:
        """A search by the user: the same path as the model's, `page` counted from 1. Over all sources when none is attached."""
        agent = self.agent  # opened now, so that the search is over what it is attached to
        return replace(self.search_service.search(query, page, SearchOptions(source=source or "")), agent=agent)

    # -- what there is ------------------------------------------------------------------------------------------------

    def history(self) -> Iterator[Event]:
        """The durable events of the current agent's branch, oldest first, then the present ContextAssembled."""
        told = False
        for event in journal.history(self.current_agent.workspace.memory):
            told = True
            yield event
        if told:
            yield self.context()

    def context(self, step: int | None = None) -> ContextAssembled:
        """What was in main context at a step (default: what the next prompt would hold)."""
        current = self.current_agent
        if step is None:
            return replace(current.context.event(current.context.prompt()), agent=self.agent)
        recorded = self.recorded(step)
        limits = replace(current.workspace.settings, window_tokens=recorded.window, reserve_tokens=recorded.reserve)
        return replace(assembled(recorded.prompt, Pressure.of(limits), recorded.reserve), agent=self.agent, step=step)

    def recorded(self, step: int) -> RecordedStep:
        """A step as the flight recorder has it, its prompt rebuilt. Raises NotFound."""
        return self.engine.recorder.step(self.current_agent.workspace.memory.agent, step)

    def steps(self) -> list[int]:
        """The numbers of all recorded steps of this agent."""
        return self.engine.recorder.steps(self.current_agent.workspace.memory.agent.id)

    def memory(self) -> tuple[BlockView, ...]:
        """The blocks of the working context, as they are now."""
        return tuple(catalog.block(item) for item in self.current_agent.workspace.memory.working.blocks.values())

    def edit_memory(self, block: str, old: str, new: str) -> MemoryEdited:
        """The user's edit: `old` becomes `new`; an empty `old` appends, an empty `new` deletes. Raises BlockError, UsageError."""
        with self._idle() as space:
            return self._overheard(memory_edits.edit(space, block, old, new))

    def pin(self, block: str, line: str, pinned: bool = True) -> MemoryEdited:
        """Pin a line of a block, so that the model cannot change it, or let it go. Raises BlockError, UsageError."""
        with self._idle() as space:
            return self._overheard(memory_edits.pin(space, block, line, pinned))

    @contextmanager
    def _idle(self) -> Iterator[ToolContext]:
        agent = self.current_agent
        if not agent.asking.acquire(blocking=False):
            raise UsageError("A question is being answered.", "Wait for it, or stop it with esc.")
        try:
            yield agent.workspace
        finally:
            agent.asking.release()

    def page(self, document: str, number: int, passage: int | None = None) -> PageView:
        """A page of a document of the attached sources. Raises NotFound."""
        return catalog.page(self.engine, self.current_agent.workspace.sources(), document, number, passage)

    def agents(self) -> list[AgentInfo]:
        """All agents, the last used first."""
        return catalog.agents(self.engine, self.settings)

    def sources(self) -> list[SourceInfo]:
        """All sources."""
        attached = set(self._attached_names()) if self._agent else set()
        return catalog.sources(self.engine, attached)

    def documents(self, source: str | None = None) -> list[DocumentInfo]:
        """The documents of one source or of all, and what could not be loaded into it."""
        return catalog.documents(self.engine, source)

    def transcript(self, last: int | None = None) -> list[dict[str, Any]]:
        """The messages of the current branch as they are on the wire, oldest first (`/dump`); results in the queue as they are there."""
        return catalog.transcript(self.engine, self.current_agent.workspace.memory, last)

    def function_names(self) -> set[str]:
        """The names of the functions that the model of this agent is offered."""
        return {item.name for item in self.current_agent.executor.functions}

    def save(self) -> str:
        """Everything is saved as it happens; returns where."""
        return str(self.engine.paths.database_file)

    def close(self) -> None:
        """Stop workers and close the database."""
        self.stop_load()
        self.stop()
        self.stop()
        self.engine.sessions.discard(self)
        self.engine.broadcaster.leave(self.subscription)
        if self._agent is not None:
            agent_factory.leave(self.engine, self._agent)
        if self._owns_engine:
            self.engine.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _told(self, event: Event) -> Event:
        """A durable event from outside the loop goes into the journal before it is shown, here and elsewhere."""
        if self._agent is not None:
            memory = self._agent.workspace.memory
            event = replace(event, agent=memory.agent.name)
            if event.durable:
                memory.journal_now([(None, event.name, journal.dump(event))])
        if not isinstance(event, (Loaded, LoadProgress, Changed)):
            return self._overheard(event)
        agent_factory.tell_all(self.engine, event, self.subscription)
        return event

    def _overheard(self, event: Told) -> Told:
        """Tell the other displays of this agent what was done here, and all of them what is in its context now."""
        if self._agent is not None:
            self.engine.broadcaster.tell(self._agent.workspace.memory.agent.id, event, self.subscription)
            agent_factory.show_now(self.engine, self._agent)
        return event
