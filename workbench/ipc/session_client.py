"""Gives a display of this process a session of the process that owns the database, over the socket.

When the owner ends, this process opens the database itself, or joins the next owner, and goes on with the same agent.
"""

from __future__ import annotations

import contextlib
import dataclasses
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from workbench.api.events import Changed, Event
from workbench.api.session import SessionProtocol
from workbench.core.activity import doing
from workbench.core.errors import ArchiveBusy, UsageError, WorkError
from workbench.core.settings import Settings
from workbench.ipc import rpc
from workbench.ipc.local_socket import busy, call, frames

_PATIENCE_SECONDS = 10.0
_PAUSE_SECONDS = 0.2


class RemoteSession:
    """Implements api.session.SessionProtocol over the socket.

    `open_here` opens a session in this process; it raises ArchiveBusy while another one owns the database.
    """

    def __init__(
        self,
        file: Path,
        settings: Settings,
        chosen: Mapping[str, Any],
        open_here: Callable[[], contextlib.AbstractContextManager[SessionProtocol]],
    ) -> None:
        self._file = file
        self.settings = settings
        self._chosen = dict(chosen)
        self._open_here = open_here
        self._stack = contextlib.ExitStack()
        self._here: SessionProtocol | None = None
        self._token = ""
        self._control: socket.socket | None = None
        self._closed = False
        self._moving = threading.Lock()
        self.subscription = self
        self._join()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return _member(self, name)

    def __enter__(self) -> RemoteSession:
        return self

    def __exit__(self, *_: object) -> None:
        self._closed = True
        self._hang_up()
        self._stack.close()

    def load(self, paths: Sequence[str | Path], *args: Any, **kwargs: Any) -> Iterator[Event]:
        """See Session.load; relative paths are those of this process."""
        named = [path if "://" in str(path) else str(Path(path).expanduser().absolute()) for path in paths]
        events: Iterator[Event] = self._stream("load", named, *args, **kwargs)
        return events

    def open_agent(self, name: str | None = None) -> str:
        """See Session.open_agent; the next owner is asked for the same agent."""
        self._chosen["agent"] = opened = str(self._value("open_agent", name))
        return opened

    def stop(self) -> None:
        """See Session.stop; an owner that has ended has stopped."""
        with contextlib.suppress(WorkError, UsageError):
            self._value("stop")

    def stop_load(self) -> None:
        """See Session.stop_load."""
        with contextlib.suppress(WorkError, UsageError):
            self._value("stop_load")

    # -- looking on -------------------------------------------------------------------------------------------------

    @property
    def listening(self) -> bool:
        """Whether the display is there."""
        return not self._closed

    def events(self) -> Iterator[Event]:
        """What others do to the agent; goes on when the database has another owner."""
        while not self._closed:
            with contextlib.suppress(WorkError):
                yield from self._stream(rpc.LISTEN)
            if self._closed:
                return
            self._move()
            # What happened meanwhile was not heard.
            yield Changed(what="agent")
            yield Changed(what="branch")
            yield Changed(what="library")

    def close(self) -> None:
        """The display has gone."""
        self._closed = True
        self._hang_up()
        if self._here is not None:
            self._here.subscription.close()

    # -- asking -----------------------------------------------------------------------------------------------------

    def _value(self, path: str, *args: Any, **kwargs: Any) -> Any:
        if self._here is not None:
            return rpc.invoke(self._here, path, args, kwargs)
        try:
            return next(self._frames(path, args, kwargs))
        except ArchiveBusy:
            # Nothing was asked: that owner has gone.
            self._move()
        return self._value(path, *args, **kwargs)

    def ask_again(self, path: str) -> Any:
        """Read a value, from the next owner where the last one has ended: reading twice does no harm."""
        try:
            return self._value(path)
        except WorkError:
            self._move()
            return self._value(path)

    def _stream(self, path: str, *args: Any, **kwargs: Any) -> Iterator[Any]:
        if self._here is not None:
            yield from rpc.invoke(self._here, path, args, kwargs)
            return
        begun = False
        try:
            for piece in self._frames(path, args, kwargs):
                begun = True
                yield piece
        except ArchiveBusy:
            if begun:
                raise
        else:
            return
        self._move()
        yield from self._stream(path, *args, **kwargs)

    def _frames(self, path: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Iterator[Any]:
        from workbench.ipc.session_server import ASK

        request = {
            "command": ASK,
            "token": self._token,
            "path": path,
            "args": rpc.encode(list(args)),
            "kwargs": rpc.encode(dict(kwargs)),
        }
        with contextlib.closing(call(self._file, request)) as connection:
            for frame in _awaited(frames(connection, patient=path == rpc.LISTEN), path):
                if "error" in frame:
                    raise rpc.decode_error(frame["error"])
                if "exit" in frame:
                    return
                yield rpc.decode(frame.get("value", frame.get("piece")))
        raise _ended()

    # -- owners come and go -------------------------------------------------------------------------------------------

    def _join(self) -> None:
        from workbench.ipc.session_server import JOIN

        request = {
            "command": JOIN,
            "arguments": rpc.encode(self._chosen),
            "settings": dataclasses.asdict(self.settings),
        }
        with doing("joining the workbench that has the database open"):
            control = call(self._file, request)
            frame = next(frames(control), {})
        if "token" not in frame:
            control.close()
            raise UsageError(str(frame["err"]).removeprefix("workbench: ")) if "err" in frame else busy()
        self._control, self._token = control, frame["token"]
        self._chosen = {"agent": self._value("agent"), "paths": [], "given": {}}

    def _move(self) -> None:
        """The owner has ended: open the database here, or join whoever did."""
        with self._moving:
            if self._here is not None or self._closed:
                return
            self._hang_up()
            end = time.monotonic() + _PATIENCE_SECONDS
            while not self._closed:
                with contextlib.suppress(ArchiveBusy):
                    here = self._stack.enter_context(self._open_here())
                    here.open_agent(self._chosen["agent"])
                    self._here = here
                    return
                with contextlib.suppress(ArchiveBusy):
                    self._join()
                    return
                if time.monotonic() > end:
                    raise _ended()
                time.sleep(_PAUSE_SECONDS)

    def _hang_up(self) -> None:
        if self._control is not None:
            with contextlib.suppress(OSError):
                self._control.shutdown(socket.SHUT_RDWR)
            self._control.close()
            self._control = None


class _Service:
    """A service of the remote session: its members are asked over the socket too."""

    def __init__(self, remote: RemoteSession, path: str) -> None:
        self._remote, self._path = remote, path

    def __getattr__(self, name: str) -> Any:
        return _member(self._remote, f"{self._path}.{name}")


def _member(remote: RemoteSession, path: str) -> Any:
    match rpc.member_kind(path):
        case "service":
            return _Service(remote, path)
        case "value":
            return remote.ask_again(path)
        case "call":
            return partial(remote._value, path)
        case _:
            return partial(remote._stream, path)


def _awaited(answers: Iterator[dict[str, Any]], path: str) -> Iterator[dict[str, Any]]:
    """The frames of an answer; what listens waits for nothing."""
    if path == rpc.LISTEN:
        yield from answers
        return
    while True:
        with doing("waiting for the workbench that has the database open"):
            frame = next(answers, None)
        if frame is None:
            return
        yield frame


def _ended() -> WorkError:
    return WorkError("The workbench that owned the database has ended.", "This one goes on in a moment: try again.")
