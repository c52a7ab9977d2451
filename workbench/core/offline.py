"""Refuses every way to the network in this process and in its workers, and keeps a list of what was tried.

Python tells its audit hooks of each connection and each look-up of a name before it is made, whichever library asks.
"""

from __future__ import annotations

import ipaddress
import os
import sys
from pathlib import Path
from typing import Any

VARIABLE = "WORKBENCH_REFUSE_NETWORK"
"""Names the file that what was tried is written to; workers inherit it."""

_LOOKUPS = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"})
_EVENTS = _LOOKUPS | {"socket.connect", "socket.sendto", "socket.sendmsg"}


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
    if event in _LOOKUPS:
        host = arguments[0]
    else:
        address = arguments[-1]
        # What is no tuple is the path of a socket of this machine; None is the other end of one that is connected.
        host = address[0] if isinstance(address, tuple) and address else ""
    if isinstance(host, bytes):
        host = host.decode(errors="replace")
    return host[:100] if isinstance(host, str) and host and not _is_here(host) else ""


def _is_here(host: str) -> bool:
    try:
        number = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost"
    return number.is_loopback or number.is_unspecified
