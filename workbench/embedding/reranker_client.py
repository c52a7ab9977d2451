"""Scores (query, text) pairs with a cross-encoder of sentence-transformers, in a worker started at first use."""

from __future__ import annotations

import importlib.util
import itertools
import os
import threading
from collections.abc import Sequence
from pathlib import Path

from workbench.core.errors import RerankerError
from workbench.core.worker_process import Worker, WorkerGoneError

_MODULE = "workbench.embedding.reranker_worker"
_TEXT_CHARS = 8_000
"""More of a text than such a model sees is not sent."""
_LOAD_SECONDS = 600.0
_SCORE_SECONDS = 300.0


class LocalReranker:
    """One cross-encoder, by its folder or its name. Any thread may call; one call after the other is answered."""

    def __init__(self, name: str, *, log_file: Path | None = None) -> None:
        folder = Path(name).expanduser()
        self.name = str(folder.absolute()) if folder.is_dir() else name
        self._is_folder = folder.is_dir()
        self._log_file = log_file
        self._lock = threading.Lock()
        self._worker: Worker | None = None
        self._numbers = itertools.count(1)

    def score(self, query: str, texts: Sequence[str]) -> list[float]:
        """How well each text answers the query; larger is better. Raises RerankerError."""
        import numpy as np

        if not texts:
            return []
        cut = [text[:_TEXT_CHARS] for text in texts]
        with self._lock:
            worker, number = self._ready(), next(self._numbers)
            try:
                worker.send({"id": number, "query": query[:_TEXT_CHARS], "texts": cut})
                frame = worker.receive(_SCORE_SECONDS)
            except WorkerGoneError as gone:
                self._end()
                raise self._failed(str(gone)) from None
            if frame is None or frame[0].get("id") != number:
                self._end()
                raise self._failed(f"no answer within {_SCORE_SECONDS:g} seconds")
            header, block = frame
            if "error" in header:
                raise self._failed(header["error"])
            scores = [float(score) for score in np.frombuffer(block, np.float32)]
        if not np.isfinite(scores).all():
            raise self._failed("it gave scores that are no numbers")
        return scores

    def stop(self) -> None:
        """End the worker; the next call starts it again."""
        with self._lock:
            self._end()

    def _ready(self) -> Worker:
        if self._worker is not None and self._worker.running:
            return self._worker
        if importlib.util.find_spec("sentence_transformers") is None:
            raise RerankerError(
                "Reranking needs sentence-transformers, which is not installed.",
                "Install it: pip install 'memgpt-workbench[sentence-transformers]', or search without a reranker.",
            )
        if not self._is_folder and (os.sep in self.name[:1] or self.name.startswith((".", "~"))):
            raise RerankerError(
                f"There is no folder {self.name}.", "Name a cross-encoder's folder, or its name on its hub."
            )
        may_download = not self._is_folder and os.environ.get("HF_HUB_OFFLINE", "").lower() not in ("1", "true", "yes")
        arguments = [self.name, *(["--may-download"] if may_download else [])]
        worker = self._worker = Worker(_MODULE, arguments, log_file=self._log_file)
        try:
            frame = worker.receive(_LOAD_SECONDS)
        except WorkerGoneError as gone:
            self._end()
            raise self._failed(str(gone)) from None
        if frame is None or "fatal" in frame[0]:
            self._end()
            raise self._failed(str(frame[0]["fatal"]) if frame else "it took too long to load")
        return worker

    def _end(self) -> None:
        if self._worker is not None:
            self._worker.kill()
            self._worker = None

    def _failed(self, reason: str) -> RerankerError:
        return RerankerError(
            f"The reranker {self.name} failed: {reason}.", "Check its folder or name, or search without it."
        )
