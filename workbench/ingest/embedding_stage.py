"""Embeds stored passages batch by batch beside the rest of a load, and resumes where a killed load stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from workbench.core.worker_process import CancelledError
from workbench.embedding.client import Embedder
from workbench.ingest.passage import embedding_text
from workbench.ingest.progress import Meter
from workbench.storage.archive import EmbeddingBacklog
from workbench.storage.embedding_models import WaitingPassage

_BATCH_PASSAGES = 96
_IN_FLIGHT = 2
"""While the vectors of one batch are stored, the embedder has the next one."""

_IDLE_SECONDS = 1.0

_GATHER_SECONDS = 0.2
"""How long small documents that are stored one after the other are waited for, to be embedded together: each look for what
waits joins all passages with all vectors, and each batch is a transaction."""


class EmbeddingStage:
    """Threads that embed what waits in the archive. `current` is the document they are at.

    While `may_embed` says no, what waits is left to other processes.
    """

    def __init__(
        self,
        waiting: EmbeddingBacklog,
        embedder: Embedder,
        meter: Meter,
        cancel: threading.Event,
        may_embed: Callable[[], bool] | None = None,
    ) -> None:
        self._waiting, self._embedder, self._meter, self._cancel = waiting, embedder, meter, cancel
        self._may_embed = may_embed or (lambda: True)
        self._claiming = threading.Lock()
        self._at = 0
        self._news = threading.Condition()
        self._more = self._plenty = self._gathering = False
        self._last = False
        self._threads = ThreadPoolExecutor(_IN_FLIGHT, "vectors")
        self._lines: list[Future[None]] = []
        self.current = 0

    def start(self) -> None:
        """Begin with what waits already."""
        self._lines = [self._threads.submit(self._run) for _ in range(_IN_FLIGHT)]

    def arrived(self) -> None:
        """More passages were stored."""
        with self._news:
            self._more = True
            self._news.notify()

    def no_more(self) -> None:
        """No more will be stored: the threads end with what waits now."""
        with self._news:
            self._last = True
            self._news.notify_all()

    @property
    def done(self) -> bool:
        """Whether everything is embedded, or an error or the user ended it."""
        return all(line.done() for line in self._lines)

    def wait(self, seconds: float) -> bool:
        """Wait for the end, at most so long. Raises EmbedderError, or what the archive raised."""
        for line in self._lines:
            try:
                line.result(timeout=seconds)
            except TimeoutError:
                return False
            except CancelledError:
                continue
        return True

    def close(self) -> None:
        """Wait for the threads; `cancel` is set or nothing waits any more."""
        self.no_more()
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _run(self) -> None:
        everywhere = True
        while not self._cancel.is_set():
            last = self._last
            batch = self._claim(everywhere or last) if self._may_embed() else []
            full = len(batch) == _BATCH_PASSAGES
            if full:
                with self._news:
                    self._plenty = True
                    self._news.notify()
            if batch:
                self._embed(batch)
            elif last:
                return
            everywhere = not (full or self._more_came())

    def _more_came(self) -> bool:
        """Wait until more was stored, or for a while. One thread alone takes the news, so that one alone looks."""
        with self._news:
            self._news.wait_for(
                lambda: self._plenty or self._last or (self._more and not self._gathering), _IDLE_SECONDS
            )
            came = self._more or self._plenty
            if came and not self._plenty:
                self._gathering = True
                self._news.wait_for(lambda: self._plenty or self._last, _GATHER_SECONDS)
                self._gathering = False
            self._more = self._plenty = False
            return came

    def _claim(self, everywhere: bool) -> list[WaitingPassage]:
        with self._claiming:
            batch = self._waiting.claim(self._at, _BATCH_PASSAGES, self._embedder.model_id)
            if not batch and self._at and everywhere:
                # Another load may have let go of something earlier.
                batch = self._waiting.claim(0, _BATCH_PASSAGES, self._embedder.model_id)
            if batch:
                self._at, self.current = batch[-1].id, batch[0].document
            return batch

    def _embed(self, batch: list[WaitingPassage]) -> None:
        ids = [passage.id for passage in batch]
        try:
            texts = [embedding_text(passage.text, passage.context) for passage in batch]
            vectors = self._embedder.embed(texts, cancel=self._cancel, on_done=self._meter.embedded)
            self._waiting.store(ids, vectors, self._embedder.model_id)
        finally:
            self._waiting.release(ids)
