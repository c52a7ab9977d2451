"""Keeps the agents that are open in this process, and says which display works with which of them.

Every display of one agent works on the same memory: two copies of an agent would each go on from a past of their own.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.core.activity import doing
from workbench.core.settings import Settings

if TYPE_CHECKING:
    from workbench.agent.loop import Agent
    from workbench.services.container import AppContext


class AgentRegistry:
    """The open agents by id, and the displays of this process. Thread-safe."""

    def __init__(self) -> None:
        self.opening = threading.RLock()
        """Held while an agent is opened or built anew, so that two displays never build it twice."""
        self._lock = threading.Lock()
        self._agents: dict[int, Agent] = {}
        self._answering: set[int] = set()
        self._displays: weakref.WeakSet[CurrentAgent] = weakref.WeakSet()

    def find(self, agent_id: int) -> Agent | None:
        """The agent of this id, if it is open."""
        return self._agents.get(agent_id)

    def all(self) -> list[Agent]:
        """All open agents."""
        with self._lock:
            return list(self._agents.values())

    def add(self, agent: Agent) -> None:
        """Keep an agent; it takes the place of an earlier one of the same id."""
        with self._lock:
            self._agents[agent.id] = agent

    def remove(self, agent_id: int) -> None:
        """Close an agent. One that is not open is no error."""
        with self._lock:
            self._agents.pop(agent_id, None)

    def replace(self, agent: Agent) -> None:
        """Let every display that shows an agent of this id go on with this one."""
        self.add(agent)
        for display in self._all_displays():
            if display.shows(agent.id):
                display.opened = agent

    def join(self, display: CurrentAgent) -> None:
        """Count a display, until it leaves."""
        with self._lock:
            self._displays.add(display)

    def leave(self, display: CurrentAgent) -> None:
        """A display closes. Its agent closes too, unless another display shows it or it still answers a question:

        it is opened anew next time, with the settings given then.
        """
        with self._lock:
            self._displays.discard(display)
        agent = display.opened
        if agent is not None and not agent.asking.locked() and not self.displays_of(agent.id):
            self.remove(agent.id)

    def displays_of(self, agent_id: int) -> int:
        """How many displays show an agent: while there is one, the agent cannot be deleted."""
        return sum(display.shows(agent_id) for display in self._all_displays())

    def handled_passages(self) -> list[int]:
        """Passages that open agents have handles for. Some may not be stored yet, so no clean-up may drop them."""
        return [passage for agent in self.all() for passage in list(agent.workspace.memory.handles)]

    def start_answer(self, agent_id: int) -> None:
        """An agent begins to answer: until the end its steps announce their own prompts."""
        with self._lock:
            self._answering.add(agent_id)

    def end_answer(self, agent_id: int) -> None:
        """An agent has answered."""
        with self._lock:
            self._answering.discard(agent_id)

    def is_answering(self, agent_id: int) -> bool:
        """Whether an agent answers a question now."""
        return agent_id in self._answering

    def _all_displays(self) -> list[CurrentAgent]:
        with self._lock:
            return list(self._displays)


class CurrentAgent:
    """The agent that one display works with. Services that act on "the current agent" hold this, not a session."""

    def __init__(self, app: AppContext, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self.opened: Agent | None = None
        """The agent, or None before the first one is opened."""
        app.open_agents.join(self)

    def open(self, name: str | None = None, paths: Sequence[Path] = (), *, fresh: bool = False) -> Agent:
        """Open an agent: by name (made when new), the one made for these paths, a fresh one, or the last one used.

        Raises UsageError or NotFound for settings that a new agent cannot be made with.
        """
        with doing("loading the program's code"):
            from workbench.services import agent_factory

        with doing("opening the agent"), self._app.open_agents.opening:
            self.opened = agent_factory.open_agent(self._app, self._settings, name, paths, fresh=fresh)
        self._app.search.prepare(self.opened.workspace.sources())
        return self.opened

    def get(self) -> Agent:
        """The agent; the last one used is opened where none is yet."""
        return self.opened or self.open()

    def run_with(self, given: Mapping[str, Any]) -> None:
        """Let settings that flags give for this run, by name, hold for the agent. Raises UsageError when another display has it."""
        from workbench.services import agent_factory

        with self._app.open_agents.opening:
            self.opened = agent_factory.run_with(self._app, self.get(), given)

    def use_model(self, model: str) -> None:
        """Change the model of the agent from the next question on, for every display. Raises ModelError."""
        from workbench.services import agent_factory

        agent_factory.change_model(self._app, self.get(), model)

    def shows(self, agent_id: int) -> bool:
        """Whether this is the agent of this id."""
        return self.opened is not None and self.opened.id == agent_id

    @property
    def source_ids(self) -> Sequence[int]:
        """Ids of what the agent is attached to; none where no agent is open."""
        return self.opened.workspace.sources() if self.opened is not None else ()

    def close(self) -> None:
        """The display has closed."""
        self._app.open_agents.leave(self)
