"""Archival storage in DuckDB: documents with their pages and passages are stored once; sources are sets of links to them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from workbench.core.errors import NotFound
from workbench.storage.bulk_insert import DIMENSIONS as DIMENSIONS
from workbench.storage.bulk_insert import Counted, insert_pages, insert_passages, insert_vectors, next_document
from workbench.storage.catalogue_cache import CatalogueCache
from workbench.storage.cursors import CursorRepository
from workbench.storage.database import Clock, Database, next_id, utc_now
from workbench.storage.embedding_models import EmbeddingModels, model_number
from workbench.storage.embedding_queue import EmbeddingQueue, copy_equal
from workbench.storage.garbage_collection import collect
from workbench.storage.load_queue import FileQueue
from workbench.storage.metadata import document_days, document_remarks, stated_of
from workbench.storage.near_duplicates import Likeness, links_with_sketches
from workbench.storage.notes import UserNotes
from workbench.storage.passage_reader import PassageReader
from workbench.storage.passage_search import PassageSearch
from workbench.storage.rows import Arrival, Draft, LoadedDocument, PageRow, Passage, SourceRow, Stored
from workbench.storage.sources import SourceRepository
from workbench.storage.tables import (
    StoredTable,
    insert_tables,
    public_view,
    reserved_words,
    rows_of,
    rows_of_view,
    stored_tables,
)
from workbench.storage.whole_document import (
    DOCUMENT_COLUMNS,
    PASSAGE_COLUMNS,
    WholeDocument,
    WholeTable,
    whole_document,
)

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa


NOTES_PREFIX = "notes of "
NOTE_LOADER = "note of "
"""How the loader of a note is called, with the agent's number behind it."""

_SAME = "SELECT document_id FROM documents WHERE content_hash = ? AND loader = ? AND loader_version = ?"
_PATHS_KEPT, _KEPT, _DOCUMENTS_KEPT, _PASSAGES_KEPT = 8, 32, 1_024, 256


def origin_of(metadata: str) -> str:
    """Who wrote a document of the note loader, by its metadata: "pasted" (the user) or "note" (the agent)."""
    return "pasted" if json.loads(metadata).get("pasted") else "note"


class DuckDBArchive:
    """The archive over one Database (see ArchivalStorage): the embedded default."""

    def __init__(self, database: Database, clock: Clock = utc_now) -> None:
        self.database = database
        self._clock = clock
        self.queue = FileQueue(database, clock)
        self.models = EmbeddingModels(database, clock)
        self.waiting = EmbeddingQueue(database, self.models)
        self.holdings = SourceRepository(database)
        self.notes = UserNotes(database, clock)
        self.likeness = Likeness(links_with_sketches(database), lambda: database.catalogue)
        self.cursors = CursorRepository(database)
        self.bulk = PassageReader(database, self.models)
        self.search: PassageSearch | None = None
        self._paths: dict[frozenset[int], tuple[int, Mapping[int, tuple[str, str]]]] = {}
        self._kept: dict[tuple[str, frozenset[int]], tuple[int, list[tuple[Any, ...]]]] = {}
        self._hashes = CatalogueCache(lambda: database.catalogue, self._read_content_hashes, _DOCUMENTS_KEPT)
        self._self_made = CatalogueCache(lambda: database.catalogue, self._read_self_made, _DOCUMENTS_KEPT)
        self._passages = CatalogueCache(lambda: database.catalogue, self._read_passages, _PASSAGES_KEPT)
        self._labels = CatalogueCache(lambda: database.catalogue, self._read_labels, _DOCUMENTS_KEPT)

    @property
    def catalogue(self) -> int:
        """See ArchivalStorage; also in Database."""
        return self.database.catalogue

    # -- sources ------------------------------------------------------------------------------------------------

    def source_id(self, name: str) -> int:
        """The id of a source, made when it is new."""
        if source_id := self.database.archive_row("SELECT source_id FROM sources WHERE name = ?", [name]):
            return int(source_id[0])
        return self.database.write(lambda connection: self._make_source(connection, name))

    def _make_source(self, connection: Any, name: str) -> int:
        if source_ids := connection.execute("SELECT source_id FROM sources WHERE name = ?", [name]).fetchall():
            return int(source_ids[0][0])
        new = next_id(connection, "sources", "source_id")
        connection.execute("INSERT INTO sources VALUES (?, ?, NULL, ?)", [new, name, self._clock()])
        return new

    def source_for_path(self, root: str, name: str) -> str:
        """Name of the source made for a path; a new one is called `name`, or `name-2` … when that is another path's."""
        if made := self.source_made_for(root):
            return made

        def job(connection: Any) -> str:
            # Another display may have loaded the same path in the meantime.
            if made := connection.execute("SELECT name FROM sources WHERE root = ?", [root]).fetchall():
                return str(made[0][0])
            rows = connection.execute("SELECT name, root FROM sources WHERE starts_with(name, ?)", [name]).fetchall()
            taken = {str(row[0]) for row in rows}
            free = next(
                item for item in (name, *(f"{name}-{n}" for n in range(2, len(taken) + 3))) if item not in taken
            )
            new = next_id(connection, "sources", "source_id")
            connection.execute("INSERT INTO sources VALUES (?, ?, ?, ?)", [new, free, root, self._clock()])
            return free

        return self.database.write(job)

    def source_made_for(self, root: str) -> str | None:
        """Name of the source that was made for a path."""
        row = self.database.archive_row("SELECT name FROM sources WHERE root = ?", [root])
        return str(row[0]) if row else None

    def root_of(self, name: str) -> str | None:
        """The path that a source was made for, if it was made for one."""
        row = self.database.archive_row("SELECT root FROM sources WHERE name = ?", [name])
        return str(row[0]) if row and row[0] else None

    def find_source(self, name: str) -> int:
        """The id of a source. Raises NotFound, naming those there are."""
        if found := self.database.archive_row("SELECT source_id FROM sources WHERE name = ?", [name]):
            return int(found[0])
        names = ", ".join(row.name for row in self.sources()) or "none yet: `workbench load PATH --source NAME`"
        raise NotFound(f"There is no source named {name!r}.", f"Sources: {names}.")

    def sources(self, *, notes: bool = False) -> list[SourceRow]:
        """All sources, oldest first; agents' own notes only when asked for."""
        rows = self.database.archive_rows(
            """SELECT s.source_id, s.name, count(d.document_id), coalesce(sum(d.page_count), 0),
                      coalesce(sum(d.passage_count), 0), coalesce(sum(d.size_bytes), 0), s.created_at
               FROM sources s LEFT JOIN (SELECT DISTINCT source_id, document_id FROM source_documents) l USING (source_id)
               LEFT JOIN documents d USING (document_id) GROUP BY ALL ORDER BY s.source_id"""
        )
        sources = [SourceRow(*(int(n) if k in (0, 2, 3, 4, 5) else str(n) for k, n in enumerate(row))) for row in rows]  # type: ignore[arg-type]
        return [row for row in sources if notes or not row.name.startswith(NOTES_PREFIX)]

    def documents(self, source: int) -> list[tuple[str, int, str, int, int, int]]:
        """(path, document id, title, pages, passages, bytes) of a source, by path."""
        return self.database.archive_rows(
            """SELECT l.path, d.document_id, d.title, d.page_count, d.passage_count, d.size_bytes
               FROM source_documents l JOIN documents d USING (document_id) WHERE l.source_id = ? ORDER BY l.path""",
            [source],
        )

    def paths(self, sources: Iterable[int]) -> Mapping[int, tuple[str, str]]:
        """(path, source name) of every document in these sources. A document in two of them goes by its first path.

        The very same mapping again while the catalogue is the same: looking it up takes longer than a search.
        """
        chosen, now = frozenset(sources), self.database.catalogue
        known = self._paths.get(chosen)
        if known is None or known[0] != now:
            known = now, self._read_paths(chosen)
            self._paths = {**dict(list(self._paths.items())[-_PATHS_KEPT:]), chosen: known}
        return known[1]

    def let_go_of_paths(self) -> None:
        """Keep no names of documents in memory."""
        self._paths, self._kept = {}, {}
        for cache in (self._hashes, self._self_made, self._passages, self._labels):
            cache.clear()

    def _read_paths(self, sources: Iterable[int]) -> dict[int, tuple[str, str]]:
        rows = self.database.archive_rows(
            """SELECT l.document_id, arg_min(l.path, (s.source_id, l.path)), arg_min(s.name, (s.source_id, l.path))
               FROM source_documents l JOIN sources s USING (source_id)
               WHERE list_contains(?, l.source_id) GROUP BY l.document_id ORDER BY l.document_id""",
            [list(sources)],
        )
        return {int(document): (str(path), str(name)) for document, path, name in rows}

    def source_names(self, sources: Iterable[int]) -> dict[int, str]:
        """Names of sources by id."""
        rows = self._catalogued(
            "SELECT source_id, name FROM sources WHERE list_contains(?, source_id) ORDER BY 1", sources
        )
        return {int(key): str(name) for key, name in rows}

    def sizes(self, sources: Iterable[int]) -> dict[int, tuple[int, str]]:
        """(pages, title) of every document in these sources."""
        rows = self._catalogued(
            "SELECT DISTINCT document_id, page_count, title FROM documents JOIN source_documents USING (document_id) "
            "WHERE list_contains(?, source_id)",
            sources,
        )
        return {int(key): (int(pages), str(title)) for key, pages, title in rows}

    def _catalogued(self, sql: str, wanted: Iterable[int]) -> list[tuple[Any, ...]]:
        """The rows of a query of sources or documents by these ids, kept for as long as both are the same: a step asks several times."""
        now, key = self.database.catalogue, (sql, frozenset(wanted))
        known = self._kept.get(key)
        if known is None or known[0] != now:
            known = now, self.database.archive_rows(sql, [list(key[1])])
            self._kept = {**dict(list(self._kept.items())[-_KEPT:]), key: known}
        return known[1]

    def path_of(self, document: int) -> str | None:
        """The path that a document goes by; None when no source links it any more."""
        row = self.database.archive_row(
            "SELECT path FROM source_documents WHERE document_id = ? ORDER BY source_id, path LIMIT 1", [document]
        )
        return str(row[0]) if row else None

    def content_hashes(self, documents: Iterable[int]) -> dict[int, str]:
        """The hash of the bytes that each document was read from."""
        return self._hashes.get(documents)

    def _read_content_hashes(self, documents: Sequence[int]) -> dict[int, str]:
        rows = self.database.archive_rows(
            "SELECT document_id, content_hash FROM documents WHERE list_contains(?, document_id)", [list(documents)]
        )
        return {int(key): str(digest) for key, digest in rows}

    def self_made(self, documents: Iterable[int]) -> dict[int, str]:
        """What each document is that nobody loaded: "note" (the agent wrote it) or "pasted" (the user did); others are missing."""
        return self._self_made.get(documents)

    def _read_self_made(self, documents: Sequence[int]) -> dict[int, str]:
        rows = self.database.archive_rows(
            f"SELECT document_id, metadata FROM documents WHERE starts_with(loader, '{NOTE_LOADER}') "
            "AND list_contains(?, document_id)",
            [list(documents)],
        )
        return {int(key): origin_of(metadata) for key, metadata in rows}

    # -- loading ------------------------------------------------------------------------------------------------

    def whole(self, document: int) -> WholeDocument | None:
        """See ArchivalStorage."""
        import numpy as np

        row = self.database.archive_row(f"SELECT {DOCUMENT_COLUMNS} FROM documents WHERE document_id = ?", [document])
        if row is None:
            return None
        pages = self.database.archive_rows(
            "SELECT number, label, text FROM pages WHERE document_id = ? ORDER BY number", [document]
        )
        passages = self.database.archive_rows(
            f"SELECT {PASSAGE_COLUMNS} FROM passages WHERE document_id = ? ORDER BY passage_id", [document]
        )
        tables = [WholeTable.of(table, self.table_rows(table)) for table in self.stored_tables({document: ""})]
        ids = self.bulk.passages_of([document])
        embedded = np.isin(ids, self.bulk.embedded(ids.tolist()))
        return whole_document(row, pages, passages, tables, self.bulk.vectors_of(ids), embedded)

    def find_document(self, content_hash: str, loader: str, loader_version: int) -> int | None:
        """The document of these bytes read by this version of a loader, if it is stored."""
        row = self.database.archive_row(_SAME, [content_hash, loader, loader_version])
        return int(row[0]) if row else None

    def link_document(self, source: int, path: str, document: int, location: str = "") -> bool:
        """Link a stored document into a source. False when that very link was already there."""
        known = self.database.archive_row(
            "SELECT document_id, location FROM source_documents WHERE source_id = ? AND path = ?", [source, path]
        )
        if known == (document, location):
            return False
        self.database.write(lambda connection: self._link(connection, source, path, document, location))
        return True

    def _link(self, connection: Any, source: int, path: str, document: int, location: str) -> int | None:
        """Link, and take the path off the queue; returns the document that it linked before."""
        connection.execute("DELETE FROM file_queue WHERE source_id = ? AND path = ?", [source, path])
        before = connection.execute(
            "SELECT document_id FROM source_documents WHERE source_id = ? AND path = ?", [source, path]
        ).fetchall()
        # Twice as fast as an insert that may become an update.
        connection.execute(
            "UPDATE source_documents SET document_id = ?, location = ?, linked_at = ? WHERE source_id = ? AND path = ?"
            if before
            else "INSERT INTO source_documents (document_id, location, linked_at, source_id, path) VALUES (?, ?, ?, ?, ?)",
            [document, location, self._clock(), source, path],
        )
        return int(before[0][0]) if before else None

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
        """Store a document with its passages and vectors ((n, 384) float32, normalised) and link it; one transaction."""
        given = Arrival(source, path, content_hash, document, passages, embedder, size_bytes)
        return self.store(given, vectors).document

    def store(self, given: Arrival, vectors: np.ndarray | None = None) -> Stored:
        """Store a document with its pages and passages and link it; one transaction.

        Without vectors its passages are found by their words and wait to be embedded, all but those whose text and
        context the document that the path linked before had too.
        """
        title = given.document.title
        counted = given.counted or [Counted.of(item.text, title, item.heading) for item in given.passages]

        def job(connection: Any) -> Stored:
            document, passages = given.document, given.passages
            known = connection.execute(_SAME, [given.content_hash, document.loader, document.loader_version]).fetchall()
            if known:
                # Two loads at once read the same file: the first one stored it.
                document_id = int(known[0][0])
                return Stored(
                    document_id,
                    self._link(connection, given.source, given.path, document_id, given.location),
                    len(passages),
                )
            new = next_document(connection)
            connection.execute(
                "INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [new, given.content_hash, document.loader, document.loader_version, document.title,
                 json.dumps(dict(document.metadata), ensure_ascii=False, default=str), len(document.pages), len(passages),
                 sum(len(page.text) for page in document.pages), given.size_bytes, given.embedder, given.sketch,
                 self._clock()],
            )  # fmt: skip
            insert_pages(connection, new, document.pages)
            insert_tables(connection, new, document.tables)
            ids = insert_passages(connection, new, passages, counted)
            before = self._link(connection, given.source, given.path, new, given.location)
            if vectors is not None:
                insert_vectors(connection, model_number(connection, given.embedder), ids, vectors)
            reused = copy_equal(connection, before, new) if before is not None and vectors is None else 0
            return Stored(new, before, reused)

        return self.database.write(job)

    # -- reading ------------------------------------------------------------------------------------------------

    def passages(self, ids: Sequence[int]) -> dict[int, Passage]:
        """Passages by id; an id that is gone is missing."""
        return self._passages.get(ids)

    def _read_passages(self, ids: Sequence[int]) -> dict[int, Passage]:
        rows = self.database.archive_rows(
            "SELECT passage_id, document_id, page_number, start_char, end_char, heading, text, tokens FROM passages "
            "WHERE list_contains(?, passage_id)" if len(ids) > 8 else
            "SELECT passage_id, document_id, page_number, start_char, end_char, heading, text, tokens FROM passages "
            f"WHERE passage_id IN ({', '.join(str(int(item)) for item in ids) or 'NULL'})",
            [list(ids)] if len(ids) > 8 else [],
        )  # fmt: skip
        return {int(row[0]): Passage(*row) for row in rows}

    def page(self, document: int, number: int) -> PageRow | None:
        """A page of a document, 1-based."""
        row = self.database.archive_row(
            "SELECT p.number, d.page_count, p.label, p.text FROM pages p JOIN documents d USING (document_id) "
            "WHERE p.document_id = ? AND p.number = ?",
            [document, number],
        )
        return PageRow(document, int(row[0]), int(row[1]), row[2], str(row[3])) if row else None

    def page_count(self, document: int) -> int:
        """How many pages a document has."""
        row = self.database.archive_row("SELECT page_count FROM documents WHERE document_id = ?", [document])
        return int(row[0]) if row else 0

    def passage_count(self, document: int) -> int:
        """How many passages a document has."""
        row = self.database.archive_row("SELECT count(*) FROM passages WHERE document_id = ?", [document])
        return int(row[0]) if row else 0

    def page_texts(self, document: int, first: int, end: int) -> list[tuple[int, str]]:
        """(number, text) of a document's pages from `first` up to but not including `end`."""
        return self.database.archive_rows(
            "SELECT number, text FROM pages WHERE document_id = ? AND number >= ? AND number < ? ORDER BY number",
            [document, first, end],
        )

    def passages_of(self, document: int, page: int) -> list[Passage]:
        """The passages of a page, in order."""
        rows = self.database.archive_rows(
            "SELECT passage_id, document_id, page_number, start_char, end_char, heading, text, tokens FROM passages "
            "WHERE document_id = ? AND page_number = ? ORDER BY start_char, passage_id",
            [document, page],
        )
        return [Passage(*row) for row in rows]

    def labels(self, pages: Sequence[tuple[int, int]]) -> dict[tuple[int, int], str | None]:
        """Page labels of (document id, page number) pairs; those without one are missing."""
        return dict(self._labels.get(pages))

    def _read_labels(self, pages: Sequence[tuple[int, int]]) -> dict[tuple[int, int], str]:
        wanted = set(pages)
        rows = self.database.archive_rows(
            "SELECT document_id, number, label FROM pages WHERE list_contains(?, document_id) AND label IS NOT NULL",
            [sorted({document for document, _ in wanted})],
        )
        return {(int(a), int(b)): str(label) for a, b, label in rows if (int(a), int(b)) in wanted}

    # -- what is kept beside documents ---------------------------------------------------------------------------

    def days(self, documents: Iterable[int]) -> dict[int, date]:
        """The day of each document: the one it states itself, else the one it was loaded on."""
        return document_days(self.database, documents)

    def stated(self, documents: Iterable[int]) -> dict[int, tuple[str, dict[str, Any]]]:
        """What each document states of itself: its title, and its metadata as its loader read them."""
        return stated_of(self.database, documents)

    def remarks(self, source: int) -> dict[int, str]:
        """What was left out of the documents of a source, one line each."""
        return document_remarks(self.database, source)

    def collect(self, kept: Collection[int] = ()) -> int:
        """Delete documents that nothing refers to (see garbage_collection)."""
        return collect(self.database, kept)

    def stored_tables(self, documents: Mapping[int, Any]) -> list[StoredTable]:
        """The tables of these documents, in order."""
        return stored_tables(self.database, documents)

    def table_rows(self, table: StoredTable) -> pa.RecordBatchReader:
        """All rows of a table, a batch at a time; to be taken before this thread reads anything else."""
        return rows_of(self.database, table)

    def public_view(self, view: str, number: int) -> StoredTable:
        """One of the views that users query, with its columns and how many rows it has."""
        return public_view(self.database, view, number)

    def view_rows(self, view: StoredTable) -> pa.RecordBatchReader:
        """All rows of a view; to be taken before this thread reads anything else."""
        return rows_of_view(self.database, view)

    def reserved_words(self) -> set[str]:
        """The words of SQL that no table can be called by without quotes."""
        return reserved_words(self.database)
