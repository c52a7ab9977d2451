"""Runs a load: scan, read, chunk, store and embed, with progress on the way.

A document enters the archive in one transaction, in the order of the files, and is found by its words from then on; its
passages get their vectors beside that, batch by batch. So whatever ends a load, everything before that is whole, and the
next load goes on there.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from loaders.origins import Origin
from workbench.api.events import Loaded, LoadProgress
from workbench.core.tokens import release_idle
from workbench.core.worker_process import CancelledError
from workbench.embedding.client import Embedder
from workbench.ingest.embedding_stage import EmbeddingStage
from workbench.ingest.file_uri import path_of
from workbench.ingest.progress import LoadReport, Meter
from workbench.ingest.reader_client import Reader
from workbench.ingest.scanner import Survey
from workbench.ingest.store_stage import StoreStage
from workbench.storage.archive import ArchivalStorage

_TICK_SECONDS = 0.1
_TELL_SECONDS = 0.25


@dataclass(frozen=True)
class LoadRules:
    """How one load goes about it. `prune` drops what is gone; `retry` tries again what was set aside or skipped; `one_of_many`
    leaves to others what is done once for a source: nothing is compared or collected at the end.

    `passwords` are tried on each file that needs one, and forgotten with the load.
    """

    prune: bool = False
    retry: bool = False
    passwords: tuple[str, ...] = ()
    one_of_many: bool = False

    def __repr__(self) -> str:
        """Without the passwords: a log must never have them."""
        return f"LoadRules(prune={self.prune}, retry={self.retry}, passwords={len(self.passwords)})"


class PassagesInUse(Protocol):
    """Knows which passages the agents at work refer to."""

    def handled_passages(self) -> Collection[int]:
        """Ids of passages that agents have handles for, also of those that are not stored with the agent yet."""
        ...


def load(
    origins: Sequence[Origin],
    *,
    source: str,
    archive: ArchivalStorage,
    embedder: Embedder,
    reader: Reader,
    clock: Callable[[], float],
    cancel: threading.Event,
    rules: LoadRules | None = None,
    in_use: PassagesInUse | None = None,
    may_embed: Callable[[], bool] | None = None,
) -> Iterator[LoadProgress | Loaded]:
    """Load what `origins` hold into `source`; the last event is Loaded. `clock` gives seconds.

    Raises EmbedderError and what the archive raises; what is stored by then is whole. A file that cannot be loaded is a
    row in Loaded.failed and in the archive's queue. Setting `cancel` ends the load within a moment. Documents
    whose passages are `in_use` are not collected, though nothing links them any more. While `may_embed` says no, passages are
    left for other processes to embed.
    """
    run = _Load(source, archive, embedder, reader, clock, cancel, rules or LoadRules(), may_embed)
    try:
        yield from run.events(origins, in_use)
    finally:
        run.close()


class _Load:
    def __init__(
        self, source: str, archive: ArchivalStorage, embedder: Embedder, reader: Reader, clock: Callable[[], float],
        cancel: threading.Event, rules: LoadRules, may_embed: Callable[[], bool] | None,
    ) -> None:  # fmt: skip
        self.archive, self.rules = archive, rules
        self.cancel, self.ended = cancel, _Either(cancel)
        self.clock, self.told = clock, float("-inf")
        self.name, self.source = source, archive.source_id(source)
        self.tally, self.meter = LoadReport(), Meter(clock)
        self.meter.left_before(archive.waiting.count(embedder.model_id))
        self.vectors = EmbeddingStage(archive.waiting, embedder, self.meter, self.ended, may_embed)
        self.intake = StoreStage(
            self.source, archive, embedder.model_id, reader, self.ended, self.meter, self.tally, rules.passwords,
            retry=rules.retry,
        )  # fmt: skip

    def close(self) -> None:
        """Stop what is under way and wait for the threads."""
        self.ended.set()
        self.vectors.close()
        self.intake.close()

    def events(self, origins: Sequence[Origin], in_use: PassagesInUse | None) -> Iterator[LoadProgress | Loaded]:
        with contextlib.suppress(CancelledError):
            self.vectors.start()
            survey = Survey(origins, self.ended)
            for file in survey.entries():
                self._check()
                self.intake.take(file)
                yield from self._tell("scan", file.found.relative)
            self._check()
            self.intake.begin()
            while self.intake.busy:
                before = self.tally.documents
                stage, path = self.intake.advance(_TICK_SECONDS)
                if self.tally.documents > before:
                    self.vectors.arrived()
                yield from self._tell(stage, path)
            settle(self.source, self.archive, survey, self.intake.new_links, self.tally, prune=self.rules.prune)
            self.vectors.no_more()
            while not self.vectors.wait(_TICK_SECONDS):
                self._check()
                yield from self._tell("embed", self._path_of(self.vectors.current))
            self._check()
            if not self.rules.one_of_many:
                self.archive.collect(in_use.handled_passages() if in_use is not None else ())
                self._compare()
        yield self._progress("done")
        yield self.tally.loaded(self.name, stopped=self.cancel.is_set(), seconds=self.meter.seconds)

    def _compare(self) -> None:
        """Near-duplicates are told when one of their group came in with this load."""
        if self.tally.documents or self.intake.new_links:
            for group in self.archive.likeness.paths([self.source]):
                paths = tuple(path for _, path in group)
                self.tally.alike.append(paths)

    def _path_of(self, document: int) -> str:
        return (self.archive.path_of(document) or "") if document else ""

    def _tell(self, stage: str, current: str) -> Iterator[LoadProgress]:
        """A progress event, unless the last one was a moment ago."""
        if (now := self.clock()) - self.told >= _TELL_SECONDS:
            self.told = now
            release_idle()
            yield self._progress(stage, current)

    def _progress(self, stage: str, current: str = "") -> LoadProgress:
        page = self.intake.page if stage == "read" else (0, 0)
        return self.meter.progress(self.name, stage, current, failed=len(self.tally.failed), page=page)

    def _check(self) -> None:
        if self.ended.is_set():
            raise CancelledError


class _Either(threading.Event):
    """Set when it is set itself or when the caller's event is."""

    def __init__(self, other: threading.Event) -> None:
        super().__init__()
        self._other = other

    def is_set(self) -> bool:
        return super().is_set() or self._other.is_set()


def settle(
    source: int,
    archive: ArchivalStorage,
    survey: Survey,
    new_links: Mapping[str, int],
    tally: LoadReport,
    *,
    prune: bool,
) -> None:
    """Tell what moved and what is gone under the roots of the survey; what is gone is dropped with `prune` only.

    A file whose path is gone and whose document a path links that is new in this load has moved: its note goes with it.
    """
    lost = [
        link
        for link in archive.holdings.links(source)
        if link.path not in survey.paths and _is_gone(link.location, survey.roots)
    ]
    arrived: dict[int, list[str]] = {}
    for path, document in new_links.items():
        arrived.setdefault(document, []).append(path)
    drop: list[str] = []
    for link in lost:
        if places := arrived.get(link.document):
            tally.moved.append((link.path, places.pop(0)))
            archive.notes.carry(source, *tally.moved[-1])
            drop.append(link.path)
        elif prune:
            tally.dropped.append(link.path)
            drop.append(link.path)
        else:
            tally.gone.append(link.path)
    archive.holdings.unlink(source, drop)
    queued = [item.path for item in archive.queue.files(source) if _is_gone(item.location, survey.roots)]
    archive.queue.drop(source, [*queued, *survey.answered])


def _is_gone(location: str, roots: Collection[str]) -> bool:
    """Whether a file that was seen under one of the roots is no longer there."""
    path = path_of(location)
    under = any(path == root or path.startswith(root.rstrip("/") + "/") for root in roots)
    return under and not os.path.lexists(path)
