"""Deletes documents that no source, handle or recorded step refers to; their numbers are never used again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from workbench.storage.database import Database
from workbench.storage.job_results import forget_documents
from workbench.storage.tables import drop_tables

_UNLINKED = """SELECT d.document_id FROM documents d
    ANTI JOIN source_documents l USING (document_id)
    WHERE d.document_id NOT IN (
        SELECT p.document_id FROM passages p
        WHERE p.passage_id IN (SELECT passage_id FROM handles) OR list_contains(?, p.passage_id))"""


def collect(database: Database, kept: Collection[int] = ()) -> int:
    """Delete them; `kept` are passages that agents at work have shown and not yet stored as shown. How many there were.

    What a step, a message or the journal shows of a document goes by the handles of its passages, so these are asked.
    """
    parameters = [list(kept)]
    if not database.rows(f"{_UNLINKED} LIMIT 1", parameters):
        return 0

    def job(connection: Any) -> int:
        gone = [int(row[0]) for row in connection.execute(_UNLINKED, parameters).fetchall()]
        if not gone:
            return 0
        delete_documents(connection, gone)
        return len(gone)

    return database.write(job)


def delete_documents(connection: Any, documents: Sequence[int]) -> None:
    """Delete documents with all that was made of them; a job of the writer. What links to them is the caller's to delete."""
    gone = [list(documents)]
    connection.execute(
        "INSERT INTO collected SELECT d.document_id, coalesce(max(p.passage_id), 0) FROM documents d "
        "LEFT JOIN passages p USING (document_id) WHERE list_contains(?, d.document_id) GROUP BY d.document_id",
        gone,
    )
    connection.execute(
        "DELETE FROM embeddings WHERE passage_id IN (SELECT passage_id FROM passages WHERE list_contains(?, document_id))",
        gone,
    )
    connection.execute(
        "DELETE FROM model_vectors WHERE passage_id IN (SELECT passage_id FROM passages WHERE list_contains(?, document_id))",
        gone,
    )
    drop_tables(connection, documents)
    forget_documents(connection, documents)
    for table in ("passages", "pages", "documents"):
        connection.execute(f"DELETE FROM {table} WHERE list_contains(?, document_id)", gone)
