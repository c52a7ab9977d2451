"""Reads all rows of an agent as of one moment, and writes the rows of an agent that comes from another home."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

from workbench.core.errors import UsageError
from workbench.storage.bulk_insert import Counted, insert_embeddings, insert_pages, insert_passages, next_document
from workbench.storage.database import Database, next_id
from workbench.storage.documents import NOTE_LOADER, NOTES_PREFIX
from workbench.storage.write_ahead_log import insert_rows

if TYPE_CHECKING:
    import duckdb
    import numpy as np

HISTORY = ("messages", "summaries", "context_versions", "steps", "operations", "journal", "handles")
"""The tables that hold an agent's past, each by agent_id."""

RowDict = dict[str, Any]
"""A row by column, JSON-ready: times are ISO 8601 texts."""

_PASSAGE = "passage_id, p.document_id, page_number, start_char, end_char, heading, text, context, embedding"
_DOCUMENT = (
    "document_id, content_hash, loader, loader_version, title, metadata, page_count, text_chars, size_bytes, embedder"
)


class AgentSnapshot:
    """Reads an agent and what it refers to; all that is read is of one moment, also while the agent is at work."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self.cursor = cursor

    @classmethod
    @contextmanager
    def of(cls, database: Database) -> Iterator[AgentSnapshot]:
        """A snapshot as of the last commit."""
        database.flush()
        cursor = database.cursor()
        cursor.execute("BEGIN TRANSACTION")
        try:
            yield cls(cursor)
        finally:
            cursor.execute("ROLLBACK")
            cursor.close()

    def history(self, agent: int) -> dict[str, list[RowDict]]:
        """The rows of HISTORY that are the agent's, by table."""
        return {name: self.rows(f"SELECT * FROM {name} WHERE agent_id = ? ORDER BY ALL", [agent]) for name in HISTORY}

    def head(self, agent: int) -> RowDict:
        """The agent's own row."""
        return self.rows("SELECT * FROM agents WHERE agent_id = ?", [agent])[0]

    def texts(self, keys: Sequence[str]) -> list[RowDict]:
        """The rows of `texts` with these hashes."""
        return self.rows("SELECT * FROM texts WHERE list_contains(?, hash) ORDER BY hash", [list(keys)])

    def notes_source(self, agent: str) -> int | None:
        """The source of an agent's own notes."""
        rows = self.rows("SELECT source_id FROM sources WHERE name = ?", [NOTES_PREFIX + agent])
        return int(rows[0]["source_id"]) if rows else None

    def paths(self, source: int) -> dict[int, str]:
        """The paths of a source by document."""
        rows = self.archived("SELECT document_id, path FROM source_documents WHERE source_id = ?", [source])
        return {row["document_id"]: row["path"] for row in rows}

    def passages(self, ids: Sequence[int], documents: Sequence[int]) -> list[RowDict]:
        """These passages and all of these documents, with their vectors (None where there is none yet)."""
        return self.archived(
            f"SELECT {_PASSAGE} FROM passages p LEFT JOIN embeddings e USING (passage_id) "
            "WHERE passage_id = ANY(?) OR p.document_id = ANY(?) ORDER BY passage_id",
            [list(ids), list(documents)],
        )

    def documents(self, ids: Sequence[int]) -> list[RowDict]:
        """Documents by id."""
        sql = f"SELECT {_DOCUMENT} FROM documents WHERE document_id = ANY(?) ORDER BY document_id"
        return self.archived(sql, [list(ids)])

    def pages(self, document: int) -> list[RowDict]:
        """The pages of a document, in order."""
        return self.archived("SELECT number, label, text FROM pages WHERE document_id = ? ORDER BY number", [document])

    def attached(self, agent: int) -> list[tuple[int, str]]:
        """(source id, name) of what an agent is attached to, by name."""
        ids = [row["source_id"] for row in self.rows("SELECT source_id FROM attachments WHERE agent_id = ?", [agent])]
        rows = self.archived("SELECT source_id, name FROM sources WHERE source_id = ANY(?) ORDER BY name", [ids])
        return [(row["source_id"], row["name"]) for row in rows]

    def contents(self, source: int) -> list[str]:
        """The hashes of the files that a source links."""
        rows = self.archived(
            "SELECT DISTINCT d.content_hash FROM source_documents l JOIN documents d USING (document_id) "
            "WHERE l.source_id = ? ORDER BY 1",
            [source],
        )
        return [row["content_hash"] for row in rows]

    def rows(self, sql: str, parameters: list[Any]) -> list[RowDict]:
        """The rows of a query on the home's database."""
        result = self.cursor.execute(sql, parameters)
        names = [column[0] for column in result.description or ()]
        return [{name: _plain(value) for name, value in zip(names, row, strict=True)} for row in result.fetchall()]

    def archived(self, sql: str, parameters: list[Any]) -> list[RowDict]:
        """The rows of a query on sources and documents, in SQL that every archive's database takes but for its "?"."""
        return self.rows(sql, parameters)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def pages_of(document: Mapping[str, Any]) -> list[Any]:
    """The pages of a document that comes along, as archives store them."""
    return [SimpleNamespace(**{key: page[key] for key in ("number", "label", "text")}) for page in document["pages"]]


class ColumnType(NamedTuple):
    """A column of a table: its name, its type in SQL, and whether it may be NULL."""

    name: str
    type: str
    optional: bool


class AgentWriter:
    """Writes the rows of an agent that comes from another home; made inside a job of the writer, whose transaction it shares.

    `mark` sets documents apart that only came along with an agent: they are in no source, and no search finds half of them.
    """

    def __init__(self, connection: Any, name: str, now: datetime, mark: str) -> None:
        self._connection = connection
        self._name, self._now, self._mark = name, now, mark
        if connection.execute("SELECT 1 FROM agents WHERE name = ?", [name]).fetchall():
            raise UsageError(f"There is an agent named {name!r} already.", "Give the new one a name: --name NAME.")
        self.agent = next_id(connection, "agents", "agent_id")
        """The number that the agent gets here."""

    def columns(self, table: str) -> list[ColumnType]:
        """The columns of a table, in order."""
        rows = self._connection.execute(
            "SELECT column_name, data_type, is_nullable = 'YES' FROM information_schema.columns WHERE table_name = ? "
            "ORDER BY ordinal_position",
            [table],
        ).fetchall()
        return [ColumnType(*row) for row in rows]

    def insert(self, table: str, rows: Sequence[Sequence[Any]]) -> None:
        """Add rows with a value for every column."""
        insert_rows(self._connection, table, rows)

    def within(self, work: Callable[[], Mapping[int, int]]) -> Mapping[int, int]:
        """Do `work`, which stores what comes along and returns the new ids of passages by old ones, in one transaction."""
        return work()

    def known_passages(self, document: Mapping[str, Any]) -> dict[tuple[Any, ...], int]:
        """Passages of the very document, where it is stored here, by (page, first and last character, text)."""
        rows = self._archived(
            "SELECT p.page_number, p.start_char, p.end_char, p.text, p.passage_id FROM passages p JOIN documents d "
            "USING (document_id) WHERE d.content_hash = ? AND d.loader = ? AND d.loader_version = ?",
            [document["content_hash"], document["loader"], document["loader_version"]],
        )
        return {tuple(row[:4]): int(row[4]) for row in rows}

    def _archived(self, sql: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
        """The rows of a query on documents, inside `within`; see AgentSnapshot.archived."""
        rows: list[tuple[Any, ...]] = self._connection.execute(sql, parameters).fetchall()
        return rows

    def add_document(
        self, document: Mapping[str, Any], passages: Sequence[RowDict], counted: Sequence[Counted]
    ) -> Sequence[int]:
        """A document that comes along with the agent, outside every source; returns the new ids of its passages.

        Without an embedder's name nothing of it ever waits for a vector.
        """
        loader = f"carried {self._mark}: {document['loader']}"
        return self._add(document, loader, "", passages, counted)[1]

    def add_note(
        self,
        document: Mapping[str, Any],
        passages: Sequence[RowDict],
        counted: Sequence[Counted],
        vectors: np.ndarray,
    ) -> Sequence[int]:
        """A note of the agent's own, searched from now on; `vectors` (n, 384) float32. Returns the new ids of its passages."""
        loader = f"{NOTE_LOADER}{self.agent}"
        new, ids = self._add(document, loader, document["embedder"], passages, counted)
        insert_embeddings(self._connection, ids, vectors)
        self._connection.execute(
            "INSERT INTO source_documents (source_id, path, document_id, location, linked_at) VALUES (?, ?, ?, '', ?)",
            [self._notes(), document["note_path"], new, self._now],
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
        new = next_document(self._connection)
        self._connection.execute(
            "INSERT INTO documents (document_id, content_hash, loader, loader_version, title, metadata, page_count, passage_count, "
            "text_chars, size_bytes, embedder, sketch, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [new, document["content_hash"], loader, document["loader_version"], document["title"],
             json.dumps(json.loads(document["metadata"]), ensure_ascii=False), document["page_count"], len(passages),
             document["text_chars"], document["size_bytes"], embedder, b"", self._now],
        )  # fmt: skip
        insert_pages(self._connection, new, pages_of(document))
        ids = insert_passages(self._connection, new, [SimpleNamespace(**row) for row in passages], counted)
        return new, ids

    def _notes(self) -> int:
        """The source of the agent's own notes, attached to it."""
        name = NOTES_PREFIX + self._name
        if rows := self._connection.execute("SELECT source_id FROM sources WHERE name = ?", [name]).fetchall():
            return int(rows[0][0])
        new = next_id(self._connection, "sources", "source_id")
        self._connection.execute(
            "INSERT INTO sources (source_id, name, created_at) VALUES (?, ?, ?)", [new, name, self._now]
        )
        self.attach(new)
        return new

    def attach(self, source: int) -> None:
        """Attach the agent to a source."""
        self._connection.execute("INSERT OR IGNORE INTO attachments VALUES (?, ?, ?)", [self.agent, source, self._now])

    def source_like(self, name: str, contents: Iterable[str]) -> tuple[int, str] | None:
        """(id, name) of the source of that name if it holds some of these contents, else of the one that holds most."""
        rows = self._connection.execute(
            "SELECT s.source_id, s.name FROM source_documents l JOIN sources s USING (source_id) JOIN documents d "
            "USING (document_id) WHERE list_contains(?, d.content_hash) AND NOT starts_with(s.name, ?) GROUP BY s.source_id, s.name "
            "ORDER BY s.name = ? DESC, count(*) DESC, s.source_id LIMIT 1",
            [list(contents), NOTES_PREFIX, name],
        ).fetchall()
        return (int(rows[0][0]), str(rows[0][1])) if rows else None


class AgentTransfer:
    """How agents leave and enter a home: here one that keeps its documents itself."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def snapshot(self) -> AbstractContextManager[AgentSnapshot]:
        """Reads agents as of now."""
        return AgentSnapshot.of(self.database)

    def writer(self, connection: Any, name: str, now: datetime, mark: str) -> AgentWriter:
        """Writes an agent, inside a job of the database's writer; see AgentWriter."""
        return AgentWriter(connection, name, now, mark)
