"""Collects an agent as plain data: every row of its history and every passage that it refers to."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from workbench.memory.agent_repository import AgentRow
from workbench.storage.database import Database
from workbench.storage.documents import NOTES_PREFIX

HISTORY = ("messages", "summaries", "context_versions", "steps", "operations", "journal", "handles")
"""The tables that hold an agent's past, each by agent_id."""

Row = dict[str, Any]
Of = Callable[[int], int]


@dataclass(frozen=True)
class AgentCopy:
    """`head` is the agent's own row; `tables` the rows of HISTORY and of texts; `documents` what passages are from, with these

    passages and their pages; `attachments` what was attached, by name and content. Everything is JSON-ready.
    """

    head: Row
    tables: Mapping[str, list[Row]]
    documents: list[Row] = field(default_factory=list)
    attachments: list[Row] = field(default_factory=list)


def take(database: Database, agent: AgentRow) -> AgentCopy:
    """Copy an agent as of its last commit: one snapshot, also while it is at work."""
    with _snapshot(database) as rows:
        tables = {name: rows(f"SELECT * FROM {name} WHERE agent_id = ? ORDER BY ALL", [agent.id]) for name in HISTORY}
        head = rows("SELECT * FROM agents WHERE agent_id = ?", [agent.id])[0]
        keys = sorted(set(_text_keys([head, *tables["steps"]])) | set(receipts(head, tables)))
        tables["texts"] = rows("SELECT * FROM texts WHERE list_contains(?, hash) ORDER BY hash", [keys])
        notes = rows("SELECT source_id FROM sources WHERE name = ?", [NOTES_PREFIX + agent.name])
        own = notes[0]["source_id"] if notes else -1
        documents = _documents(rows, sorted(_passages(tables)), own)
        attachments = _attachments(rows, agent.id, own)
    for table in (*tables.values(), [head]):
        for row in table:
            row.pop("agent_id", None)
    return AgentCopy(head, tables, documents, attachments)


Rows = Callable[[str, list[Any]], list[Row]]

_PASSAGE = "passage_id, document_id, page_number, start_char, end_char, heading, text, context, embedding"
_DOCUMENT = (
    "document_id, content_hash, loader, loader_version, title, metadata, page_count, text_chars, size_bytes, embedder"
)


@contextmanager
def _snapshot(database: Database) -> Iterator[Rows]:
    """Reads rows as dictionaries, all of one moment."""
    database.flush()
    cursor = database.cursor()

    def rows(sql: str, parameters: list[Any]) -> list[Row]:
        cursor_rows = cursor.execute(sql, parameters)
        names = [column[0] for column in cursor_rows.description or ()]
        return [{name: _plain(value) for name, value in zip(names, row, strict=True)} for row in cursor_rows.fetchall()]

    cursor.execute("BEGIN TRANSACTION")
    try:
        yield rows
    finally:
        cursor.execute("ROLLBACK")
        cursor.close()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return value


def receipts(head: Row, tables: Mapping[str, list[Row]]) -> Iterator[str]:
    """The hashes of the texts that say what queues send as receipts, of every queue that the copy names."""
    points = [row.get("point_after") for row in tables["steps"]] + [row.get("before") for row in tables["operations"]]
    queues = [row.get("queue") for row in (head, *tables["steps"])]
    for queue in (*queues, *(json.loads(point)["queue"] for point in points if point)):
        stored = json.loads(queue or "[]")
        if isinstance(stored, dict) and stored["evidence"]:
            yield str(stored["evidence"])


def _text_keys(rows: Iterable[Row]) -> Iterator[str]:
    for row in rows:
        yield from (row[name] for name in ("system_hash", "tools_hash") if row.get(name))


def with_passages(value: Row, of: Of) -> Row:
    """A message's body or an event's data with `of` applied to every passage that it names."""
    fields = dict(value)
    if isinstance(page := fields.get("archive"), dict):
        fields["archive"] = {**page, "hits": _named(page["hits"], of)}
    for name in ("hits", "citations", "nearest"):
        if isinstance(fields.get(name), list):
            fields[name] = _named(fields[name], of)
    if isinstance(fields.get("citation"), dict):
        fields["citation"] = _named([fields["citation"]], of)[0]
    if isinstance(fields.get("passages"), list):
        fields["passages"] = [of(item) for item in fields["passages"]]
    return fields


def _named(items: Iterable[Row], of: Of) -> list[Row]:
    return [item if item.get("passage") is None else {**item, "passage": of(item["passage"])} for item in items]


def _passages(tables: Mapping[str, list[Row]]) -> set[int]:
    """Ids of all passages that an agent's past refers to."""
    passages = {int(row["passage_id"]) for row in tables["handles"]}

    def note(passage: int) -> int:
        passages.add(passage)
        return passage

    for row in tables["messages"]:
        with_passages(json.loads(row["body"]), note)
    for row in tables["journal"]:
        with_passages(json.loads(row["data"]), note)
    return passages


def _documents(rows: Rows, passages: list[int], notes: int) -> list[Row]:
    """Documents with the passages asked for and the pages these stand on; the agent's own notes whole, with vectors."""
    whole = {
        row["document_id"]: row["path"]
        for row in rows("SELECT document_id, path FROM source_documents WHERE source_id = ?", [notes])
    }
    wanted = rows(
        f"SELECT {_PASSAGE} FROM passages LEFT JOIN embeddings USING (passage_id) "
        "WHERE list_contains(?, passage_id) OR list_contains(?, document_id) ORDER BY passage_id",
        [passages, sorted(whole)],
    )
    of: dict[int, list[Row]] = {key: [] for key in whole}
    for row in wanted:
        vector = row.pop("embedding")
        if row["document_id"] in whole and vector is not None:
            row["embedding"] = packed(vector)
        of.setdefault(row.pop("document_id"), []).append(row)
    documents = rows(
        f"SELECT {_DOCUMENT} FROM documents WHERE list_contains(?, document_id) ORDER BY document_id", [sorted(of)]
    )
    numbers = {key: sorted({row["page_number"] for row in found}) for key, found in of.items()}
    for document in documents:
        key = document["document_id"]
        pages = rows("SELECT number, label, text FROM pages WHERE document_id = ? ORDER BY number", [key])
        document["note_path"] = whole.get(key)
        document["pages"] = [page for page in pages if key in whole or page["number"] in numbers[key]]
        document["passages"] = of[key]
    return documents


def packed(vector: Iterable[float]) -> str:
    """A vector as text: base64 of its float32 values."""
    import numpy as np

    return base64.b64encode(np.asarray(vector, dtype="<f4").tobytes()).decode()


def _attachments(rows: Rows, agent: int, notes: int) -> list[Row]:
    found = rows(
        "SELECT s.source_id, s.name FROM attachments a JOIN sources s USING (source_id) WHERE a.agent_id = ? ORDER BY name",
        [agent],
    )
    sql = "SELECT DISTINCT d.content_hash FROM source_documents l JOIN documents d USING (document_id) WHERE l.source_id = ? ORDER BY 1"
    return [
        {"name": row["name"], "contents": [item["content_hash"] for item in rows(sql, [row["source_id"]])]}
        for row in found
        if row["source_id"] != notes
    ]
