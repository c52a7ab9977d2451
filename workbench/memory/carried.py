"""Passages that travel with an agent: documents of a copy come in, the passages' numbers in this archive go out.

Where this archive has the very document, its own passages are meant; others are stored beside it, outside every source,
so that old steps can be shown and no search finds half a document. An agent's own notes become its notes here.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from workbench.errors import UsageError
from workbench.memory.archival_storage import NOTES_PREFIX
from workbench.memory.bulk import DIMENSIONS, Counted, insert_embeddings, insert_pages, insert_passages, next_document
from workbench.memory.database import next_id

if TYPE_CHECKING:
    import numpy as np

Row = dict[str, Any]


@dataclass(frozen=True)
class Carried:
    """Whose passages they are. `mark` sets documents apart that only came along with an agent."""

    agent: int
    name: str
    now: datetime
    mark: str


def bring(
    connection: Any, carried: Carried, documents: Iterable[Row], counted: Mapping[int, Counted]
) -> dict[int, int]:
    """Store what is not here yet; returns new passage ids by old ones. A job of the writer. Raises UsageError.

    `counted` has what `count` made of the documents before, outside the writer.
    """
    found: dict[int, int] = {}
    for document in documents:
        own = document["note_path"] is not None
        passages = list(document["passages"])
        known = {} if own else _known(connection, document)
        for row in passages:
            if (here := known.get(_place(row))) is not None:
                found[row["passage_id"]] = here
        left = [row for row in passages if row["passage_id"] not in found]
        if left or own:
            sizes = [counted[row["passage_id"]] for row in left]
            found.update(_store(connection, carried, document, left, sizes, own=own))
    return found


def count(documents: Iterable[Row]) -> dict[int, Counted]:
    """What is stored beside the texts, by old passage ids."""
    return {
        row["passage_id"]: Counted.of(row["text"], document["title"], row["heading"])
        for document in documents
        for row in document["passages"]
    }


def _place(row: Row) -> tuple[Any, ...]:
    return row["page_number"], row["start_char"], row["end_char"], row["text"]


def _known(connection: Any, document: Row) -> dict[tuple[Any, ...], int]:
    rows = connection.execute(
        "SELECT p.page_number, p.start_char, p.end_char, p.text, p.passage_id FROM passages p JOIN documents d "
        "USING (document_id) WHERE d.content_hash = ? AND d.loader = ? AND d.loader_version = ?",
        [document["content_hash"], document["loader"], document["loader_version"]],
    ).fetchall()
    return {tuple(row[:4]): int(row[4]) for row in rows}


def _store(
    connection: Any, carried: Carried, document: Row, passages: list[Row], counted: list[Counted], *, own: bool
) -> dict[int, int]:
    new = next_document(connection)
    loader = f"note of {carried.agent}" if own else f"carried {carried.mark}: {document['loader']}"
    # Without an embedder's name nothing of it ever waits for a vector.
    embedder = document["embedder"] if own else ""
    pages = [SimpleNamespace(**{key: page[key] for key in ("number", "label", "text")}) for page in document["pages"]]
    connection.execute(
        "INSERT INTO documents (document_id, content_hash, loader, loader_version, title, metadata, page_count, passage_count, "
        "text_chars, size_bytes, embedder, sketch, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [new, document["content_hash"], loader, document["loader_version"], document["title"],
         json.dumps(json.loads(document["metadata"]), ensure_ascii=False), document["page_count"], len(passages),
         document["text_chars"], document["size_bytes"], embedder, b"", carried.now],
    )  # fmt: skip
    insert_pages(connection, new, pages)
    ids = insert_passages(connection, new, [SimpleNamespace(**row) for row in passages], counted)
    if own:
        insert_embeddings(connection, ids, _vectors(passages))
        connection.execute(
            "INSERT INTO source_documents (source_id, path, document_id, location, linked_at) VALUES (?, ?, ?, '', ?)",
            [_notes(connection, carried), document["note_path"], new, carried.now],
        )
    return {row["passage_id"]: new_id for row, new_id in zip(passages, ids, strict=True)}


def _notes(connection: Any, carried: Carried) -> int:
    """The source of the agent's own notes, attached to it."""
    name = NOTES_PREFIX + carried.name
    if found := connection.execute("SELECT source_id FROM sources WHERE name = ?", [name]).fetchall():
        return int(found[0][0])
    new = next_id(connection, "sources", "source_id")
    connection.execute("INSERT INTO sources (source_id, name, created_at) VALUES (?, ?, ?)", [new, name, carried.now])
    connection.execute("INSERT INTO attachments VALUES (?, ?, ?)", [carried.agent, new, carried.now])
    return new


def _vectors(passages: list[Row]) -> np.ndarray:
    """(n, 384) float32. Raises UsageError."""
    import numpy as np

    vectors = np.zeros((len(passages), DIMENSIONS), dtype=np.float32)
    for at, row in enumerate(passages):
        try:
            vectors[at] = np.frombuffer(base64.b64decode(row["embedding"], validate=True), dtype="<f4")
        except (binascii.Error, ValueError, TypeError, KeyError):
            raise UsageError("The vector of a note in the file is damaged.", "Export the agent again.") from None
    if not np.isfinite(vectors).all() or (np.abs(vectors) > 1.001).any():
        raise UsageError("The vector of a note in the file is damaged.", "Export the agent again.")
    return vectors
