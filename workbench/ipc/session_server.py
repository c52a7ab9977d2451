"""Screens of other processes: their requests come in, are put to a session of their own here, and its answers go out as frames."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from workbench.core.errors import ArchiveBusy, WorkbenchError
from workbench.core.settings import Settings
from workbench.ipc import rpc
from workbench.services.container import AppContext
from workbench.services.session import Session

JOIN = "guest.join"
"""The request that a screen begins with; its connection lasts as long as the screen."""
ASK = "guest.ask"
"""A request to the session of a screen that has joined."""

Send = Callable[[dict[str, Any]], None]


class SessionServer:
    """The sessions of other processes' screens, each under a token that only its screen was told."""

    def __init__(self, engine: AppContext) -> None:
        self._engine = engine
        self._sessions: dict[str, Session] = {}

    def join(self, request: Mapping[str, Any], send: Send, stays: Iterator[str]) -> None:
        """Open a session for as long as the other end stays."""
        chosen = rpc.unpack(request["arguments"])
        token = secrets.token_hex(16)
        with Session(Settings(**request["settings"]), self._engine.paths, app=self._engine) as session:
            session.open_agent(chosen["agent"], paths=[Path(path) for path in chosen["paths"]])
            session.run_with(chosen["given"])
            self._sessions[token] = session
            send({"token": token})
            try:
                with contextlib.suppress(OSError):
                    for _ in stays:
                        pass
            finally:
                del self._sessions[token]

    def ask(self, request: Mapping[str, Any], send: Send) -> None:
        """Put one request to a screen's session; what it gives, piece by piece where it is a stream."""
        session = self._sessions.get(request["token"])
        path = request["path"]
        try:
            if session is None:
                # It joined an owner before this one: it will join again.
                raise ArchiveBusy("This screen has not joined this workbench.", "Start it again.")
            found = rpc.ask(session, path, rpc.unpack(request["args"]), rpc.unpack(request["kwargs"]))
            if rpc.way(path) != "stream":
                send({"value": rpc.pack(found)})
                return
            for piece in found:
                send({"piece": rpc.pack(piece)})
        except WorkbenchError as error:
            send({"error": rpc.pack_error(error)})

    def shutdown(self) -> None:
        """The engine is about to close: nobody listens here any more."""
        for session in list(self._sessions.values()):
            session.subscription.close()
            session.stop()
