"""Makes, renames, deletes, exports and imports agents."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, get_type_hints

from workbench.agent import journal, prompts
from workbench.agent.tools import selection
from workbench.api.agents import FunctionView
from workbench.api.events import Changed
from workbench.core.errors import UsageError
from workbench.core.settings import Settings
from workbench.core.validation import matches_type
from workbench.memory.history.steps import StepRecorder
from workbench.memory.transfer.export import AgentCopy, take
from workbench.memory.transfer.restore import restore
from workbench.retrieval.service import ArchivalSearch
from workbench.services import agent_archive, agent_factory
from workbench.services.container import AppContext
from workbench.storage.database import Database, utc_now
from workbench.storage.documents import DuckDBArchive
from workbench.storage.duckdb_home import DuckDBHome
from workbench.storage.transfer import AgentTransfer

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


@dataclass(frozen=True)
class AvailableFunctions:
    """The functions there are, and (where, reason) for what of the user's own cannot be used."""

    functions: tuple[FunctionView, ...]
    problems: tuple[tuple[str, str], ...]


class AgentService:
    """All agents of one archive."""

    def __init__(self, app: AppContext, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    def exists(self, name: str) -> bool:
        """Whether there is an agent of this name."""
        return self._app.agents.find(name) is not None

    def require(self, name: str) -> None:
        """Raises NotFound, naming the agents there are, for one that is not there."""
        self._app.agents.get(name)

    def check_spelling(self, name: str) -> None:
        """Raises NotFound for a new name that is nearly the name of an agent, and so likely a slip."""
        self._app.agents.check_slip(name)

    def create(self, name: str) -> str:
        """A new agent with the settings in force. Raises UsageError when the name is taken, NotFound for an unknown text."""
        if self.exists(name):
            raise UsageError(f"There is an agent named {name!r} already.", f"Use it with --agent {name}.")
        agent_factory.open_agent(self._app, self._settings, name, (), fresh=False)
        return name

    def rename(self, old: str, new: str) -> None:
        """Give an agent another name; its past keeps everything. Raises NotFound, or UsageError when the name is taken."""
        row = self._app.agents.get(old)
        self._app.agents.rename(row, new)
        if agent := self._app.open_agents.find(row.id):
            memory = agent.workspace.memory
            memory.agent = replace(memory.agent, name=new)
            self._app.broadcaster.tell(row.id, Changed(agent=new, what="agent"))

    def delete(self, name: str) -> None:
        """Delete an agent with its messages, steps and notes; documents stay. Raises UsageError when a display shows it."""
        row = self._app.agents.get(name)
        if self._app.open_agents.displays_of(row.id):
            raise UsageError(f"Agent {name!r} is open in a workbench.", "Close that one, or open another agent there.")
        self._app.agents.delete(row)
        self._app.search.cursors.drop(row.id)
        self._app.open_agents.remove(row.id)
        self._app.archive.collect(self._app.open_agents.handled_passages())

    def presets(self) -> list[str]:
        """The task guidances there are."""
        return prompts.names("presets", self._app.paths.config)

    def available_functions(self) -> AvailableFunctions:
        """What a model may call, ours and the user's own, whichever agent it is."""
        available = selection.available(self._app.paths.config)
        functions = (FunctionView(item.name, item.short, item.origin, True, True) for item in available.functions)
        return AvailableFunctions(tuple(functions), tuple(available.problems))

    def functions(self, name: str) -> list[FunctionView]:
        """What the model of an agent may call, ours and the user's own, and what of it this agent is offered."""
        row = self._app.agents.get(name)
        agent = self._app.open_agents.find(row.id) or agent_factory.build(self._app, row, self._settings)
        off, offered = row.settings.get("functions_off", ()), {item.name for item in agent.executor.functions}
        return [
            FunctionView(item.name, item.short, item.origin, item.name not in off, item.name in offered)
            for item in selection.available(self._app.paths.config).functions
        ]

    def preset(self, name: str, preset: str) -> None:
        """Change the task guidance in the system instructions of an agent, from its next step on. Raises NotFound."""
        prompts.text("presets", preset, self._app.paths.config)
        self._instruct(name, preset=preset)

    def drive(self, name: str, drive: str) -> None:
        """Change who searches for an agent, from its next question on (see Settings.drive). Raises ConfigError or NotFound."""
        replace(self._settings, drive=drive)
        self._change(name, agent_factory.change_drive, drive=drive)
        self._app.broadcaster.tell(self._app.agents.get(name).id, Changed(agent=name, what="agent"))

    def switch(self, name: str, function: str, *, on: bool) -> None:
        """Offer a function to an agent's model, or do not, from its next step on. Raises NotFound or UsageError."""
        off = self._app.agents.get(name).settings.get("functions_off", ())
        functions = selection.available(self._app.paths.config).functions
        self._instruct(name, functions_off=selection.switch(off, functions, function, on=on))

    def _instruct(self, name: str, **own: Any) -> None:
        self._change(name, agent_factory.keep_settings, **own)

    def _change(self, name: str, change: Callable[..., None], **own: Any) -> None:
        """Store settings of an agent's own; `change` does so and lets them hold, where the agent is open."""
        row = self._app.agents.get(name)
        agent = self._app.open_agents.find(row.id)
        if agent is None:
            self._app.agents.update_settings(row.id, {**row.settings, **own})
        elif agent.asking.acquire(blocking=False):
            try:
                change(self._app, agent, **own)
            finally:
                agent.asking.release()
        else:
            raise UsageError("A question is being answered.", "Wait for it, or stop it with esc.")

    def export(self, name: str, file: Path) -> int:
        """Write an agent to a file, whole: another home shows every old step as it was. Returns its size in bytes."""
        row = self._app.agents.get(name)
        copy = take(self._app.agent_transfer(), row)
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
        chosen = name or self._app.agents.fresh_name(own[:100] if own.strip() and own.isprintable() else "agent")
        self._app.agents.check_name(chosen)
        restored = restore(self._app.agent_transfer(), copy, chosen, settings, self._app.clock())
        return Imported(chosen, steps, len(copy.tables["messages"]), restored.attached, restored.missing, tuple(notes))

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
        if own.get("preset", "") not in prompts.names("presets", self._app.paths.config):
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
    search = ArchivalSearch(DuckDBArchive(database), None)
    home = DuckDBHome(database)
    recorder = StepRecorder(home, search.texts)
    restore(AgentTransfer(database), copy, "check", {}, utc_now())
    agent = home.agents.get("check")
    for step in recorder.steps.numbers(agent.id):
        recorded = recorder.step(agent, step)
        same = recorded.prompt.digest() == recorded.digest and recorded.prompt.used == recorded.used
        if not same and not recorded.forgotten:
            raise ValueError(f"step {step}")
    recorder.open(agent, 8_192, "", "")
    for row in recorder.steps.events(agent.id):
        event = journal.load("check", row, search.texts)
        if event is not None:
            kinds = get_type_hints(type(event))
            if not all(matches_type(getattr(event, field.name), kinds[field.name]) for field in fields(event)):
                raise ValueError(row.event)
    return len(recorder.steps.numbers(agent.id))


@dataclass(frozen=True)
class PromptText:
    """A text by its name; `own` says that the user wrote it."""

    name: str
    own: bool


class PromptTextService:
    """Texts of three kinds: "presets", "personas" and "humans". `folder` holds the user's own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def list(self, kind: str) -> list[PromptText]:
        """All texts of a kind, by name."""
        names = prompts.names(kind, self._folder)
        return [PromptText(name, prompts.is_own(kind, name, self._folder)) for name in names]

    def add(self, kind: str, name: str, text: str, *, replace: bool = False) -> Path:
        """Keep a text; returns its file. Raises UsageError when the name is taken and not to be replaced."""
        return prompts.add(kind, name, text, self._folder, replace=replace)

    def remove(self, kind: str, name: str) -> None:
        """Delete a text of the user's own. Raises NotFound, and UsageError for one that came with the workbench."""
        prompts.remove(kind, name, self._folder)
