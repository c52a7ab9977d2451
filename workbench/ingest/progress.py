"""Turns the counts of a load's threads into LoadProgress events with rate and remaining time."""

from __future__ import annotations

import collections
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from workbench.api.events import FileFailed, Loaded, LoadProgress
from workbench.ingest.prepare import Reading
from workbench.storage.metadata import remark
from workbench.storage.rows import Stored

_WINDOW_SECONDS = 10.0
_SURE_AFTER_PASSAGES = 16


class Meter:
    """Counts files, pages and passages of one load. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._started = clock()
        self._lock = threading.Lock()
        self._recent: collections.deque[tuple[float, int]] = collections.deque()
        self.files = self.files_done = self.pages = 0
        self.passages_read = self.passages_done = self.passages_before = 0
        self.bytes_found = self.bytes_done = self.bytes_read = 0

    @property
    def seconds(self) -> float:
        """How long the load has taken so far."""
        return self._clock() - self._started

    def found(self, size_bytes: int) -> None:
        """A file is to be loaded."""
        self.files += 1
        self.bytes_found += size_bytes

    def left_before(self, passages: int) -> None:
        """So many passages of an earlier load still wait to be embedded."""
        self.passages_before += passages

    def read(self, pages: int, passages: int, size_bytes: int) -> None:
        """A file was read and cut into passages, of which so many are to be embedded."""
        self.pages += pages
        self.passages_read += passages
        self.bytes_read += size_bytes

    def embedded(self, passages: int) -> None:
        """So many more passages have their vectors. Called from any thread."""
        with self._lock:
            self.passages_done += passages
            self._recent.append((self._clock(), passages))

    def file_done(self, size_bytes: int) -> None:
        """A file came to its end, whatever that was."""
        self.files_done += 1
        self.bytes_done += size_bytes

    def rate(self) -> float:
        """Passages embedded a second, over the last moments."""
        now = self._clock()
        with self._lock:
            while self._recent and now - self._recent[0][0] > _WINDOW_SECONDS:
                self._recent.popleft()
            if not self._recent:
                return 0.0
            return sum(count for _, count in self._recent) / max(0.25, now - self._recent[0][0])

    def remaining_seconds(self) -> float | None:
        """Until the end, supposing that the files still to be read are like those read; None while that is a guess."""
        rate = self.rate()
        unread_bytes = max(0, self.bytes_found - max(self.bytes_read, self.bytes_done))
        if self.passages_done < _SURE_AFTER_PASSAGES or rate <= 0 or (unread_bytes and self.bytes_read <= 0):
            return None
        expected: float = self.passages_before + self.passages_read
        expected += unread_bytes * self.passages_read / self.bytes_read if unread_bytes else 0
        return max(0.0, (expected - self.passages_done) / rate)

    def progress(
        self, source: str, stage: str, current: str, failed: int, page: tuple[int, int] = (0, 0)
    ) -> LoadProgress:
        """The event for a display; `page` is the page of the current file that is read now, of how many."""
        return LoadProgress(
            source=source,
            stage=stage,
            files_done=self.files_done,
            files_total=self.files,
            pages=self.pages,
            passages_done=self.passages_done,
            passages_total=self.passages_before + self.passages_read,
            current=current,
            passages_per_second=self.rate(),
            remaining_seconds=self.remaining_seconds(),
            failed=failed,
            current_page=page[0],
            current_pages=page[1],
        )


@dataclass
class LoadReport:
    """Counts of one load (see events.Loaded)."""

    documents: int = 0
    pages: int = 0
    passages: int = 0
    unchanged: int = 0
    excluded: int = 0
    changed: int = 0
    reused: int = 0
    failed: list[FileFailed] = field(default_factory=list)
    failed_before: int = 0
    moved: list[tuple[str, str]] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    alike: list[tuple[str, ...]] = field(default_factory=list)
    remarks: list[tuple[str, str]] = field(default_factory=list)

    def fail(self, path: str, reason: str, remedy: str) -> None:
        """A file cannot be loaded."""
        self.failed.append(FileFailed(path=path, reason=reason, remedy=remedy))

    def stored(self, path: str, reading: Reading, stored: Stored) -> None:
        """A document was stored."""
        if said := remark(reading.document.metadata):
            self.remarks.append((path, said))
        self.documents += 1
        self.pages += len(reading.document.pages)
        self.passages += len(reading.passages)
        self.changed += stored.before is not None
        self.reused += stored.reused

    def loaded(self, source: str, *, stopped: bool, seconds: float) -> Loaded:
        """The event of the end."""
        return Loaded(
            source=source, documents=self.documents, pages=self.pages, passages=self.passages, unchanged=self.unchanged,
            excluded=self.excluded, failed=tuple(self.failed), changed=self.changed, reused=self.reused,
            moved=tuple(self.moved), gone=tuple(self.gone), dropped=tuple(self.dropped), alike=tuple(self.alike),
            remarks=tuple(self.remarks), stopped=stopped, seconds=seconds,
            failed_before=self.failed_before,
        )  # fmt: skip
