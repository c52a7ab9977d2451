"""Refuses every way to the network in this process and in its workers, and keeps a list of what was tried.

Python tells its audit hooks of each connection and each look-up of a name before it is made, whichever library asks.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

VARIABLE = "WORKBENCH_REFUSE_NETWORK"
"""Names the file that what was tried is written to; workers inherit it."""

_EVENTS = frozenset({"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "socket.sendmsg"})
_HERE = ("127.", "::1", "localhost", "0.0.0.0")


def refuse_if_told() -> None:
    """Refuse the network in this process from now on when the environment says so; it cannot be taken back."""
    if file := os.environ.get(VARIABLE):
        refuse(Path(file))


def refuse(file: Path) -> None:
    """Refuse the network in this process from now on, and write a line for each attempt to `file`."""

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event not in _EVENTS:
            return
        place = _place(event, arguments)
        if place:
            with file.open("a", encoding="utf-8") as out:
                out.write(f"{place}\n")
            raise ConnectionRefusedError(f"the network is refused ({place})")

    sys.addaudithook(hook)


def _place(event: str, arguments: tuple[Any, ...]) -> str:
    """Where an event leads, "" for a place on this machine."""
    target = arguments[0] if event.startswith("socket.get") else arguments[-1]
    host = target[0] if isinstance(target, tuple) and target else target
    # A path or bytes is a socket of this machine; None means that any of its own addresses is wanted.
    if (
        host is None
        or isinstance(host, bytes)
        or not isinstance(host, str)
        or host == ""
        or host.startswith(("/", "\0", *_HERE))
    ):
        return ""
    return str(host)[:100]
