"""Says which sources an agent is attached to, as ids for a search and as names with sizes for its prompt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.storage.archive import ArchivalStorage
from workbench.storage.home import Agents
from workbench.text.template_tokens import neutralise


@dataclass(frozen=True)
class SourceSize:
    """An attached source, by the name that the model reads, and what it holds."""

    name: str
    documents: int
    passages: int


class AttachedSources:
    """The sources of one agent, looked up again only after something was loaded, attached or detached.

    They are asked for several times a step, and their sizes stand in every prompt.
    """

    def __init__(self, archive: ArchivalStorage, agents: Agents, agent_id: int, only: int | None = None) -> None:
        """`only` is the one document of the sources that the agent may see; None for all of them."""
        self.only = only
        self._archive = archive
        self._agents = agents
        self._agent_id = agent_id
        self._seen: int | None = None
        self._ids: list[int] = []
        self._sizes: list[SourceSize] = []

    def ids(self) -> Sequence[int]:
        """Ids of the sources, in the order in which they were attached."""
        self._look()
        return self._ids

    def sizes(self) -> Sequence[SourceSize]:
        """The sources by name, with how many documents and passages each holds."""
        self._look()
        return self._sizes

    def _look(self) -> None:
        now = self._archive.catalogue
        if now == self._seen:
            return
        attached = self._agents.attached(self._agent_id)
        names = {name for _, name in attached}
        self._ids = [key for key, _ in attached]
        self._sizes = [
            SourceSize(neutralise(" ".join(row.name[:60].split())), *self._held(row.documents, row.passages))
            for row in self._archive.sources()
            if row.name in names
        ]
        self._seen = now

    def _held(self, documents: int, passages: int) -> tuple[int, int]:
        return (documents, passages) if self.only is None else (1, self._archive.passage_count(self.only))
