"""Remembers beside the database how far its write-ahead log was written, so that a log which lost its beginning is noticed.

DuckDB 2.0 replays nothing of a log whose head is zeroed, foreign or gone, and says nothing (measured: 50 of 50 committed rows
lost in silence; of a log cut in half, 26). The mark is one line: the checkpoint that the log goes on from, its length, and a
checksum of all of it. It is written after each commit and forced to the disk once a second, so after a power cut it may lie
behind the log, never before it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import struct
import sys
import time
import zlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

_LINE_BYTES = 128
_HEADERS = (4_096, 8_192)
"""Where DuckDB keeps its two headers; a checksum of eight bytes, then the number of the checkpoint."""

_SYNC_SECONDS = 1.0
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class _Mark:
    """What was written last: `commits` counts since the checkpoint, `since` and `last` are seconds since 1970."""

    checkpoint: int
    size: int
    checksum: int
    commits: int
    since: int
    last: int

    def line(self) -> bytes:
        text = " ".join(map(str, (1, *vars(self).values())))
        return f"{text} {zlib.crc32(text.encode()):08x}\n".encode().ljust(_LINE_BYTES)

    @classmethod
    def read(cls, data: bytes) -> _Mark | None:
        """The mark; None where there is none, or one that was torn."""
        text, _, check = data.decode("ascii", "replace").strip().rpartition(" ")
        try:
            version, *values = map(int, text.split(" "))
            whole = int(check, 16) == zlib.crc32(text.encode())
        except ValueError:
            return None
        return cls(*values) if whole and version == 1 and len(values) == 6 else None


class WalMark:
    """The mark of one database file. Only the thread that writes the database calls `note`."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._wal = Path(f"{file}.wal")
        self._path = Path(f"{file}.mark")
        # Opened before DuckDB opens the file and closed after: closing any descriptor of a file gives up the process's locks.
        self._database = _opened(file, os.O_RDONLY)
        self._descriptor: int | None = None
        self._now: _Mark | None = None
        self._synced = 0.0

    def damage(self) -> str:
        """What is wrong with the log, as a sentence, before DuckDB opens the file; "" when nothing is known to be."""
        mark = _Mark.read(self._path.read_bytes()) if self._path.is_file() else None
        if mark is not None and not os.path.lexists(self._file):
            return f"The database {self._file} is gone, with all that was written up to {_when(mark.last)}; this is a new one."
        checkpoint = self._checkpoint()
        if mark is None or checkpoint is None or _is_locked(self._database):
            return ""
        if checkpoint < mark.checkpoint:
            return f"{self._file} is an older copy: what was written up to {_when(mark.last)} is not in it."
        if checkpoint > mark.checkpoint or not mark.size:
            return ""
        if _checksum(self._wal, mark.size) == mark.checksum:
            return ""
        many = f"{mark.commits:,} write{'s' * (mark.commits != 1)}"
        return (
            f"The write-ahead log of {self._file} was damaged from outside: up to {many} between {_when(mark.since)} and "
            f"{_when(mark.last)} are lost."
        )

    def set_aside(self, *, move: bool) -> Path | None:
        """Keep the damaged log under another name beside the database, and return that; None when there is none."""
        if not self._wal.is_file() or not self._wal.stat().st_size:
            return None
        kept = self._wal.with_name(f"{self._wal.name}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%S}")
        if move:
            self._wal.replace(kept)
        else:
            shutil.copy2(self._wal, kept)
        with contextlib.suppress(OSError):
            kept.chmod(0o600)
        return kept

    def note(self) -> None:
        """Remember the log as it is, after a commit. Costs the bytes that the commit added; never fails a write."""
        with contextlib.suppress(OSError, ValueError):
            self._note()

    def log_bytes(self) -> int:
        """How much is in the log and not in the file yet."""
        try:
            return self._wal.stat().st_size
        except OSError:
            return 0

    def _note(self) -> None:
        if self._database is None:
            self._database = _opened(self._file, os.O_RDONLY)
        checkpoint = self._checkpoint() or 0
        size = self.log_bytes()
        now = int(time.time())
        before = self._now
        if before is None or before.checkpoint != checkpoint or size < before.size:
            mark = _Mark(checkpoint, size, _checksum(self._wal, size) or 0, 1, now, now)
        elif size == before.size:
            return
        else:
            mark = replace(
                before, size=size, checksum=_checksum(self._wal, size, before.size, before.checksum) or 0,
                commits=before.commits + 1, last=now,
            )  # fmt: skip
        self._write(mark)

    def _write(self, mark: _Mark) -> None:
        if self._descriptor is None:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.pwrite(self._descriptor, mark.line(), 0)
        self._now = mark
        if time.monotonic() - self._synced > _SYNC_SECONDS:
            os.fsync(self._descriptor)
            self._synced = time.monotonic()

    def forget(self) -> None:
        """The file was written anew: what is known of the old one is void."""
        self._now = None
        self._path.unlink(missing_ok=True)
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def close(self) -> None:
        """Let the files go, after DuckDB has."""
        for descriptor in (self._descriptor, self._database):
            if descriptor is not None:
                os.close(descriptor)
        self._descriptor = self._database = None

    def _checkpoint(self) -> int | None:
        if self._database is None:
            return None
        numbers = []
        for at in _HEADERS:
            try:
                data = os.pread(self._database, 16, at)
            except OSError:  # a folder in the file's place, a disk that fails: DuckDB says so
                return None
            if len(data) == 16:
                numbers.append(struct.unpack("<QQ", data)[1])
        return max(numbers, default=None)


def kept_aside(file: Path) -> list[Path]:
    """The damaged logs that were set aside."""
    return sorted(file.parent.glob(f"{file.name}.wal.damaged-*"))


def _opened(file: Path, flags: int) -> int | None:
    try:
        return os.open(file, flags | os.O_CLOEXEC)
    except OSError:
        return None


def _checksum(file: Path, size: int, start: int = 0, value: int = 0) -> int | None:
    """The checksum of the bytes up to `size`, going on from that of those up to `start`; None where they are not there."""
    try:
        with file.open("rb") as log:
            log.seek(start)
            left = size - start
            while left > 0:
                part = log.read(min(left, _BLOCK_BYTES))
                if not part:
                    return None
                value = zlib.crc32(part, value)
                left -= len(part)
    except OSError:
        return None if size else value
    return value


def _is_locked(descriptor: int | None) -> bool:
    """Whether another process holds the file: then its log is being written, and nothing can be said of it."""
    if descriptor is None or not sys.platform.startswith("linux"):
        return descriptor is not None and not sys.platform.startswith("linux")
    import fcntl

    asked = struct.pack("@hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
    found = struct.unpack("@hhqqi4x", fcntl.fcntl(descriptor, fcntl.F_GETLK, asked))
    return int(found[0]) != fcntl.F_UNLCK


def _when(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
