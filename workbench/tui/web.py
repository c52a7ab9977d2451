"""Serves the screen to a browser on this machine: textual-serve runs the command, this module lets only its owner in.

textual-serve has no notion of who may connect, and its page loads a font from another host. Here everything lies below a
path that is a secret, printed at the start; the Host header must name the loopback interface, which the page of another
site cannot arrange by rebinding its name; and the page loads nothing from elsewhere (Content-Security-Policy).
"""

from __future__ import annotations

import asyncio
import secrets
import shlex
import signal
import socket
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from aiohttp import web
from textual_serve.server import Server

_LOOPBACK = "127.0.0.1"
_PAGE = Path(__file__).with_name("web_page")
_GOODBYE_SECONDS = 2.0

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class LocalServer(Server):
    """The server of one user, on the loopback interface only; each visit has a screen of its own.

    Args:
        command: the words of the command that shows the screen.
        port: the port, 0 for any that is free. It is bound at once; raises OSError when it is taken.
        title: what the page is called.
        token: the secret part of the address; default: a new one.
    """

    def __init__(self, command: Sequence[str], port: int = 0, title: str = "workbench", token: str = "") -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((_LOOPBACK, port))
        bound = int(self._socket.getsockname()[1])
        super().__init__(shlex.join(command), _LOOPBACK, bound, title, templates_path=_PAGE)
        self._token = token or secrets.token_urlsafe(24)

    @property
    def address(self) -> str:
        """The address to open; whoever knows it may use the workbench."""
        return f"{self.public_url}/{self._token}/"

    def run(self) -> None:
        """Serve until SIGINT or SIGTERM; screens that are open end with it."""
        loop = asyncio.new_event_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.request_exit)
        web.run_app(
            self.application(),
            sock=self._socket,
            handle_signals=False,
            loop=loop,
            print=None,
            access_log=None,
            shutdown_timeout=_GOODBYE_SECONDS,
        )

    async def application(self) -> web.Application:
        """The application whole: textual-serve's below the secret path."""
        outer = web.Application(middlewares=[self._guard])
        outer.add_subapp(f"/{self._token}", await self._make_app())
        return outer

    async def on_startup(self, app: web.Application) -> None:
        """The command has said where it serves."""

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        hosts = {f"{name}:{self.port}" for name in (_LOOPBACK, "localhost")}
        origin = request.headers.get("Origin", "http://" + request.host)
        if request.host not in hosts or origin.removeprefix("http://") not in hosts:
            raise web.HTTPForbidden(text="This workbench answers on its own machine only.\n")
        response = await handler(request)
        if not response.prepared:
            socket_address = f"ws://{_LOOPBACK}:{self.port}"
            response.headers["Content-Security-Policy"] = (
                "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
                f"img-src 'self' data:; font-src 'self' data:; connect-src 'self' {socket_address}; frame-ancestors 'none'"
            )
            response.headers["Referrer-Policy"] = "no-referrer"
            response.headers["Cache-Control"] = "no-store"
        return response
