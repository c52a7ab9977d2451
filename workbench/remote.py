"""The other end of one owner, many displays: a command goes to the process that owns the database, its lines come back."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import signal
import socket
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from workbench.config import Settings
from workbench.errors import ArchiveBusy, WorkError
from workbench.flags.load import BODY
from workbench.output import interruptible


def run(file: Path, command: str, arguments: Mapping[str, Any], settings: Settings) -> int:
    """Run a command in the owner's process and return its exit code.

    Raises ArchiveBusy when the owner does not answer, or ended before it began or in the middle of a load: it may be
    asked of the next owner then. WorkError when it ended in the middle of anything else.
    """
    begun = False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        try:
            connection.connect(str(file))
            request = {"command": command, "arguments": dict(arguments), "settings": dataclasses.asdict(settings)}
            connection.sendall(json.dumps(request).encode() + b"\n")
        except OSError:
            raise ArchiveBusy(
                "Another workbench owns the database and does not answer.", "Quit it, then try again."
            ) from None
        with interruptible(lambda: _ask_to_stop(connection), [signal.SIGINT]):
            for frame in _frames(connection):
                if "exit" in frame:
                    return int(frame["exit"])
                if "begun" in frame:
                    begun = True
                else:
                    _show(frame)
    if not begun or command == BODY:
        raise ArchiveBusy("The workbench that owned the database has ended.", "Try again.")
    raise WorkError("The workbench that did the work has ended.", "Run the command again: what was finished is kept.")


def _frames(connection: socket.socket) -> Iterator[dict[str, Any]]:
    """What the owner sends, until it ends."""
    with contextlib.suppress(ConnectionError):
        for line in connection.makefile("r", encoding="utf-8"):
            yield json.loads(line)


def _show(frame: Mapping[str, Any]) -> None:
    print(frame.get("out", frame.get("err")), file=sys.stderr if "err" in frame else sys.stdout, flush=True)


def _ask_to_stop(connection: socket.socket) -> None:
    """The owner stops as this process would."""
    with contextlib.suppress(OSError):
        connection.sendall(b"stop\n")
