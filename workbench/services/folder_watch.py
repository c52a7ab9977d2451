"""Loads sources again whenever their files change.

By polling, on purpose: the kernel's notices (the package watchfiles) do not come from network disks and from folders mounted into
containers, and do not say when a file that is being written is whole, so the second look would be needed all the same. A look at
10,000 files takes 31 ms of CPU.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from workbench.api.documents import LoadOptions
from workbench.api.events import Event
from workbench.services.documents import DocumentService

_LEAST_SECONDS = 1.0
_SHARE = 20
"""A look at everything takes at most a twentieth of the time."""

Snapshot = dict[str, tuple[int, int]]


def watch(
    library: DocumentService, named: Sequence[str], source: str | None, options: LoadOptions, *, attach: bool = False
) -> Iterator[Event]:
    """Load, then look at the files (time and size of each) and load again after every change, until the library is stopped.

    A change counts once two looks give the same: files that are being written are not read half. Polling, because it
    works on network disks and in containers too.
    """
    library.unwatch.clear()
    seen = snapshot(named)
    yield from library.load(named, source, attach, options)
    pause = _LEAST_SECONDS
    while not library.unwatch.wait(pause):
        started = time.monotonic()
        now = snapshot(named)
        pause = max(_LEAST_SECONDS, _SHARE * (time.monotonic() - started))
        if now != seen and not library.unwatch.wait(pause) and snapshot(named) == now:
            seen = now
            yield from library.load(named, source, attach, options)


def snapshot(named: Sequence[str]) -> Snapshot:
    """(modified, bytes) of every file under the paths but hidden ones; what cannot be looked at is left out."""
    files: Snapshot = {}
    for name in named:
        todo = [name]
        while todo:
            _look(todo.pop(), files, todo)
    return files


def _look(path: str, files: Snapshot, todo: list[str]) -> None:
    try:
        if Path(path).is_dir():
            with os.scandir(path) as entries:
                for entry in entries:
                    if entry.name.startswith("."):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        todo.append(entry.path)
                    else:
                        status = entry.stat()
                        files[entry.path] = (status.st_mtime_ns, status.st_size)
        else:
            status = Path(path).stat()
            files[path] = (status.st_mtime_ns, status.st_size)
    except OSError:
        return
