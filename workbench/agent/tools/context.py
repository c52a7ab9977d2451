"""What functions of the model may touch: one agent's memory, the archive it is attached to, and a page's bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from workbench.agent.note_archive import NoteArchive
from workbench.agent.stop import Stop
from workbench.api.events import PageRead
from workbench.api.results import TOMBSTONE, ResultPage
from workbench.core.settings import Settings
from workbench.memory.agent_memory import AgentMemory
from workbench.memory.attached_sources import AttachedSources
from workbench.memory.history.steps import StepRecorder
from workbench.memory.recall import RecallStorage
from workbench.models.base import ChatModel
from workbench.retrieval.paging.cursors import Reader
from workbench.retrieval.paging.pager import Budget
from workbench.retrieval.ranking.rerank import Reranker
from workbench.retrieval.regex_search import ArchivalGrep
from workbench.retrieval.service import ArchivalSearch
from workbench.sql.catalog import named_tables
from workbench.sql.sandbox import NamedTable


class ModelProvider(Protocol):
    """Makes the chat model that settings name."""

    def model(self, settings: Settings) -> tuple[ChatModel, str]:
        """The model, and its name as the server knows it.

        Raises ModelError when no server can be asked, ConfigError for settings that name no model.
        """
        ...

    def reader(self) -> ChatModel:
        """The embedded extractive reader, which searches in guided mode. It needs no server."""
        ...


class RerankerProvider(Protocol):
    """Loads cross-encoders by name."""

    def reranker(self, name: str) -> Reranker:
        """The cross-encoder of a folder or name; it is loaded when it first scores. Raises RerankerError."""
        ...


@dataclass(frozen=True)
class ReadDocument:
    """A loaded document that main context shows: its path, and the texts of its passages there."""

    path: str
    texts: list[str]


@dataclass
class ToolContext:
    """One agent at work; `step` is the step under way."""

    memory: AgentMemory
    search: ArchivalSearch
    recall: RecallStorage
    recorder: StepRecorder
    settings: Settings
    attached: AttachedSources
    notes: NoteArchive
    rerankers: RerankerProvider
    step: int = 0
    paused_until: float = 0.0
    hops: dict[str, str] = field(default_factory=dict)
    proposals: list[tuple[str, str, str]] = field(default_factory=list)
    """Edits of persona or human that wait for the user: block, old text, new text."""
    stop: Stop = field(default_factory=Stop)
    links: bool = False
    """Whether results say how many passages belong to a hit: only a model that can follow them has a use for it."""
    _grep: ArchivalGrep | None = None

    @property
    def budget(self) -> Budget:
        """The bounds of a page of results."""
        return Budget(int(self.settings.window_tokens * self.settings.page_share), self.settings.page_hits)

    @property
    def reader(self) -> Reader:
        """The agent as a reader of results: what it saw of a query is kept with its next commit."""
        return Reader("model", self.memory.agent.id, self.memory)

    @property
    def reranker(self) -> Reranker | None:
        """What puts the best results in order, when the settings name something."""
        return self.rerankers.reranker(self.settings.reranker) if self.settings.reranker else None

    @property
    def grep(self) -> ArchivalGrep:
        """Search by pattern over the same archive; made at first use, it keeps its cursors."""
        if self._grep is None:
            self._grep = ArchivalGrep(self.search.pager)
        return self._grep

    def sources(self) -> Sequence[int]:
        """Ids of the sources that are attached now."""
        return self.attached.ids()

    def tables(self) -> Mapping[str, NamedTable]:
        """The tables of the documents that the agent may see, by their names in SQL."""
        found, only = named_tables(self.search.archive, self.sources()), self.attached.only
        return {name: item for name, item in found.items() if only is None or item.stored.document == only}

    def insert_note(self, text: str, origin: Mapping[str, Any]) -> int:
        """Store a text with where it comes from in the agent's own archive; returns the passages made (see NoteArchive)."""
        return self.notes.insert(text, origin)

    def stopped(self) -> bool:
        """Whether the user wants the step to end: what takes long asks it and ends with what it has."""
        return self.stop.asked()

    def knows(self, handle: str) -> bool:
        """Whether a passage was shown under this handle."""
        return handle in self.memory.handles.values()

    def place_of(self, handle: str) -> tuple[str, int] | None:
        """Document and page (1-based) of a handle that the queue shows, or None."""
        for message in reversed(self.memory.queue.results):
            for hit in message.body["archive"].get("hits", ()):
                if hit["handle"] == handle:
                    return str(hit["document"]), int(hit["page"])
        return None

    def read_documents(self) -> dict[str, ReadDocument]:
        """The documents with passages in context by content hash, the latest first; what the agent or the user wrote is none."""
        archive = self.search.archive
        shown = [passage for message in reversed(self.memory.queue.results) for passage in message.passages]
        passages = archive.passages(shown)
        hashes = archive.content_hashes({passage.document for passage in passages.values()})
        own = archive.self_made(hashes)
        attached = archive.paths(self.sources())
        read: dict[str, ReadDocument] = {}
        for passage in (passages[key] for key in shown if key in passages):
            key = passage.document
            if key not in hashes or key in own:
                continue
            if hashes[key] not in read:
                path = attached[key][0] if key in attached else archive.path_of(key)
                read[hashes[key]] = ReadDocument(path or "", [])
            read[hashes[key]].texts.append(passage.text)
        return read

    def branch(self) -> list[int]:
        """Ids of all stored messages of the current branch."""
        return self.memory.branch

    def in_context(self) -> frozenset[int]:
        """Passages whose text is in the queue now."""
        return frozenset(passage for message in self.memory.queue.results for passage in message.passages)


def page_read(
    page: ResultPage, search: ArchivalSearch, in_context: frozenset[int], *, origin: str, tokens: int = 0
) -> PageRead:
    """The event of a page of results, with its texts; people count pages from 1."""
    texts = search.texts([hit.passage for hit in page.hits])
    hits = tuple(
        replace(
            hit, text=texts.get(hit.passage, TOMBSTONE), score=hit.score or 0.0, in_context=hit.passage in in_context
        )
        for hit in page.hits
    )
    best = ""
    if page.total and not page.exact and page.function == "archival_memory_search":
        # A search by meaning ranks nearly everything: its total is not the number of passages that speak of the query.
        most = page.total * 10 >= page.searched * 9
        best = "nearest first; nearly every passage is ranked" if most else f"the best of {page.searched:,} passages"
    note = ", ".join(filter(None, (best, page.note.strip(" ,;"))))
    first = page.first + 1 if hits else 0
    return PageRead(
        query=page.query, function=page.function, page=page.number + 1, pages=page.pages, first=first,
        last=page.first + len(hits), total=page.total, hits=hits, tokens=tokens, origin=origin, note=note, scope=page.extra,
    )  # fmt: skip
