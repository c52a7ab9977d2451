"""Stores texts of an agent's own in archival storage: what its model inserts, and questions too long to be sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workbench.embedding.client import Embedder
from workbench.memory.agent_memory import AgentMemory
from workbench.storage.archive import ArchivalStorage
from workbench.storage.documents import NOTE_LOADER, NOTES_PREFIX
from workbench.storage.home import Agents


class NoteArchive:
    """The source that holds one agent's notes; it is made with the first of them."""

    def __init__(self, memory: AgentMemory, archive: ArchivalStorage, agents: Agents, embedder: Embedder) -> None:
        self._memory = memory
        self._archive = archive
        self._agents = agents
        self._embedder = embedder

    def insert(self, text: str, origin: Mapping[str, Any]) -> int:
        """Keep a text; it is searched from the next call on.

        Args:
            text: the note.
            origin: where it comes from, kept as the document's metadata; "step" becomes its label.

        Returns the number of passages, 0 when the very text is kept already. Raises EmbedderError.
        """
        from workbench.ingest.prepare import OwnText, store_text

        agent = self._memory.agent
        source = self._archive.source_id(NOTES_PREFIX + agent.name)
        self._agents.attach(agent.id, source)
        title = " ".join(text.split())[:60]
        label = f"step {origin['step']}" if origin.get("step") else None
        path = f"note {len(self._archive.documents(source)) + 1}"
        note = OwnText(text, title, label, origin, f"{NOTE_LOADER}{agent.id}")
        return store_text(self._archive, self._embedder, source, path, note)
