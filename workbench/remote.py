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
        with _stopping(connection):
            for line in connection.makefile("r", encoding="utf-8"):
                frame = json.loads(line)
                if "exit" in frame:
                    return int(frame["exit"])
                print(frame.get("out", frame.get("err")), file=sys.stderr if "err" in frame else sys.stdout, flush=True)
    raise WorkError("The workbench that did the work has ended.", "Run the command again: what was finished is kept.")


@contextlib.contextmanager
def _stopping(connection: socket.socket) -> Iterator[None]:
    """Ctrl+C asks the owner to stop, as it would here."""
    presses = 0

    def pressed(number: int, frame: object) -> None:
        nonlocal presses
        presses += 1
        if presses > 2:
            raise KeyboardInterrupt
        with contextlib.suppress(OSError):
            connection.sendall(b"stop\n")

    before = signal.signal(signal.SIGINT, pressed)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
