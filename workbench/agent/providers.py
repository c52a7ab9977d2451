"""Names what an agent needs from the workbench around it; the composition root hands in what provides it."""

from __future__ import annotations

from typing import Protocol

from workbench.core.settings import Settings
from workbench.models.base import ChatModel
from workbench.retrieval.ranking.rerank import Reranker


class ModelProvider(Protocol):
    """Makes the chat model that settings name."""

    def model(self, settings: Settings) -> tuple[ChatModel, str]:
        """The model, and its name as the server knows it.

        Raises ModelError when no server can be asked, ConfigError for settings that name no model.
        """
        ...


class RerankerProvider(Protocol):
    """Loads cross-encoders by name."""

    def reranker(self, name: str) -> Reranker:
        """The cross-encoder of a folder or name; it is loaded when it first scores. Raises RerankerError."""
        ...
