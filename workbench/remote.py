"""The other end of one owner, many displays: a command goes to the process that owns the database, its lines come back."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbench.config import Settings
from workbench.errors import ArchiveBusy, WorkError
from workbench.output import interruptible


def run(file: Path, command: str, arguments: Mapping[str, Any], settings: Settings) -> int:
    """Run a command in the owner's process and return its exit code. Raises ArchiveBusy when the owner does not answer."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        try:
            connection.connect(str(file))
        except OSError:
            raise ArchiveBusy(
                "Another workbench owns the database and does not answer.", "Quit it, then try again."
            ) from None
        request = {"command": command, "arguments": dict(arguments), "settings": dataclasses.asdict(settings)}
        connection.sendall(json.dumps(request).encode() + b"\n")
        with interruptible(lambda: _ask_to_stop(connection), [signal.SIGINT]):
            for line in connection.makefile("r", encoding="utf-8"):
                frame = json.loads(line)
                if "exit" in frame:
                    return int(frame["exit"])
                print(frame.get("out", frame.get("err")), file=sys.stderr if "err" in frame else sys.stdout, flush=True)
    raise WorkError("The workbench that did the work has ended.", "Run the command again: what was finished is kept.")


def _ask_to_stop(connection: socket.socket) -> None:
    """The owner stops as this process would."""
    with contextlib.suppress(OSError):
        connection.sendall(b"stop\n")
