"""Runs a command in the process that owns the database and prints its lines here."""

from __future__ import annotations

import contextlib
import dataclasses
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbench.core.errors import ArchiveBusy, OwnerEnded
from workbench.core.sanitize import harmless
from workbench.core.settings import Settings
from workbench.ipc.command_output import interruptible
from workbench.ipc.local_socket import call, frames


def run(file: Path, command: str, arguments: Mapping[str, Any], settings: Settings, *, resumable: bool = False) -> int:
    """Run a command in the process that owns the database.

    Args:
        file: the socket of the home.
        command, arguments, settings: as CommandRunner takes them.
        resumable: whether the next owner can go on with it where this one ended.

    Returns the exit code. Raises ArchiveBusy when the command may be asked of the next owner: this one does not answer,
    ended before it began, or in the middle of a command that can be resumed. Raises OwnerEnded when it ended in the
    middle of any other.
    """
    begun = False
    request = {"command": command, "arguments": dict(arguments), "settings": dataclasses.asdict(settings)}
    with call(file, request) as connection, interruptible(lambda: _ask_to_stop(connection), [signal.SIGINT]):
        for frame in frames(connection):
            if "exit" in frame:
                return int(frame["exit"])
            if "begun" in frame:
                begun = True
            else:
                _show(frame)
    if not begun or resumable:
        raise ArchiveBusy("The workbench that owned the database has ended.", "Try again.")
    raise OwnerEnded("The workbench that did the work has ended.", "Run the command again: what was finished is kept.")


def _show(frame: Mapping[str, Any]) -> None:
    text = str(frame.get("out", frame.get("err", "")))
    print(harmless(text), file=sys.stderr if "err" in frame else sys.stdout, flush=True)


def _ask_to_stop(connection: socket.socket) -> None:
    """The owner stops the command as this process would."""
    with contextlib.suppress(OSError):
        connection.sendall(b"stop\n")
