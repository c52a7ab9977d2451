"""The seam on a wire: names of what a display may ask of a session come in, how each is asked goes out; its values as JSON and back."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from functools import cache
from inspect import getattr_static
from pathlib import Path
from typing import Any, get_origin, get_type_hints

from workbench.api import agents, documents, events, history, search, tables  # fmt: skip
from workbench.api import session as session_api
from workbench.core import errors
from workbench.core.errors import UsageError, WorkbenchError

LISTEN = "subscription.events"
"""What tells of others' doings, for as long as the display is there."""
_MODULES = (
    events, events, session_api, search, documents, agents, tables, history, documents, search,
)  # fmt: skip


@cache
def way(path: str) -> str:
    """How a member of the session is asked, by its path ("timeline.undo"): room | value | call | stream. Raises UsageError."""
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
                return "room" if getattr(kind, "_is_protocol", False) else "value"
        elif callable(member) and last:
            return "stream" if get_origin(get_type_hints(member)["return"]) is Iterator else "call"
        else:
            break
    raise UsageError(f"There is no {path!r} here.", "Both workbenches must be of the same version.")


def ask(session: Any, path: str, args: Any, kwargs: Any) -> Any:
    """The answer of a session. Raises UsageError for what is no member of the seam."""
    how, found = way(path), session
    for name in path.split("."):
        found = getattr(found, name)
    return found if how == "value" else found(*args, **kwargs)


def pack(value: Any) -> Any:
    """A value of the seam as JSON; a path becomes absolute, because the other end runs in another folder."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: pack(getattr(value, field.name)) for field in dataclasses.fields(value) if field.init}
        return {"~": type(value).__name__, "v": fields}
    if isinstance(value, dict):
        return {"~": "dict", "v": [[pack(key), pack(item)] for key, item in value.items()]}
    if isinstance(value, (tuple, frozenset, set)):
        return {"~": "tuple" if isinstance(value, tuple) else "set", "v": [pack(item) for item in value]}
    if isinstance(value, list):
        return [pack(item) for item in value]
    if isinstance(value, Path):
        return {"~": "path", "v": str(value.expanduser().absolute())}
    return value


def unpack(data: Any) -> Any:
    """The inverse of `pack`. Raises UsageError for a kind of value that is not of the seam."""
    if isinstance(data, list):
        return [unpack(item) for item in data]
    if not isinstance(data, dict):
        return data
    kind, value = data["~"], data["v"]
    match kind:
        case "dict":
            return {unpack(key): unpack(item) for key, item in value}
        case "tuple":
            return tuple(unpack(item) for item in value)
        case "set":
            return frozenset(unpack(item) for item in value)
        case "path":
            return Path(value)
        case _:
            return _class(kind)(**{key: unpack(item) for key, item in value.items()})


def pack_error(error: WorkbenchError) -> list[str]:
    """An error: its class, what is wrong and what to do."""
    return [type(error).__name__, error.message, error.hint]


def unpack_error(data: list[str]) -> WorkbenchError:
    """The same error."""
    name, message, hint = data
    kind = getattr(errors, name, None)
    known = isinstance(kind, type) and issubclass(kind, WorkbenchError)
    return kind(message, hint) if known and kind is not None else WorkbenchError(message, hint)


@cache
def _class(name: str) -> Any:
    for module in _MODULES:
        found = getattr(module, name, None)
        if isinstance(found, type) and dataclasses.is_dataclass(found):
            return found
    raise UsageError(f"{name[:40]!r} is not known here.", "Both workbenches must be of the same version.")
