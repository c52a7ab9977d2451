"""Lets the process that owns the database run the commands of other processes on its home, and send them their lines.

A Unix socket that only the user may use. A request is one JSON line (command, arguments, settings); the answers are JSON
lines {"begun"}, then {"out"} and {"err"}, and last {"exit"}. A process that goes away stops the command it asked for. A
server that ends lets the commands of others end first; those that can go on anywhere it breaks off, for them to go on with.
"""

from __future__ import annotations

import contextlib
import json
import logging
import socket
import threading
from collections.abc import Mapping
from typing import Any, Protocol

from workbench.core.errors import WorkbenchError
from workbench.ipc.command_output import SINK, complain
from workbench.ipc.local_socket import Listener
from workbench.ipc.rpc import LISTEN, settings_of
from workbench.ipc.session_server import ASK, JOIN, SessionServer
from workbench.services.container import AppContext
from workbench.services.session import Session

_LOG = logging.getLogger(__name__)

_BACKLOG = 16
_REQUEST_BYTES = 1 << 22
_SILENT_SECONDS = 1.0
_HAND_BACK_SECONDS = 10.0


class CommandRunner(Protocol):
    """Runs commands of the command line; the composition root hands it to the server, which knows no command by name."""

    @property
    def resumable(self) -> frozenset[str]:
        """Names of the commands that any process can go on with where another one left them."""
        ...

    def run(self, session: Session, command: str, arguments: Mapping[str, Any]) -> int:
        """Run one command; its lines go to `command_output.SINK`.

        Args:
            session: a session of its own, which the caller closes.
            command: the name of the command.
            arguments: its parsed arguments by name, as JSON can carry them.

        Returns the exit code. Raises UsageError for a command that this version does not have, and what the command raises.
        """
        ...


class CommandServer:
    """Runs the commands of other processes while its own process lives. Safe to close twice."""

    def __init__(self, app: AppContext, commands: CommandRunner) -> None:
        """Listen at the socket of the home. Where there can be no socket, this workbench works all the same, alone."""
        self._app = app
        self._commands = commands
        self._listener: Listener | None = None
        try:
            self._listener = Listener(app.paths.socket_file, _BACKLOG)
        except OSError as error:
            # A file system without sockets, a folder that is not the user's: this workbench works all the same.
            _LOG.warning("other commands cannot work through this workbench: %s", error)
        self._sessions = SessionServer(app)
        self._changed = threading.Condition()
        self._served: set[ClientConnection] = set()
        if self._listener is not None:
            threading.Thread(target=self._accept, args=(self._listener,), name="owner", daemon=True).start()

    def close(self, *, patient: bool = True) -> None:
        """Stop answering, with `patient` once the commands of others are done. Commands that can go on elsewhere are broken off."""
        if patient:
            self._let_end()
        if self._listener is not None:
            self._listener.close()
        self._sessions.shutdown()
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
            served = ClientConnection(connection, self._app, self._commands, self._sessions)
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
    """Sends the lines of a command to the process that asked for it."""

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
        """Send nothing more; the other process sees the end of the stream."""
        self._muted = True
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_WR)

    def send(self, frame: dict[str, Any]) -> None:
        """One frame; a process that has gone is not an error here."""
        if self._muted:
            return
        with contextlib.suppress(OSError, ValueError):
            self._file.write(json.dumps(frame) + "\n")
            self._file.flush()


class ClientConnection:
    """One command of another process, from its request to its exit code."""

    def __init__(
        self, connection: socket.socket, app: AppContext, commands: CommandRunner, sessions: SessionServer
    ) -> None:
        self._connection, self._app = connection, app
        self._commands, self._sessions = commands, sessions
        self._wire = _FrameWriter(connection)
        self._session: Session | None = None
        self.command = ""
        self._listens = False

    @property
    def goes_on_elsewhere(self) -> bool:
        """Whether the end of this process does not wait for it: a command that can be resumed, a screen that looks on, or a

        connection that has asked for nothing.
        """
        return not self.command or self.command == JOIN or self.command in self._commands.resumable or self._listens

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
                    self._sessions.join(request, self._wire.send, incoming)
                    code = 0
                elif self.command == ASK:
                    self._sessions.ask(request, self._wire.send)
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
        if self.command == JOIN or not self.command:
            with contextlib.suppress(OSError):
                self._connection.shutdown(socket.SHUT_RDWR)
        if self._session is not None:
            self._session.stop_load()

    def _run(self, request: dict[str, Any], incoming: Any) -> int:
        session = Session(settings_of(request), self._app.paths, app=self._app)
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
            return self._commands.run(session, request["command"], request["arguments"])
        finally:
            done.set()
            session.close()
