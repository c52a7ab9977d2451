"""Builds everything that the agents of one workbench share, and closes it again: the composition root of the services."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.api.broadcast import EventBroadcaster
from workbench.api.documents import LoadOptions
from workbench.api.events import Notice
from workbench.core import platforms
from workbench.core.activity import doing
from workbench.core.errors import EmbedderError
from workbench.core.keys import key_of
from workbench.core.malloc import give_memory_back
from workbench.core.paths import Paths
from workbench.core.prices import PriceTable
from workbench.core.sanitize import as_name, readable
from workbench.core.server_profile import ServerProfile
from workbench.core.settings import READER, Settings, from_file
from workbench.core.text_cache import TEXT_CACHES
from workbench.embedding import minilm
from workbench.embedding.client import LocalEmbedder, QueryEmbedder
from workbench.memory.history.steps import StepRecorder
from workbench.memory.recall import RecallStorage
from workbench.models.openai.listing import ANY_MODEL
from workbench.retrieval.service import ArchivalSearch
from workbench.services.embedders import EmbedderPool
from workbench.services.open_agents import AgentRegistry
from workbench.services.server_profiles import Fit, ServerProfiles, learnt
from workbench.sql import sandbox
from workbench.storage.archive import ArchivalStorage
from workbench.storage.database import Clock, Database, utc_now
from workbench.storage.documents import DuckDBArchive
from workbench.storage.duckdb_home import DuckDBHome
from workbench.storage.home import Agents, HomeStorage
from workbench.storage.transfer import AgentTransfer

if TYPE_CHECKING:
    import numpy as np

    from workbench.embedding.reranker_client import LocalReranker
    from workbench.ingest.reader_client import Reader
    from workbench.models.base import ChatModel
    from workbench.storage.erasure import ErasureSource
    from workbench.storage.postgres.archive import PostgresArchive


class AppContext:
    """The database, search, embedder, models and open agents of one workbench.

    It is a ModelProvider and a RerankerProvider for the agents. Raises ArchiveBusy when another workbench owns the database.
    """

    def __init__(self, settings: Settings, paths: Paths, clock: Clock = utc_now) -> None:
        platforms.check()
        give_memory_back()
        self.settings = settings
        self.paths = paths.for_archive(settings.archive).ensure()
        self.clock = clock
        self.database = Database(
            self.paths.database_file, memory_limit_mb=settings.memory_limit_mb, threads=settings.threads
        )
        self.broadcaster = EventBroadcaster()
        """Tells displays what others do to the agent they show."""
        self._embedder = LocalEmbedder(log_file=self.paths.log_file, on_wait=self.tell_wait)
        self.shared = self._shared_archive()
        """The archive that other homes share; None where the home has its own."""
        self.archive: ArchivalStorage = self.shared or DuckDBArchive(self.database, clock)
        self.embedders = EmbedderPool(self.archive.models, settings, self.paths.log_file, self.tell_wait)
        """Embedding models beside the built-in one."""
        self.queries = QueryEmbedder(self.embedder)
        self.search = ArchivalSearch(
            self.archive,
            self.queries.embed,
            clock,
            index_bytes=settings.index_memory_mb * 1_000_000,
            others=self.embedders,
        )
        self.home: HomeStorage = DuckDBHome(self.database, clock, self.shared)
        self.agents: Agents = self.home.agents
        self.recorder = StepRecorder(self.home, self.search.texts, clock)
        self.recall = RecallStorage(self.recorder.stored, self._likeness, self.word_vectors)
        self.open_agents = AgentRegistry()
        self.servers = ServerProfiles(self.paths.servers_file)
        """What was found out about model servers."""
        self.prices = PriceTable(self.paths.prices_file)
        """What models cost."""
        self._served: dict[str, str] = {}
        """The models that servers answer with when none is named, by address, as far as they were asked."""
        self._fits: dict[int, Fit] = {}
        self._rerankers: dict[str, LocalReranker] = {}
        self._lock = threading.Lock()

    def _shared_archive(self) -> PostgresArchive | None:
        """The archive that the settings name. Raises ConfigError and ArchiveError, with the database closed."""
        if not self.settings.archive:
            return None
        try:
            from workbench.storage.postgres.archive import PostgresArchive
            from workbench.storage.postgres.beside import HomeDatabase
            from workbench.storage.postgres.server import PostgresServer

            server = PostgresServer(self.settings.archive)
            shared = PostgresArchive(server, self.paths.home_id(), HomeDatabase(self.database), self.clock)
        except BaseException:
            self.database.close()
            raise
        self.database.on_handles = shared.refer
        return shared

    def erasure_source(self) -> ErasureSource | None:
        """Reads and erases documents, where they are not in the database of the agents."""
        if self.shared is None:
            return None
        from workbench.storage.postgres.erasure import SharedErasureSource

        return SharedErasureSource(self.database, self.shared.server, self.shared.home)

    def agent_transfer(self) -> AgentTransfer:
        """Takes agents out of this home, and brings them in."""
        if self.shared is None:
            return AgentTransfer(self.database)
        from workbench.storage.postgres.transfer import SharedAgentTransfer

        return SharedAgentTransfer(self.database, self.shared)

    def settings_from_file(self) -> dict[str, Any]:
        """What the settings file says now. Raises ConfigError."""
        return from_file(self.paths.settings_file) if self.paths.settings_file.is_file() else {}

    @property
    def embedder(self) -> LocalEmbedder:
        """The built-in embedder of passages and queries; its worker process starts when it first embeds."""
        return self._embedder

    def tell_wait(self, sentence: str) -> None:
        """Tell every display and command what this process waits for."""
        self.broadcaster.tell(None, Notice(about="waiting", message=sentence))

    def clear_caches(self) -> None:
        """Drop the words of passages from all caches: something was forgotten."""
        TEXT_CACHES.clear()
        self._embedder.forget()
        self.embedders.forget()
        self.recall.clear()

    def _likeness(self, query: str, texts: Sequence[str]) -> Sequence[float]:
        """Cosines of messages with a query; none where the embedding model does not run: words are enough to recall by."""
        try:
            return self.queries.score(query, list(texts))
        except EmbedderError:
            return [0.0] * len(texts)

    def word_vectors(self, words: Sequence[str]) -> np.ndarray:
        """Vectors of single words (n, 384), read from the built-in model; zeros where it is not installed."""
        import numpy as np

        from workbench.embedding.word_vectors import word_vectors

        try:
            return word_vectors(words)
        except EmbedderError:
            return np.zeros((len(words), minilm.DIMENSIONS), np.float32)

    def embed_queries(self, queries: Sequence[str]) -> np.ndarray:
        """Unit vectors (n, 384) of queries. Raises EmbedderError."""
        return self.queries.embed(queries)

    def reranker(self, name: str) -> LocalReranker:
        """The cross-encoder of a folder or name; it is loaded when it is first asked."""
        from workbench.embedding.reranker_client import LocalReranker

        with self._lock:
            if name not in self._rerankers:
                self._rerankers[name] = LocalReranker(name, log_file=self.paths.log_file)
            return self._rerankers[name]

    def file_reader(self, options: LoadOptions) -> Reader:
        """Reads the files of one load, in a process of its own."""
        from loaders.options import ReadOptions
        from workbench.ingest.reader_client import Reader

        return Reader(log_file=self.paths.log_file, options=ReadOptions(options.ocr, options.ocr_languages))

    def model(self, settings: Settings) -> tuple[ChatModel, str]:
        """The model that the settings name, and its name on the wire."""
        if settings.uses_reader:
            return self.reader(), READER
        with doing("loading the client of model servers"):
            from workbench.models.openai.client import OpenAIChat

        name = settings.model or self.served_model(settings)
        profile = self.servers.get(settings.base_url, name)
        model = OpenAIChat(
            name, base_url=settings.base_url or None, api_key=key_of(settings) or None,
            timeout_seconds=settings.request_timeout_seconds, learnt=learnt(settings, profile),
        )  # fmt: skip
        return model, name

    def reader(self) -> ChatModel:
        """The embedded extractive reader, whatever model the settings name."""
        from workbench.models.extractive.model import ExtractiveReader

        return ExtractiveReader(self.queries.score)

    def served_model(self, settings: Settings) -> str:
        """The model that the server of the settings lists first; the server is asked once."""
        from workbench.models.openai.listing import first_model

        with doing("asking the server for its models"):
            name = self.known_model(settings) or first_model(settings.base_url, key_of(settings))
        if name != ANY_MODEL:
            self._served[settings.base_url] = name
        return name

    def server_profile(self, settings: Settings) -> ServerProfile | None:
        """What is known of the server and model of these settings; None for the reader, and where nothing is."""
        if settings.uses_reader:
            return None
        return self.servers.get(settings.base_url, settings.model or self.known_model(settings))

    def tell_fit(self, agent: int, fit: Fit) -> None:
        """Keep how an agent fits its model until its next question, when it is told."""
        self._fits[agent] = fit

    def fit_to_tell(self, agent: int) -> Fit | None:
        """How an agent fits its model, once."""
        return self._fits.pop(agent, None)

    def known_model(self, settings: Settings) -> str:
        """What `served_model` gave before, or "": for what must not wait for a server."""
        return self._served.get(settings.base_url, "")

    def close(self) -> None:
        """Stop the workers and close the database. Safe to call twice."""
        with contextlib.suppress(Exception):
            self.embedder.stop()
        with contextlib.suppress(Exception):
            self.embedders.stop()
        for reranker in self._rerankers.values():
            with contextlib.suppress(Exception):
                reranker.stop()
        self.search.index.close()
        sandbox.dismiss()
        if self.shared is not None:
            self.shared.close()
        self.database.close()


def source_name(path: Path) -> str:
    """The name of a source made for a path: the path's last part."""
    return as_name(readable(path.name or path.anchor.strip("/\\:"))) or "files"
