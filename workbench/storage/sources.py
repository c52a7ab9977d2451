"""Sources: their names, their origins and their links to documents."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from workbench.core.errors import UsageError
from workbench.storage.database import Database


@dataclass(frozen=True)
class Link:
    """A path of a source and the document behind it: which bytes, read by which loader.

    `location` is where the file was when it was loaded, "" for what is no file.
    """

    path: str
    document: int
    location: str
    content_hash: str
    loader: str
    loader_version: int


@dataclass(frozen=True)
class Root:
    """Something a source was loaded from, and the rules of that load (JSON)."""

    location: str
    rules: str


class SourceRepository:
    """The tables `sources`, `source_roots` and `source_documents`, to be changed by the user."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def links(self, source: int) -> list[Link]:
        """Everything a source links, by path."""
        rows = self._database.archive_rows(
            "SELECT l.path, l.document_id, l.location, d.content_hash, d.loader, d.loader_version "
            "FROM source_documents l JOIN documents d USING (document_id) WHERE l.source_id = ? ORDER BY l.path",
            [source],
        )
        return [Link(*row) for row in rows]

    def linked(self, path: str, source: str | None = None) -> list[tuple[int, str]]:
        """(document, source name) of what a path is linked to, by source; in the source of that name when one is given."""
        rows = self._database.archive_rows(
            "SELECT l.document_id, s.name FROM source_documents l JOIN sources s USING (source_id) "
            "WHERE l.path = $1 AND ($2 IS NULL OR s.name = $2) ORDER BY s.name",
            [path, source],
        )
        return [(int(document), str(name)) for document, name in rows]

    def places(self, documents: Collection[int]) -> list[tuple[str, str]]:
        """(path, location) of every link to these documents."""
        sql = "SELECT path, location FROM source_documents WHERE list_contains(?, document_id)"
        return [(str(path), str(location)) for path, location in self._database.archive_rows(sql, [list(documents)])]

    def named_places(self) -> set[str]:
        """Everything that a source was loaded from, links or waits for: locations, and paths that are addresses."""
        rows = self._database.archive_rows(
            "SELECT path FROM source_documents WHERE contains(path, '://') UNION SELECT location FROM source_documents "
            "UNION SELECT location FROM file_queue UNION SELECT location FROM source_roots"
        )
        return {str(place) for (place,) in rows}

    def unlink(self, source: int, paths: Collection[str]) -> int:
        """Take paths out of a source, and off its queue; how many there were."""

        def job(connection: Any) -> int:
            wanted = [source, list(paths)]
            gone = connection.execute(
                "DELETE FROM source_documents WHERE source_id = ? AND list_contains(?, path) RETURNING path", wanted
            ).fetchall()
            connection.execute("DELETE FROM file_queue WHERE source_id = ? AND list_contains(?, path)", wanted)
            return len(gone)

        return self._database.write(job) if paths else 0

    def roots(self, source: int) -> list[Root]:
        """What a source was loaded from, in alphabetical order."""
        rows = self._database.archive_rows(
            "SELECT location, rules FROM source_roots WHERE source_id = ? ORDER BY location", [source]
        )
        return [Root(str(location), str(rules)) for location, rules in rows]

    def loaded_from(self, locations: Collection[str], rules: str) -> str | None:
        """Name of the oldest source that was loaded from one of these alone (names of one place), and by the same rules."""
        row = self._database.archive_row(
            "SELECT s.name FROM source_roots r JOIN sources s USING (source_id) WHERE list_contains(?, r.location) "
            "AND r.rules = ? AND (SELECT count(*) FROM source_roots o WHERE o.source_id = r.source_id) = 1 "
            "ORDER BY s.source_id LIMIT 1",
            [list(locations), rules],
        )
        return str(row[0]) if row else None

    def add_root(self, source: int, root: Root) -> None:
        """Remember what a source was loaded from."""
        if root not in self.roots(source):
            self._database.write(
                lambda connection: connection.execute(
                    "INSERT INTO source_roots VALUES (?, ?, ?) ON CONFLICT (source_id, location) DO UPDATE SET rules = excluded.rules",
                    [source, root.location, root.rules],
                )
            )

    def drop_root(self, source: int, location: str) -> None:
        """Forget that a source was loaded from there, if it was."""
        if any(root.location == location for root in self.roots(source)):
            self._database.write(
                lambda connection: connection.execute(
                    "DELETE FROM source_roots WHERE source_id = ? AND location = ?", [source, location]
                )
            )

    def rename(self, source: int, name: str) -> None:
        """Give a source another name. Raises UsageError when another source has it."""

        def job(connection: Any) -> None:
            taken = connection.execute(
                "SELECT source_id FROM sources WHERE name = ? AND source_id <> ?", [name, source]
            ).fetchall()
            if taken:
                raise UsageError(f"There is a source named {name!r} already.", "Choose another name.")
            connection.execute("UPDATE sources SET name = ? WHERE source_id = ?", [name, source])

        self._database.write(job)

    def remove(self, source: int) -> None:
        """Forget a source: its links, queue, roots, notes and attachments. Documents that others refer to stay."""

        def job(connection: Any) -> None:
            for table in (
                "source_documents",
                "file_queue",
                "source_roots",
                "user_notes",
                "attachments",
                "source_models",
                "sources",
            ):
                connection.execute(f"DELETE FROM {table} WHERE source_id = ?", [source])

        self._database.write(job)
