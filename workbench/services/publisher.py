"""Publishes what a display does to its agent: into the agent's journal where it lasts, and to the other displays."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from workbench.agent import journal
from workbench.agent.loop import Agent
from workbench.api.events import Changed, Event, Loaded, LoadProgress, Reembedded
from workbench.services.container import AppContext
from workbench.services.open_agents import CurrentAgent

E = TypeVar("E", bound=Event)


class EventPublisher:
    """The events of one display. `subscription` is where it hears what others do to the agent that it shows."""

    def __init__(self, app: AppContext, current: CurrentAgent) -> None:
        self._app = app
        self._current = current
        self.subscription = app.broadcaster.join(current.shows)

    def publish(self, event: Event) -> Event:
        """Tell an event from outside the agent's loop, a durable one after it is in the journal; returns it with the agent's name.

        What concerns the library goes to every display, anything else to those of the current agent.
        """
        if (agent := self._current.opened) is not None:
            memory = agent.workspace.memory
            event = replace(event, agent=memory.agent.name)
            if event.durable:
                memory.journal_now([(None, event.name, journal.dump(event))])
        if not isinstance(event, (Loaded, LoadProgress, Reembedded, Changed)):
            return self.publish_change(event)
        self._app.broadcaster.tell(None, event, self.subscription)
        if not isinstance(event, LoadProgress):
            # The prompts of all agents name their sources, and how large these are.
            for each in self._app.open_agents.all():
                publish_context(self._app, each)
        return event

    def publish_change(self, event: E) -> E:
        """Tell the other displays of the current agent what was done here, and all of them what is in its context now."""
        if (agent := self._current.opened) is not None:
            self._app.broadcaster.tell(agent.id, event, self.subscription)
            publish_context(self._app, agent)
        return event

    def publish_step(self, agent: Agent, event: Event) -> None:
        """Tell the other displays of an agent an event of its loop, which is in the journal already."""
        self._app.broadcaster.tell(agent.id, event, self.subscription)

    def close(self) -> None:
        """The display has closed."""
        self._app.broadcaster.leave(self.subscription)


def publish_context(app: AppContext, agent: Agent) -> None:
    """Tell every display of an agent what is in its context now, after a change outside of a step.

    While a question is answered its steps tell their prompts themselves, and at its end this tells what is left of them.
    """
    if not app.open_agents.is_answering(agent.id) and app.broadcaster.watch(agent.id):
        event = agent.context.event(agent.context.prompt())
        app.broadcaster.tell(agent.id, replace(event, agent=agent.name))
