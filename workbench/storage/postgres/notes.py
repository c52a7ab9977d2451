"""The user's notes on sources and documents of a shared archive, in versions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from workbench.core.sanitize import sanitize
from workbench.storage.database import Clock, utc_now
from workbench.storage.notes import NotesReader, UserNote
from workbench.storage.postgres.catalogue import Catalogue
from workbench.storage.postgres.server import plain


class SharedNotes(NotesReader):
    """See archive.Notes."""

    def __init__(self, catalogue: Catalogue, clock: Clock = utc_now) -> None:
        super().__init__(lambda: catalogue.version)
        self._server, self._home = catalogue.server, catalogue.home
        self._clock = clock

    def set(self, source: int, path: str, text: str) -> None:
        """See archive.Notes."""
        flat = plain(" ".join(sanitize(text).split()))

        def job(connection: Any) -> None:
            connection.execute(
                "INSERT INTO user_notes (source_id, path, text, created_at) VALUES (%s, %s, %s, %s)",
                [source, plain(path), flat, self._clock()],
            )

        self._server.write(job)

    def all(self) -> list[UserNote]:
        """See archive.Notes."""
        rows = self._server.rows(
            "SELECT name, path, text FROM (SELECT DISTINCT ON (s.source_id, n.path) s.source_id, s.name, n.path, n.text "
            "FROM user_notes n JOIN sources s USING (source_id) WHERE s.home IN ('', %s) "
            "ORDER BY s.source_id, n.path, n.note_id DESC) newest WHERE text <> '' ORDER BY source_id, path",
            [self._home],
        )
        return [UserNote(str(source), str(path), str(text)) for source, path, text in rows]

    def _newest(self) -> dict[tuple[int, str], str]:
        rows = self._server.rows(
            "SELECT DISTINCT ON (source_id, path) source_id, path, text FROM user_notes ORDER BY source_id, path, note_id DESC"
        )
        return {(int(source), str(path)): str(text) for source, path, text in rows}

    def _links(self, documents: Sequence[int]) -> list[tuple[Any, ...]]:
        return self._server.rows(
            "SELECT source_id, path, document_id FROM source_documents WHERE document_id = ANY(%s) ORDER BY source_id, path",
            [list(documents)],
        )
