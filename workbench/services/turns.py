"""Runs the turns of an agent for one display: questions, heartbeats, and what history operations make the model do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from workbench.agent.loop import Agent
from workbench.api.events import Changed, Event, Notice
from workbench.core.errors import UsageError
from workbench.services import agent_factory
from workbench.services.container import AppContext
from workbench.services.open_agents import CurrentAgent
from workbench.services.publisher import EventPublisher, publish_context
from workbench.services.usage import UsageService


class TurnRunner:
    """One turn of an agent at a time, whichever display asks; the other displays of the agent are told every event."""

    def __init__(self, app: AppContext, current: CurrentAgent, publisher: EventPublisher, usage: UsageService) -> None:
        self._app = app
        self._current = current
        self._publisher = publisher
        self._usage = usage
        self._running = False

    @property
    def busy(self) -> bool:
        """Whether the current agent answers, here or in another display."""
        return self._current.get().asking.locked()

    def submit(self, text: str) -> Iterator[Event]:
        """Answer a question; ends with Yielded or Stopped. Raises UsageError when one is being answered already."""
        if not text.strip():
            raise UsageError("The question is empty.", "Type a question.")
        agent = self._current.get()
        return self.run(agent, lambda: agent.answer(agent_factory.fit_question(self._app, agent, text)))

    def heartbeat(self) -> Iterator[Event]:
        """A turn of the model's own when one is due (heartbeat_minutes); no events when none is."""
        agent = self._current.get()
        if agent_factory.heartbeat_due(self._app, agent) and agent.asking.acquire(blocking=False):
            self._limit(agent)
            return self._events(agent, agent.run_heartbeat)
        return iter(())

    def run(self, agent: Agent, work: Callable[[], Iterator[Event]]) -> Iterator[Event]:
        """The events of what an agent does. Its lock is taken now, and released when the events end.

        Raises UsageError when the agent is at work already.
        """
        if not agent.asking.acquire(blocking=False):
            raise UsageError("A question is being answered.", "Wait for it, or stop it with esc.")
        self._limit(agent)
        return self._events(agent, work)

    def _limit(self, agent: Agent) -> None:
        """Let the limits of this display hold for what the agent does next. Its lock is given back when they forbid it."""
        try:
            limited = self._usage.for_question(agent.settings)
        except BaseException:
            agent.asking.release()
            raise
        # In guided mode the workspace is the reader's; its limits and prices are those of the model that writes.
        space = agent.workspace
        space.settings = replace(limited, model=space.settings.model, base_url=space.settings.base_url)

    def stop(self) -> None:
        """Stop the turn that was started here after its step; called again, cancel it now."""
        if self._running and (agent := self._current.opened) is not None:
            agent.stop.request()

    def _events(self, agent: Agent, work: Callable[[], Iterator[Event]]) -> Iterator[Event]:
        self._running = True
        self._app.open_agents.start_answer(agent.id)
        fit = self._app.fit_to_tell(agent.id)
        try:
            if fit is not None and fit.notable:
                yield Notice(about="fit", message=" ".join(fit.words), agent=agent.name)
            for event in work():
                self._publisher.publish_step(agent, event)
                yield event
        finally:
            self._running = False
            self._app.open_agents.end_answer(agent.id)
            self._publisher.publish_step(agent, Changed(what="answered"))
            try:
                publish_context(self._app, agent)
            finally:
                agent.asking.release()
