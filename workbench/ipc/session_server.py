"""Serves the screens of other processes, each with a session of its own in the process that owns the database."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from workbench.core.errors import ArchiveBusy, WorkbenchError
from workbench.ipc import rpc
from workbench.services.container import AppContext
from workbench.services.session import Session

JOIN = "guest.join"
"""The request that a screen begins with; its connection lasts as long as the screen."""
ASK = "guest.ask"
"""A request to the session of a screen that has joined."""

Send = Callable[[dict[str, Any]], None]


class SessionServer:
    """Sessions for the screens of other processes, each under a token that only its screen was told."""

    def __init__(self, app: AppContext) -> None:
        self._app = app
        self._sessions: dict[str, Session] = {}

    def join(self, request: Mapping[str, Any], send: Send, stays: Iterator[str]) -> None:
        """Open a session that lasts as long as the other end stays connected."""
        chosen = rpc.decode(request["arguments"])
        token = secrets.token_hex(16)
        with Session(rpc.settings_of(request), self._app.paths, app=self._app) as session:
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
        """Put one request to a screen's session and send what it returns, piece by piece where that is a stream."""
        session = self._sessions.get(request["token"])
        path = request["path"]
        try:
            if session is None:
                # It joined an owner before this one: it will join again.
                raise ArchiveBusy("This screen has not joined this workbench.", "Start it again.")
            result = rpc.invoke(session, path, rpc.decode(request["args"]), rpc.decode(request["kwargs"]))
            if rpc.member_kind(path) != "stream":
                send({"value": rpc.encode(result)})
                return
            for piece in result:
                send({"piece": rpc.encode(piece)})
        except WorkbenchError as error:
            send({"error": rpc.encode_error(error)})

    def shutdown(self) -> None:
        """The database is about to close: end what the screens of others listen to, and their answers."""
        for session in list(self._sessions.values()):
            session.subscription.close()
            session.stop()
