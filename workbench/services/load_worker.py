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
    from workbench.embedding.machine_slot import MachineSlot
    from workbench.ingest.reader_client import Reader

_LOOK_SECONDS = 0.5
"""Between two looks for work, while others are at work or the worker watches."""


@dataclass(frozen=True)
class WorkDone:
    """What a worker did with one claim, and what is left for all; `loaded` is None when it embedded passages only."""

    loaded: Loaded | None
    left: Backlog


class LoadWorker:
    """One worker. `reader_of` makes what reads files by the rules of a source.

    With a `slot` it embeds only while it holds that, and leaves passages to the worker of its machine that does.
    """

    def __init__(
        self,
        archive: PostgresArchive,
        embedder: Embedder,
        reader_of: Callable[[LoadOptions], Reader],
        slot: MachineSlot | None = None,
    ) -> None:
        self._archive, self._embedder, self._reader_of, self._slot = archive, embedder, reader_of, slot
        self._reader: tuple[str, Reader] | None = None
        """What read the last files, and the rules it reads by: starting one for each claim takes longer than a file."""
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
            self._let_go_of_reader()
            if self._slot is not None:
                self._slot.close()
            self._archive.collect()

    def _may_embed(self) -> bool:
        return self._slot is None or self._slot.held()

    def _reader_by(self, rules: str) -> Reader:
        """What reads files by the rules of a source."""
        if self._reader is None or self._reader[0] != rules:
            self._let_go_of_reader()
            self._reader = rules, self._reader_of(LoadOptions.load(rules))
        return self._reader[1]

    def _let_go_of_reader(self) -> None:
        if self._reader is not None:
            with contextlib.suppress(Exception):
                self._reader[1].stop()
        self._reader = None

    def _load(self, claimed: ClaimedFiles) -> Loaded | None:
        from workbench.ingest.origins import QueuedFiles
        from workbench.ingest.pipeline import LoadRules, load

        loaded = None
        try:
            for event in load(
                [QueuedFiles(claimed.files)], source=claimed.source, archive=self._archive, embedder=self._embedder,
                reader=self._reader_by(claimed.rules), clock=time.monotonic, cancel=self.cancel,
                rules=LoadRules(retry=True, one_of_many=True), may_embed=self._may_embed,
            ):  # fmt: skip
                loaded = event if isinstance(event, Loaded) else loaded
        finally:
            with contextlib.suppress(Exception):
                self._archive.jobs.release(claimed)
        return loaded

    def _embed(self) -> bool:
        """Embed what waits and is nobody's; whether there was anything."""
        from workbench.ingest.embedding_stage import EmbeddingStage
        from workbench.ingest.progress import Meter

        if not self._may_embed():
            return False
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
