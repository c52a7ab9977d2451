"""The journal: stores durable events as small JSON and reads them back; texts stay where they are."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, asdict, fields, is_dataclass, replace
from typing import Any

from workbench.api import events
from workbench.api.events import Citation, Event, FileFailed, PageRead
from workbench.api.results import TOMBSTONE, Explanation, Hit
from workbench.memory.agent_memory import AgentMemory
from workbench.memory.history.checkpoints import ON_EVERY_BRANCH
from workbench.storage.steps import EventRow

Texts = Callable[[Sequence[int]], Mapping[int, str]]

_OUTSIDE = ("step", "agent", "seq")
_KINDS: dict[str, type[Event]] = {
    kind().name: kind
    for kind in vars(events).values()
    if isinstance(kind, type) and issubclass(kind, Event) and kind is not Event and kind.durable
}


def dump(event: Event) -> str:
    """A durable event as it is stored. A page of results is stored by reference, an edited block by what was edited."""
    if isinstance(event, PageRead):
        event = replace(event, hits=tuple(replace(hit, text="") for hit in event.hits))
    if isinstance(event, events.MemoryEdited):
        event = replace(event, text="")
    kept = {
        field.name: _plain(value)
        for field in fields(event)
        if field.name not in _OUTSIDE and (value := getattr(event, field.name)) != _default(field)
    }
    if isinstance(event, PageRead) and event.hits:
        kept["hits"] = [_dumped(hit) for hit in event.hits]
    return json.dumps(kept, ensure_ascii=False)


def _dumped(hit: Hit) -> dict[str, Any]:
    """A hit by reference: what has its default is left out, of an explanation what played no role."""
    data = {field.name: value for field in fields(hit) if (value := getattr(hit, field.name)) != _default(field)}
    if hit.why is not None:
        data["why"] = {key: value for key, value in asdict(hit.why).items() if value}
    return data


def _plain(value: Any) -> Any:
    """JSON of a value: only what is a dataclass, or holds some, is taken apart."""
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value


def _default(field: Field[Any]) -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()


def load(agent: str, row: EventRow, texts: Texts) -> Event | None:
    """The event of a journal row; None for a kind that this version does not know."""
    kind = _KINDS.get(row.event)
    if kind is None:
        return None
    known = {field.name for field in fields(kind)}
    values: dict[str, Any] = {key: _value(key, value) for key, value in json.loads(row.data).items() if key in known}
    event = kind(agent=agent, seq=row.seq, step=row.step, **values)
    if isinstance(event, PageRead):
        found = texts([hit.passage for hit in event.hits])
        event = replace(event, hits=tuple(replace(hit, text=found.get(hit.passage, TOMBSTONE)) for hit in event.hits))
    return event


def history(memory: AgentMemory) -> Iterator[Event]:
    """The durable events of an agent's branch, oldest first."""
    hidden = memory.operations.hidden
    for row in memory.home.steps.events(memory.agent.id):
        if row.event not in ON_EVERY_BRANCH and any(first <= row.seq < end for first, end in hidden):
            continue
        if event := load(memory.agent.name, row, memory.texts):
            yield event


def _hit(hit: Mapping[str, Any]) -> Hit:
    why = hit.get("why")
    return Hit.load({**hit, "why": Explanation(**why) if why else None})


def _value(key: str, value: Any) -> Any:
    if key == "hits":
        return tuple(_hit(hit) for hit in value)
    if key in ("citations", "nearest"):
        return tuple(Citation(**citation) for citation in value)
    if key == "citation":
        return Citation(**value)
    if key == "failed":
        return tuple(FileFailed(**item) for item in value)
    return _tuples(value)


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value
