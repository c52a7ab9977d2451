"""Sources of a shared archive: their names, their origins and their links to documents."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from workbench.core.errors import UsageError
from workbench.storage.postgres.catalogue import Catalogue
from workbench.storage.postgres.server import plain
from workbench.storage.sources import Link, Root


class SharedSources:
    """See archive.Sources. A home sees what all homes loaded, and of agents' notes its own."""

    def __init__(self, catalogue: Catalogue, detach: Callable[[int], None]) -> None:
        self._server, self._home = catalogue.server, catalogue.home
        self._detach = detach

    def links(self, source: int) -> list[Link]:
        """See archive.Sources."""
        rows = self._server.rows(
            "SELECT l.path, l.document_id, l.location, d.content_hash, d.loader, d.loader_version "
            "FROM source_documents l JOIN documents d USING (document_id) WHERE l.source_id = %s ORDER BY l.path",
            [source],
        )
        return [Link(*row) for row in rows]

    def linked(self, path: str, source: str | None = None) -> list[tuple[int, str]]:
        """See archive.Sources."""
        rows = self._server.rows(
            "SELECT l.document_id, s.name FROM source_documents l JOIN sources s USING (source_id) "
            "WHERE l.path = %s AND (%s::text IS NULL OR s.name = %s) AND s.home IN ('', %s) ORDER BY s.name",
            [plain(path), source, source, self._home],
        )
        return [(int(document), str(name)) for document, name in rows]

    def places(self, documents: Collection[int]) -> list[tuple[str, str]]:
        """See archive.Sources."""
        sql = "SELECT path, location FROM source_documents WHERE document_id = ANY(%s)"
        return [(str(path), str(location)) for path, location in self._server.rows(sql, [list(documents)])]

    def named_places(self) -> set[str]:
        """See archive.Sources."""
        rows = self._server.rows(
            "SELECT path FROM source_documents WHERE path LIKE '%://%' UNION SELECT location FROM source_documents "
            "UNION SELECT location FROM file_queue UNION SELECT location FROM source_roots"
        )
        return {str(place) for (place,) in rows}

    def unlink(self, source: int, paths: Collection[str]) -> int:
        """See archive.Sources."""
        wanted = [source, [plain(path) for path in paths]]

        def job(connection: Any) -> int:
            gone = connection.execute("DELETE FROM source_documents WHERE source_id = %s AND path = ANY(%s)", wanted)
            connection.execute("DELETE FROM file_queue WHERE source_id = %s AND path = ANY(%s)", wanted)
            return int(gone.rowcount)

        return self._server.write(job) if paths else 0

    def roots(self, source: int) -> list[Root]:
        """See archive.Sources."""
        rows = self._server.rows(
            "SELECT location, rules FROM source_roots WHERE source_id = %s ORDER BY location", [source]
        )
        return [Root(str(location), str(rules)) for location, rules in rows]

    def loaded_from(self, locations: Collection[str], rules: str) -> str | None:
        """See archive.Sources."""
        row = self._server.row(
            "SELECT s.name FROM source_roots r JOIN sources s USING (source_id) WHERE r.location = ANY(%s) "
            "AND r.rules = %s AND s.home = '' AND (SELECT count(*) FROM source_roots o WHERE o.source_id = r.source_id) = 1 "
            "ORDER BY s.source_id LIMIT 1",
            [list(locations), rules],
        )
        return str(row[0]) if row else None

    def add_root(self, source: int, root: Root) -> None:
        """See archive.Sources."""
        if root not in self.roots(source):
            self._server.write(
                lambda connection: connection.execute(
                    "INSERT INTO source_roots VALUES (%s, %s, %s) ON CONFLICT (source_id, location) DO UPDATE SET rules = excluded.rules",
                    [source, plain(root.location), root.rules],
                )
            )

    def drop_root(self, source: int, location: str) -> None:
        """See archive.Sources."""
        if any(root.location == location for root in self.roots(source)):
            self._server.write(
                lambda connection: connection.execute(
                    "DELETE FROM source_roots WHERE source_id = %s AND location = %s", [source, location]
                )
            )

    def rename(self, source: int, name: str) -> None:
        """See archive.Sources."""

        def job(connection: Any) -> None:
            taken = connection.execute(
                "SELECT source_id FROM sources WHERE name = %s AND source_id <> %s AND home IN ('', %s) "
                "AND home = (SELECT home FROM sources WHERE source_id = %s)",
                [name, source, self._home, source],
            ).fetchall()
            if taken:
                raise UsageError(f"There is a source named {name!r} already.", "Choose another name.")
            connection.execute("UPDATE sources SET name = %s WHERE source_id = %s", [plain(name), source])

        self._server.write(job)

    def remove(self, source: int) -> None:
        """See archive.Sources. What is attached to it elsewhere finds nothing there any more."""
        self._server.write(lambda connection: connection.execute("DELETE FROM sources WHERE source_id = %s", [source]))
        self._detach(source)
