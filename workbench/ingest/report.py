"""Counts what became of each file of a load and makes the final event of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from workbench.api.events import FileFailed, Loaded
from workbench.ingest.reader_client import Reading
from workbench.storage.documents import Stored
from workbench.storage.metadata import remark


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
        )  # fmt: skip
