"""Agents that leave and enter a home whose documents are in a shared archive: their past is the home's, passages are the archive's."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from workbench.storage.bulk_insert import Counted
from workbench.storage.database import Database
from workbench.storage.documents import NOTE_LOADER, NOTES_PREFIX
from workbench.storage.postgres.archive import PostgresArchive
from workbench.storage.postgres.backlog import insert_vectors
from workbench.storage.postgres.server import PostgresServer, plain
from workbench.storage.postgres.writing import insert_document, insert_pages, insert_passages
from workbench.storage.rows import Arrival
from workbench.storage.transfer import AgentSnapshot, AgentTransfer, AgentWriter, RowDict, pages_of

if TYPE_CHECKING:
    import numpy as np
    import psycopg


class SharedAgentTransfer(AgentTransfer):
    """See AgentTransfer."""

    def __init__(self, database: Database, archive: PostgresArchive) -> None:
        super().__init__(database)
        self._archive = archive

    @contextmanager
    def snapshot(self) -> Iterator[AgentSnapshot]:
        """See AgentTransfer. Passages never change, and none that an agent has shown goes while it is remembered."""
        with AgentSnapshot.of(self.database) as own:
            yield SharedAgentSnapshot(own, self._archive.server, self._archive.home)

    def writer(self, connection: Any, name: str, now: datetime, mark: str) -> AgentWriter:
        """See AgentTransfer."""
        return SharedAgentWriter(connection, name, now, mark, self._archive)


class SharedAgentSnapshot(AgentSnapshot):
    """The agent in the home's database, what it refers to in the archive."""

    def __init__(self, own: AgentSnapshot, server: PostgresServer, home: str) -> None:
        super().__init__(own.cursor)
        self._server, self._home = server, home

    def notes_source(self, agent: str) -> int | None:
        """See AgentSnapshot."""
        named = [self._home, NOTES_PREFIX + plain(agent)]
        row = self._server.row("SELECT source_id FROM sources WHERE home = %s AND name = %s", named)
        return int(row[0]) if row else None

    def archived(self, sql: str, parameters: list[Any]) -> list[RowDict]:
        """See AgentSnapshot."""
        from psycopg.rows import dict_row

        def work(connection: psycopg.Connection[Any]) -> list[RowDict]:
            with connection.cursor(binary=True, row_factory=dict_row) as cursor:
                return cursor.execute(sql.replace("?", "%s"), parameters).fetchall()

        return self._server.run(work)


class SharedAgentWriter(AgentWriter):
    """Writes the agent into the home's database, what comes along with it into the archive, which is committed first.

    Where the home's own transaction fails after that, the documents that came along are in no source, and its notes in one that no
    agent of the home has: the next import under that name begins with dropping it.
    """

    def __init__(self, connection: Any, name: str, now: datetime, mark: str, archive: PostgresArchive) -> None:
        super().__init__(connection, name, now, mark)
        self._archive = archive
        self._shared: Any = None
        self._added, self._notes_id = 0, 0

    def within(self, work: Callable[[], Mapping[int, int]]) -> Mapping[int, int]:
        """See AgentWriter. Where nothing has to be stored, a role may do it that may not change the archive."""

        def job(connection: Any) -> Mapping[int, int]:
            self._shared = connection
            self._added, self._notes_id = 0, 0
            numbers = work()
            if self._added:
                self._archive.server.rise(connection)
            connection.execute(
                "INSERT INTO referred SELECT DISTINCT %s, document_id FROM passages WHERE passage_id = ANY(%s) "
                "ON CONFLICT DO NOTHING",
                [self._archive.home, sorted(numbers.values())],
            )
            return numbers

        return self._archive.server.write(job, catalogue=False)

    def _archived(self, sql: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
        """See AgentWriter."""
        stored = [plain(value) if isinstance(value, str) else value for value in parameters]
        return self._archive.server.query(self._shared, sql.replace("?", "%s"), stored)

    def add_note(
        self,
        document: Mapping[str, Any],
        passages: Sequence[RowDict],
        counted: Sequence[Counted],
        vectors: np.ndarray,
    ) -> Sequence[int]:
        """See AgentWriter."""
        # Agents of other homes have the same numbers: the mark tells their notes apart.
        loader = f"{NOTE_LOADER}{self.agent} {self._mark}"
        new, ids = self._add(document, loader, document["embedder"], passages, counted)
        insert_vectors(self._shared, ids, vectors)
        self._shared.execute(
            "INSERT INTO source_documents VALUES (%s, %s, %s, '', %s)",
            [self._notes(), plain(document["note_path"]), new, self._now],
        )
        return ids

    def _add(
        self,
        document: Mapping[str, Any],
        loader: str,
        embedder: str,
        passages: Sequence[RowDict],
        counted: Sequence[Counted],
    ) -> tuple[int, Sequence[int]]:
        pages = pages_of(document)
        drafts = [SimpleNamespace(**row) for row in passages]
        loaded = SimpleNamespace(
            title=document["title"], pages=pages, metadata=json.loads(document["metadata"]), tables=(), loader=loader,
            loader_version=document["loader_version"],
        )  # fmt: skip
        given = Arrival(0, "", document["content_hash"], loaded, drafts, embedder, document["size_bytes"])
        new = insert_document(self._shared, given, counted, lambda: self._now)
        assert new is not None  # its loader has the mark
        self._shared.execute(
            "UPDATE documents SET page_count = %s, text_chars = %s WHERE document_id = %s",
            [document["page_count"], document["text_chars"], new],
        )
        self._added += 1
        insert_pages(self._shared, new, pages)
        return new, insert_passages(self._shared, new, drafts, counted)

    def _notes(self) -> int:
        if not self._notes_id:
            named = [self._archive.home, NOTES_PREFIX + plain(self._name)]
            self._shared.execute("DELETE FROM sources WHERE home = %s AND name = %s", named)
            row = self._shared.execute(
                "INSERT INTO sources (home, name, created_at) VALUES (%s, %s, %s) RETURNING source_id",
                [*named, self._now],
            ).fetchone()
            self._notes_id = int(row[0])
            self.attach(self._notes_id)
        return self._notes_id

    def source_like(self, name: str, contents: Iterable[str]) -> tuple[int, str] | None:
        """See AgentWriter."""
        row = self._archive.server.row(
            "SELECT s.source_id, s.name FROM source_documents l JOIN sources s USING (source_id) JOIN documents d "
            "USING (document_id) WHERE d.content_hash = ANY(%s) AND s.home = '' GROUP BY s.source_id, s.name "
            "ORDER BY s.name = %s DESC, count(*) DESC, s.source_id LIMIT 1",
            [list(contents), plain(name)],
        )
        return (int(row[0]), str(row[1])) if row else None
