"""What any archive offers, as protocols: archival storage with its sources, queues, notes and passages for an index.

`storage.documents.DuckDBArchive` is the embedded default. Whatever implements these protocols passes the suite in
`tests/unit/storage/test_archive.py`, and nothing above `storage` knows which one is there. Agents, their messages and steps
are not of it: they stay in the home's own database whoever shares the documents.

Ids are positive integers that are never given twice. All methods are thread-safe and raise ArchiveError when the
database cannot be read or written. A method that writes has written when it returns; each is one transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Protocol

from workbench.storage.cursors import CursorRow
from workbench.storage.embedding_models import EmbeddingModel, WaitingPassage
from workbench.storage.load_queue import QueuedFile, Refused, State
from workbench.storage.notes import UserNote
from workbench.storage.passage_search import PassageSearch
from workbench.storage.rows import Arrival, Draft, LoadedDocument, PageRow, Passage, SourceRow, Stored
from workbench.storage.sources import Link, Root
from workbench.storage.tables import StoredTable
from workbench.storage.whole_document import WholeDocument

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from workbench.storage.passage_reader import ReadBlock


class Sources(Protocol):
    """Names, origins and links of sources, to be changed by the user. Methods ignore ids and paths that are not there."""

    def links(self, source: int) -> list[Link]:
        """Everything a source links, by path."""
        ...

    def linked(self, path: str, source: str | None = None) -> list[tuple[int, str]]:
        """(document, source name) of what a path is linked to, by source name; in that source alone when one is named."""
        ...

    def places(self, documents: Collection[int]) -> list[tuple[str, str]]:
        """(path, location) of every link to these documents."""
        ...

    def named_places(self) -> set[str]:
        """Everything that a source was loaded from, links or waits for: locations, and paths that are addresses."""
        ...

    def unlink(self, source: int, paths: Collection[str]) -> int:
        """Take paths out of a source and off its queue; returns how many were linked."""
        ...

    def roots(self, source: int) -> list[Root]:
        """What a source was loaded from, in alphabetical order."""
        ...

    def loaded_from(self, locations: Collection[str], rules: str) -> str | None:
        """Name of the oldest source that was loaded from one of these alone (names of one place), by the same rules."""
        ...

    def add_root(self, source: int, root: Root) -> None:
        """Remember what a source was loaded from; the rules of the last load are kept."""
        ...

    def drop_root(self, source: int, location: str) -> None:
        """Forget that a source was loaded from there."""
        ...

    def rename(self, source: int, name: str) -> None:
        """Give a source another name. Raises UsageError when another source has it."""
        ...

    def remove(self, source: int) -> None:
        """Forget a source: its links, queue, roots, notes and attachments. Documents stay until they are collected."""
        ...


class LoadQueue(Protocol):
    """The files that are not loaded. A file leaves it when it is linked."""

    def files(self, source: int | None = None, states: Collection[State] = ()) -> list[QueuedFile]:
        """What is in the queue, by source and path; of one source, in some states, when these are given."""
        ...

    def wait(self, source: int, files: Sequence[tuple[str, str, int]]) -> None:
        """Note (path, location, bytes) of files that are about to be loaded; those known in any way are left as they are."""
        ...

    def note(self, source: int, files: Sequence[Refused]) -> None:
        """Remember why files are not loaded; of one path the last reason."""
        ...

    def change(self, source: int, path: str, state: State) -> bool:
        """Change the state of a file; False when it is not in the queue."""
        ...

    def drop(self, source: int, paths: Collection[str]) -> None:
        """Forget files."""
        ...


class EmbeddingBacklog(Protocol):
    """The passages that have no vector yet."""

    def count(self, embedder: str) -> int:
        """How many passages wait for this embedder."""
        ...

    def by_source(self) -> dict[int, int]:
        """How many passages of each source wait; sources where none does are missing."""
        ...

    def claim(self, after: int, most: int, embedder: str) -> list[WaitingPassage]:
        """The next passages with an id above `after`, at most `most`, rising, that nobody else has claimed."""
        ...

    def release(self, ids: Sequence[int]) -> None:
        """Give back what was claimed and not stored."""
        ...

    def store(self, ids: Sequence[int], vectors: np.ndarray, embedder: str) -> None:
        """The vectors of passages by `embedder`, (n, d) float32, normalised. One that has its vector keeps it.

        Left out is what is gone, and what belongs to a document that has another model by now.
        """
        ...


class Models(Protocol):
    """The embedding models beside the built-in one, whose name here is "": which documents and sources have which."""

    def all(self) -> Mapping[str, EmbeddingModel]:
        """Every registered model by its name."""
        ...

    def admit(self, name: str) -> None:
        """Raises ArchiveError where no other model than the built-in one may embed, before this one is asked for anything."""
        ...

    def add(self, given: EmbeddingModel) -> EmbeddingModel:
        """Register a model under a number of its own; one of the same name keeps what it has."""
        ...

    def move(self, name: str, address: str) -> None:
        """The same model is asked elsewhere from now on."""
        ...

    def of_source(self, source: int) -> str:
        """The model that the next documents of a source get."""
        ...

    def choose(self, source: int, name: str) -> None:
        """The next documents of a source get this model's vectors."""
        ...

    def in_source(self, source: int) -> dict[str, int]:
        """How many documents of a source have each model, by the name that documents have it under."""
        ...

    def sources_of(self, documents: Collection[int]) -> list[str]:
        """Names of the sources that hold one of these documents."""
        ...

    def among(self, documents: Collection[int]) -> dict[str, int]:
        """How many of these documents have each registered model, and under "" how many have none of them."""
        ...

    def lacking(self, source: int, embedder: str) -> tuple[int, int]:
        """(passages of the source that have no vector of this model, all of its passages)."""
        ...

    def next_lacking(self, source: int, embedder: str, after: int, most: int) -> list[WaitingPassage]:
        """The next passages of a source, by number above `after`, that have no vector of this model."""
        ...

    def keep(self, embedder: str, ids: Sequence[int], vectors: np.ndarray) -> None:
        """Write vectors (n, d) beside the ones that serve. A passage that is gone, or has one, is passed over."""
        ...

    def switch(self, source: int, embedder: str) -> list[int] | None:
        """Let another model's vectors serve for all documents of a source, and delete the old ones.

        Returns the documents that changed, None when a passage has no new vector yet: nothing is changed then.
        """
        ...


class Notes(Protocol):
    """The user's notes on sources and documents."""

    def set(self, source: int, path: str, text: str) -> None:
        """Put a note on a source (path "") or a path of it, in place of the one before; an empty text takes it away."""
        ...

    def carry(self, source: int, old: str, new: str) -> None:
        """A document moved from the path `old` to `new`: its note goes with it."""
        ...

    def all(self) -> list[UserNote]:
        """The notes as they are now, by source and path."""
        ...

    def of_documents(self, documents: Iterable[int]) -> dict[int, str]:
        """What the model is told with hits of these documents, at most NOTE_CHARS each; documents without a note are missing."""
        ...


class NearDuplicates(Protocol):
    """Documents that are nearly the same."""

    def paths(self, sources: Iterable[int]) -> list[tuple[tuple[str, str], ...]]:
        """Groups of them in these sources, each of (source name, path); the same bytes twice count too."""
        ...


class Cursors(Protocol):
    """The results that a reader can page through further after a restart."""

    def get(self, agent: int, reader: str, slot: int) -> CursorRow | None:
        """What is kept in one of a reader's places."""
        ...


class Passages(Protocol):
    """Passages in bulk, for an index in memory or in place of one. Arrays are numpy's; passage ids are int64 and rise."""

    def passages_of(self, documents: Iterable[int]) -> np.ndarray:
        """Ids of the passages of documents."""
        ...

    def embedded(self, passages: Iterable[int]) -> np.ndarray:
        """Those of `passages` that have a vector."""
        ...

    def sizes_of(self, documents: Iterable[int]) -> dict[int, tuple[int, int]]:
        """(passages, characters) of documents."""
        ...

    def read_blocks(self, ids: np.ndarray) -> Iterator[ReadBlock]:
        """What an index takes of passages, block by block, with their vectors; one that is gone by now is passed over."""
        ...

    def places_of(self, documents: Iterable[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Ids (n,) int64, documents (n,) int64 and page numbers (n,) int32 of the passages of documents."""
        ...

    def term_lists(self, documents: Iterable[int], column: str, batch_rows: int) -> Iterator[tuple[np.ndarray, Any]]:
        """(ids, packed terms of each as an Arrow list array) of all passages of documents, `batch_rows` at a time.

        Raises ValueError for what is no column of terms.
        """
        ...

    def texts_of(self, ids: Sequence[int]) -> dict[int, tuple[str, tuple[str, ...]]]:
        """(text, names that it is called by) of passages."""
        ...

    def inner_products(self, query: np.ndarray, model: str = "") -> tuple[np.ndarray, np.ndarray]:
        """All passages (n,) with a vector of a model and their exact inner products (n,) float32 with `query` (d,) float32."""
        ...

    def vectors_of(self, ids: np.ndarray, model: str = "") -> np.ndarray:
        """The vectors (n, d) float32 of passages by a model, in their order; zeros for one that has none of it."""
        ...

    def renew_terms(self) -> int:
        """Make anew what the keyword index takes where an older version's rules made it; returns how many passages."""
        ...

    def shrink(self) -> None:
        """Give back memory that holds what was read and is not read again."""
        ...


class ArchivalStorage(Protocol):
    """MemGPT's archival storage: documents with pages and passages, stored once, and sources that link them.

    A passage never changes; a document is stored whole or not at all. `page_number` counts from 1, characters from 0.
    """

    @property
    def catalogue(self) -> int:
        """Rises with every change of sources, documents and attachments that this process may see: what is derived is old then."""
        ...

    @property
    def holdings(self) -> Sources: ...
    @property
    def queue(self) -> LoadQueue: ...
    @property
    def waiting(self) -> EmbeddingBacklog: ...
    @property
    def models(self) -> Models: ...
    @property
    def notes(self) -> Notes: ...
    @property
    def likeness(self) -> NearDuplicates: ...
    @property
    def cursors(self) -> Cursors: ...
    @property
    def bulk(self) -> Passages: ...
    @property
    def search(self) -> PassageSearch | None:
        """Searches in the database; None where an index in this process's memory is made of `bulk`."""
        ...

    # -- sources ------------------------------------------------------------------------------------------------------

    def source_id(self, name: str) -> int:
        """The id of a source, made when it is new."""
        ...

    def source_for_path(self, root: str, name: str) -> str:
        """Name of the source made for a path; a new one is called `name`, or `name-2` … when that is another path's."""
        ...

    def source_made_for(self, root: str) -> str | None:
        """Name of the source that was made for a path."""
        ...

    def root_of(self, name: str) -> str | None:
        """The path that a source was made for, if it was made for one."""
        ...

    def find_source(self, name: str) -> int:
        """The id of a source. Raises NotFound, naming those there are."""
        ...

    def sources(self, *, notes: bool = False) -> list[SourceRow]:
        """All sources with their sizes, oldest first; agents' own notes only when asked for."""
        ...

    def source_names(self, sources: Iterable[int]) -> dict[int, str]:
        """Names of sources by id."""
        ...

    # -- documents ----------------------------------------------------------------------------------------------------

    def documents(self, source: int) -> list[tuple[str, int, str, int, int, int]]:
        """(path, document id, title, pages, passages, bytes) of a source, by path."""
        ...

    def paths(self, sources: Iterable[int]) -> Mapping[int, tuple[str, str]]:
        """(path, source name) of every document in these sources; one in two of them goes by its first path.

        The very same mapping again while `catalogue` is the same.
        """
        ...

    def let_go_of_paths(self) -> None:
        """Keep no names of documents in memory."""
        ...

    def sizes(self, sources: Iterable[int]) -> dict[int, tuple[int, str]]:
        """(pages, title) of every document in these sources."""
        ...

    def path_of(self, document: int) -> str | None:
        """The path that a document goes by; None when no source links it any more."""
        ...

    def content_hashes(self, documents: Iterable[int]) -> dict[int, str]:
        """The hash of the bytes that each document was read from."""
        ...

    def self_made(self, documents: Iterable[int]) -> dict[int, str]:
        """What each document is that nobody loaded: "note" (the agent wrote it) or "pasted" (the user did); others are missing."""
        ...

    def days(self, documents: Iterable[int]) -> dict[int, date]:
        """The day of each document: the one it states itself, else the one it was loaded on."""
        ...

    def stated(self, documents: Iterable[int]) -> dict[int, tuple[str, dict[str, Any]]]:
        """What each document states of itself: its title, and its metadata as its loader read them."""
        ...

    def remarks(self, source: int) -> dict[int, str]:
        """What was left out of the documents of a source, one line each; documents read whole are missing."""
        ...

    def whole(self, document: int) -> WholeDocument | None:
        """All of a document, as another archive can store it; None when it is gone."""
        ...

    def find_document(self, content_hash: str, loader: str, loader_version: int) -> int | None:
        """The document of these bytes read by this version of a loader, if it is stored."""
        ...

    def link_document(self, source: int, path: str, document: int, location: str = "") -> bool:
        """Link a stored document into a source and take the path off the queue. False when that very link was there."""
        ...

    def add_document(
        self,
        source: int,
        path: str,
        content_hash: str,
        document: LoadedDocument,
        passages: Sequence[Draft],
        vectors: np.ndarray,
        embedder: str,
        size_bytes: int,
    ) -> int:
        """Store a document with its passages and vectors, (n, 384) float32, normalised, and link it; returns its id."""
        ...

    def store(self, given: Arrival, vectors: np.ndarray | None = None) -> Stored:
        """Store a document with its pages and passages and link it, or link the one of the same bytes and loader.

        Without vectors its passages wait to be embedded, all but those whose text and context the document that the path
        linked before had too: these get its vectors.
        """
        ...

    def collect(self, kept: Collection[int] = ()) -> int:
        """Delete documents that no source, handle or passage in `kept` refers to; returns how many. Ids are not reused."""
        ...

    # -- pages, passages, tables --------------------------------------------------------------------------------------

    def passages(self, ids: Sequence[int]) -> dict[int, Passage]:
        """Passages by id; an id that is gone is missing."""
        ...

    def passages_of(self, document: int, page: int) -> list[Passage]:
        """The passages of a page, in order."""
        ...

    def page(self, document: int, number: int) -> PageRow | None:
        """A page of a document."""
        ...

    def page_count(self, document: int) -> int:
        """How many pages a document has; 0 when it is gone."""
        ...

    def passage_count(self, document: int) -> int:
        """How many passages a document has; 0 when it is gone."""
        ...

    def page_texts(self, document: int, first: int, end: int) -> list[tuple[int, str]]:
        """(number, text) of a document's pages from `first` up to but not including `end`."""
        ...

    def labels(self, pages: Sequence[tuple[int, int]]) -> dict[tuple[int, int], str | None]:
        """Page labels of (document id, page number) pairs; pages without a label are missing."""
        ...

    def stored_tables(self, documents: Mapping[int, Any]) -> list[StoredTable]:
        """The tables of these documents, in order."""
        ...

    def table_rows(self, table: StoredTable) -> pa.RecordBatchReader:
        """All rows of a table, a batch at a time; to be taken before this thread reads anything else."""
        ...

    def public_view(self, view: str, number: int) -> StoredTable:
        """One of the views that users query (storage.tables.VIEWS), with its columns and how many rows it has."""
        ...

    def view_rows(self, view: StoredTable) -> pa.RecordBatchReader:
        """All rows of a view, those columns of it that `view` names; to be taken before this thread reads anything else."""
        ...

    def reserved_words(self) -> set[str]:
        """The words of SQL that no table can be called by without quotes."""
        ...
