"""What both clients share: requests as they are sent, events and views rebuilt from JSON, and errors in the server's words."""

from __future__ import annotations

import functools
import inspect
import ipaddress
import json
import ssl
import urllib.parse
from collections.abc import Callable, Hashable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

import httpx2 as httpx
from pydantic import TypeAdapter

from workbench.api import events
from workbench.api.events import Event
from workbench.core.errors import ModelError, NotFound, UsageError, WorkbenchError, WorkError
from workbench.core.sanitize import one_line

_View = TypeVar("_View")
_KINDS: dict[int, type[WorkbenchError]] = {404: NotFound, 502: ModelError}

POLL_SECONDS = 0.25
"""How often a load is asked how far it is."""
TIMEOUT = httpx.Timeout(30.0, read=None)
"""An answer takes as long as it takes; the server keeps streams alive."""


def headers(token: str) -> dict[str, str]:
    """The header that every request carries."""
    return {"Authorization": f"Bearer {token}"}


def trusts_environment(url: str) -> bool:
    """Whether the proxies of the environment hold for a server: never for this machine's own, whose token is nobody else's."""
    host = urllib.parse.urlsplit(url).hostname or ""
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host != "localhost" and not host.endswith(".localhost")


def certificates(url: str) -> ssl.SSLContext | bool:
    """What a server's certificate is checked with. Those of the system take 20 ms to read: not where there is nothing to check."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if url.lower().startswith("http://") else True


@functools.cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def view(kind: type[_View], data: Any) -> _View:
    """A view of `api` from its JSON; what this version does not know is passed over. Raises WorkError for anything else."""
    try:
        built: _View = _adapter(cast(Hashable, kind)).validate_python(data)
    except ValueError as error:
        raise _something_else() from error
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
    """The event of a line of a stream of server-sent events; None for other lines. Raises WorkError for what is no JSON object."""
    if not line.startswith("data:"):
        return None
    try:
        data = json.loads(line[5:])
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise _something_else()
    return event(data)


class Lines:
    """Cuts a stream of server-sent events into lines: at line feeds alone, for U+2028 and its like are letters of a text."""

    def __init__(self) -> None:
        self._begun: list[str] = []

    def feed(self, piece: str) -> Iterator[str]:
        """The lines that this piece ends."""
        *ended, rest = piece.split("\n")
        for line in ended:
            yield "".join([*self._begun, line]).removesuffix("\r")
            self._begun.clear()
        self._begun.append(rest)


def result(parse: Callable[[Any], _View], response: httpx.Response) -> _View:
    """What a call makes of the JSON of an answer. Raises WorkError for anything else."""
    try:
        return parse(response.json())
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        raise _something_else() from None


def _something_else() -> WorkError:
    return WorkError("The server answered with something else.", "Is it a workbench of this version?")


def check(response: httpx.Response) -> None:
    """Raise the error of a response in the server's own words: NotFound, UsageError, ModelError or WorkError."""
    if response.is_success:
        return
    try:
        said = response.json()["error"]
        message, hint = one_line(str(said["message"])), one_line(str(said.get("hint", "")))
        message = message.removesuffix(hint).strip()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
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
