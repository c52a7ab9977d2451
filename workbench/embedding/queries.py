"""Embeds queries, and scores texts by their likeness to one, with the embedder of passages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench.embedding.client import Embedder

if TYPE_CHECKING:
    import numpy as np


class QueryEmbedder:
    """Queries do not wait behind the passages of a load, and are embedded in full float32."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    def embed(self, queries: Sequence[str]) -> np.ndarray:
        """Unit vectors of the queries, float32 (len(queries), dimensions). Raises EmbedderError."""
        return self._embedder.embed(list(queries), kind="query")

    def score(self, query: str, texts: Sequence[str]) -> list[float]:
        """Cosine of each text with the query, -1..1. A text has the same score whatever stands beside it. Raises EmbedderError."""
        if not texts:
            return []
        vectors = self._embedder.embed([query, *texts], kind="query", exact=True)
        return [float(value) for value in vectors[1:] @ vectors[0]]
