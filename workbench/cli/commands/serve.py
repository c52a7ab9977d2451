"""Serves the workbench to other programs: over HTTP, and as an MCP server."""

from __future__ import annotations

import argparse
import ipaddress
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from workbench.cli.command import Command, new_agent_flags
from workbench.cli.commands.screen import SessionOpener
from workbench.cli.own_session import own_session, settings_of
from workbench.core import paths
from workbench.core.errors import ArchiveBusy, UsageError
from workbench.ipc.command_output import complain

if TYPE_CHECKING:
    import uvicorn

_PORT = 8283
"""MemGPT's server's own."""
_MESSAGE_BYTES = 2_000_000
"""The most that a message over a WebSocket may hold, as a request's body."""


def _fill_serve(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--host", default="127.0.0.1", metavar="ADDRESS", help="where to listen (default: this machine only)"
    )
    sub.add_argument("--port", type=int, default=_PORT, metavar="N", help=f"port (default {_PORT})")
    sub.add_argument(
        "--new-token", action="store_true", help="make a new token for the administrator; the old one ends"
    )
    sub.add_argument("--rate", type=int, default=600, metavar="N", help="requests a minute of one user (default 600)")
    sub.add_argument(
        "--upload-mb", type=int, default=200, metavar="N", help="largest upload in megabytes (default 200)"
    )
    new_agent_flags(sub)


def _fill_mcp(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--source", action="append", default=[], metavar="NAME", help="offer this source only (default: all)"
    )
    sub.add_argument("--agent", default="mcp", metavar="NAME", help='the agent that searches (default "mcp")')
    sub.add_argument("--write", action="store_true", help="offer loading and notes too")
    sub.add_argument(
        "--http",
        type=int,
        metavar="PORT",
        help="streamable HTTP on this port of this machine, with a token (default: stdio)",
    )


def serve(chosen: argparse.Namespace) -> int:
    """Serve REST, WebSocket and the OpenAI-compatible endpoint until ctrl+c."""
    _need("fastapi", "uvicorn", extra="server")
    from workbench.server.app import Limits, Server

    if chosen.rate < 1 or chosen.upload_mb < 1:
        raise UsageError("--rate and --upload-mb count from 1.", "Leave them out to have the default.")
    listening = _listen(chosen.host, chosen.port)
    try:
        with own_session(chosen, complain) as session:
            server = Server(session.app, Limits(chosen.rate, chosen.upload_mb * 1_000_000))
            try:
                _announce(server.first_token(anew=chosen.new_token), chosen.host, listening.getsockname()[1])
                _run(_web_server(server.web), listening)
            finally:
                server.close()
    except ArchiveBusy as error:
        raise ArchiveBusy(error.message, "Close the other workbench: the server must own the archive.") from None
    finally:
        listening.close()
    return 0


def serve_mcp(chosen: argparse.Namespace) -> int:
    """Serve MCP over stdio or HTTP, beside an open workbench or alone."""
    _need("mcp", extra="mcp")
    from workbench.server.mcp import mcp_server

    with SessionOpener(chosen, []) as opener:
        server = mcp_server(opener(), write=chosen.write, sources=chosen.source)
        if chosen.http is None:
            server.run("stdio")
            return 0
        from workbench.server.tokens import ADMIN, Tokens, guarded

        listening = _listen("127.0.0.1", chosen.http)
        places = paths.locate()
        tokens = Tokens(places.for_archive(settings_of(chosen, places).archive).data / "server-tokens.json")
        token = None if ADMIN in tokens.users else tokens.issue(ADMIN)
        _announce(token, "127.0.0.1", listening.getsockname()[1], path="/mcp")
        _run(_web_server(guarded(server.streamable_http_app(), tokens)), listening)
        listening.close()
    return 0


def _need(*modules: str, extra: str) -> None:
    import importlib.util

    if missing := [name for name in modules if importlib.util.find_spec(name) is None]:
        raise UsageError(
            f"This needs the package {missing[0]}, which is not installed.", f"pip install 'memgpt-workbench[{extra}]'"
        )


def _listen(host: str, port: int) -> socket.socket:
    """A socket bound to the address. Raises UsageError in one sentence where that cannot be."""
    if not 0 <= port <= 65535:
        raise UsageError(f"{port} is no port.", "Choose one from 1024 to 65535.")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise UsageError(
            f"Port {port} of {host} cannot be used: {error.strerror or error}.", "Choose another --port."
        ) from None
    return listening


def _announce(token: str | None, host: str, port: int, path: str = "") -> None:
    shown = f"[{host}]" if ":" in host else host
    complain(f"Serving http://{shown}:{port}{path or '/'}   ctrl+c ends it.")
    if token is not None:
        complain(f"The administrator's token, shown this once: {token}")
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = host == "localhost"
    if not loopback:
        complain("Other machines can reach this, and nothing is encrypted: put a proxy with TLS in front of it.")


def _web_server(web: Any) -> uvicorn.Server:
    import uvicorn

    config = uvicorn.Config(
        web, log_level="warning", access_log=False, server_header=False, ws="auto", ws_max_size=_MESSAGE_BYTES
    )
    return uvicorn.Server(config)


def _run(server: uvicorn.Server, listening: socket.socket) -> None:
    with suppress(KeyboardInterrupt):
        server.run(sockets=[listening])


COMMANDS = {
    "serve": Command("serve REST, WebSocket and an OpenAI-compatible endpoint", _fill_serve, run_alone=serve),
    "server": Command("the same as serve, as MemGPT calls it", _fill_serve, run_alone=serve),
    "mcp": Command("serve the archive to other programs' models over MCP", _fill_mcp, run_alone=serve_mcp),
}
