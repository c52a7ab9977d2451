"""Keeps a session for each agent that clients of the server work with, so that its questions are answered one after the other.

The screen holds one session; a server holds many, over the same AppContext. A question that comes while another one is
answered waits for its turn, so that no message of a client is refused because another client was quicker.
"""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from workbench.core.errors import ArchiveBusy, UsageError
from workbench.services.container import AppContext
from workbench.services.session import Session

_OPEN_AT_MOST = 64
"""Sessions of agents that nobody has asked for lately are closed beyond this many; the agents stay as they are."""
_CHOSEN_BY_CLIENTS = ("model", "window_tokens", "preset", "persona", "human", "drive")
"""What a client may choose for a new agent. Never an address: the key of the settings would be sent there."""


class PooledSession:
    """One agent's session on the server."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.turn = asyncio.Lock()
        """Held while a question is answered; others wait for it."""
        self.users = 0
        """How many requests work with it now."""


class SessionPool:
    """The open sessions by the agent's name in the archive. Used from the event loop; what blocks runs in threads."""

    def __init__(self, app: AppContext) -> None:
        self._app = app
        self._open: OrderedDict[str, PooledSession] = OrderedDict()
        self._lock = threading.Lock()
        self._closed = False

    def create(self, stored: str, chosen: dict[str, Any]) -> None:
        """Make an agent. Blocks. Raises UsageError for a taken name or an unknown setting, NotFound for an unknown preset."""
        given = {key: chosen[key] for key in _CHOSEN_BY_CLIENTS if chosen.get(key) is not None}
        settings = replace(self._app.settings, **given)
        with Session(settings, self._app.paths, app=self._app) as session:
            session.agent_service.create(stored)

    @contextmanager
    def using(self, stored: str) -> Iterator[PooledSession]:
        """The session of an agent that is there. Blocks when it is opened. Raises NotFound, ArchiveBusy while the server ends."""
        pooled = self._take(stored)
        try:
            yield pooled
        finally:
            with self._lock:
                pooled.users -= 1
            self._close_idle()

    def _take(self, stored: str) -> PooledSession:
        with self._lock:
            if self._closed:
                raise ArchiveBusy("The server is about to end.", "Start it again with `workbench serve`.")
            pooled = self._open.get(stored)
            if pooled is None:
                session = Session(self._app.settings, self._app.paths, app=self._app)
                try:
                    session.open_existing(stored)
                except BaseException:
                    session.close()
                    raise
                pooled = self._open[stored] = PooledSession(session)
            self._open.move_to_end(stored)
            pooled.users += 1
            return pooled

    def forget(self, stored: str) -> None:
        """Close the session of an agent that is about to be renamed or deleted. Raises UsageError while it answers."""
        with self._lock:
            pooled = self._open.get(stored)
            if pooled is None:
                return
            if pooled.users or pooled.session.busy:
                raise UsageError(f"Agent {stored!r} is answering a question.", "Wait for it, or stop it.")
            del self._open[stored]
        pooled.session.close()

    def _close_idle(self) -> None:
        idle: list[PooledSession] = []
        with self._lock:
            for name in list(self._open):
                if len(self._open) <= _OPEN_AT_MOST:
                    break
                if not self._open[name].users and not self._open[name].session.busy:
                    idle.append(self._open.pop(name))
        for pooled in idle:
            pooled.session.close()

    def close(self) -> None:
        """Stop what runs, and close every session."""
        with self._lock:
            self._closed = True
            pooled_sessions = list(self._open.values())
            self._open.clear()
        for pooled in pooled_sessions:
            pooled.session.close()
