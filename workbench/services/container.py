"""The engine room: settings and folders come in; store, search, embedder and agents come out, built once and closed together."""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.api.broadcast import EventBroadcaster
from workbench.api.documents import LoadOptions
from workbench.core.malloc import give_memory_back
from workbench.core.paths import Paths
from workbench.core.sanitize import readable
from workbench.core.settings import READER, Settings, from_file
from workbench.memory.agent_repository import AgentRepository
from workbench.memory.history.steps import StepRepository
from workbench.memory.recall import RecallStorage
from workbench.models.openai.listing import ANY_MODEL
from workbench.retrieval.service import ArchivalSearch
from workbench.sql import sandbox
from workbench.storage.database import Clock, Database, utc_now
from workbench.storage.documents import ArchivalStorage

if TYPE_CHECKING:
    import numpy as np

    from workbench.embedding.client import LocalEmbedder
    from workbench.embedding.reranker_client import LocalReranker
    from workbench.models.base import ChatModel


class AppContext:
    """Everything that all agents share. Raises ArchiveBusy when another workbench owns the database."""

    def __init__(self, settings: Settings, paths: Paths, clock: Clock = utc_now) -> None:
        give_memory_back()
        self.settings = settings
        self.paths = paths.ensure()
        self.clock = clock
        self.database = Database(
            paths.database_file, memory_limit_mb=settings.memory_limit_mb, threads=settings.threads
        )
        self.archive = ArchivalStorage(self.database, clock)
        self.search = ArchivalSearch(
            self.archive, self.embed_queries, clock, index_bytes=settings.index_memory_mb * 1_000_000
        )
        self.agents = AgentRepository(self.database, clock)
        self.recorder = StepRepository(self.database, self.search.texts, clock)
        self.recall = RecallStorage(self.database)
        self.opening = threading.RLock()
        self.open_agents: dict[int, Any] = {}
        """Agents that are open, by id: every display of one agent works on the same memory."""
        self.sessions: weakref.WeakSet[Any] = weakref.WeakSet()
        """The displays of this process: what one of them shows is not deleted by another."""
        self.broadcaster = EventBroadcaster()
        """Displays that are told what others do to the agent they show."""
        self.answering: set[int] = set()
        """Agents that answer a question now, by id."""
        self.served: dict[str, str] = {}
        """The models that servers answer with when none is named, by address, as far as they were asked."""
        self._embedder: LocalEmbedder | None = None
        self._rerankers: dict[str, LocalReranker] = {}
        self._lock = threading.Lock()

    def from_file(self) -> dict[str, Any]:
        """What the settings file says now. Raises ConfigError."""
        return from_file(self.paths.settings_file) if self.paths.settings_file.is_file() else {}

    @property
    def embedder(self) -> LocalEmbedder:
        """The embedding worker, started at first use."""
        with self._lock:
            if self._embedder is None:
                from workbench.embedding.client import LocalEmbedder

                self._embedder = LocalEmbedder(log_file=self.paths.log_file)
            return self._embedder

    def clear_caches(self) -> None:
        """Keep no words of passages in caches: something was forgotten."""
        from workbench.retrieval.cached_texts import clear_caches

        clear_caches()
        with self._lock:
            if self._embedder is not None:
                self._embedder.forget()

    def embed_queries(self, queries: Sequence[str]) -> np.ndarray:
        """Unit vectors (n, 384) of queries; they do not wait behind the passages of a load."""
        return self.embedder.embed(list(queries), kind="query")

    def score(self, query: str, texts: Sequence[str]) -> list[float]:
        """Likeness in meaning of each text to the query, -1..1. A text has the same score whatever stands beside it."""
        if not texts:
            return []
        vectors = self.embedder.embed([query, *texts], kind="query", exact=True)
        return [float(value) for value in vectors[1:] @ vectors[0]]

    def reranker(self, name: str) -> LocalReranker:
        """The cross-encoder of a folder or name; it is loaded when it is first asked."""
        from workbench.embedding.reranker_client import LocalReranker

        with self._lock:
            if name not in self._rerankers:
                self._rerankers[name] = LocalReranker(name, log_file=self.paths.log_file)
            return self._rerankers[name]

    def reading_worker(self, options: LoadOptions) -> Any:
        """What reads files for a load: a process of its own."""
        from loaders.options import ReadOptions
        from workbench.ingest.reader_client import Reader

        chosen = ReadOptions(options.ocr, options.ocr_languages)
        return Reader(log_file=self.paths.log_file, options=chosen)

    def model(self, settings: Settings) -> tuple[ChatModel, str]:
        """The model that the settings name, and its name on the wire."""
        if settings.uses_reader:
            from workbench.models.extractive.model import ExtractiveReader

            return ExtractiveReader(self.score), READER
        from workbench.models.openai.client import OpenAIChat

        name = settings.model or self.served_model(settings)
        model = OpenAIChat(
            name, base_url=settings.base_url or None, api_key=settings.api_key or None,
            timeout_seconds=settings.request_timeout_seconds,
        )  # fmt: skip
        return model, name

    def served_model(self, settings: Settings) -> str:
        """The model that the server of the settings offers first; asked once."""
        from workbench.models.openai.listing import first_model

        found = self.served.get(settings.base_url) or first_model(settings.base_url, settings.api_key)
        if found != ANY_MODEL:
            self.served[settings.base_url] = found
        return found

    def close(self) -> None:
        """Stop the worker and close the database. Safe to call twice."""
        if self._embedder is not None:
            with contextlib.suppress(Exception):
                self._embedder.stop()
        for reranker in self._rerankers.values():
            with contextlib.suppress(Exception):
                reranker.stop()
        self.search.index.close()
        sandbox.dismiss()
        self.database.close()


def source_name(path: Path) -> str:
    """What a source made for a path is called: its last part."""
    return readable(path.name or path.anchor.strip("/\\:") or "files")
