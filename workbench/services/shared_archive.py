"""Opens a shared archive for what needs no agents: workers and copies. Nothing of a home's own database is touched."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from workbench.api.documents import LoadOptions
from workbench.core.paths import Paths
from workbench.core.settings import Settings
from workbench.embedding.client import LocalEmbedder, OnWait
from workbench.embedding.machine_slot import MachineSlot
from workbench.ingest.reader_client import Reader
from workbench.services.embedders import admit
from workbench.services.load_worker import LoadWorker
from workbench.storage.postgres.archive import PostgresArchive
from workbench.storage.postgres.jobs import Backlog
from workbench.storage.postgres.server import PostgresServer


class OpenWorker(LoadWorker):
    """A worker over an archive that it has opened."""

    def left(self) -> Backlog:
        """What is left to do for all workers."""
        return self._archive.jobs.backlog()


@contextmanager
def open_archive(url: str, places: Paths) -> Iterator[PostgresArchive]:
    """The shared archive at a URL. Raises ConfigError, ArchiveError."""
    archive = PostgresArchive(PostgresServer(url), places.home_id())
    try:
        yield archive
    finally:
        archive.close()


@contextmanager
def open_worker(settings: Settings, places: Paths, on_wait: OnWait | None = None) -> Iterator[OpenWorker]:
    """A worker of the archive that the settings name; `on_wait` is told what it waits for. Raises ConfigError, ArchiveError."""
    from loaders.options import ReadOptions

    mine = places.for_archive(settings.archive).ensure()

    def reader_of(options: LoadOptions) -> Reader:
        return Reader(log_file=mine.log_file, options=ReadOptions(options.ocr, options.ocr_languages))

    with open_archive(settings.archive, mine) as archive:
        admit(archive.models, settings.embedding_model)
        embedder = LocalEmbedder(log_file=mine.log_file, on_wait=on_wait)
        try:
            yield OpenWorker(archive, embedder, reader_of, MachineSlot(settings.archive))
        finally:
            with suppress(Exception):
                embedder.stop()
