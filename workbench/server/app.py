"""Composes the server: routes, the answers to errors, and what is opened and closed with it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from workbench import __version__
from workbench.core.errors import ArchiveBusy, ModelError, NotFound, UsageError, WorkbenchError
from workbench.server import openai_endpoint, rest
from workbench.server.access import Access, Forbidden, TooMany, Unauthorised
from workbench.server.session_pool import SessionPool
from workbench.server.tokens import ADMIN, Tokens
from workbench.server.uploads import TooLarge, Uploads, WrongType
from workbench.services.container import AppContext

_LOG = logging.getLogger(__name__)
_NO_TELEMETRY: Any = {"auto_configure": False, "tracing": False, "metrics": False, "logs": False}
"""FastAPI sends requests and errors to where OTEL_EXPORTER_OTLP_ENDPOINT says, if the environment asks it to; ours sends nothing."""
_JSON_BYTES = 2_000_000
"""The most that a request may send, but for an upload."""
_OPEN_PATHS = ("/health",)
"""What needs no token."""


@dataclass(frozen=True)
class Limits:
    """What the server takes: requests a minute of one user, and the size of an upload in bytes."""

    per_minute: int = 600
    upload_bytes: int = 200_000_000


class Server:
    """The web application over an open archive. `close` ends its sessions and its load; the archive is the caller's."""

    def __init__(self, app: AppContext, limits: Limits | None = None) -> None:
        limits = limits or Limits()
        self.tokens = Tokens(app.paths.data / "server-tokens.json")
        self._uploads = Uploads(app, limits.upload_bytes)
        self._pool = SessionPool(app)
        self._access = Access(app, self.tokens, self._uploads, limits.per_minute)
        self.web = self._compose()

    def first_token(self, *, anew: bool = False) -> str | None:
        """A token of the administrator where there is none yet, or `anew`; it is shown once and kept nowhere."""
        return self.tokens.issue(ADMIN) if anew or ADMIN not in self.tokens.users else None

    def close(self) -> None:
        """Stop what runs."""
        self._pool.close()
        self._uploads.close()
        self._access.close()

    def _compose(self) -> FastAPI:
        web = FastAPI(
            title="MemGPT Workbench", version=__version__, docs_url=None, redoc_url=None, openapi_url=None, telemetry=_NO_TELEMETRY,
            description="Agents that answer from documents with checked quotes. Every request but /health needs a token.",
        )  # fmt: skip
        web.state.access = self._access

        @web.get("/health", tags=["health"])
        def health() -> dict[str, str]:
            """Whether the server answers. The one request that needs no token."""
            return {"status": "ok"}

        @web.get("/openapi.json", include_in_schema=False)
        def schema(request: Request) -> dict[str, Any]:
            """The OpenAPI schema; like everything but health it needs a token."""
            self._access.admit(request)
            return web.openapi()

        web.include_router(rest.routes(self._access, self._pool))
        web.include_router(openai_endpoint.routes(self._access, self._pool))
        web.add_exception_handler(WorkbenchError, _known_error)
        web.add_exception_handler(RequestValidationError, _wrong_request)
        web.add_exception_handler(HTTPException, _http_error)
        web.add_exception_handler(ClientDisconnect, _gone)
        web.add_exception_handler(Exception, _unexpected)
        web.add_middleware(_Gate, access=self._access)
        return web


_STATUS: tuple[tuple[type[WorkbenchError], int], ...] = (
    (Unauthorised, 401),
    (Forbidden, 403),
    (NotFound, 404),
    (TooLarge, 413),
    (WrongType, 415),
    (TooMany, 429),
    (UsageError, 400),
    (ArchiveBusy, 503),
    (ModelError, 502),
)


def _error(status: int, message: str, hint: str = "", headers: dict[str, str] | None = None) -> JSONResponse:
    """An error in one shape, which clients of OpenAI understand too."""
    kind = "invalid_request_error" if status < 500 else "server_error"
    body = {"error": {"message": f"{message} {hint}".strip(), "hint": hint, "type": kind, "code": status}}
    return JSONResponse(body, status, headers=headers)


def _known_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, WorkbenchError)
    status = next((code for kind, code in _STATUS if isinstance(error, kind)), 500)
    headers = {}
    if isinstance(error, TooMany):
        headers["Retry-After"] = f"{error.seconds:.0f}"
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return _error(status, error.message, error.hint, headers)


def _wrong_request(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"] if part != "body") or "the body"
    return _error(422, f"{where}: {first['msg']}.", "/openapi.json says what each request takes.")


def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return _error(error.status_code, f"{error.detail}.", "/openapi.json lists what there is.")


def _gone(request: Request, error: Exception) -> JSONResponse:
    """Whoever sent a body has left before its end: nothing of it was kept, and nobody hears this."""
    return _error(400, "The request ended before its body did.", "Send it again.")


def _unexpected(request: Request, error: Exception) -> JSONResponse:
    _LOG.error("a request failed", exc_info=error)
    return _error(500, f"Unexpected {type(error).__name__}.", "The server's log says where it came from.")


class _Gate:
    """Refuses, before anything reads the body, a request without a token and one that is larger than a request may be.

    Whoever has no token cannot make the server keep a byte; uploads have a limit of their own.
    """

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or (scope["path"] in _OPEN_PATHS and scope["method"] in ("GET", "HEAD")):
            await self._app(scope, receive, send)  # which reads no body
            return
        request = Request(scope)
        try:
            self._access.check(request)
        except WorkbenchError as error:
            await _known_error(request, error)(scope, receive, send)
            return
        if scope["method"] == "PUT":
            await self._app(scope, receive, send)
            return
        messages: list[Message] = []
        size, more = 0, True
        while more:
            message = await receive()
            messages.append(message)
            size += len(message.get("body", b""))
            more = message["type"] == "http.request" and message.get("more_body", False)
            if size > _JSON_BYTES:
                hint = f"Send at most {_JSON_BYTES // 1_000_000} MB; documents are sent with PUT."
                await _error(413, "The request is too large.", hint)(scope, receive, send)
                return

        async def replayed() -> Message:
            return messages.pop(0) if messages else await receive()

        await self._app(scope, replayed, send)
