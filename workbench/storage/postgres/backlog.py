"""The passages of a shared archive that have no vector yet, claimed by any number of processes without waiting for one another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from workbench.storage.embedding_models import WaitingPassage
from workbench.storage.postgres.server import PostgresServer
from workbench.storage.postgres.worker_lock import ALIVE, WorkerLock

if TYPE_CHECKING:
    import numpy as np


class SharedBacklog:
    """See archive.EmbeddingBacklog. What a process claimed is free again when it has gone."""

    def __init__(self, server: PostgresServer, worker: WorkerLock) -> None:
        self._server, self._worker = server, worker

    def count(self, embedder: str) -> int:
        """See archive.EmbeddingBacklog."""
        row = self._server.row("SELECT count(*) FROM waiting WHERE embedder = %s", [embedder])
        return int(row[0]) if row else 0

    def by_source(self) -> dict[int, int]:
        """See archive.EmbeddingBacklog."""
        rows = self._server.rows(
            "SELECT l.source_id, count(DISTINCT w.passage_id) FROM waiting w JOIN source_documents l USING (document_id) "
            "GROUP BY l.source_id"
        )
        return {int(source): int(count) for source, count in rows}

    def claim(self, after: int, most: int, embedder: str) -> list[WaitingPassage]:
        """See archive.EmbeddingBacklog."""
        if not self._some(after, embedder):
            return []
        worker = self._worker.number()

        def job(connection: Any) -> list[tuple[Any, ...]]:
            return self._server.query(
                connection,
                f"""WITH alive AS MATERIALIZED ({ALIVE}),
                    free AS (SELECT passage_id FROM waiting WHERE passage_id > %s AND embedder = %s
                             AND (claimed_by IS NULL OR claimed_by NOT IN (SELECT worker_id FROM alive))
                             ORDER BY passage_id LIMIT %s FOR UPDATE SKIP LOCKED),
                    claimed AS (UPDATE waiting w SET claimed_by = %s FROM free WHERE w.passage_id = free.passage_id
                                RETURNING w.passage_id)
                    SELECT p.passage_id, p.document_id, p.text, p.context FROM claimed JOIN passages p USING (passage_id)
                    ORDER BY p.passage_id""",
                [after, embedder, most, worker],
            )

        return [WaitingPassage(*row) for row in self._server.write(job, catalogue=False)]

    def _some(self, after: int, embedder: str) -> bool:
        return bool(
            self._server.rows(
                "SELECT 1 FROM waiting WHERE passage_id > %s AND embedder = %s LIMIT 1", [after, embedder]
            )
        )

    def release(self, ids: Sequence[int]) -> None:
        """See archive.EmbeddingBacklog."""
        if len(ids):
            mine = [list(ids), self._worker.number()]
            self._server.write(
                lambda connection: connection.execute(
                    "UPDATE waiting SET claimed_by = NULL WHERE passage_id = ANY(%s) AND claimed_by = %s", mine
                ),
                catalogue=False,
            )

    def store(self, ids: Sequence[int], vectors: np.ndarray, embedder: str) -> None:
        """See archive.EmbeddingBacklog."""
        if len(ids):
            self._server.write(lambda connection: insert_vectors(connection, ids, vectors))


def insert_vectors(connection: Any, ids: Sequence[int], vectors: np.ndarray) -> None:
    """Give passages their vectors; one that has one keeps it, one that is gone is passed over. They wait no longer."""
    connection.cursor().executemany(
        """INSERT INTO embeddings SELECT passage_id, document_id, %s FROM passages WHERE passage_id = %s
           ON CONFLICT DO NOTHING""",
        [[vector, int(key)] for key, vector in sorted(zip(ids, vectors, strict=True), key=lambda pair: pair[0])],
    )
    connection.execute("DELETE FROM waiting WHERE passage_id = ANY(%s)", [[int(key) for key in ids]])


def copy_equal(connection: Any, old: int, new: int) -> int:
    """Give passages of the document `new` the vectors of equal passages of `old`, by the same embedder; returns how many."""
    copied = connection.execute(
        """INSERT INTO embeddings
           SELECT DISTINCT ON (n.passage_id) n.passage_id, n.document_id, e.embedding
           FROM passages n JOIN passages o ON o.document_id = %(old)s AND o.text = n.text AND o.context = n.context
           JOIN embeddings e ON e.passage_id = o.passage_id
           WHERE n.document_id = %(new)s AND (SELECT embedder FROM documents WHERE document_id = %(old)s)
                 = (SELECT embedder FROM documents WHERE document_id = %(new)s)
           ORDER BY n.passage_id, e.passage_id ON CONFLICT DO NOTHING""",
        {"old": old, "new": new},
    )
    connection.execute(
        "DELETE FROM waiting w USING embeddings e WHERE w.document_id = %s AND e.passage_id = w.passage_id", [new]
    )
    return int(copied.rowcount)
