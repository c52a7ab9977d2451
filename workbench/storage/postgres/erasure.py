"""Erases documents of a shared archive, and reads what a home must look for in what its own agents said."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from workbench.storage.database import Database
from workbench.storage.documents import NOTE_LOADER
from workbench.storage.erasure import ErasureSource
from workbench.storage.postgres.server import PostgresServer


class SharedErasureSource(ErasureSource):
    """What the agents said is in the home's own database; documents are in the shared archive."""

    def __init__(self, database: Database, server: PostgresServer, home: str) -> None:
        super().__init__(database)
        self._server, self._home = server, home

    def note_pages(self) -> list[tuple[int, str]]:
        """(document, text) of the pages of the notes of this home's agents."""
        rows = self._server.rows(
            "SELECT DISTINCT p.document_id, p.number, p.text FROM pages p JOIN documents d USING (document_id) "
            "JOIN source_documents l USING (document_id) JOIN sources s USING (source_id) "
            "WHERE starts_with(d.loader, %s) AND s.home = %s",
            [NOTE_LOADER, self._home],
        )
        return [(int(document), str(text)) for document, _, text in rows]

    def texts(self, documents: Sequence[int]) -> list[str]:
        """The pages and titles of documents."""
        wanted = [list(documents)]
        rows = self._server.rows("SELECT text FROM pages WHERE document_id = ANY(%s)", wanted)
        rows += self._server.rows("SELECT title FROM documents WHERE document_id = ANY(%s)", wanted)
        return [str(text) for (text,) in rows]

    def paths(self, documents: Sequence[int]) -> list[str]:
        """The paths that link documents."""
        sql = "SELECT path FROM source_documents WHERE document_id = ANY(%s)"
        return [str(path) for (path,) in self._server.rows(sql, [list(documents)])]

    def passages(self, documents: Sequence[int]) -> set[int]:
        """The passages of documents."""
        sql = "SELECT passage_id FROM passages WHERE document_id = ANY(%s)"
        return {int(key) for (key,) in self._server.rows(sql, [list(documents)])} if documents else set()

    def content_hashes(self, documents: Sequence[int]) -> frozenset[str]:
        """The hashes of the files that documents were read from."""
        sql = "SELECT content_hash FROM documents WHERE document_id = ANY(%s)"
        return frozenset(str(key) for (key,) in self._server.rows(sql, [list(documents)]))

    def delete(self, documents: Collection[int], sources: Collection[int]) -> int:
        """Take documents and sources out of the shared archive, for everybody; returns how many passages went."""
        gone = [list(documents)]

        def job(connection: Any) -> int:
            row = connection.execute("SELECT count(*) FROM passages WHERE document_id = ANY(%s)", gone).fetchone()
            for table in ("file_queue", "user_notes"):
                connection.execute(
                    f"DELETE FROM {table} t USING source_documents l WHERE l.document_id = ANY(%s) "
                    "AND t.source_id = l.source_id AND t.path = l.path",
                    gone,
                )
            connection.execute("DELETE FROM source_documents WHERE document_id = ANY(%s)", gone)
            connection.execute("DELETE FROM documents WHERE document_id = ANY(%s)", gone)
            connection.execute("DELETE FROM sources WHERE source_id = ANY(%s)", [list(sources)])
            return int(row[0])

        return self._server.write(job)
