"""The agents as a whole: names and files come in; agents made, renamed, deleted, copied out to a file and in again go out."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, get_type_hints

from workbench.agent import journal, prompts
from workbench.agent.loop import Agent
from workbench.agent.tools import selection
from workbench.api.agents import FunctionView
from workbench.api.events import Changed
from workbench.core.errors import UsageError
from workbench.core.settings import Settings
from workbench.core.validation import matches_type
from workbench.memory.agent_repository import AgentRepository
from workbench.memory.history.steps import StepRepository
from workbench.memory.transfer.export import AgentCopy, take
from workbench.memory.transfer.restore import restore
from workbench.retrieval.service import ArchivalSearch
from workbench.services import agent_archive, agent_factory
from workbench.services.container import AppContext
from workbench.storage.database import Database, utc_now
from workbench.storage.documents import ArchivalStorage
from workbench.storage.garbage_collection import collect

_TRAVELS = ("model", "window_tokens", "reserve_tokens", "preset", "persona", "human")
"""Settings that go with an agent. Where its server was and what was loaded from where stays behind: the file may come from
anyone, and a key is only sent to a server that its owner chose."""


@dataclass(frozen=True)
class Imported:
    """What came in. `attached` names sources that are here, `missing` those that are not; `notes` say what was changed."""

    agent: str
    steps: int
    messages: int
    attached: tuple[str, ...]
    missing: tuple[str, ...]
    notes: tuple[str, ...]


class AgentService:
    """All agents of one archive."""

    def __init__(self, engine: AppContext, settings: Settings) -> None:
        self._engine = engine
        self._settings = settings

    def create(self, name: str) -> str:
        """A new agent with the settings in force. Raises UsageError when the name is taken, NotFound for an unknown text."""
        if self._engine.agents.find(name):
            raise UsageError(f"There is an agent named {name!r} already.", f"Use it with --agent {name}.")
        agent_factory.open_agent(self._engine, self._settings, name, (), fresh=False)
        return name

    def rename(self, old: str, new: str) -> None:
        """Give an agent another name; its past keeps everything. Raises NotFound, or UsageError when the name is taken."""
        row = self._engine.agents.get(old)
        self._engine.agents.rename(row, new)
        if agent := self._engine.open_agents.get(row.id):
            memory = agent.workspace.memory
            memory.agent = replace(memory.agent, name=new)
            self._engine.broadcaster.tell(row.id, Changed(agent=new, what="agent"))

    def delete(self, name: str) -> None:
        """Delete an agent with its messages, steps and notes; documents stay. Raises UsageError when a display shows it."""
        row = self._engine.agents.get(name)
        if any(session.shows(row.id) for session in list(self._engine.sessions)):
            raise UsageError(f"Agent {name!r} is open in a workbench.", "Close that one, or open another agent there.")
        self._engine.agents.delete(row)
        self._engine.search.cursors.drop(row.id)
        self._engine.open_agents.pop(row.id, None)
        at_work: list[Agent] = list(self._engine.open_agents.values())
        collect(self._engine.database, [key for agent in at_work for key in list(agent.workspace.memory.handles)])

    def presets(self) -> list[str]:
        """The task guidances there are."""
        return prompts.names("presets", self._engine.paths.config)

    def functions(self, name: str) -> list[FunctionView]:
        """What the model of an agent may call, ours and the user's own, and what of it this agent is offered."""
        row = self._engine.agents.get(name)
        agent: Agent = self._engine.open_agents.get(row.id) or agent_factory.ready(self._engine, row, self._settings)
        off, offered = row.settings.get("functions_off", ()), {item.name for item in agent.executor.functions}
        return [
            FunctionView(item.name, item.short, item.origin, item.name not in off, item.name in offered)
            for item in selection.available(self._engine.paths.config).functions
        ]

    def preset(self, name: str, preset: str) -> None:
        """Change the task guidance in the system instructions of an agent, from its next step on. Raises NotFound."""
        prompts.text("presets", preset, self._engine.paths.config)
        self._instruct(name, preset=preset)

    def switch(self, name: str, functions_off: Sequence[str]) -> None:
        """Choose the functions that an agent's model is not offered, from its next step on."""
        self._instruct(name, functions_off=list(functions_off))

    def _instruct(self, name: str, **own: Any) -> None:
        row = self._engine.agents.get(name)
        agent = self._engine.open_agents.get(row.id)
        if agent is None:
            self._engine.agents.update_settings(row.id, {**row.settings, **own})
        elif agent.asking.acquire(blocking=False):
            try:
                agent_factory.instruct(self._engine, agent, **own)
            finally:
                agent.asking.release()
        else:
            raise UsageError("A question is being answered.", "Wait for it, or stop it with esc.")

    def export(self, name: str, file: Path) -> int:
        """Write an agent to a file, whole: another home shows every old step as it was. Returns its size in bytes."""
        row = self._engine.agents.get(name)
        copy = take(self._engine.database, row)
        copy.head["settings"] = {
            key: value for key, value in row.settings.items() if key in (*_TRAVELS, "functions_off")
        }
        return agent_archive.write(file, copy)

    def import_agent(self, file: Path, name: str | None = None) -> Imported:
        """Read an agent from a file; every step is rebuilt and compared before anything is written here.

        It keeps its name, or gets a number at its end when that is taken. Raises UsageError, with nothing imported.
        """
        copy = agent_archive.read(file)
        settings, notes = self._own_settings(copy, file)
        steps = _prove(copy, file)
        own = str(copy.head.get("name"))
        chosen = name or self._engine.agents.fresh_name(own[:100] if own.strip() and own.isprintable() else "agent")
        self._engine.agents.check_name(chosen)
        found = restore(self._engine.database, copy, chosen, settings, self._engine.clock())
        return Imported(chosen, steps, len(copy.tables["messages"]), found.attached, found.missing, tuple(notes))

    def _own_settings(self, copy: AgentCopy, file: Path) -> tuple[dict[str, Any], list[str]]:
        """The settings that an agent may bring, each checked, and what was put in the place of others."""
        brought = copy.head.get("settings")
        if not isinstance(brought, Mapping):
            raise agent_archive.damaged(file)
        notes: list[str] = []
        own = {key: brought[key] for key in _TRAVELS if key in brought}
        kinds = get_type_hints(Settings)
        if not all(matches_type(value, kinds[key]) for key, value in own.items()):
            raise agent_archive.damaged(file)
        Settings(**own)
        if own.get("preset", "") not in prompts.names("presets", self._engine.paths.config):
            notes.append(f"preset {str(own.get('preset'))[:40]!r} is not here: {self._settings.preset} is used")
            own["preset"] = self._settings.preset
        off = brought.get("functions_off", [])
        if not matches_type(off, list[str]):
            raise agent_archive.damaged(file)
        return {**own, "base_url": "", **({"functions_off": off} if off else {})}, notes


def _prove(copy: AgentCopy, file: Path) -> int:
    """Restore the copy to an archive of its own, rebuild every step and every event there; returns the number of steps."""
    with tempfile.TemporaryDirectory(prefix="workbench-import-") as folder:
        database = Database(Path(folder) / "check.duckdb", memory_limit_mb=256, threads=1)
        try:
            return _rebuilt(database, copy)
        except UsageError:
            raise
        except Exception:
            # Whatever a hostile file brings about, it ends here, far from the archive.
            raise agent_archive.damaged(file) from None
        finally:
            database.close()


def _rebuilt(database: Database, copy: AgentCopy) -> int:
    search = ArchivalSearch(ArchivalStorage(database), None)
    recorder = StepRepository(database, search.texts)
    restore(database, copy, "check", {}, utc_now())
    agent = AgentRepository(database).get("check")
    for step in recorder.steps(agent.id):
        found = recorder.step(agent, step)
        same = found.prompt.digest() == found.digest and found.prompt.used == found.used
        if not same and not found.forgotten:
            raise ValueError(f"step {step}")
    recorder.open(agent, 8_192, "", "")
    for seq, step, name, data in database.rows("SELECT seq, step, event, data FROM journal ORDER BY seq"):
        event = journal.load("check", seq, step, name, data, search.texts)
        if event is not None:
            kinds = get_type_hints(type(event))
            if not all(matches_type(getattr(event, field.name), kinds[field.name]) for field in fields(event)):
                raise ValueError(name)
    return len(recorder.steps(agent.id))
