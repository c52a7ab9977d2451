"""Decides who may use the server: a token in every request, a bound on how many, and on how large each may be."""

from __future__ import annotations

import threading
import time

from fastapi import Request
from starlette.requests import HTTPConnection

from workbench.core.errors import NotFound, UsageError
from workbench.server.tokens import Tokens, User
from workbench.server.uploads import Uploads
from workbench.services.container import AppContext
from workbench.services.session import Session
from workbench.storage.documents import NOTES_PREFIX


class Unauthorised(UsageError):
    """A request without a token, or with one of nobody's."""


class TooMany(UsageError):
    """More requests than the server takes of one user. `seconds`: when the next one is taken."""

    def __init__(self, seconds: float) -> None:
        super().__init__("Too many requests.", f"Try again in {seconds:.0f} s.")
        self.seconds = seconds


class RateLimit:
    """A bucket of requests for each key, refilled evenly: at most `per_minute`, all of them at once if they were saved up."""

    def __init__(self, per_minute: int) -> None:
        self._per_second = per_minute / 60
        self._size = float(per_minute)
        self._left: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def take(self, key: str) -> None:
        """Count a request. Raises TooMany when the bucket is empty."""
        now = time.monotonic()
        with self._lock:
            left, last = self._left.get(key, (self._size, now))
            left = min(self._size, left + (now - last) * self._per_second)
            if left < 1:
                self._left[key] = (left, now)
                raise TooMany(max(1.0, (1 - left) / self._per_second))
            self._left[key] = (left - 1, now)
            if len(self._left) > 10_000:  # addresses that were refused once and are gone
                self._left = {name: (kept, at) for name, (kept, at) in self._left.items() if now - at < 60}


class Access:
    """What every request goes through, and what handlers share."""

    def __init__(self, app: AppContext, tokens: Tokens, uploads: Uploads, per_minute: int) -> None:
        self.tokens = tokens
        self.uploads = uploads
        self._requests = RateLimit(per_minute)
        self._refusals = RateLimit(30)
        """Of wrong tokens by address: guessing 32 random bytes is hopeless, but it need not be quick."""
        self.session = Session(app.settings, app.paths, app=app)
        """A session without an agent, for what concerns no agent in particular."""

    def admit(self, connection: HTTPConnection) -> User:
        """The user of a request or a WebSocket, which is counted as a request. Raises Unauthorised, TooMany."""
        user = self.check(connection)
        self._requests.take(user.name)
        return user

    def check(self, connection: HTTPConnection) -> User:
        """The user of a request by its headers alone; only a refusal is counted. Raises Unauthorised, TooMany."""
        user = self.tokens.user_of_header(connection.headers.get("authorization", ""))
        if user is None:
            self._refusals.take(connection.client.host if connection.client else "")
            raise Unauthorised("This needs a token.", "Send the header Authorization: Bearer TOKEN.")
        return user

    def stored_name(self, user: User, agent: str) -> str:
        """The name in the archive of a user's agent. Raises NotFound, which names this user's agents and nobody else's."""
        stored = user.stored(agent)
        if self.session.agent_service.exists(stored):
            return stored
        mine = [name for info in self.session.agents() if (name := user.shown(info.name)) is not None]
        raise NotFound(f"There is no agent named {agent[:120]!r}.", f"Agents: {', '.join(mine[:8]) or 'none yet'}.")

    def check_source_name(self, name: str) -> None:
        """Raises UsageError for what cannot be the name of a source."""
        if (
            name.startswith(NOTES_PREFIX)
            or not name.strip()
            or len(name) > 80
            or not name.isprintable()
            or "/" in name
            or "\\" in name
        ):
            raise UsageError(f"{name[:60]!r} cannot be the name of a source.", "Use at most 80 printable characters.")

    def shared_source(self, name: str) -> str:
        """The name of a source that clients may use: those that are listed. Raises NotFound for the notes of agents."""
        if name.startswith(NOTES_PREFIX):
            raise NotFound(f"There is no source named {name[:120]!r}.", "GET /api/sources lists them.")
        return name

    def close(self) -> None:
        """Close the session that handlers share."""
        self.session.close()


def current_user(request: Request) -> User:
    """The user whose token a request carries (a dependency of every route)."""
    access: Access = request.app.state.access
    return access.admit(request)


class Forbidden(UsageError):
    """What only the administrator may do."""


def administrator(request: Request) -> User:
    """The user of a request that only the administrator may make. Raises Forbidden."""
    user = current_user(request)
    if not user.is_admin:
        raise Forbidden("Only the administrator may do this.", "Use the administrator's token.")
    return user
