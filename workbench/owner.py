"""One owner, many displays: the process that owns the database runs the commands of others on its home and sends them their lines.

A Unix socket that only the user may use; a request is one JSON line (command, arguments, settings), the answers are JSON
lines {"out"}, {"err"} and last {"exit"}. A display that goes away stops what it asked for.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import socket
import threading
from importlib import import_module
from typing import Any

from workbench.config import Settings
from workbench.engine import Engine
from workbench.errors import UsageError, WorkbenchError
from workbench.flags import COMMANDS
from workbench.output import SINK, complain
from workbench.session import Session

_BACKLOG = 16
_REQUEST_BYTES = 1 << 22


class Owner:
    """Answers other displays while its process lives. Safe to close twice."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._file = engine.paths.socket_file
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        with contextlib.suppress(FileNotFoundError):
            # We hold the database's lock, so whoever made it is gone.
            self._file.unlink()
        before = os.umask(0o177)
        try:
            self._listener.bind(str(self._file))
        finally:
            os.umask(before)
        self._listener.listen(_BACKLOG)
        threading.Thread(target=self._accept, name="owner", daemon=True).start()

    def close(self) -> None:
        """Stop answering."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with contextlib.suppress(OSError):
            self._file.unlink()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=_serve, args=(connection, self._engine), name="display", daemon=True).start()


class _Wire:
    """The lines of a command on their way to another display."""

    def __init__(self, connection: socket.socket) -> None:
        self._file = connection.makefile("w", encoding="utf-8", errors="surrogatepass")

    def out(self, text: str) -> None:
        """A line of the result."""
        self.send({"out": text})

    def err(self, text: str) -> None:
        """A line about what went wrong."""
        self.send({"err": text})

    def send(self, frame: dict[str, Any]) -> None:
        """One frame; a display that has gone is not an error here."""
        with contextlib.suppress(OSError, ValueError):
            self._file.write(json.dumps(frame) + "\n")
            self._file.flush()


def _serve(connection: socket.socket, engine: Engine) -> None:
    with connection:
        wire = _Wire(connection)
        SINK.set(wire)
        incoming = connection.makefile("r", encoding="utf-8")
        try:
            request = json.loads(incoming.readline(_REQUEST_BYTES))
            code = _run(request, engine, incoming)
        except WorkbenchError as error:
            complain(error.one_line())
            code = error.exit_code
        except Exception as error:
            complain(f"Unexpected {type(error).__name__}: {error}.")
            code = 1
        wire.send({"exit": code})


def _body(name: str) -> Any:
    if name not in {entry.body for entry in COMMANDS.values()} or not name:
        raise UsageError(f"There is no command {name!r} here.", "Both workbenches must be of the same version.")
    module, _, function = name.partition(".")
    return getattr(import_module(f"workbench.commands.{module}"), function)


def _run(request: dict[str, Any], engine: Engine, incoming: Any) -> int:
    session = Session(Settings(**request["settings"]), engine.paths, engine=engine)
    done = threading.Event()

    def watch() -> None:
        # Each line asks to stop once more; the end of the stream means that nobody is listening any more.
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
