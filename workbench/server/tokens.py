"""Keeps who may use the server: names of users with the hashes of their tokens, in a file only the owner of the home can read.

A token is 32 random bytes, so a plain SHA-256 of it cannot be guessed back; slow hashes are for passwords that people choose.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.core import private_file
from workbench.core.errors import ArchiveError, NotFound, UsageError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

ADMIN = "admin"
"""The user that is made at the first start; it sees the agents of all users and may make and remove users."""
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,30}")
_PREFIX = "wb_"
_OWNS = ":"
"""Between a user and an agent of the user's; not a slash, so that the administrator can name it in an address."""


@dataclass(frozen=True)
class User:
    """Somebody who may use the server. Agents of a user are called `USER:NAME` in the archive, and NAME for the user."""

    name: str

    @property
    def is_admin(self) -> bool:
        """Whether this is the administrator."""
        return self.name == ADMIN

    def stored(self, agent: str) -> str:
        """The name in the archive of what the user calls `agent`."""
        return agent if self.is_admin else f"{self.name}{_OWNS}{agent}"

    def shown(self, stored: str) -> str | None:
        """What the user calls an agent of the archive; None for an agent that is not the user's."""
        if self.is_admin:
            return stored
        owner, _, name = stored.partition(_OWNS)
        return name if owner == self.name and name else None


class Tokens:
    """The users and the hashes of their tokens. Thread-safe."""

    def __init__(self, file: Path) -> None:
        """Read the file; one that is not there is a server without users. Raises ArchiveError for one that is damaged."""
        self._file = file
        self._lock = threading.Lock()
        self._hashes: dict[str, str] = {}
        if not file.exists():
            return
        try:
            kept = json.loads(file.read_text(encoding="utf-8"))
            self._hashes = {str(name): str(digest) for name, digest in kept["users"].items()}
        except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
            raise ArchiveError(
                f"{file} cannot be read ({type(error).__name__}).", "Move it away: the server then makes a new token."
            ) from None

    @property
    def users(self) -> list[str]:
        """The names of all users, the administrator first."""
        with self._lock:
            return sorted(self._hashes, key=lambda name: (name != ADMIN, name))

    def issue(self, name: str) -> str:
        """Make a token for a new or known user, whose earlier token no longer works; it is returned once and kept nowhere.

        Raises UsageError for a name that cannot be one.
        """
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"{name[:40]!r} cannot be the name of a user.", "Use small letters, digits, - and _, at most 31."
            )
        token = _PREFIX + secrets.token_urlsafe(32)
        with self._lock:
            self._hashes[name] = _digest(token)
            self._write()
        return token

    def revoke(self, name: str) -> None:
        """Forget a user. Raises NotFound; UsageError for the administrator."""
        if name == ADMIN:
            raise UsageError(
                "The administrator cannot be removed.", "Make a new token with `workbench serve --new-token`."
            )
        with self._lock:
            if self._hashes.pop(name, None) is None:
                raise NotFound(f"There is no user {name[:40]!r}.", f"Users: {', '.join(self._hashes)}.")
            self._write()

    def user_of(self, token: str) -> User | None:
        """Whose token it is; None for nobody's. All hashes are compared, in constant time each."""
        given, whose = _digest(token), None
        with self._lock:
            for name, digest in self._hashes.items():
                if secrets.compare_digest(given, digest):
                    whose = name
        return User(whose) if whose is not None else None

    def user_of_header(self, authorization: str) -> User | None:
        """Whose token an Authorization header carries; None without one that is somebody's."""
        scheme, _, token = authorization.partition(" ")
        return self.user_of(token.strip()) if scheme.lower() == "bearer" else None

    def _write(self) -> None:
        private_file.write(self._file, json.dumps({"users": self._hashes}, indent=1) + "\n")


def guarded(web: ASGIApp, tokens: Tokens) -> ASGIApp:
    """A web application for the administrator alone: every other request is refused with 401 or 403.

    Over MCP there are no users: with `--write` it loads any file that the owner of the home can read.
    """

    async def admit(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            user = tokens.user_of_header(dict(scope["headers"]).get(b"authorization", b"").decode("latin-1"))
            if user is None or not user.is_admin:
                status, says = (401, "This needs a token.") if user is None else (403, "This is for the administrator.")
                message = f"{says} Send the header Authorization: Bearer TOKEN, with the administrator's."
                kind = [(b"content-type", b"application/json"), (b"www-authenticate", b"Bearer")]
                await send({"type": "http.response.start", "status": status, "headers": kind})
                body = json.dumps({"error": {"message": message}}).encode()
                await send({"type": "http.response.body", "body": body})
                return
        elif scope["type"] != "lifespan":
            return
        await web(scope, receive, send)

    return admit


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
