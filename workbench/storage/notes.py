"""The user's notes on sources and documents, in versions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.core.sanitize import sanitize
from workbench.storage.database import Clock, Database, next_id, utc_now

NOTE_CHARS = 160
"""Most of a note that the model is shown with a hit."""


@dataclass(frozen=True)
class UserNote:
    """A note as it is now. `path` "" is the whole source; a path that ends in / is everything below that folder."""

    source: str
    path: str
    text: str


class NotesReader:
    """Finds the notes that stand with documents; whoever derives from it reads and writes them. `version` is the catalogue's."""

    def __init__(self, version: Callable[[], int]) -> None:
        self._version = version
        self._known: tuple[int, dict[tuple[int, str], str]] = (-1, {})

    def set(self, source: int, path: str, text: str) -> None:
        """Put a note on a source ("") or a path of it, in place of the one before; an empty text takes it away."""
        raise NotImplementedError

    def carry(self, source: int, old: str, new: str) -> None:
        """A document moved from the path `old` to `new`: its note goes with it."""
        if text := self._current().get((source, old)):
            self.set(source, old, "")
            self.set(source, new, text)

    def of_documents(self, documents: Iterable[int]) -> dict[int, str]:
        """What the model is told with hits of these documents: a document's own note first, then its folders', its sources'."""
        notes = {key: text for key, text in self._current().items() if text}
        if not notes:
            return {}
        found: dict[int, dict[str, None]] = {}
        for source, path, document in self._links(sorted(set(documents))):
            for place in _places(str(path)):
                if text := notes.get((int(source), place)):
                    found.setdefault(int(document), {})[text] = None
        return {document: _bounded("; ".join(texts)) for document, texts in found.items()}

    def _current(self) -> dict[tuple[int, str], str]:
        now = self._version()
        if self._known[0] != now:
            self._known = (now, self._newest())
        return self._known[1]

    def _newest(self) -> dict[tuple[int, str], str]:
        """The newest text of every (source, path)."""
        raise NotImplementedError

    def _links(self, documents: Sequence[int]) -> list[tuple[Any, ...]]:
        """(source, path, document) of every link to these documents, by source and path."""
        raise NotImplementedError


class UserNotes(NotesReader):
    """All versions are kept; what a step showed is stored with the step, so old steps keep the notes of their time."""

    def __init__(self, database: Database, clock: Clock = utc_now) -> None:
        super().__init__(lambda: database.catalogue)
        self._database = database
        self._clock = clock

    def set(self, source: int, path: str, text: str) -> None:
        """Put a note on a source ("") or a path of it, in place of the one before; an empty text takes it away."""
        flat = " ".join(sanitize(text).split())

        def job(connection: Any) -> None:
            new = next_id(connection, "user_notes", "note_id")
            connection.execute(
                "INSERT INTO user_notes VALUES (?, ?, ?, ?, ?)", [new, source, path, flat, self._clock()]
            )

        self._database.write(job)

    def all(self) -> list[UserNote]:
        """The notes as they are now, by source and path."""
        rows = self._database.archive_rows(
            "SELECT s.name, n.path, arg_max(n.text, n.note_id) AS text FROM user_notes n JOIN sources s USING (source_id) "
            "GROUP BY s.source_id, s.name, n.path HAVING arg_max(n.text, n.note_id) <> '' ORDER BY s.source_id, n.path"
        )
        return [UserNote(str(source), str(path), str(text)) for source, path, text in rows]

    def _newest(self) -> dict[tuple[int, str], str]:
        rows = self._database.archive_rows(
            "SELECT source_id, path, arg_max(text, note_id) FROM user_notes GROUP BY source_id, path"
        )
        return {(int(source), str(path)): str(text) for source, path, text in rows}

    def _links(self, documents: Sequence[int]) -> list[tuple[Any, ...]]:
        return self._database.archive_rows(
            "SELECT source_id, path, document_id FROM source_documents WHERE list_contains(?, document_id) "
            "ORDER BY source_id, path",
            [list(documents)],
        )


def _places(path: str) -> list[str]:
    """A path, the folders above it, nearest first, and the whole source."""
    parts = path.split("/")
    return [path, *("/".join(parts[:count]) + "/" for count in range(len(parts) - 1, 0, -1)), ""]


def _bounded(text: str) -> str:
    return text if len(text) <= NOTE_CHARS else text[: NOTE_CHARS - 1].rstrip() + "…"
