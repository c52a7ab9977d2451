"""Files go in, what became of them comes out: found, read, cut, embedded and archived, with progress on the way.

One file is read and others are embedded while finished ones are written. A document enters the archive in one
transaction with its vectors, in the order of the files, so that whatever ends a load, everything before that is whole.
"""

from __future__ import annotations

import collections
import contextlib
import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotDoneError
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from loaders import registry
from loaders.document import Document, LoadError
from loaders.folder import Found
from loaders.origins import Origin
from workbench.events import FileFailed, Loaded, LoadProgress
from workbench.ingest.embedder import Embedder
from workbench.ingest.passage import PassageDraft
from workbench.ingest.progress import Meter
from workbench.ingest.reader import Reader, Reading
from workbench.ingest.worker import CancelledError

if TYPE_CHECKING:
    import numpy as np

_AHEAD_FILES = 8
_AHEAD_PASSAGES = 2_000
_TICK_SECONDS = 0.1
_SCAN_FILES = 200
_READ_BYTES = 1 << 20


class PassageSink(Protocol):
    """The archive as a load sees it; called from one thread. `workbench.memory.archival_storage` is one."""

    def source_id(self, name: str) -> int:
        """The source of that name, made when there is none."""
        ...

    def find_document(self, content_hash: str, loader: str, loader_version: int) -> int | None:
        """The document that this loader made of the same bytes before."""
        ...

    def link_document(self, source: int, path: str, document: int) -> bool:
        """Link a known document; False when that very link was there. Replaces what the path linked before."""
        ...

    def add_document(
        self,
        source: int,
        path: str,
        content_hash: str,
        document: Document,
        passages: Sequence[PassageDraft],
        vectors: np.ndarray[Any, Any],
        embedder: str,
        size_bytes: int,
    ) -> int:
        """Store and link a document with its passages and vectors, in one transaction."""
        ...


@dataclass
class _Job:
    """A file on its way. `reading` and `vectors` are None until they are asked for."""

    found: Found
    content_hash: str
    reading: Future[Reading] | None = None
    vectors: Future[np.ndarray[Any, Any]] | None = None
    passages: int = 0


@dataclass
class _Tally:
    documents: int = 0
    pages: int = 0
    passages: int = 0
    unchanged: int = 0
    excluded: int = 0
    failed: list[FileFailed] = field(default_factory=list)


def load(
    origins: Sequence[Origin],
    *,
    source: str,
    archive: PassageSink,
    embedder: Embedder,
    reader: Reader,
    clock: Callable[[], float],
    cancel: threading.Event,
    passwords: Sequence[str] = (),
) -> Iterator[LoadProgress | Loaded]:
    """Load what `origins` hold into `source`; the last event is Loaded. `clock` gives seconds.

    Raises EmbedderError and what the archive raises; what is stored by then is whole. A file that cannot be loaded is a
    row in Loaded.failed; `passwords` are tried on each that needs one. Setting `cancel` ends the load within a moment.
    """
    run = _Load(source, archive, embedder, reader, clock, cancel, tuple(passwords))
    try:
        yield from run.events(origins)
    finally:
        run.close()


class _Load:
    def __init__(
        self,
        source: str,
        archive: PassageSink,
        embedder: Embedder,
        reader: Reader,
        clock: Callable[[], float],
        cancel: threading.Event,
        passwords: tuple[str, ...],
    ) -> None:
        self.passwords = passwords
        self.archive, self.embedder, self.reader = archive, embedder, reader
        self.cancel = cancel
        self.ended = _Either(cancel)
        self.source_name = source
        self.source = archive.source_id(source)
        self.tally = _Tally()
        self.meter = Meter(clock)
        self.waiting: collections.deque[Found] = collections.deque()
        self.jobs: collections.deque[_Job] = collections.deque()
        self.reading_threads = ThreadPoolExecutor(1, "reading")
        self.embedding_threads = ThreadPoolExecutor(2, "embedding")

    def close(self) -> None:
        """Stop what is under way and wait for the threads."""
        self.ended.set()
        for threads in (self.reading_threads, self.embedding_threads):
            threads.shutdown(wait=True, cancel_futures=True)

    def events(self, origins: Sequence[Origin]) -> Iterator[LoadProgress | Loaded]:
        with contextlib.suppress(CancelledError):
            for number, found in enumerate(self._found(origins)):
                self._check()
                self._sort(found)
                if number % _SCAN_FILES == 0:
                    yield self.progress("scan", found.relative)
            while self.waiting or self.jobs:
                self._read_ahead()
                yield from self._finish_first()
        yield Loaded(
            source=self.source_name,
            documents=self.tally.documents,
            pages=self.tally.pages,
            passages=self.tally.passages,
            unchanged=self.tally.unchanged,
            excluded=self.tally.excluded,
            failed=tuple(self.tally.failed),
            stopped=self.cancel.is_set(),
            seconds=self.meter.seconds,
        )

    def progress(self, stage: str, current: str = "") -> LoadProgress:
        return self.meter.progress(self.source_name, stage, current, failed=len(self.tally.failed))

    def _check(self) -> None:
        if self.ended.is_set():
            raise CancelledError

    def _found(self, origins: Sequence[Origin]) -> Iterator[Found]:
        """Everything the origins hold; two files of one name get the name of their folder in front."""
        taken: dict[str, Path] = {}
        for origin in origins:
            try:
                for found in origin.found(self.ended):
                    yield _named_apart(found, origin.parents, taken)
            except LoadError as error:
                yield Found(Path(origin.name), origin.name, "unreadable", error.reason, error.remedy)

    def _sort(self, found: Found) -> None:
        if found.status == "excluded":
            self.tally.excluded += 1
        elif found.status == "load":
            self.waiting.append(found)
            self.meter.found(found.size_bytes)
        else:
            self.meter.found(0)
            self._fail(found, found.reason, found.remedy)

    def _fail(self, found: Found, reason: str, remedy: str) -> None:
        self.tally.failed.append(FileFailed(path=found.relative, reason=reason, remedy=remedy))
        self.meter.file_done(found.size_bytes)

    def _read_ahead(self) -> None:
        """Hash files and have them read, a few more than are being embedded; unchanged ones are only linked."""
        while self.waiting and len(self.jobs) < _AHEAD_FILES and self._unembedded() < _AHEAD_PASSAGES:
            self._check()
            found = self.waiting.popleft()
            try:
                content_hash = _hash(found.path)
            except OSError as error:
                reason = f"it cannot be read: {error.strerror or error}"
                self._fail(found, reason, "Check its permissions and try again.")
                continue
            job = _Job(found, content_hash)
            if all(other.content_hash != content_hash for other in self.jobs) and not self._known(job):
                job.reading = self.reading_threads.submit(self.reader.read, found.path, self.ended, self.passwords)
            self.jobs.append(job)
        for job in self.jobs:
            self._embed(job)

    def _unembedded(self) -> int:
        return sum(job.passages for job in self.jobs)

    def _known(self, job: _Job) -> int | None:
        """The archive's document of the same bytes, as today's loader would read them."""
        try:
            loader = registry.choose(job.found.path).loader
        except LoadError:
            return None
        if loader is None:
            return None
        names = loader.stored_as(self.reader.options)
        found = (self.archive.find_document(job.content_hash, name, loader.version) for name in names)
        return next((document for document in found if document is not None), None)

    def _embed(self, job: _Job) -> None:
        """Have a file that is read embedded; does nothing while it is not read, or could not be."""
        if job.vectors is None and job.reading is not None and job.reading.done() and not job.reading.exception():
            passages = job.reading.result().passages
            job.passages = len(passages)
            self.meter.read(len(job.reading.result().document.pages), len(passages), job.found.size_bytes)
            texts = [passage.embedding_text for passage in passages]
            job.vectors = self.embedding_threads.submit(
                self.embedder.embed, texts, cancel=self.ended, on_done=self.meter.embedded
            )

    def _finish_first(self) -> Iterator[LoadProgress]:
        """Wait a moment for the first file in order, and bring it to its end once it is embedded."""
        if not self.jobs:
            return
        job = self.jobs[0]
        self._check()
        stage = "read" if job.reading is not None and not job.reading.done() else "embed"
        future: Future[Any] | None = job.vectors or job.reading
        if future is not None:
            with contextlib.suppress(NotDoneError, LoadError):
                future.result(timeout=_TICK_SECONDS)
        if future is None or (future.done() and (job.vectors is not None or future.exception() is not None)):
            self.jobs.popleft()
            self._finish(job)
            stage = "write"
        yield self.progress(stage, job.found.relative)

    def _finish(self, job: _Job) -> None:
        try:
            if job.reading is not None:
                self._store(job, job.reading.result())
            elif (document := self._known(job)) is not None:
                self._link(job, document)
            else:
                # The same bytes stood before it in the queue and could not be read: say so for this file too.
                self._store_alone(job)
        except LoadError as error:
            self._fail(job.found, error.reason, error.remedy)

    def _store_alone(self, job: _Job) -> None:
        reading = self.reader.read(job.found.path, self.ended, self.passwords)
        job.reading = Future()
        job.reading.set_result(reading)
        self._embed(job)
        self._store(job, reading)

    def _store(self, job: _Job, reading: Reading) -> None:
        assert job.vectors is not None
        vectors = job.vectors.result()
        self._check()
        self.archive.add_document(
            self.source,
            job.found.relative,
            job.content_hash,
            reading.document,
            reading.passages,
            vectors,
            self.embedder.model_id,
            job.found.size_bytes,
        )
        self.tally.documents += 1
        self.tally.pages += len(reading.document.pages)
        self.tally.passages += len(reading.passages)
        self.meter.file_done(job.found.size_bytes)

    def _link(self, job: _Job, document: int) -> None:
        self.archive.link_document(self.source, job.found.relative, document)
        self.tally.unchanged += 1
        self.meter.file_done(job.found.size_bytes)


class _Either(threading.Event):
    """Set when it is set itself or when the caller's event is."""

    def __init__(self, other: threading.Event) -> None:
        super().__init__()
        self._other = other

    def is_set(self) -> bool:
        return super().is_set() or self._other.is_set()


def _named_apart(found: Found, parents: Sequence[str], taken: dict[str, Path]) -> Found:
    name, folders = found.relative, list(parents)
    while taken.setdefault(name, found.path) != found.path and folders:
        name = f"{folders.pop()}/{name}"
    return found if name == found.relative else replace(found, relative=name)


def _hash(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while data := file.read(_READ_BYTES):
            digest.update(data)
    return digest.hexdigest()
