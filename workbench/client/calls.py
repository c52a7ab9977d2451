"""The requests of the client: what each method sends, and what it makes of the answer. Both clients run the same ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from workbench.api.agents import FunctionView
from workbench.api.events import AnswerDone, ContextAssembled, Event, Loaded, MemoryEdited, PageRead
from workbench.api.outcome import QuestionOutcome
from workbench.api.search import SaidPage
from workbench.api.session import AgentInfo, BlockView, DocumentInfo, SourceInfo
from workbench.client import wire
from workbench.core.errors import WorkError

Result = TypeVar("Result")
_View = TypeVar("_View")


@dataclass(frozen=True)
class Call(Generic[Result]):
    """A request, and how its JSON becomes the result."""

    method: str
    path: str
    parse: Callable[[Any], Result]
    options: Mapping[str, Any] = field(default_factory=dict)
    """What the HTTP client is given beside: json, params or content."""


def _nothing(_: Any) -> None:
    return None


def _all(kind: type[_View]) -> Callable[[Any], list[_View]]:
    return lambda rows: [wire.view(kind, row) for row in rows]


def _part(name: str) -> str:
    return quote(name, safe="")


def of_agent(agent: str, rest: str = "") -> str:
    """The path of something of an agent's."""
    return f"/api/agents/{_part(agent)}{rest}"


def agents() -> Call[list[AgentInfo]]:
    """The user's agents."""
    return Call("GET", "/api/agents", _all(AgentInfo))


def create_agent(agent: str, settings: Mapping[str, Any]) -> Call[None]:
    """Make an agent."""
    return Call("POST", "/api/agents", _nothing, {"json": {"name": agent, **settings}})


def delete_agent(agent: str) -> Call[None]:
    """Delete an agent."""
    return Call("DELETE", of_agent(agent), _nothing)


def change_agent(agent: str, change: Mapping[str, Any]) -> Call[str]:
    """Change an agent; the name that it has then."""
    return Call("PATCH", of_agent(agent), lambda said: str(said["name"]), {"json": dict(change)})


def functions(agent: str) -> Call[list[FunctionView]]:
    """What an agent's model may call."""
    return Call("GET", of_agent(agent, "/functions"), _all(FunctionView))


def sources() -> Call[list[SourceInfo]]:
    """All sources."""
    return Call("GET", "/api/sources", _all(SourceInfo))


def documents(source: str) -> Call[list[DocumentInfo]]:
    """The documents of a source."""
    return Call("GET", f"/api/sources/{_part(source)}/documents", _all(DocumentInfo))


def upload(source: str, name: str, content: bytes) -> Call[int]:
    """Send a file; the number of its load."""
    path = f"/api/sources/{_part(source)}/documents/{_part(name)}"
    return Call("PUT", path, lambda said: int(said["load"]), {"content": content})


def load_state(number: int) -> Call[Loaded | None]:
    """How far a load is: its result, or None while it runs. Raises WorkError when it failed."""
    return Call("GET", f"/api/loads/{number}", _loaded)


def _loaded(job: Any) -> Loaded | None:
    if job["state"] == "failed":
        raise WorkError(job["error"] or "The load failed.", "Send the file again.")
    return wire.view(Loaded, _without_name(job["result"])) if job["state"] == "done" else None


def attach(agent: str, source: str) -> Call[None]:
    """Let an agent search a source."""
    return Call("POST", of_agent(agent, f"/sources/{_part(source)}"), _nothing)


def detach(agent: str, source: str) -> Call[None]:
    """Take a source away from an agent."""
    return Call("DELETE", of_agent(agent, f"/sources/{_part(source)}"), _nothing)


def search(agent: str, query: str, page: int, options: Mapping[str, str]) -> Call[PageRead]:
    """A page of results from what an agent is attached to."""
    params = {"query": query, "page": page, "agent": agent, **options}
    return Call("GET", "/api/search", lambda data: wire.view(PageRead, _without_name(data)), {"params": params})


def answer(agent: str, question: str) -> Call[AnswerDone]:
    """Ask, and wait for the answer. Raises WorkError with the reason where there is none."""
    return Call("POST", of_agent(agent, "/messages"), _answer, {"json": {"text": question}})


def _answer(last: Any) -> AnswerDone:
    outcome = QuestionOutcome()
    if isinstance(event := wire.event(last), Event):
        outcome.take(event)
    return outcome.required()


def stop(agent: str) -> Call[None]:
    """Stop the answer that runs."""
    return Call("POST", of_agent(agent, "/stop"), _nothing)


def memory(agent: str) -> Call[list[BlockView]]:
    """The blocks of the working context."""
    return Call("GET", of_agent(agent, "/memory"), _all(BlockView))


def edit_memory(agent: str, block: str, old: str, new: str) -> Call[MemoryEdited]:
    """Edit a block as the user."""
    path = of_agent(agent, f"/memory/{_part(block)}")
    return Call(
        "PATCH", path, lambda data: wire.view(MemoryEdited, _without_name(data)), {"json": {"old": old, "new": new}}
    )


def recall(agent: str, query: str, page: int) -> Call[SaidPage]:
    """A page of what was said with some words."""
    params = {"query": query, "page": page}
    return Call("GET", of_agent(agent, "/recall"), lambda data: wire.view(SaidPage, data), {"params": params})


def context(agent: str, step: int | None) -> Call[ContextAssembled]:
    """What was in context at a step; without one, what the next prompt holds."""
    params = {"step": step} if step is not None else {}
    path = of_agent(agent, "/context")
    return Call("GET", path, lambda data: wire.view(ContextAssembled, _without_name(data)), {"params": params})


def _without_name(data: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if key != "event"}
