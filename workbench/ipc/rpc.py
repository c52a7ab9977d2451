"""Says what a display may ask of a session over the socket, and writes its values as JSON.

SessionProtocol and the protocols of its services are the interface; only what they name can be asked for. It is the one
protocol on the socket for sessions; a whole command goes as one line of its own (see `server`), because its answers are lines.

The values are the frozen dataclasses of `api`, written with their class's name, so that any of them may stand anywhere. msgspec and
pydantic tell the classes of a union apart by a tag that each class must declare, msgspec for its own Structs alone: seventy
dataclasses would carry fields for the wire, which the thirty lines below do without. They are slower, where nobody waits for it:
a page of five hits there and back takes 0.33 ms of CPU, by pydantic's TypeAdapter of that one class 0.04 ms.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from functools import cache
from inspect import getattr_static
from pathlib import Path
from typing import Any, get_origin, get_type_hints

from workbench.api import (  # fmt: skip
    agents,
    bibliography,
    check,
    documents,
    events,
    history,
    question_table,
    results,
    search,
    tables,
)
from workbench.api import session as session_api
from workbench.core import errors
from workbench.core.errors import UsageError, WorkbenchError
from workbench.core.settings import Settings

LISTEN = "subscription.events"
"""The stream of what others do to the agent, for as long as the display is there."""
_MODULES = (
    events, results, session_api, search, documents, agents, tables, history, check, question_table, bibliography,
)  # fmt: skip


def settings_of(request: Mapping[str, Any]) -> Settings:
    """The settings that a request brings. Raises UsageError for those of a version that knows others."""
    try:
        return Settings(**request["settings"])
    except TypeError:
        raise UsageError(
            "The workbench that owns this home is of another version than this one.", "Close that one, then try again."
        ) from None


@cache
def member_kind(path: str) -> str:
    """How a member of the session is used, by its path ("timeline.undo"): service | value | call | stream.

    Raises UsageError for what SessionProtocol does not name: nothing else can be reached from outside.
    """
    if path == LISTEN:
        return "stream"
    kind: Any = session_api.SessionProtocol
    names = path.split(".")
    for at, name in enumerate(names):
        member = None if name.startswith("_") else getattr_static(kind, name, None)
        last = at == len(names) - 1
        if isinstance(member, property):
            kind = get_type_hints(member.fget)["return"]
            if last:
                return "service" if getattr(kind, "_is_protocol", False) else "value"
        elif callable(member) and last:
            return "stream" if get_origin(get_type_hints(member)["return"]) is Iterator else "call"
        else:
            break
    raise UsageError(f"There is no {path!r} here.", "Both workbenches must be of the same version.")


def invoke(session: Any, path: str, args: Any, kwargs: Any) -> Any:
    """Read a value of a session or call a method of it. Raises UsageError for what SessionProtocol does not name."""
    kind, member = member_kind(path), session
    for name in path.split("."):
        member = getattr(member, name)
    return member if kind == "value" else member(*args, **kwargs)


def encode(value: Any) -> Any:
    """A value as JSON; a path becomes absolute, because the other end runs in another folder."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: encode(getattr(value, field.name)) for field in dataclasses.fields(value) if field.init}
        return {"~": type(value).__name__, "v": fields}
    if isinstance(value, dict):
        return {"~": "dict", "v": [[encode(key), encode(item)] for key, item in value.items()]}
    if isinstance(value, (tuple, frozenset, set)):
        return {"~": "tuple" if isinstance(value, tuple) else "set", "v": [encode(item) for item in value]}
    if isinstance(value, list):
        return [encode(item) for item in value]
    if isinstance(value, Path):
        return {"~": "path", "v": str(value.expanduser().absolute())}
    return value


def decode(data: Any) -> Any:
    """The inverse of `encode`. Raises UsageError for a class that is not in `api`."""
    if isinstance(data, list):
        return [decode(item) for item in data]
    if not isinstance(data, dict):
        return data
    kind, value = data["~"], data["v"]
    match kind:
        case "dict":
            return {decode(key): decode(item) for key, item in value}
        case "tuple":
            return tuple(decode(item) for item in value)
        case "set":
            return frozenset(decode(item) for item in value)
        case "path":
            return Path(value)
        case _:
            return _class(kind)(**{key: decode(item) for key, item in value.items()})


def encode_error(error: WorkbenchError) -> list[str]:
    """An error: its class, what is wrong and what to do."""
    return [type(error).__name__, error.message, error.hint]


def decode_error(data: list[str]) -> WorkbenchError:
    """The same error."""
    name, message, hint = data
    kind = getattr(errors, name, None)
    known = isinstance(kind, type) and issubclass(kind, WorkbenchError)
    return kind(message, hint) if known and kind is not None else WorkbenchError(message, hint)


@cache
def _class(name: str) -> Any:
    for module in _MODULES:
        member = getattr(module, name, None)
        if isinstance(member, type) and dataclasses.is_dataclass(member):
            return member
    raise UsageError(f"{name[:40]!r} is not known here.", "Both workbenches must be of the same version.")
