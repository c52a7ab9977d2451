"""Reads a few files ahead and stores their documents one by one, in order."""

from __future__ import annotations

import collections
import hashlib
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotDoneError
from dataclasses import dataclass, replace
from pathlib import Path

from loaders import registry
from loaders.document import LoadError
from workbench.core.worker_process import CancelledError
from workbench.ingest.prepare import Reading
from workbench.ingest.progress import LoadReport, Meter
from workbench.ingest.reader_client import BrokeLimitsError, Reader
from workbench.ingest.scanner import Candidate
from workbench.storage.archive import ArchivalStorage
from workbench.storage.load_queue import QueuedFile, Refused
from workbench.storage.rows import Arrival
from workbench.storage.sources import Link

_AHEAD_FILES = 4
_AHEAD_PASSAGES = 1_000
_READ_BYTES = 1 << 20
_SET_ASIDE = "It is set aside until it changes; `workbench queue retry` tries it again."


@dataclass
class _Job:
    """A file on its way. `reading` is None while nobody needs to read it; `document` is the one known of its bytes."""

    file: Candidate
    content_hash: str = ""
    document: int | None = None
    reading: Future[Reading] | None = None

    @property
    def passages(self) -> int:
        """How many it was cut into, 0 while it is not read."""
        done = self.reading is not None and self.reading.done() and not self.reading.exception()
        return len(self.reading.result().passages) if done and self.reading is not None else 0


class StoreStage:
    """One load's way from files to stored documents. One thread calls it; another reads ahead."""

    def __init__(
        self, source: int, archive: ArchivalStorage, embedder: str, reader: Reader, cancel: threading.Event,
        meter: Meter, tally: LoadReport, passwords: Sequence[str] = (), *, retry: bool = False,
    ) -> None:  # fmt: skip
        self._source, self._archive, self._embedder = source, archive, embedder
        self._reader, self._cancel, self._passwords = reader, cancel, passwords
        self._meter, self._tally = meter, tally
        self._retry = retry
        self._links: dict[str, Link] = {link.path: link for link in archive.holdings.links(source)}
        self._queued: dict[str, QueuedFile] = {item.path: item for item in archive.queue.files(source)}
        self._waiting: collections.deque[Candidate] = collections.deque()
        self._jobs: collections.deque[_Job] = collections.deque()
        self._refused: list[Refused] = []
        self._threads = ThreadPoolExecutor(1, "reading")
        self.new_links: dict[str, int] = {}
        """Paths that linked nothing before this load, and the documents they link now."""

    @property
    def busy(self) -> bool:
        """Whether files are still to be stored."""
        return bool(self._waiting or self._jobs)

    @property
    def page(self) -> tuple[int, int]:
        """The page that is read now, of how many; (0, 0) where that is not known."""
        return self._reader.page

    def take(self, file: Candidate) -> None:
        """Decide what becomes of an entry: left out, not loadable, or waiting."""
        entry = file.found
        queued = self._queued.get(entry.relative)
        if entry.status == "excluded" or (queued is not None and queued.state == "skipped" and not self._retry):
            self._tally.excluded += 1
        elif entry.status == "load":
            self._waiting.append(file)
            self._meter.found(entry.size_bytes)
        else:
            self._meter.found(0)
            self._fail(file, LoadError(entry.reason, entry.remedy))

    def begin(self) -> None:
        """Everything was seen: what waits is put on the queue, so that it is known after any end."""
        self._flush()
        self._archive.queue.wait(
            self._source, [(file.found.relative, file.location, file.found.size_bytes) for file in self._waiting]
        )

    def advance(self, seconds: float) -> tuple[str, str]:
        """Wait at most so long for the next file and bring it to its end; (stage, path). Raises CancelledError."""
        self._read_ahead()
        if not self._jobs:
            return "read", ""
        job = self._jobs[0]
        if job.reading is not None:
            try:
                job.reading.exception(timeout=seconds)
            except NotDoneError:
                return "read", job.file.found.relative
        self._jobs.popleft()
        self._finish(job)
        return "write", job.file.found.relative

    def close(self) -> None:
        """Store what is known of failures; wait for the thread, whose reading was cancelled."""
        self._flush()
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _flush(self) -> None:
        refused, self._refused = self._refused, []
        self._archive.queue.note(self._source, refused)

    def _fail(self, file: Candidate, error: LoadError, content_hash: str = "") -> None:
        remedy = f"{error.remedy} {_SET_ASIDE}" if isinstance(error, BrokeLimitsError) else error.remedy
        self._tally.fail(file.found.relative, error.reason, remedy)
        self._meter.file_done(file.found.size_bytes)
        refused = Refused(
            file.found.relative, file.location, error.reason, error.remedy,
            "quarantined" if isinstance(error, BrokeLimitsError) else "failed", content_hash, file.found.size_bytes,
        )  # fmt: skip
        queued = self._queued.get(refused.path)
        if queued is None or _told(queued) != replace(refused, size_bytes=queued.size_bytes):
            self._refused.append(refused)
        else:
            self._tally.failed_before += 1

    def _read_ahead(self) -> None:
        """Hash files and have them read, a few more than are stored; of unchanged ones nothing more is asked."""
        while self._waiting and len(self._jobs) < _AHEAD_FILES and self._ahead() < _AHEAD_PASSAGES:
            self._check()
            file = self._waiting.popleft()
            try:
                job = _Job(file, content_hash(file.found.path))
            except OSError as error:
                reason = f"it cannot be read: {error.strerror or error}"
                self._fail(file, LoadError(reason, "Check its permissions and try again."))
                continue
            job.document = self._known(job)
            alone = all(other.content_hash != job.content_hash for other in self._jobs)
            if job.document is None and alone and not self._set_aside(job):
                job.reading = self._threads.submit(self._read, file.found.path)
            self._jobs.append(job)

    def _ahead(self) -> int:
        return sum(job.passages for job in self._jobs)

    def _read(self, path: Path) -> Reading:
        return self._reader.read(path, self._cancel, self._passwords)

    def _known(self, job: _Job) -> int | None:
        """The archive's document of the same bytes, as today's loader would read them."""
        try:
            loader = registry.choose(job.file.found.path).loader
        except LoadError:
            return None
        if loader is None:
            return None
        names = loader.stored_as(self._reader.options)
        link = self._links.get(job.file.found.relative)
        if (
            link
            and (link.content_hash, link.loader_version) == (job.content_hash, loader.version)
            and link.loader in names
        ):
            return link.document
        known = (self._archive.find_document(job.content_hash, name, loader.version) for name in names)
        return next((document for document in known if document is not None), None)

    def _set_aside(self, job: _Job) -> QueuedFile | None:
        """The queue's row of a file that broke a limit, when its bytes are still the same and nobody asks for it."""
        queued = self._queued.get(job.file.found.relative)
        if self._retry or queued is None or queued.state != "quarantined":
            return None
        return queued if queued.content_hash == job.content_hash else None

    def _finish(self, job: _Job) -> None:
        self._check()
        try:
            if job.document is None and job.reading is None:
                if queued := self._set_aside(job):
                    raise BrokeLimitsError(queued.reason, queued.remedy)
                # The same bytes stood before it in the queue: they are stored now, or could not be read.
                job.document = self._known(job)
            if job.document is not None:
                self._link(job, job.document)
            else:
                self._store(job, job.reading.result() if job.reading else self._read(job.file.found.path))
        except LoadError as error:
            self._fail(job.file, error, job.content_hash)

    def _store(self, job: _Job, reading: Reading) -> None:
        self._check()
        entry = job.file.found
        stored = self._archive.store(
            Arrival(
                self._source, entry.relative, job.content_hash, reading.document, reading.passages, self._embedder,
                entry.size_bytes, job.file.location, reading.sketch, reading.counted,
            )
        )  # fmt: skip
        if stored.before is None:
            self.new_links[entry.relative] = stored.document
        self._tally.stored(entry.relative, reading, stored)
        self._meter.read(len(reading.document.pages), len(reading.passages) - stored.reused, entry.size_bytes)
        self._meter.file_done(entry.size_bytes)

    def _link(self, job: _Job, document: int) -> None:
        entry = job.file.found
        link = self._links.get(entry.relative)
        if link is None or (link.document, link.location) != (document, job.file.location):
            self._archive.link_document(self._source, entry.relative, document, job.file.location)
        elif entry.relative in self._queued:
            self._archive.queue.drop(self._source, [entry.relative])
        if link is None:
            self.new_links[entry.relative] = document
        self._tally.unchanged += 1
        self._meter.file_done(entry.size_bytes)

    def _check(self) -> None:
        if self._cancel.is_set():
            raise CancelledError


def _told(queued: QueuedFile) -> Refused:
    return Refused(
        queued.path, queued.location, queued.reason, queued.remedy, queued.state, queued.content_hash, queued.size_bytes
    )


def content_hash(path: Path) -> str:
    """SHA-256 of the file's bytes, in hexadecimal. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while data := file.read(_READ_BYTES):
            digest.update(data)
    return digest.hexdigest()
