"""Takes files that clients send, and loads them into sources, one load after the other.

A client names a source and a file, never a path: what is sent is kept in a folder of the source's inside the data folder of
the home, so that a reload finds it again, and `workbench load` reads it like any other folder.
"""

from __future__ import annotations

import hashlib
import itertools
import queue
import re
import threading
from collections import OrderedDict
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from loaders.registry import all_loaders
from workbench.api.events import Failed, Loaded, LoadProgress
from workbench.core.errors import NotFound, UsageError, WorkbenchError
from workbench.services.container import AppContext
from workbench.services.session import Session

_KEPT_JOBS = 200


class TooLarge(UsageError):
    """A body is larger than the server takes."""


class WrongType(UsageError):
    """A file of a kind that no loader reads."""


@dataclass
class LoadJob:
    """A load that a client asked for. `state`: waiting | loading | done | failed."""

    id: int
    source: str
    state: str = "waiting"
    progress: LoadProgress | None = None
    result: Loaded | None = None
    error: str = ""
    user: str = ""
    """The user who asked for it."""


class Uploads:
    """Files of clients, and the queue of their loads. One thread loads; it ends with `close`."""

    def __init__(self, app: AppContext, limit_bytes: int) -> None:
        self._app = app
        self._limit_bytes = limit_bytes
        self._folder = app.paths.data / "uploads"
        self._jobs: OrderedDict[int, LoadJob] = OrderedDict()
        self._numbers = itertools.count(1)
        self._waiting: queue.SimpleQueue[LoadJob | None] = queue.SimpleQueue()
        self._session = Session(app.settings, app.paths, app=app)
        self._thread = threading.Thread(target=self._load_all, name="server-load", daemon=True)
        self._thread.start()

    async def receive(self, source: str, file: str, body: AsyncIterator[bytes]) -> Path:
        """Keep a file under its source. Raises TooLarge, WrongType, UsageError for a name that is none; then nothing is kept."""
        name = _file_name(file)
        folder = self._folder_of(source)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = folder.parent / f".{folder.name}.{next(self._numbers)}.part"
        size = 0
        try:
            with part.open("wb") as kept:
                async for piece in body:
                    size += len(piece)
                    if size > self._limit_bytes:
                        raise TooLarge(
                            f"The file is larger than {self._limit_bytes // 1_000_000} MB.",
                            "Load it with `workbench load`, or start the server with a larger --upload-mb.",
                        )
                    kept.write(piece)
            if not size:
                raise UsageError("The file is empty.", "Send its bytes as the body of the request.")
            part.replace(folder / name)
        finally:
            part.unlink(missing_ok=True)
        return folder / name

    def load(self, source: str, user: str) -> LoadJob:
        """Load what was received for a source; what is loaded already is not read again."""
        job = LoadJob(next(self._numbers), source, user=user)
        self._jobs[job.id] = job
        while len(self._jobs) > _KEPT_JOBS:
            self._jobs.popitem(last=False)
        self._waiting.put(job)
        return job

    def job(self, number: int, user: str) -> LoadJob:
        """A load by its number. Raises NotFound for one that is not there, or that another user asked for."""
        job = self._jobs.get(number)
        if job is None or job.user != user:
            raise NotFound(f"There is no load {number}.", "Its number is in the answer to the upload.")
        return job

    def remove(self, source: str) -> int:
        """Take a source away with its files; how many documents it had. Raises NotFound."""
        count = self._session.library.remove(source)
        folder = self._folder_of(source)
        for file in folder.iterdir() if folder.is_dir() else ():
            file.unlink(missing_ok=True)
        return count

    def close(self) -> None:
        """Stop the load that runs; it goes on when the files are loaded again."""
        self._waiting.put(None)
        self._session.stop_load()
        self._thread.join(30)
        self._session.close()

    def _folder_of(self, source: str) -> Path:
        # A digest: whatever a client calls its source, the folder is inside ours and no other source's.
        return self._folder / hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()[:24]

    def _load_all(self) -> None:
        while (job := self._waiting.get()) is not None:
            job.state = "loading"
            try:
                for event in self._session.load([self._folder_of(job.source)], job.source, attach=False):
                    if isinstance(event, LoadProgress):
                        job.progress = event
                    elif isinstance(event, Loaded):
                        job.result = event
                    elif isinstance(event, Failed):
                        job.error = f"{event.message} {event.hint}".strip()
            except WorkbenchError as error:
                job.error = error.one_line()
            except Exception as error:  # the thread must live on for the next load
                job.error = f"Unexpected {type(error).__name__}: {error}."
            job.state = "done" if job.result is not None and not job.error else "failed"


def _file_name(given: str) -> str:
    """A plain file name of a kind that is loaded. Raises UsageError, WrongType."""
    name = given.strip()
    if not name or name.startswith(".") or re.search(r"[/\\\x00-\x1f\x7f]", name) or len(name.encode()) > 200:
        raise UsageError(f"{given[:60]!r} cannot be the name of a file.", "Send a plain name such as report.pdf.")
    suffix = Path(name).suffix.lower()
    known = {kind for loader in all_loaders() for kind in loader.suffixes}
    if suffix not in known:
        raise WrongType(
            f"Files of type {suffix or 'without a suffix'} are not loaded.", "`workbench help formats` lists what is."
        )
    return name
