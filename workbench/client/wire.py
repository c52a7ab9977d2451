"""What both clients share: requests as they are sent, events and views rebuilt from JSON, and errors in the server's words."""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Hashable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

import httpx2 as httpx
from pydantic import TypeAdapter

from workbench.api import events
from workbench.api.events import Event
from workbench.core.errors import ModelError, NotFound, UsageError, WorkbenchError, WorkError

_View = TypeVar("_View")
_KINDS: dict[int, type[WorkbenchError]] = {404: NotFound, 502: ModelError}

POLL_SECONDS = 0.25
"""How often a load is asked how far it is."""
TIMEOUT = httpx.Timeout(30.0, read=None)
"""An answer takes as long as it takes; the server keeps streams alive."""


def headers(token: str) -> dict[str, str]:
    """The header that every request carries."""
    return {"Authorization": f"Bearer {token}"}


@functools.cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def view(kind: type[_View], data: Any) -> _View:
    """A view of `api` from its JSON; what this version does not know is passed over. Raises WorkError for anything else."""
    try:
        built: _View = _adapter(cast(Hashable, kind)).validate_python(data)
    except ValueError as error:
        raise WorkError("The server answered with something else.", "Is it a workbench of this version?") from error
    return built


@functools.cache
def _events() -> dict[str, type[Event]]:
    kinds = [kind for _, kind in inspect.getmembers(events, inspect.isclass) if issubclass(kind, Event)]
    return {kind().name: kind for kind in kinds}


def event(data: dict[str, Any]) -> Event | None:
    """An event from its JSON; None for one of a later version."""
    kind = _events().get(str(data.get("event")))
    return view(kind, {key: value for key, value in data.items() if key != "event"}) if kind is not None else None


def event_of_line(line: str) -> Event | None:
    """The event of a line of a stream of server-sent events; None for other lines."""
    return event(json.loads(line[5:])) if line.startswith("data:") else None


def check(response: httpx.Response) -> None:
    """Raise the error of a response in the server's own words: NotFound, UsageError, ModelError or WorkError."""
    if response.is_success:
        return
    try:
        said = response.json()["error"]
        message, hint = str(said["message"]), str(said.get("hint", ""))
        message = message.removesuffix(hint).strip()
    except (ValueError, KeyError, TypeError):
        message, hint = f"The server answered {response.status_code}.", "Is it a workbench?"
    kind = _KINDS.get(response.status_code, UsageError if response.status_code < 500 else WorkError)
    raise kind(message, hint)


def unreachable(error: httpx.HTTPError, url: str) -> WorkError:
    """What a failure of the connection is called."""
    return WorkError(f"{url} cannot be reached ({type(error).__name__}).", "Start it with `workbench serve`.")


def files(paths: Sequence[str | Path]) -> Iterator[tuple[str, bytes]]:
    """The names and contents of files. Raises UsageError where there is none."""
    if not paths:
        raise UsageError("There is nothing to load.", "Name a file.")
    for path in paths:
        file = Path(path).expanduser()
        if not file.is_file():
            raise UsageError(f"There is no file {file}.", "Name a file; folders are loaded where the server runs.")
        yield file.name, file.read_bytes()
