"""Builds agents from their rows and settings, and changes how an agent that is open works."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from workbench.agent import prompts
from workbench.agent.answers.delivery import AnswerValidator
from workbench.agent.context import MainContext
from workbench.agent.executor import Executor
from workbench.agent.fixed_parts import FixedParts, fixed_parts
from workbench.agent.loop import Agent
from workbench.agent.note_archive import NoteArchive
from workbench.agent.tools.context import ToolContext
from workbench.api.events import Event, Loaded
from workbench.core.errors import UsageError
from workbench.core.secrets import without_password
from workbench.core.settings import Settings, from_environment
from workbench.core.tokens import Calibration
from workbench.memory.attached_sources import AttachedSources
from workbench.memory.messages import render, stamp
from workbench.memory.references import Fetched
from workbench.services.container import AppContext, source_name
from workbench.services.publisher import publish_context
from workbench.services.server_profiles import fit_words, fitted
from workbench.storage.agents import AgentRow

_OWN = ("model", "base_url", "drive", "window_tokens", "reserve_tokens", "preset", "persona", "human")
_FLAGS = {"model": "--model", "base_url": "--model-endpoint", "window_tokens": "--window", "preset": "--preset",
          "drive": "--drive"}  # fmt: skip
"""Settings of an agent that flags can give for a run."""

_PASTED_SHARE = 1 / 3
"""Most of the usable window that one message of the user's may take, as the server counts it; less where what cannot leave takes more."""
_STUB_CHARS = 300
_LOGIN_AFTER = timedelta(hours=1)


def open_agent(app: AppContext, settings: Settings, name: str | None, paths: Sequence[Path], *, fresh: bool) -> Agent:
    """Open an agent: by name (made when new), the one made for these paths, a fresh one, or the last one used.

    Raises NotFound for a preset or persona that is not there, ModelError for a model that cannot be asked: a new agent is
    not made then.
    """
    if name is not None and not name.strip():
        app.agents.check_name(name)
    roots = [str(path.resolve()) for path in paths]
    row = None
    if name and not fresh:
        row = app.agents.find(name)
    elif roots and not fresh:
        row = next((agent for agent in app.agents.all() if agent.settings.get("paths") == roots), None)
    elif not fresh:
        row = next((agent for agent in app.agents.all() if not agent.settings.get("asked")), None)
    if row is None:
        for kind, chosen in (("presets", settings.preset), ("personas", settings.persona), ("humans", settings.human)):
            prompts.text(kind, chosen, app.paths.config)
        if settings.model:
            app.model(settings)  # a model that cannot be asked leaves no agent behind
        base = name or (source_name(paths[0].resolve()) if paths else "ask" if fresh else "workbench")
        own: dict[str, Any] = {key: getattr(settings, key) for key in _OWN}
        own["base_url"] = without_password(settings.base_url)
        extra = {"paths": roots} if roots else {"asked": True} if fresh and not name else {}
        row = app.agents.create(name or app.agents.fresh_name(base), {**own, **extra})
    return app.open_agents.find(row.id) or build(app, row, settings)


def build(app: AppContext, row: AgentRow, settings: Settings) -> Agent:
    """Build the agent of a row. Its own settings hold, but what is given for this run goes before them."""
    return _built(app, row, _settings_of(app, row, settings))


def run_with(app: AppContext, agent: Agent, given: Mapping[str, Any]) -> Agent:
    """Let settings that flags give for this run hold for an agent; None is not given.

    Returns the agent, built anew where something changes. Raises UsageError where another display shows it.
    """
    now, name = agent.settings, agent.name
    other = {key: given[key] for key in _FLAGS if given.get(key) is not None and given[key] != getattr(now, key)}
    if not other:
        return agent
    if app.open_agents.displays_of(agent.id) > 1 or agent.asking.locked():
        key = next(iter(other))
        what = "the extractive reader" if key == "model" and now.uses_reader else f"{key} {getattr(now, key)!r}"
        raise UsageError(
            f"Agent {name!r} is open in another workbench with {what}.", f"Change it there, or leave {_FLAGS[key]} out."
        )
    made = _built(app, app.agents.get(name), replace(now, **other))
    made.inbox = agent.inbox
    return made


def _built(app: AppContext, row: AgentRow, settings: Settings) -> Agent:
    folder = app.paths.config
    wanted = settings.window_tokens
    profile = app.server_profile(settings)
    settings = fitted(settings, profile)
    # Texts that an agent began with are in its working context since: their files may be gone.
    persona, human = (
        ("", "")
        if row.context_version
        else (prompts.text("personas", settings.persona, folder), prompts.text("humans", settings.human, folder))
    )
    memory = app.recorder.open(row, settings.working_tokens, persona, human)

    space = ToolContext(
        memory, app.search, app.recall, app.recorder, settings,
        attached=AttachedSources(app.archive, app.agents, row.id, row.settings.get("document")),
        notes=NoteArchive(memory, app.archive, app.agents, app.embedder),
        rerankers=app,
    )  # fmt: skip
    space.step = memory.step
    functions, system, tools = fixed_parts(settings, folder, row.settings.get("functions_off", ()))
    space.links = any(item.name == "archival_follow" for item in functions)
    context = MainContext(space, system, tools, _calibration(app, row, settings))
    agent = Agent(
        space, context, Executor(functions), app, AnswerValidator(space, app.archive),
        options=_options(settings), parts=FixedParts(folder, app.agents, memory),
    )  # fmt: skip
    announce_return(app, row, agent)
    app.open_agents.add(agent)
    if not settings.uses_reader:
        app.tell_fit(row.id, fit_words(settings, wanted, context.fixed_tokens(), profile))
    return agent


def _calibration(app: AppContext, row: AgentRow, settings: Settings) -> Calibration:
    """What the model's server taught up to the last recorded step; where a model starts when that step was another model's."""
    start = Calibration.for_model(settings.model, embedded=settings.uses_reader)
    learnt = None if settings.uses_reader else app.recorder.learnt(row.id)
    name = settings.model or app.known_model(settings)
    # A server that was not asked yet for the model it serves: an unknown tokenizer's factor is the best guess there is.
    same = learnt is not None and (learnt[0] == name or (not name and not learnt[1].known))
    return learnt[1] if learnt is not None and same else start


def _options(settings: Settings) -> dict[str, Any]:
    """What every request says beside messages and functions. The reader takes no temperature."""
    if settings.uses_reader:
        return dict(settings.reader_options)
    return {} if settings.temperature < 0 else {"temperature": settings.temperature}


def change_model(app: AppContext, agent: Agent, model: str) -> Agent:
    """Give an agent another model from now on, for every display that shows it. Raises ModelError."""
    row = app.agents.get(agent.name)
    settings = replace(agent.settings, model=model)
    own = {**row.settings, "model": model, "base_url": without_password(settings.base_url)}
    app.model(settings)
    app.agents.update_settings(row.id, own)
    changed = build(app, app.agents.get(row.name), replace(app.settings, model=model))
    changed.inbox = agent.inbox
    app.open_agents.replace(changed)
    return changed


def change_drive(app: AppContext, agent: Agent, drive: str) -> None:
    """Let the model, the reader or both search for an agent from its next question on (see Settings.drive). Raises ConfigError."""
    replace(agent.settings, drive=drive)
    row = app.agents.get(agent.name)
    app.agents.update_settings(row.id, {**row.settings, "drive": drive})
    agent.use_drive(drive)
    publish_context(app, agent)


def keep_settings(app: AppContext, agent: Agent, **own: Any) -> None:
    """Store settings of an agent's own (preset, functions_off).

    Its system instructions and functions change from its next step on; recorded steps stay as they were. Raises NotFound.
    """
    row = app.agents.get(agent.name)
    changed = {**row.settings, **own}
    settings = replace(agent.workspace.settings, preset=changed.get("preset", agent.workspace.settings.preset))
    functions, system, tools = fixed_parts(settings, app.paths.config, changed.get("functions_off", ()))
    app.agents.update_settings(row.id, changed)
    agent.workspace.settings = settings
    agent.executor.functions = functions
    agent.context.instruct(system, tools)
    publish_context(app, agent)


def _settings_of(app: AppContext, row: AgentRow, settings: Settings) -> Settings:
    """The agent's own settings, but a value that environment or flags give for this run goes first.

    The settings file speaks of new agents: it goes before what an agent was made with only where that is the default.
    Model and server are one choice: the model is asked where it was asked before.
    """
    default, file, env = Settings(), app.settings_from_file(), from_environment(os.environ)

    def stays(key: str, chosen: bool) -> bool:
        now = getattr(settings, key)
        by_file = key in file and now == file[key] and env.get(key) != now
        return now == getattr(default, key) or (by_file and chosen)

    own = {key: row.settings[key] for key in _OWN if key in row.settings}
    if own.get("base_url"):
        # The password of a server stays in the settings: an agent keeps the address without it.
        known = (settings.base_url, file.get("base_url", ""), app.settings.base_url)
        own["base_url"] = next((full for full in known if without_password(full) == own["base_url"]), own["base_url"])
    model, server = own.get("model", ""), own.get("base_url", "")
    chosen = {key: value != getattr(default, key) for key, value in own.items()}
    chosen["model"] = bool(model or server)
    chosen["base_url"] = bool(server) or (bool(model) and stays("model", True))
    return replace(settings, **{key: value for key, value in own.items() if stays(key, chosen[key])})


def announce_return(app: AppContext, row: AgentRow, agent: Agent) -> None:
    """Tell an agent that was last used long ago so, with the next question (MemGPT's login event)."""
    last = datetime.fromisoformat(row.last_used)
    if row.head is not None and app.clock() - last > _LOGIN_AFTER:
        agent.inbox.put("login", last_login=stamp(last))


def announce_load(agent: Agent, event: Event) -> None:
    """Tell an agent that is in use of documents that were just loaded; a new one sees them in its list of sources."""
    if isinstance(event, Loaded) and event.documents and agent.workspace.memory.head is not None:
        what = f"{event.documents} documents with {event.passages:,} passages into source {event.source[:60]}"
        agent.inbox.put("system_alert", message=f"The user has loaded {what}. archival_memory_search finds them now.")


def heartbeat_due(app: AppContext, agent: Agent) -> bool:
    """Whether a timed heartbeat is due: switched on, not paused, idle for long enough, and the model can use one."""
    space, now = agent.workspace, app.clock()
    minutes = space.settings.heartbeat_minutes
    last = space.memory.queue.messages[-1].created if space.memory.queue.messages else None
    if not minutes or last is None or space.settings.uses_reader or now.timestamp() < space.paused_until:
        return False
    return now - last >= timedelta(minutes=minutes)


def fit_question(app: AppContext, agent: Agent, text: str) -> str:
    """The question itself, or a stub of one that would crowd out everything else: the whole text goes to archival storage."""
    if fits(agent, text):
        return text
    passages = agent.workspace.insert_note(text, {"pasted": True})
    flat, chars = " ".join(text.split()), _STUB_CHARS
    while not fits(agent, stub := _stub_of(flat, chars, len(text), passages)) and chars:
        chars //= 2
    return stub


def fits(agent: Agent, question: str) -> bool:
    """Whether a question can be sent as it is, and leaves room for everything else."""
    most = int(agent.workspace.settings.usable_tokens * _PASTED_SHARE)
    wire = render("user", "user_message", {"message": question}, datetime.min, Fetched({}))
    return agent.context.tokens_of(wire) <= most and agent.context.fits_beside_fixed(wire)


def _stub_of(flat: str, chars: int, length: int, passages: int) -> str:
    ends = f"{flat[:chars]} […] {flat[-chars:]}\n" if chars else ""
    return (
        f"{ends}(The user pasted {length:,} characters. The whole text is in archival storage now, in {passages} passages: "
        "search it with archival_memory_search.)"
    )
