"""One owner, many displays: the process that owns the database runs the commands of others on its home and sends them their lines.

A Unix socket that only the user may use; a request is one JSON line (command, arguments, settings), the answers are JSON
lines {"begun"}, then {"out"}, {"err"} and last {"exit"}. A display that goes away stops what it asked for. An owner that
ends lets others' commands end first; their loads, which can go on anywhere, it breaks off for them to go on with.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import socket
import threading
from importlib import import_module
from typing import Any

from workbench.cli.arguments import COMMANDS
from workbench.cli.arguments.load import BODY as LOAD
from workbench.cli.output import SINK, complain
from workbench.core.errors import UsageError, WorkbenchError
from workbench.core.settings import Settings
from workbench.ipc.local_socket import Listener
from workbench.ipc.rpc import LISTEN
from workbench.ipc.session_server import ASK, JOIN, SessionServer
from workbench.services.container import AppContext
from workbench.services.session import Session

_LOG = logging.getLogger(__name__)

_BACKLOG = 16
_REQUEST_BYTES = 1 << 22
_SILENT_SECONDS = 1.0
_HAND_BACK_SECONDS = 10.0


class CommandServer:
    """Answers other displays while its process lives. Safe to close twice."""

    def __init__(self, engine: AppContext) -> None:
        self._engine = engine
        self._listener: Listener | None = None
        try:
            self._listener = Listener(engine.paths.socket_file, _BACKLOG)
        except OSError as error:
            # A file system without sockets, a folder that is not the user's: this workbench works all the same.
            _LOG.warning("other commands cannot work through this workbench: %s", error)
        self._guests = SessionServer(engine)
        self._changed = threading.Condition()
        self._served: set[ClientConnection] = set()
        if self._listener is not None:
            threading.Thread(target=self._accept, args=(self._listener,), name="owner", daemon=True).start()

    def close(self, *, patient: bool = True) -> None:
        """Stop answering; `patient`: once what others asked for is done. Their loads are broken off, without an exit code."""
        if patient:
            self._let_end()
        if self._listener is not None:
            self._listener.close()
        self._guests.shutdown()
        for served in self._running():
            served.detach_client()
        with self._changed:
            self._changed.wait_for(lambda: not any(item.goes_on_elsewhere for item in self._served), _HAND_BACK_SECONDS)

    def release(self) -> None:
        """Give up the socket's name; to be called once the database is closed, so that the name is never free before."""
        if self._listener is not None:
            self._listener.release()

    def _let_end(self) -> None:
        """Wait for everything but loads, answering meanwhile; whoever looks on is told why this takes a while."""

        def quiet() -> bool:
            return all(item.goes_on_elsewhere for item in self._served)

        with self._changed:
            if not self._changed.wait_for(quiet, _SILENT_SECONDS):
                complain("Another workbench's command is still running here; ctrl+c ends it.")
                self._changed.wait_for(quiet)

    def _running(self) -> list[ClientConnection]:
        with self._changed:
            return list(self._served)

    def _accept(self, listener: Listener) -> None:
        while True:
            try:
                connection = listener.accept()
            except OSError:
                return
            served = ClientConnection(connection, self._engine, self._guests)
            with self._changed:
                self._served.add(served)
            threading.Thread(target=self._serve, args=(served,), name="display", daemon=True).start()

    def _serve(self, served: ClientConnection) -> None:
        try:
            served.serve()
        finally:
            with self._changed:
                self._served.discard(served)
                self._changed.notify_all()


class _FrameWriter:
    """The lines of a command on their way to another display."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection, self._muted = connection, False
        self._file = connection.makefile("w", encoding="utf-8", errors="surrogatepass")

    def out(self, text: str) -> None:
        """A line of the result."""
        self.send({"out": text})

    def err(self, text: str) -> None:
        """A line about what went wrong."""
        self.send({"err": text})

    def mute(self) -> None:
        """Send nothing more; the display sees the end of the stream."""
        self._muted = True
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_WR)

    def send(self, frame: dict[str, Any]) -> None:
        """One frame; a display that has gone is not an error here."""
        if self._muted:
            return
        with contextlib.suppress(OSError, ValueError):
            self._file.write(json.dumps(frame) + "\n")
            self._file.flush()


class ClientConnection:
    """One command of another display, from its request to its exit code."""

    def __init__(self, connection: socket.socket, engine: AppContext, guests: SessionServer) -> None:
        self._connection, self._engine, self._guests = connection, engine, guests
        self._wire = _FrameWriter(connection)
        self._session: Session | None = None
        self.command = ""
        self._listens = False

    @property
    def goes_on_elsewhere(self) -> bool:
        """Whether the end of this process does not wait for it: a load, or a screen that looks on."""
        return self.command in (LOAD, JOIN) or self._listens

    def serve(self) -> None:
        """Read the request, run it, send what it says."""
        with self._connection:
            SINK.set(self._wire)
            incoming = self._connection.makefile("r", encoding="utf-8")
            try:
                request = json.loads(incoming.readline(_REQUEST_BYTES))
                self.command = request["command"]
                self._listens = request.get("path") == LISTEN
                if self.command == JOIN:
                    self._guests.join(request, self._wire.send, incoming)
                    code = 0
                elif self.command == ASK:
                    self._guests.ask(request, self._wire.send)
                    code = 0
                else:
                    code = self._run(request, incoming)
            except WorkbenchError as error:
                complain(error.one_line())
                code = error.exit_code
            except Exception as error:
                complain(f"Unexpected {type(error).__name__}: {error}.")
                code = 1
            self._wire.send({"exit": code})

    def detach_client(self) -> None:
        """Say nothing more and come to an end: whoever asked goes on with it elsewhere."""
        self._wire.mute()
        if self.command == JOIN:
            with contextlib.suppress(OSError):
                self._connection.shutdown(socket.SHUT_RDWR)
        if self._session is not None:
            self._session.stop_load()

    def _run(self, request: dict[str, Any], incoming: Any) -> int:
        session = Session(Settings(**request["settings"]), self._engine.paths, app=self._engine)
        self._session = session
        self._wire.send({"begun": True})
        done = threading.Event()

        def watch() -> None:
            # Each line asks to stop once more; the end of the stream means that nobody is listening any more.
            with contextlib.suppress(OSError):
                for _ in incoming:
                    session.stop_load()
                    session.stop()
            if not done.is_set():
                session.close()

        threading.Thread(target=watch, name="display-watch", daemon=True).start()
        try:
            return int(_body(request["command"])(session, argparse.Namespace(**request["arguments"])))
        finally:
            done.set()
            session.close()


def _body(name: str) -> Any:
    if name not in {entry.body for entry in COMMANDS.values()} or not name:
        raise UsageError(f"There is no command {name!r} here.", "Both workbenches must be of the same version.")
    module, _, function = name.partition(".")
    return getattr(import_module(f"workbench.cli.commands.{module}"), function)
