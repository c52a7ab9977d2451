"""A Unix socket between processes of one user: in a private folder, with the user of the other end checked on both sides.

What goes over it is the user's questions and settings, the API key among them, so neither end says a word before the
kernel has told whose process the other end is. The socket always lies in the folder that it is given, whatever the length
of its path: a shared temporary folder, where anybody may take a name that can be guessed, is no place for it.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
import socket
import stat
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from workbench.core.errors import ArchiveBusy, ArchiveError
from workbench.core.secrets import environment_without_keys

_LOG = logging.getLogger(__name__)

_LONGEST_PATH_BYTES = 100
"""sockaddr_un has room for 104 bytes on macOS and for 108 on Linux."""

_SOL_LOCAL, _LOCAL_PEERCRED, _LOCAL_PEERPID = 0, 1, 2
_XUCRED = struct.Struct("=IIh")
_XUCRED_BYTES = 76
"""macOS and the BSDs: struct xucred {u_int version; uid_t uid; short ngroups; gid_t groups[16];}."""


_LOOK_SECONDS = 3.0
"""How long the other end may be silent before it is looked whether it is stopped (SIGSTOP, ctrl+z): then it will stay silent."""

_CONNECT_SECONDS = 5.0


class OwnerStopped(ArchiveError):
    """The process that owns the database is stopped, and answers nobody until it goes on."""


class ForeignPeer(PermissionError):
    """The other end, or the folder of the socket, is not this user's."""


def peer_user(connection: socket.socket) -> int:
    """The user id of the process at the other end, from the kernel. Raises OSError where the system does not tell."""
    if sys.platform == "linux":
        _, user, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        return int(user)
    credentials = connection.getsockopt(_SOL_LOCAL, _LOCAL_PEERCRED, _XUCRED_BYTES)
    return int(_XUCRED.unpack_from(credentials)[1])


def peer_process(connection: socket.socket) -> int:
    """The process at the other end, 0 where the system does not tell."""
    with contextlib.suppress(OSError, struct.error):
        if sys.platform == "linux":
            return int(struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0])
        return int.from_bytes(connection.getsockopt(_SOL_LOCAL, _LOCAL_PEERPID, 4), sys.byteorder)
    return 0


def _is_stopped(process: int) -> bool:
    """Whether a process was stopped by a signal, and not merely is busy."""
    if not process:
        return False
    try:
        if sys.platform == "linux":
            state = (
                Path(f"/proc/{process}/stat")
                .read_text(encoding="utf-8", errors="replace")
                .rpartition(")")[2]
                .split()[0]
            )
        else:
            asked = subprocess.run(
                ["ps", "-o", "state=", "-p", str(process)], capture_output=True, text=True, check=False,
                env=environment_without_keys(),
            )  # fmt: skip
            state = asked.stdout.strip()
    except (OSError, IndexError):
        return False
    return state[:1] in ("T", "t")


class Listener:
    """Takes connections of this user's processes at `file`, whose folder must be private to the user.

    Whoever makes one must hold the lock of what it serves: a name that is left over is replaced.
    Raises OSError where the folder is not private (ForeignPeer) or the name cannot be had.
    """

    def __init__(self, file: Path, backlog: int) -> None:
        _check_private(file.parent)
        self._file = file
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with _locked(file.parent), _short(file) as path:
                file.unlink(missing_ok=True)
                self._socket.bind(path)
                file.chmod(0o600)
                self._mark = _mark(file)
            self._socket.listen(backlog)
        except BaseException:
            self._socket.close()
            raise

    def accept(self) -> socket.socket:
        """The next connection of this user's; those of others are closed unread. Raises OSError once it is closed."""
        while True:
            connection, _ = self._socket.accept()
            try:
                _check_peer(connection)
            except OSError as error:
                connection.close()
                _LOG.warning("a connection was turned away: %s", error)
                continue
            return connection

    def close(self) -> None:
        """Take no more connections. The name stays until `release`."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def release(self) -> None:
        """Remove the name, unless another process has it by now. Safe to call twice."""
        with contextlib.suppress(OSError), _locked(self._file.parent):
            if _mark(self._file) == self._mark:
                self._file.unlink()


def connect(file: Path) -> socket.socket:
    """A connection to the process of this user that listens at `file`. Raises OSError, ForeignPeer among them."""
    _check_private(file.parent)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _short(file) as path:
            # A process that is stopped takes no connection, and its queue may be full.
            connection.settimeout(_CONNECT_SECONDS)
            connection.connect(path)
            connection.settimeout(None)
        _check_peer(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def call(file: Path, request: Mapping[str, Any]) -> socket.socket:
    """A connection over which the owner of the database was sent `request`. Raises ArchiveBusy when nobody answers."""
    try:
        connection = connect(file)
    except ForeignPeer as error:
        raise ArchiveBusy(f"Another workbench owns the database, and {error}.", "Quit it, then try again.") from None
    except OSError:
        raise busy() from None
    try:
        connection.sendall(json.dumps(request).encode() + b"\n")
    except OSError:
        connection.close()
        raise busy() from None
    return connection


def frames(connection: socket.socket, *, patient: bool = False) -> Iterator[dict[str, Any]]:
    """What the other end sends, one JSON object a line, until it ends or sends anything else.

    Raises OwnerStopped when the other end is silent because it was stopped; `patient` waits until it goes on.
    """
    with contextlib.suppress(ConnectionError, ValueError):
        for line in _lines(connection, patient):
            frame = json.loads(line)
            if not isinstance(frame, dict):
                return
            yield frame


def _lines(connection: socket.socket, patient: bool) -> Iterator[bytes]:
    connection.settimeout(None if patient else _LOOK_SECONDS)
    rest = b""
    while True:
        try:
            part = connection.recv(1 << 16)
        except TimeoutError:
            if _is_stopped(process := peer_process(connection)):
                raise OwnerStopped(
                    f"The workbench that owns the database (process {process}) is stopped.",
                    f"Let it go on: fg in its terminal, or kill -CONT {process}. Or end it: kill -9 {process}; nothing is lost.",
                ) from None
            continue
        if not part:
            return
        *lines, rest = (rest + part).split(b"\n")
        yield from lines


def busy() -> ArchiveBusy:
    """The error for an owner that does not answer."""
    return ArchiveBusy("Another workbench owns the database and does not answer.", "Quit it, then try again.")


def _check_private(folder: Path) -> None:
    status = folder.stat()
    if status.st_uid != os.geteuid():
        raise ForeignPeer(f"the folder {folder} is not yours, so nothing is sent there")
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise ForeignPeer(f"the folder {folder} is open to other users, so nothing is sent there")


def _check_peer(connection: socket.socket) -> None:
    if (user := peer_user(connection)) != os.geteuid():
        raise ForeignPeer(f"what answers in its place is a process of another user ({user})")


def _mark(file: Path) -> tuple[int, int]:
    """What tells a name from a later one in its place: the number of a file that is gone may be given out again at once."""
    status = file.lstat()
    return status.st_ino, status.st_ctime_ns


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Only one process at a time gives or takes away the name: one that ends must not remove the name of the next."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextlib.contextmanager
def _short(file: Path) -> Iterator[str]:
    """A path to `file` that fits into an address: its own, or one through a link in a new private folder for this moment.

    The link's folder has a random name and mode 0700 (mkdtemp), so nobody can be there first or put another link there.
    """
    if len(os.fsencode(file)) <= _LONGEST_PATH_BYTES:
        yield str(file)
        return
    shared = next((place for place in (tempfile.gettempdir(), "/tmp") if len(os.fsencode(place)) < 60), "/tmp")
    folder = Path(tempfile.mkdtemp(prefix="wb-", dir=shared))
    link = folder / "d"
    try:
        link.symlink_to(file.parent.absolute(), target_is_directory=True)
        yield str(link / file.name)
    finally:
        link.unlink(missing_ok=True)
        folder.rmdir()
