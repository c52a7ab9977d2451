"""Where agents are made ready: an agent's row and settings come in, an Agent with its memory, functions and model goes out."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from workbench.agent import prompts
from workbench.agent.answers.delivery import AnswerValidator
from workbench.agent.context import MainContext
from workbench.agent.executor import Executor
from workbench.agent.loop import Agent
from workbench.agent.tools import selection
from workbench.agent.tools.context import ToolContext
from workbench.agent.tools.registry import Function
from workbench.api.broadcast import Subscriber
from workbench.api.events import Event, Loaded, LoadProgress
from workbench.core.errors import UsageError
from workbench.core.settings import Settings, from_environment
from workbench.core.tokens import Calibration
from workbench.memory.agent_repository import AgentRow
from workbench.memory.messages import render, stamp
from workbench.memory.references import Fetched
from workbench.services.container import AppContext, source_name
from workbench.storage.documents import NOTE_LOADER, NOTES_PREFIX
from workbench.text.template_tokens import neutralise

T = TypeVar("T")

_OWN = ("model", "base_url", "window_tokens", "reserve_tokens", "preset", "persona", "human")
_OF_A_QUESTION = (
    "steps", "minutes", "question_tokens", "question_cost", "price_in", "price_out", "read_ahead", "verify",
)  # fmt: skip
"""Settings that hold for the question that is asked, not for the agent: each display has its own."""

_FLAGS = {"model": "--model", "base_url": "--model-endpoint", "window_tokens": "--window", "preset": "--preset"}
"""Settings of an agent that flags can give for a run."""

_PASTED_SHARE = 1 / 3
"""Most of the usable window that one message of the user's may take, as the server counts it; less where what cannot leave takes more."""
_STUB_CHARS = 300
_LOGIN_AFTER = timedelta(hours=1)


def open_agent(
    engine: AppContext, settings: Settings, name: str | None, paths: Sequence[Path], *, fresh: bool
) -> Agent:
    """An agent by name (made when new), the one made for these paths, a fresh one, or the last one used."""
    roots = [str(path.resolve()) for path in paths]
    row = None
    if name and not fresh:
        row = engine.agents.find(name)
    elif roots and not fresh:
        row = next((agent for agent in engine.agents.all() if agent.settings.get("paths") == roots), None)
    elif not fresh:
        row = next((agent for agent in engine.agents.all() if not agent.settings.get("asked")), None)
    if row is None:
        for kind, chosen in (("presets", settings.preset), ("personas", settings.persona), ("humans", settings.human)):
            prompts.text(kind, chosen, engine.paths.config)
        if settings.model:
            engine.model(settings)  # a model that cannot be asked leaves no agent behind
        base = name or (source_name(paths[0].resolve()) if paths else "ask" if fresh else "workbench")
        own: dict[str, Any] = {key: getattr(settings, key) for key in _OWN}
        extra = {"paths": roots} if roots else {"asked": True} if fresh and not name else {}
        row = engine.agents.create(name or engine.agents.fresh_name(base), {**own, **extra})
    known: Agent | None = engine.open_agents.get(row.id)
    return known or ready(engine, row, settings)


def ready(engine: AppContext, row: AgentRow, settings: Settings) -> Agent:
    """The agent of a row with its own settings, below those given for this run."""
    return _made(engine, row, _merged(engine, row, settings))


def run_with(engine: AppContext, agent: Agent, given: Mapping[str, Any]) -> Agent:
    """The agent with what flags give for this run; None is not given. Raises UsageError where another display shows it."""
    now, name = agent.workspace.settings, agent.workspace.memory.agent.name
    other = {key: given[key] for key in _FLAGS if given.get(key) is not None and given[key] != getattr(now, key)}
    if not other:
        return agent
    shown = sum(session.shows(agent.workspace.memory.agent.id) for session in list(engine.sessions))
    if shown > 1 or agent.asking.locked():
        key = next(iter(other))
        what = "the extractive reader" if key == "model" and now.uses_reader else f"{key} {getattr(now, key)!r}"
        raise UsageError(
            f"Agent {name!r} is open in another workbench with {what}.", f"Change it there, or leave {_FLAGS[key]} out."
        )
    made = _made(engine, engine.agents.get(name), replace(now, **other))
    made.inbox = agent.inbox
    return made


def leave(engine: AppContext, agent: Agent) -> None:
    """A display has closed: an agent that no other one shows is opened anew next time, with what is given then."""
    key = agent.workspace.memory.agent.id
    if not agent.asking.locked() and not any(session.shows(key) for session in list(engine.sessions)):
        engine.open_agents.pop(key, None)


def _made(engine: AppContext, row: AgentRow, settings: Settings) -> Agent:
    folder = engine.paths.config
    # Texts that an agent began with are in its working context since: their files may be gone.
    persona, human = (
        ("", "")
        if row.context_version
        else (prompts.text("personas", settings.persona, folder), prompts.text("humans", settings.human, folder))
    )
    memory = engine.recorder.open(row, settings.working_tokens, persona, human)

    def sources() -> Sequence[int]:
        return attached()[0]

    attached = _remembered(
        engine, lambda: ([key for key, _ in engine.agents.attached(row.id)], describe(engine, row.id))
    )

    space = ToolContext(
        memory,
        engine.search,
        engine.recall,
        engine.recorder,
        settings,
        sources,
        lambda text, origin: insert_note(engine, memory.agent, text, origin),
        engine.reranker,
    )
    space.step = memory.step
    functions, system, tools = fixed_parts(settings, folder, row.settings.get("functions_off", ()))
    space.links = any(item.name == "archival_follow" for item in functions)
    calibration = Calibration.for_model(settings.model, embedded=settings.uses_reader)
    context = MainContext(space, system, tools, calibration, lambda: attached()[1])

    def parts(fitted: Settings) -> tuple[list[Function], str, list[dict[str, Any]]]:
        off = engine.agents.get(memory.agent.name).settings.get("functions_off", ())
        return fixed_parts(fitted, folder, off)

    agent = Agent(
        space, context, Executor(functions), lambda: engine.model(settings), AnswerValidator(space, engine.archive),
        options=_options(settings), parts=parts,
    )  # fmt: skip
    greet(engine, row, agent)
    engine.open_agents[row.id] = agent
    return agent


def _options(settings: Settings) -> dict[str, Any]:
    """What every request says beside messages and functions. The reader takes no temperature."""
    return {} if settings.uses_reader or settings.temperature < 0 else {"temperature": settings.temperature}


def with_model(engine: AppContext, agent: Agent, model: str) -> Agent:
    """The same agent with another model from now on."""
    row = engine.agents.get(agent.workspace.memory.agent.name)
    settings = replace(agent.workspace.settings, model=model)
    own = {**row.settings, "model": model, "base_url": settings.base_url}
    engine.model(settings)
    engine.agents.update_settings(row.id, own)
    changed = ready(engine, engine.agents.get(row.name), replace(engine.settings, model=model))
    changed.inbox = agent.inbox
    # Two of the same agent would each go on from a past of their own.
    for session in list(engine.sessions):
        session.follow(changed)
    return changed


def limit(agent: Agent, settings: Settings) -> None:
    """The next question is bounded as the display that asks it was told."""
    bounds = {name: getattr(settings, name) for name in _OF_A_QUESTION}
    agent.workspace.settings = replace(agent.workspace.settings, **bounds)


def instruct(engine: AppContext, agent: Agent, **own: Any) -> None:
    """Keep settings of an agent's own (preset, functions_off); its system instructions and functions follow from its next

    step on, those of old steps stay. Raises NotFound.
    """
    row = engine.agents.get(agent.workspace.memory.agent.name)
    changed = {**row.settings, **own}
    settings = replace(agent.workspace.settings, preset=changed.get("preset", agent.workspace.settings.preset))
    functions, system, tools = fixed_parts(settings, engine.paths.config, changed.get("functions_off", ()))
    engine.agents.update_settings(row.id, changed)
    agent.workspace.settings = settings
    agent.executor.functions = functions
    agent.context.instruct(system, tools)
    show_now(engine, agent)


def _merged(engine: AppContext, row: AgentRow, settings: Settings) -> Settings:
    """The agent's own settings, but a value that environment or flags give for this run goes first.

    The settings file speaks of new agents: it goes before what an agent was made with only where that is the default.
    Model and server are one choice: the model is asked where it was asked before.
    """
    default, file, env = Settings(), engine.from_file(), from_environment(os.environ)

    def stays(key: str, chosen: bool) -> bool:
        now = getattr(settings, key)
        by_file = key in file and now == file[key] and env.get(key) != now
        return now == getattr(default, key) or (by_file and chosen)

    own = {key: row.settings[key] for key in _OWN if key in row.settings}
    model, server = own.get("model", ""), own.get("base_url", "")
    chosen = {key: value != getattr(default, key) for key, value in own.items()}
    chosen["model"] = bool(model or server)
    chosen["base_url"] = bool(server) or (bool(model) and stays("model", True))
    return replace(settings, **{key: value for key, value in own.items() if stays(key, chosen[key])})


def fixed_parts(
    settings: Settings, folder: Path, off: Collection[str] = ()
) -> tuple[list[Function], str, list[dict[str, Any]]]:
    """Functions, system instructions and tools within their share of the window; `off` names what is switched off."""
    found = selection.select(
        selection.available(folder).functions,
        off,
        int(settings.window_tokens * settings.fixed_share),
        lambda small: prompts.system_instructions(settings.preset, small=small, folder=folder),
    )
    return list(found.functions), found.system, found.tools


def greet(engine: AppContext, row: AgentRow, agent: Agent) -> None:
    """An agent that was last used long ago is told so with the next question (MemGPT's login event)."""
    last = datetime.fromisoformat(row.last_used)
    if row.head is not None and engine.clock() - last > _LOGIN_AFTER:
        agent.inbox.put("login", last_login=stamp(last))


def announce(agent: Agent, event: Event) -> None:
    """Tell an agent that is in use of documents that were just loaded; a new one sees them in its list of sources."""
    if isinstance(event, Loaded) and event.documents and agent.workspace.memory.head is not None:
        what = f"{event.documents} documents with {event.passages:,} passages into source {event.source[:60]}"
        agent.inbox.put("system_alert", message=f"The user has loaded {what}. archival_memory_search finds them now.")


def beat_due(engine: AppContext, agent: Agent) -> bool:
    """Whether a timed heartbeat is due: switched on, not paused, idle for long enough, and the model can use one."""
    space, now = agent.workspace, engine.clock()
    minutes = space.settings.heartbeat_minutes
    last = space.memory.queue.messages[-1].created if space.memory.queue.messages else None
    if not minutes or last is None or space.settings.uses_reader or now.timestamp() < space.paused_until:
        return False
    return now - last >= timedelta(minutes=minutes)


def _remembered(engine: AppContext, look: Callable[[], T]) -> Callable[[], T]:
    """What `look` gives, looked up again only after something was loaded, attached or detached."""
    known: list[tuple[int, T]] = []

    def value() -> T:
        now = engine.database.catalogue
        if not known or known[0][0] != now:
            known[:] = [(now, look())]
        return known[0][1]

    return value


def describe(engine: AppContext, agent: int) -> list[str]:
    """One line a source, as the model reads it."""
    names = {name for _, name in engine.agents.attached(agent)}
    return [
        f"{neutralise(' '.join(row.name[:60].split()))} ({row.documents} documents, {row.passages:,} passages)"
        for row in engine.archive.sources()
        if row.name in names
    ]


def insert_note(engine: AppContext, row: AgentRow, text: str, origin: Mapping[str, Any]) -> int:
    """Keep a text and its origin in the agent's own archive; it is searched from the next call on.

    Returns the number of passages, 0 when the very text is kept already.
    """
    from loaders.document import Document, Page
    from workbench.ingest.chunker import Chunker
    from workbench.storage.database import text_hash

    source = engine.archive.source_id(NOTES_PREFIX + row.name)
    engine.agents.attach(row.id, source)
    loader = f"{NOTE_LOADER}{row.id}"
    if engine.archive.find_document(text_hash(text), loader, 1):
        return 0
    title = " ".join(text.split())[:60]
    label = f"step {origin['step']}" if origin.get("step") else None
    document = Document(
        title=title, pages=(Page(1, label, text),), metadata=dict(origin), loader=loader, loader_version=1
    )
    passages = list(Chunker.for_local_model().passages(document, title))
    vectors = engine.embedder.embed([item.embedding_text for item in passages], kind="passage")
    number = len(engine.archive.documents(source)) + 1
    engine.archive.add_document(
        source,
        f"note {number}",
        text_hash(text),
        document,
        passages,
        vectors,
        engine.embedder.model_id,
        len(text.encode()),
    )
    return len(passages)


def show_now(engine: AppContext, agent: Agent) -> None:
    """Tell every display of an agent what is in its context now, after a change outside of a step.

    While a question is answered its steps tell their prompts themselves, and at its end this tells what is left of them.
    """
    memory = agent.workspace.memory
    if memory.agent.id not in engine.answering and engine.broadcaster.watch(memory.agent.id):
        event = agent.context.event(agent.context.prompt())
        engine.broadcaster.tell(memory.agent.id, replace(event, agent=memory.agent.name))


def tell_all(engine: AppContext, event: Event, but: Subscriber) -> None:
    """What is in the library concerns every display, and the context of every agent that names its sources."""
    engine.broadcaster.tell(None, event, but)
    if not isinstance(event, LoadProgress):
        for agent in list(engine.open_agents.values()):
            show_now(engine, agent)


def fitting(engine: AppContext, agent: Agent, text: str) -> str:
    """The question itself, or a stub of one that would crowd out everything else: the whole text goes to archival storage."""
    memory, context = agent.workspace.memory, agent.context
    most = int(agent.workspace.settings.usable_tokens * _PASTED_SHARE)

    def fits(message: str) -> bool:
        wire = render("user", "user_message", {"message": message}, datetime.min, Fetched({}))
        return context.tokens_of(wire) <= most and context.fits_beside_fixed(wire)

    if fits(text):
        return text
    passages = insert_note(engine, memory.agent, text, {"pasted": True})
    flat, chars = " ".join(text.split()), _STUB_CHARS
    while not fits(stub := _pasted(flat, chars, len(text), passages)) and chars:
        chars //= 2
    return stub


def _pasted(flat: str, chars: int, length: int, passages: int) -> str:
    ends = f"{flat[:chars]} […] {flat[-chars:]}\n" if chars else ""
    return (
        f"{ends}(The user pasted {length:,} characters. The whole text is in archival storage now, in {passages} passages: "
        "search it with archival_memory_search.)"
    )
