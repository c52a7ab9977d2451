"""Loads files that others put into the queue of a shared archive, and embeds what waits, until nothing is left.

Any number of workers run beside each other, on any machine that sees the files. Whatever one has claimed when it is killed is
another's a moment later: a file is linked and leaves the queue in one transaction, and a vector is written once.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.api.documents import LoadOptions
from workbench.api.events import Loaded
from workbench.storage.postgres.archive import PostgresArchive
from workbench.storage.postgres.jobs import Backlog, ClaimedFiles

if TYPE_CHECKING:
    from workbench.embedding.client import Embedder
    from workbench.ingest.reader_client import Reader

_LOOK_SECONDS = 0.5
"""Between two looks for work, while others are at work or the worker watches."""


@dataclass(frozen=True)
class WorkDone:
    """What a worker did with one claim, and what is left for all; `loaded` is None when it embedded passages only."""

    loaded: Loaded | None
    left: Backlog


class LoadWorker:
    """One worker. `reader_of` makes what reads files by the rules of a source."""

    def __init__(
        self, archive: PostgresArchive, embedder: Embedder, reader_of: Callable[[LoadOptions], Reader]
    ) -> None:
        self._archive, self._embedder, self._reader_of = archive, embedder, reader_of
        self.cancel = threading.Event()

    def run(self, *, watch: bool = False) -> Iterator[WorkDone]:
        """Work until nothing waits that is nobody's; with `watch`, until `cancel` is set. Raises EmbedderError, ArchiveError."""
        self._archive.worker.number()  # seen by all from now on
        try:
            while not self.cancel.is_set():
                if (claimed := self._archive.jobs.claim()) is not None:
                    yield WorkDone(self._load(claimed), self._archive.jobs.backlog())
                    continue
                if self._embed():
                    yield WorkDone(None, self._archive.jobs.backlog())
                    continue
                left = self._archive.jobs.backlog()
                if not watch and not left.files and not left.passages:
                    break
                # Others have claimed what is left: if one of them ends before its time, it is ours.
                self.cancel.wait(_LOOK_SECONDS)
        finally:
            self._archive.collect()

    def _load(self, claimed: ClaimedFiles) -> Loaded | None:
        from workbench.ingest.origins import QueuedFiles
        from workbench.ingest.pipeline import LoadRules, load

        options = LoadOptions.load(claimed.rules)
        reader = self._reader_of(options)
        loaded = None
        try:
            for event in load(
                [QueuedFiles(claimed.files)], source=claimed.source, archive=self._archive, embedder=self._embedder,
                reader=reader, clock=time.monotonic, cancel=self.cancel, rules=LoadRules(retry=True, one_of_many=True),
            ):  # fmt: skip
                loaded = event if isinstance(event, Loaded) else loaded
        finally:
            with contextlib.suppress(Exception):
                reader.stop()
            with contextlib.suppress(Exception):
                self._archive.jobs.release(claimed)
        return loaded

    def _embed(self) -> bool:
        """Embed what waits and is nobody's; whether there was anything."""
        from workbench.ingest.embedding_stage import EmbeddingStage
        from workbench.ingest.progress import Meter

        meter = Meter(time.monotonic)
        stage = EmbeddingStage(self._archive.waiting, self._embedder, meter, self.cancel)
        try:
            stage.start()
            stage.no_more()
            while not stage.wait(_LOOK_SECONDS):
                pass
        finally:
            stage.close()
        return meter.passages_done > 0
