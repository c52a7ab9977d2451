"""Archival storage on PostgreSQL: what documents are made of is shared by all homes, what agents remember stays in each of them."""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from workbench.core.errors import ArchiveError, NotFound
from workbench.storage.bulk_insert import Counted
from workbench.storage.database import Clock, utc_now
from workbench.storage.documents import NOTE_LOADER, NOTES_PREFIX, origin_of
from workbench.storage.metadata import remark, stated_day
from workbench.storage.near_duplicates import Likeness
from workbench.storage.passage_search import PassageSearch
from workbench.storage.postgres.backlog import SharedBacklog, copy_equal, insert_vectors
from workbench.storage.postgres.beside import Beside
from workbench.storage.postgres.catalogue import Catalogue
from workbench.storage.postgres.jobs import LoadJobs
from workbench.storage.postgres.load_queue import SharedFileQueue
from workbench.storage.postgres.models import SharedModels
from workbench.storage.postgres.notes import SharedNotes
from workbench.storage.postgres.passages import SharedPassages
from workbench.storage.postgres.public_schema import public_view, view_rows
from workbench.storage.postgres.search import SharedPaths, SharedSearch
from workbench.storage.postgres.server import PostgresServer, plain
from workbench.storage.postgres.sources import SharedSources
from workbench.storage.postgres.worker_lock import WorkerLock
from workbench.storage.postgres.writing import (
    SAME,
    insert_document,
    insert_pages,
    insert_passages,
    insert_tables,
    rows_of,
    stored_tables,
)
from workbench.storage.rows import Arrival, Draft, LoadedDocument, PageRow, Passage, SourceRow, Stored
from workbench.storage.tables import StoredTable
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

_PASSAGE = "SELECT passage_id, document_id, page_number, start_char, end_char, heading, text, tokens FROM passages"
_PATHS_KEPT = 8


class PostgresArchive:
    """See ArchivalStorage. `home` tells the homes apart that share the archive."""

    def __init__(self, server: PostgresServer, home: str, beside: Beside | None = None, clock: Clock = utc_now) -> None:
        self.server, self.home = server, home
        self._beside = beside or Beside()
        self._clock = clock
        self._catalogue = Catalogue(server, home, self._beside.version)
        self.worker = WorkerLock(self._catalogue)
        self.queue = SharedFileQueue(server, self.worker, clock)
        self.jobs = LoadJobs(server, self.worker, clock)
        self.models = SharedModels(server)
        self.waiting = SharedBacklog(server, self.worker)
        self.holdings = SharedSources(self._catalogue, self._beside.detach)
        self.notes = SharedNotes(self._catalogue, clock)
        self.likeness = Likeness(self._sketches, lambda: self._catalogue.version)
        self.cursors = self._beside.cursors
        self.bulk = SharedPassages(server)
        self.search: PassageSearch | None = SharedSearch(self._catalogue)
        self._paths: dict[frozenset[int], tuple[int, Mapping[int, tuple[str, str]]]] = {}
        self._referred: set[int] = set()
        self._untold: set[int] = set()

    @property
    def catalogue(self) -> int:
        """See ArchivalStorage."""
        return self._catalogue.version

    def close(self) -> None:
        """Let the server go. Safe to call twice."""
        self.worker.close()
        self.server.close()

    def may_load(self) -> bool:
        """Whether this role may change the archive: a reader may not."""
        row = self.server.row("SELECT has_table_privilege('workers', 'INSERT')")
        return bool(row and row[0])

    def identity(self) -> str:
        """What tells this archive from all others, however its URL is written."""
        row = self.server.row(
            "SELECT concat_ws(' ', (SELECT oid FROM pg_database WHERE datname = current_database()), "
            "'workbench'::regnamespace::oid, (SELECT min(applied_at) FROM schema_versions))"
        )
        return str(row[0]) if row else ""

    def _home_of(self, name: str) -> str:
        """Whose a source of this name is: agents' notes are their home's own, all else is everybody's."""
        return self.home if name.startswith(NOTES_PREFIX) else ""

    # -- sources ------------------------------------------------------------------------------------------------

    def source_id(self, name: str) -> int:
        """See ArchivalStorage."""
        wanted = [self._home_of(name), plain(name)]
        if found := self.server.row("SELECT source_id FROM sources WHERE home = %s AND name = %s", wanted):
            return int(found[0])

        def job(connection: Any) -> int:
            connection.execute(
                "INSERT INTO sources (home, name, created_at) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
                [*wanted, self._clock()],
            )
            row = connection.execute("SELECT source_id FROM sources WHERE home = %s AND name = %s", wanted).fetchone()
            return int(row[0])

        return self.server.write(job)

    def source_for_path(self, root: str, name: str) -> str:
        """See ArchivalStorage. A path means what is there in this home: another's of the same name is another's."""
        if made := self.source_made_for(root):
            return made

        def job(connection: Any) -> str:
            # One at a time: another workbench may choose the same name.
            connection.execute("LOCK TABLE sources IN SHARE ROW EXCLUSIVE MODE")
            mine = [plain(root), self.home]
            if made := connection.execute(
                "SELECT name FROM sources WHERE root = %s AND root_home = %s", mine
            ).fetchall():
                return str(made[0][0])
            rows = connection.execute(
                "SELECT name FROM sources WHERE home = '' AND starts_with(name, %s)", [plain(name)]
            )
            taken = {str(row[0]) for row in rows.fetchall()}
            free = next(
                item for item in (name, *(f"{name}-{n}" for n in range(2, len(taken) + 3))) if plain(item) not in taken
            )
            connection.execute(
                "INSERT INTO sources (name, root, root_home, created_at) VALUES (%s, %s, %s, %s)",
                [plain(free), *mine, self._clock()],
            )
            return free

        return self.server.write(job)

    def source_made_for(self, root: str) -> str | None:
        """See ArchivalStorage."""
        row = self.server.row("SELECT name FROM sources WHERE root = %s AND root_home = %s", [plain(root), self.home])
        return str(row[0]) if row else None

    def root_of(self, name: str) -> str | None:
        """See ArchivalStorage."""
        row = self.server.row(
            "SELECT root FROM sources WHERE home = %s AND name = %s", [self._home_of(name), plain(name)]
        )
        return str(row[0]) if row and row[0] else None

    def find_source(self, name: str) -> int:
        """See ArchivalStorage."""
        found = self.server.row(
            "SELECT source_id FROM sources WHERE home = %s AND name = %s", [self._home_of(name), plain(name)]
        )
        if found:
            return int(found[0])
        names = ", ".join(row.name for row in self.sources()) or "none yet: `workbench load PATH --source NAME`"
        raise NotFound(f"There is no source named {name!r}.", f"Sources: {names}.")

    def sources(self, *, notes: bool = False) -> list[SourceRow]:
        """See ArchivalStorage."""
        rows = self.server.rows(
            """SELECT s.source_id, s.name, count(d.document_id), coalesce(sum(d.page_count), 0)::bigint,
                      coalesce(sum(d.passage_count), 0)::bigint, coalesce(sum(d.size_bytes), 0)::bigint, s.created_at
               FROM sources s LEFT JOIN (SELECT DISTINCT source_id, document_id FROM source_documents) l USING (source_id)
               LEFT JOIN documents d USING (document_id) WHERE s.home IN ('', %s)
               GROUP BY s.source_id, s.name, s.created_at ORDER BY s.source_id""",
            [self.home],
        )
        sources = [
            SourceRow(int(key), str(name), int(documents), int(pages), int(passages), int(size), str(created))
            for key, name, documents, pages, passages, size, created in rows
        ]
        return [row for row in sources if notes or not row.name.startswith(NOTES_PREFIX)]

    def documents(self, source: int) -> list[tuple[str, int, str, int, int, int]]:
        """See ArchivalStorage."""
        rows = self.server.rows(
            """SELECT l.path, d.document_id, d.title, d.page_count, d.passage_count, d.size_bytes
               FROM source_documents l JOIN documents d USING (document_id) WHERE l.source_id = %s ORDER BY l.path""",
            [source],
        )
        return [(str(a), int(b), str(c), int(d), int(e), int(f)) for a, b, c, d, e, f in rows]

    def paths(self, sources: Iterable[int]) -> Mapping[int, tuple[str, str]]:
        """See ArchivalStorage."""
        chosen, now = frozenset(sources), self.catalogue
        known = self._paths.get(chosen)
        if known is None or known[0] != now:
            known = now, self._read_paths(chosen)
            self._paths = {**dict(list(self._paths.items())[-_PATHS_KEPT:]), chosen: known}
        return known[1]

    def let_go_of_paths(self) -> None:
        """See ArchivalStorage."""
        self._paths = {}

    def _read_paths(self, sources: Iterable[int]) -> SharedPaths:
        rows = self.server.rows(
            """SELECT DISTINCT ON (l.document_id) l.document_id, l.path, s.name
               FROM source_documents l JOIN sources s USING (source_id)
               WHERE l.source_id = ANY(%s) ORDER BY l.document_id, s.source_id, l.path""",
            [list(sources)],
        )
        paths = SharedPaths((int(document), (str(path), str(name))) for document, path, name in rows)
        paths.sources = frozenset(sources)
        return paths

    def source_names(self, sources: Iterable[int]) -> dict[int, str]:
        """See ArchivalStorage."""
        rows = self.server.rows(
            "SELECT source_id, name FROM sources WHERE source_id = ANY(%s) AND home IN ('', %s) ORDER BY 1",
            [list(sources), self.home],
        )
        return {int(key): str(name) for key, name in rows}

    def sizes(self, sources: Iterable[int]) -> dict[int, tuple[int, str]]:
        """See ArchivalStorage."""
        rows = self.server.rows(
            "SELECT DISTINCT document_id, page_count, title FROM documents JOIN source_documents USING (document_id) "
            "WHERE source_id = ANY(%s)",
            [list(sources)],
        )
        return {int(key): (int(pages), str(title)) for key, pages, title in rows}

    def path_of(self, document: int) -> str | None:
        """See ArchivalStorage."""
        row = self.server.row(
            "SELECT path FROM source_documents WHERE document_id = %s ORDER BY source_id, path LIMIT 1", [document]
        )
        return str(row[0]) if row else None

    def content_hashes(self, documents: Iterable[int]) -> dict[int, str]:
        """See ArchivalStorage."""
        rows = self.server.rows(
            "SELECT document_id, content_hash FROM documents WHERE document_id = ANY(%s)", [list(documents)]
        )
        return {int(key): str(digest) for key, digest in rows}

    def self_made(self, documents: Iterable[int]) -> dict[int, str]:
        """See ArchivalStorage."""
        rows = self.server.rows(
            "SELECT document_id, metadata FROM documents WHERE starts_with(loader, %s) AND document_id = ANY(%s)",
            [NOTE_LOADER, list(documents)],
        )
        return {int(key): origin_of(metadata) for key, metadata in rows}

    # -- loading ------------------------------------------------------------------------------------------------

    def whole(self, document: int) -> WholeDocument | None:
        """See ArchivalStorage."""
        import numpy as np

        row = self.server.row(f"SELECT {DOCUMENT_COLUMNS} FROM documents WHERE document_id = %s", [document])
        if row is None:
            return None
        pages = self.server.rows(
            "SELECT number, label, text FROM pages WHERE document_id = %s ORDER BY number", [document]
        )
        passages = self.server.rows(
            f"SELECT {PASSAGE_COLUMNS} FROM passages WHERE document_id = %s ORDER BY passage_id", [document]
        )
        tables = [WholeTable.of(table, self.table_rows(table)) for table in self.stored_tables({document: ""})]
        ids = self.bulk.passages_of([document])
        embedded = np.isin(ids, self.bulk.embedded(ids.tolist()))
        return whole_document(row, pages, passages, tables, self.bulk.vectors_of(ids), embedded)

    def find_document(self, content_hash: str, loader: str, loader_version: int) -> int | None:
        """See ArchivalStorage."""
        row = self.server.row(SAME, [content_hash, plain(loader), loader_version])
        return int(row[0]) if row else None

    def link_document(self, source: int, path: str, document: int, location: str = "") -> bool:
        """See ArchivalStorage. Raises ArchiveError when somebody removed the document at that moment."""
        known = self.server.row(
            "SELECT document_id, location FROM source_documents WHERE source_id = %s AND path = %s",
            [source, plain(path)],
        )
        if known == (document, plain(location)):
            return False
        self.server.write(lambda connection: self._link(connection, source, path, document, location))
        return True

    def _link(self, connection: Any, source: int, path: str, document: int, location: str) -> int | None:
        """Link, and take the path off the queue; returns the document that it linked before."""
        import psycopg

        named = [source, plain(path)]
        connection.execute("DELETE FROM file_queue WHERE source_id = %s AND path = %s", named)
        before = connection.execute(
            "SELECT document_id FROM source_documents WHERE source_id = %s AND path = %s", named
        ).fetchone()
        try:
            connection.execute(
                "INSERT INTO source_documents VALUES (%s, %s, %s, %s, %s) ON CONFLICT (source_id, path) DO UPDATE SET "
                "document_id = excluded.document_id, location = excluded.location, linked_at = excluded.linked_at",
                [*named, document, plain(location), self._clock()],
            )
        except psycopg.errors.ForeignKeyViolation:
            raise ArchiveError(
                f"Somebody removed {path} or its source while it was loaded.", "Load it again."
            ) from None
        return int(before[0]) if before else None

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
        """See ArchivalStorage."""
        given = Arrival(source, path, content_hash, document, passages, embedder, size_bytes)
        return self.store(given, vectors).document

    def store(self, given: Arrival, vectors: np.ndarray | None = None) -> Stored:
        """See ArchivalStorage."""
        title = given.document.title
        counted = given.counted or [Counted.of(item.text, title, item.heading) for item in given.passages]

        def job(connection: Any) -> Stored:
            document, passages = given.document, given.passages
            new = insert_document(connection, given, counted, self._clock)
            if new is None:
                # Two loads at once read the same file, here or elsewhere: the first one stored it.
                row = connection.execute(SAME, [given.content_hash, plain(document.loader), document.loader_version])
                known = int(row.fetchone()[0])
                return Stored(
                    known, self._link(connection, given.source, given.path, known, given.location), len(passages)
                )
            insert_pages(connection, new, document.pages)
            insert_tables(connection, new, document.tables)
            ids = insert_passages(connection, new, passages, counted)
            before = self._link(connection, given.source, given.path, new, given.location)
            if vectors is not None:
                insert_vectors(connection, ids, vectors)
                return Stored(new, before, 0)
            connection.execute("INSERT INTO waiting SELECT unnest(%s::bigint[]), %s, %s", [ids, new, given.embedder])
            reused = copy_equal(connection, before, new) if before is not None else 0
            return Stored(new, before, reused)

        return self.server.write(job)

    # -- reading ------------------------------------------------------------------------------------------------

    def passages(self, ids: Sequence[int]) -> dict[int, Passage]:
        """See ArchivalStorage."""
        if not len(ids):
            return {}
        rows = self.server.rows(f"{_PASSAGE} WHERE passage_id = ANY(%s)", [[int(key) for key in ids]])
        return {int(row[0]): Passage(*row) for row in rows}

    def page(self, document: int, number: int) -> PageRow | None:
        """See ArchivalStorage."""
        row = self.server.row(
            "SELECT p.number, d.page_count, p.label, p.text FROM pages p JOIN documents d USING (document_id) "
            "WHERE p.document_id = %s AND p.number = %s",
            [document, number],
        )
        return PageRow(document, int(row[0]), int(row[1]), row[2], str(row[3])) if row else None

    def page_count(self, document: int) -> int:
        """See ArchivalStorage."""
        row = self.server.row("SELECT page_count FROM documents WHERE document_id = %s", [document])
        return int(row[0]) if row else 0

    def passage_count(self, document: int) -> int:
        """See ArchivalStorage."""
        row = self.server.row("SELECT passage_count FROM documents WHERE document_id = %s", [document])
        return int(row[0]) if row else 0

    def page_texts(self, document: int, first: int, end: int) -> list[tuple[int, str]]:
        """See ArchivalStorage."""
        rows = self.server.rows(
            "SELECT number, text FROM pages WHERE document_id = %s AND number >= %s AND number < %s ORDER BY number",
            [document, first, end],
        )
        return [(int(number), str(text)) for number, text in rows]

    def passages_of(self, document: int, page: int) -> list[Passage]:
        """See ArchivalStorage."""
        rows = self.server.rows(
            f"{_PASSAGE} WHERE document_id = %s AND page_number = %s ORDER BY start_char, passage_id", [document, page]
        )
        return [Passage(*row) for row in rows]

    def labels(self, pages: Sequence[tuple[int, int]]) -> dict[tuple[int, int], str | None]:
        """See ArchivalStorage."""
        wanted = sorted(set(pages))
        rows = self.server.rows(
            "SELECT document_id, number, label FROM pages JOIN unnest(%s::bigint[], %s::int[]) w (document_id, number) "
            "USING (document_id, number) WHERE label IS NOT NULL",
            [[document for document, _ in wanted], [number for _, number in wanted]],
        )
        return {(int(a), int(b)): str(label) for a, b, label in rows}

    # -- what is kept beside documents ---------------------------------------------------------------------------

    def days(self, documents: Iterable[int]) -> dict[int, date]:
        """See ArchivalStorage."""
        rows = self.server.rows(
            "SELECT document_id, metadata, created_at FROM documents WHERE document_id = ANY(%s)", [list(documents)]
        )
        return {int(key): stated_day(json.loads(metadata)) or created.date() for key, metadata, created in rows}

    def stated(self, documents: Iterable[int]) -> dict[int, tuple[str, dict[str, Any]]]:
        """See ArchivalStorage."""
        rows = self.server.rows(
            "SELECT document_id, title, metadata FROM documents WHERE document_id = ANY(%s)", [list(documents)]
        )
        return {int(key): (str(title), json.loads(metadata)) for key, title, metadata in rows}

    def remarks(self, source: int) -> dict[int, str]:
        """See ArchivalStorage."""
        rows = self.server.rows(
            "SELECT DISTINCT document_id, metadata FROM documents JOIN source_documents USING (document_id) "
            "WHERE source_id = %s AND metadata <> '{}'",
            [source],
        )
        return {int(key): said for key, metadata in rows if (said := remark(json.loads(metadata)))}

    def collect(self, kept: Collection[int] = ()) -> int:
        """See ArchivalStorage. What agents of any home have shown is kept: each home notes it here before it shows it."""
        unlinked = "NOT EXISTS (SELECT 1 FROM source_documents l WHERE l.document_id = d.document_id)"
        unasked = "NOT EXISTS (SELECT 1 FROM referred r WHERE r.document_id = d.document_id)"
        gone = self.server.rows(f"SELECT d.document_id FROM documents d WHERE {unlinked} AND {unasked}")
        if not gone:
            return 0
        here = [list({*kept, *self._beside.shown_passages()})]

        def job(connection: Any) -> int:
            free = connection.execute(
                f"""SELECT d.document_id FROM documents d WHERE {unlinked} AND {unasked} AND NOT EXISTS (
                    SELECT 1 FROM passages p WHERE p.document_id = d.document_id AND p.passage_id = ANY(%s))
                    FOR UPDATE SKIP LOCKED""",
                here,
            ).fetchall()
            # Asked again now that they are locked: nobody can link them any more.
            deleted = connection.execute(
                f"DELETE FROM documents d WHERE d.document_id = ANY(%s) AND {unlinked} AND {unasked}",
                [[int(row[0]) for row in free]],
            )
            return int(deleted.rowcount)

        return self.server.write(job)

    def refer(self, passages: Collection[int]) -> None:
        """The agents of this home are about to show these passages: their documents are kept, whoever lets go of them.

        What cannot be told now, because the server is away, is told with the next ones: no answer is lost for it.
        """
        self._untold.update(int(key) for key in passages if int(key) not in self._referred)
        new = sorted(self._untold)
        if not new:
            return
        try:
            self.server.write(
                lambda connection: connection.execute(
                    "INSERT INTO referred SELECT DISTINCT %s, document_id FROM passages WHERE passage_id = ANY(%s) "
                    "ON CONFLICT DO NOTHING",
                    [self.home, new],
                ),
                catalogue=False,
            )
        except ArchiveError as error:
            logging.getLogger(__name__).warning("%s", error.one_line())
            return
        self._untold.difference_update(new)
        self._referred.update(new)

    def rename_notes(self, agent: str, name: str) -> None:
        """See agents.SharedSources."""
        names = [NOTES_PREFIX + plain(name), self.home, NOTES_PREFIX + plain(agent)]
        self.server.write(
            lambda connection: connection.execute("UPDATE sources SET name = %s WHERE home = %s AND name = %s", names)
        )

    def drop_notes(self, agent: str) -> None:
        """See agents.SharedSources."""
        named = [self.home, NOTES_PREFIX + plain(agent)]
        self.server.write(
            lambda connection: connection.execute("DELETE FROM sources WHERE home = %s AND name = %s", named)
        )

    def _sketches(self, sources: Sequence[int]) -> list[tuple[Any, ...]]:
        return self.server.rows(
            "SELECT s.name, l.path, l.document_id, d.sketch FROM source_documents l JOIN documents d USING (document_id) "
            "JOIN sources s USING (source_id) WHERE l.source_id = ANY(%s) ORDER BY s.source_id, l.path",
            [list(sources)],
        )

    def stored_tables(self, documents: Mapping[int, Any]) -> list[StoredTable]:
        """See ArchivalStorage."""
        return stored_tables(self.server, documents)

    def table_rows(self, table: StoredTable) -> pa.RecordBatchReader:
        """See ArchivalStorage."""
        return rows_of(self.server, table)

    def public_view(self, view: str, number: int) -> StoredTable:
        """See ArchivalStorage."""
        return public_view(self.server, self.home, view, number)

    def view_rows(self, view: StoredTable) -> pa.RecordBatchReader:
        """See ArchivalStorage."""
        return view_rows(self.server, self.home, view)

    def reserved_words(self) -> set[str]:
        """See ArchivalStorage: queries of tables are DuckDB's, whatever keeps the tables."""
        import duckdb

        with duckdb.connect() as memory:
            rows = memory.execute(
                "SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category IN ('reserved', 'column_name')"
            ).fetchall()
        return {str(word) for (word,) in rows}
