"""A shared archive has the built-in embedding model alone: its column of vectors and its index have that model's dimensions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from workbench.core.errors import ArchiveError
from workbench.storage.embedding_models import BUILT_IN, EmbeddingModel, WaitingPassage
from workbench.storage.postgres.server import PostgresServer

if TYPE_CHECKING:
    import numpy as np


class SharedModels:
    """See archive.Models. Other models are refused."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server

    def all(self) -> Mapping[str, EmbeddingModel]:
        """See archive.Models."""
        return {}

    def admit(self, name: str) -> None:
        """Raises ArchiveError."""
        raise ArchiveError(
            f"A shared archive is embedded with the built-in model, not with {name}.",
            'Set embedding_model = "minilm", or keep the source in a home of your own.',
        )

    def add(self, given: EmbeddingModel) -> EmbeddingModel:
        """Raises ArchiveError."""
        self.admit(given.name)
        return given

    def move(self, name: str, address: str) -> None:
        """There is none to be moved."""

    def of_source(self, source: int) -> str:
        """See archive.Models."""
        return BUILT_IN

    def choose(self, source: int, name: str) -> None:
        """Every source has the built-in model."""

    def in_source(self, source: int) -> dict[str, int]:
        """See archive.Models."""
        rows = self._server.rows(
            "SELECT d.embedder, count(DISTINCT d.document_id) FROM documents d JOIN source_documents USING (document_id) "
            "WHERE source_id = %s GROUP BY d.embedder ORDER BY 1",
            [source],
        )
        return {str(name): int(count) for name, count in rows}

    def sources_of(self, documents: Collection[int]) -> list[str]:
        """See archive.Models."""
        rows = self._server.rows(
            "SELECT DISTINCT s.name FROM sources s JOIN source_documents l USING (source_id) "
            "WHERE l.document_id = ANY(%s) ORDER BY 1",
            [list(documents)],
        )
        return [str(name) for (name,) in rows]

    def among(self, documents: Collection[int]) -> dict[str, int]:
        """See archive.Models."""
        return {BUILT_IN: len(documents)} if documents else {}

    def lacking(self, source: int, embedder: str) -> tuple[int, int]:
        """What waits is embedded by the next load; nothing has to be embedded again."""
        return 0, 0

    def next_lacking(self, source: int, embedder: str, after: int, most: int) -> list[WaitingPassage]:
        """See `lacking`."""
        return []

    def keep(self, embedder: str, ids: Sequence[int], vectors: np.ndarray) -> None:
        """There are no vectors beside those that serve."""

    def switch(self, source: int, embedder: str) -> list[int] | None:
        """Every document has the built-in model already."""
        return []
