"""Records what a Python process and its children do on the network and to files, one JSON line an event.

Python imports this module by its name at its start from a folder on PYTHONPATH. RECORDED names the file that is written to.
What a C library does by itself is no audit event; the tests look at the folders too.
"""

import json
import os
import sys
from typing import Any

_NETWORK = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.connect", "socket.sendto"}
_NETWORK_MODULES = {"urllib.Request", "http.client.connect"}
_FOLDERS = {"os.mkdir", "os.rename", "os.link", "os.symlink", "os.truncate"}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

_file = os.open(os.environ["RECORDED"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def _described(event: str, arguments: tuple[Any, ...]) -> object:
    if event in ("socket.connect", "socket.sendto"):
        return arguments[1]
    if event in _NETWORK:
        return arguments[:2]
    if event in _NETWORK_MODULES:
        return arguments[:1] if event == "urllib.Request" else arguments[1:]
    if event in _FOLDERS:
        return arguments[1] if event in ("os.rename", "os.link", "os.symlink") else arguments[0]
    if event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITING:
        return arguments[0] if not isinstance(arguments[0], int) else None
    return None


def _write(event: str, described: object) -> None:
    os.write(_file, json.dumps({"event": event, "what": described}, default=str).encode() + b"\n")


def _record(event: str, arguments: tuple[Any, ...]) -> None:
    described = _described(event, arguments)
    if described is not None:
        _write(event, described)


_write("started", sys.orig_argv)
sys.addaudithook(_record)
