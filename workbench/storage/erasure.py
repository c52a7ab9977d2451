"""Reads everything that may hold what a user wants erased, and changes it in place: the one exception to append-only."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from workbench.storage.database import Database
from workbench.storage.documents import NOTE_LOADER
from workbench.storage.garbage_collection import delete_documents


class ErasureSource:
    """What is read before an erasure, outside the writer: the texts that are to go, and where they may stand."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note_pages(self) -> list[tuple[int, str]]:
        """(document, text) of the pages of all agents' own notes."""
        rows = self._database.rows(
            "SELECT document_id, p.text FROM pages p JOIN documents d USING (document_id) WHERE starts_with(d.loader, ?)",
            [NOTE_LOADER],
        )
        return [(int(document), str(text)) for document, text in rows]

    def texts(self, documents: Sequence[int]) -> list[str]:
        """The pages and titles of documents."""
        rows = self._database.rows(
            "SELECT text FROM pages WHERE list_contains($1, document_id) UNION ALL "
            "SELECT title FROM documents WHERE list_contains($1, document_id)",
            [list(documents)],
        )
        return [str(text) for (text,) in rows]

    def paths(self, documents: Sequence[int]) -> list[str]:
        """The paths that link documents."""
        sql = "SELECT path FROM source_documents WHERE list_contains(?, document_id)"
        return [str(path) for (path,) in self._database.rows(sql, [list(documents)])]

    def passages(self, documents: Sequence[int]) -> set[int]:
        """The passages of documents."""
        sql = "SELECT passage_id FROM passages WHERE list_contains(?, document_id)"
        return {int(key) for (key,) in self._database.rows(sql, [list(documents)])} if documents else set()

    def content_hashes(self, documents: Sequence[int]) -> frozenset[str]:
        """The hashes of the files that documents were read from."""
        sql = "SELECT content_hash FROM documents WHERE list_contains(?, document_id)"
        return frozenset(str(key) for (key,) in self._database.rows(sql, [list(documents)]))

    def delete(self, documents: Collection[int], sources: Collection[int]) -> int:
        """Take documents and sources out of an archive that is elsewhere; returns how many passages went."""
        return 0

    def messages(self, kinds: Sequence[str], ids: Sequence[int]) -> list[tuple[int, str, str]]:
        """(id, kind, body) of all messages of these kinds, results of functions apart, and of the messages `ids`."""
        return self._database.rows(
            "SELECT message_id, kind, body FROM messages WHERE list_contains(?, kind) AND kind <> 'function_result' "
            "OR list_contains(?, message_id)",
            [list(kinds), list(ids)],
        )

    def shown_passages(self) -> list[int]:
        """Every passage that some agent has a handle for."""
        return [int(key) for (key,) in self._database.rows("SELECT DISTINCT passage_id FROM handles")]


class StoredMessageText(NamedTuple):
    """What a message says; `body` is JSON."""

    id: int
    role: str
    kind: str
    body: str
    created: datetime


class StepReferences(NamedTuple):
    """What a step's prompt was made of; `queue` is JSON."""

    agent: int
    step: int
    head: int | None
    queue: str | None
    summary: int | None
    version: int | None


class ErasureWriter:
    """Reads and changes rows inside a job of the writer, whose transaction it shares. JSON is given and taken as text."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def messages(self) -> list[StoredMessageText]:
        """All messages of all agents."""
        return [
            StoredMessageText(*row)
            for row in self._rows("SELECT message_id, role, kind, body, created_at FROM messages")
        ]

    def set_message(self, message: int, body: str, tokens: int) -> None:
        """Put another body in the place of a message's."""
        self._run("UPDATE messages SET body = ?, tokens = ? WHERE message_id = ?", body, tokens, message)

    def parents(self) -> list[tuple[int, int | None]]:
        """(message, the one before it) of all messages, rising."""
        return self._rows("SELECT message_id, parent_id FROM messages ORDER BY message_id")

    def summaries(self) -> list[tuple[int, str]]:
        """(id, body) of all summaries."""
        return self._rows("SELECT summary_id, body FROM summaries")

    def set_summary(self, summary: int, body: str, tokens: int) -> None:
        """Put another body in the place of a summary's."""
        self._run("UPDATE summaries SET body = ?, tokens = ? WHERE summary_id = ?", body, tokens, summary)

    def context_versions(self) -> list[tuple[int, str]]:
        """(id, blocks) of all versions of all working contexts."""
        return self._rows("SELECT version_id, blocks FROM context_versions")

    def set_context_version(self, version: int, blocks: str) -> None:
        """Put other blocks in the place of a version's."""
        self._run("UPDATE context_versions SET blocks = ? WHERE version_id = ?", blocks, version)

    def step_texts(self) -> list[tuple[int, int, str | None, str | None, str | None]]:
        """(agent, step, state, reply, request) of all steps."""
        return self._rows("SELECT agent_id, step, state, reply, request FROM steps")

    def set_step_texts(self, agent: int, step: int, state: str | None, reply: str | None, request: str | None) -> None:
        """Put another state, reply and request in the place of a step's."""
        sql = "UPDATE steps SET state = ?, reply = ?, request = ? WHERE agent_id = ? AND step = ?"
        self._run(sql, state, reply, request, agent, step)

    def step_references(self) -> Iterator[StepReferences]:
        """What each step refers to."""
        sql = "SELECT agent_id, step, head, queue, summary_id, context_version FROM steps"
        return (StepReferences(*row) for row in self._rows(sql))

    def mark_forgotten(self, agent: int, step: int) -> None:
        """A step shows tombstones from now on."""
        self._run("UPDATE steps SET forgotten = true WHERE agent_id = ? AND step = ?", agent, step)

    def events(self) -> list[tuple[int, int, str]]:
        """(agent, number, data) of all events."""
        return self._rows("SELECT agent_id, seq, data FROM journal")

    def set_event(self, agent: int, seq: int, data: str) -> None:
        """Put other data in the place of an event's."""
        self._run("UPDATE journal SET data = ? WHERE agent_id = ? AND seq = ?", data, agent, seq)

    def user_notes(self) -> list[tuple[int, str]]:
        """(id, text) of all versions of the user's notes."""
        return self._rows("SELECT note_id, text FROM user_notes")

    def set_user_note(self, note: int, text: str) -> None:
        """Put another text in the place of a note's."""
        self._run("UPDATE user_notes SET text = ? WHERE note_id = ?", text, note)

    def cursors(self) -> list[tuple[int, str, int, str, str]]:
        """(agent, reader, slot, query, body) of the results that readers may page through further."""
        return self._rows("SELECT agent_id, reader, slot, query, body FROM cursors")

    def delete_cursor(self, agent: int, reader: str, slot: int) -> None:
        """Keep nothing of a result."""
        self._run("DELETE FROM cursors WHERE agent_id = ? AND reader = ? AND slot = ?", agent, reader, slot)

    def delete_from_archive(self, documents: Collection[int], sources: Collection[int]) -> int:
        """Take documents and sources out of the archive; returns how many passages went.

        Their numbers are never given again.
        """
        gone = list(documents)
        inside = "SELECT count(*) FROM passages WHERE list_contains(?, document_id)"
        passages = int(self._rows(inside, gone)[0][0])
        links = "SELECT source_id, path FROM source_documents WHERE list_contains(?, document_id)"
        for table in ("file_queue", "user_notes"):
            self._run(f"DELETE FROM {table} WHERE (source_id, path) IN ({links})", gone)
        self._run("DELETE FROM source_documents WHERE list_contains(?, document_id)", gone)
        delete_documents(self._connection, gone)
        for table in ("attachments", "source_roots", "file_queue", "user_notes", "source_models", "sources"):
            self._run(f"DELETE FROM {table} WHERE list_contains(?, source_id)", list(sources))
        return passages

    def _rows(self, sql: str, *parameters: Any) -> list[Any]:
        rows: list[Any] = self._connection.execute(sql, list(parameters)).fetchall()
        return rows

    def _run(self, sql: str, *parameters: Any) -> None:
        self._connection.execute(sql, list(parameters))
