"""The backlog of passages that have no vector yet."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from workbench.storage.bulk_insert import insert_vectors
from workbench.storage.database import Database
from workbench.storage.embedding_models import SERVED, EmbeddingModels, WaitingPassage, model_number, vectors_of

if TYPE_CHECKING:
    import numpy as np


class EmbeddingQueue:
    """What is stored and not yet embedded by the model of its document. A vector is written once and never changed."""

    def __init__(self, database: Database, models: EmbeddingModels) -> None:
        self._database = database
        self._models = models
        self._lock = threading.Lock()
        self._claimed: set[int] = set()
        self._none_since: dict[str, int] = {}
        """By embedder, the state of the catalogue (`Database.catalogue`) at which nothing waited for it.

        Loads ask again and again. Each query would join all passages with all vectors, and leave some forty dead entries of 200
        bytes in DuckDB's eviction queues, which it clears at 32,768 each: 40 MB, which look like a leak.
        """

    def count(self, embedder: str) -> int:
        """How many passages wait for `embedder`."""
        if self._none_since.get(embedder) == self._database.catalogue:
            return 0
        row = self._database.archive_row(
            "SELECT count(*) FROM passages p JOIN documents d USING (document_id) "
            f"ANTI JOIN {self._models.vectors(embedder)} e USING (passage_id) WHERE d.embedder = ?",
            [embedder],
        )
        return int(row[0]) if row else 0

    def by_source(self) -> dict[int, int]:
        """How many passages of each source wait; sources where none does are missing."""
        served = SERVED if self._models.all() else "embeddings"
        rows = self._database.archive_rows(
            f"SELECT l.source_id, count(DISTINCT p.passage_id) FROM passages p ANTI JOIN {served} e USING (passage_id) "
            "JOIN source_documents l USING (document_id) GROUP BY l.source_id"
        )
        return {int(source): int(count) for source, count in rows}

    def claim(self, after: int, most: int, embedder: str) -> list[WaitingPassage]:
        """The next passages with an id above `after`, at most `most`, in order, that nobody else has claimed.

        They are the caller's until it stores their vectors or releases them, so two loads never embed the same.
        """
        with self._lock:
            if self._none_since.get(embedder) == (now := self._database.catalogue):
                return []
            while True:
                batch = self._after(after, most, embedder)
                if not (batch or after):
                    self._none_since[embedder] = now
                free = [passage for passage in batch if passage.id not in self._claimed]
                if free or not batch:
                    self._claimed.update(passage.id for passage in free)
                    return free
                after = batch[-1].id

    def release(self, ids: Sequence[int]) -> None:
        """Give back what was claimed."""
        with self._lock:
            self._claimed.difference_update(ids)

    def _after(self, passage: int, most: int, embedder: str) -> list[WaitingPassage]:
        rows = self._database.archive_rows(
            "SELECT p.passage_id, p.document_id, p.text, p.context FROM passages p JOIN documents d USING (document_id) "
            f"ANTI JOIN {self._models.vectors(embedder)} e USING (passage_id) "
            "WHERE p.passage_id > ? AND d.embedder = ? ORDER BY p.passage_id LIMIT ?",
            [passage, embedder, most],
        )
        return [WaitingPassage(*row) for row in rows]

    def store(self, ids: Sequence[int], vectors: np.ndarray, embedder: str) -> None:
        """The vectors (n, d) float32 of passages by `embedder`; one transaction. One that has its vector keeps it.

        What is gone, or belongs to a document that has another model by now, is left out.
        """

        def job(connection: Any) -> None:
            marks = ", ".join(str(int(key)) for key in ids)
            model = model_number(connection, embedder)
            known = connection.execute(
                f"SELECT passage_id FROM {vectors_of(model)} e WHERE passage_id IN ({marks})"
            ).fetchall()
            there = connection.execute(
                "SELECT passage_id FROM passages JOIN documents USING (document_id) "
                f"WHERE passage_id IN ({marks}) AND embedder = ?",
                [embedder],
            ).fetchall()
            wanted = {int(row[0]) for row in there} - {int(row[0]) for row in known}
            rows = [row for row, key in enumerate(ids) if key in wanted]
            insert_vectors(connection, model, [ids[row] for row in rows], vectors[rows])

        if len(ids):
            self._database.write(job)


def copy_equal(connection: Any, old: int, new: int) -> int:
    """Give passages of the document `new` the vectors of equal passages of `old`, by the same embedder; for the writer.

    Returns how many it gave.
    """
    rows = connection.execute(
        "SELECT o.embedder, m.model_id FROM documents o JOIN documents n ON n.embedder = o.embedder "
        "LEFT JOIN embedding_models m ON m.name = o.embedder WHERE o.document_id = ? AND n.document_id = ?",
        [old, new],
    ).fetchall()
    if not rows:
        return 0
    model = rows[0][1]
    table, number = ("embeddings", "") if model is None else ("model_vectors", f"{int(model)}, ")
    copied = connection.execute(
        f"""INSERT INTO {table}
           SELECT {number}n.passage_id, first(e.embedding ORDER BY e.passage_id)
           FROM passages n JOIN passages o ON o.document_id = $old AND o.text = n.text AND o.context = n.context
           JOIN {table} e ON e.passage_id = o.passage_id{f" AND e.model_id = {int(model)}" if number else ""}
           WHERE n.document_id = $new
           GROUP BY n.passage_id ORDER BY n.passage_id""",
        {"old": old, "new": new},
    ).fetchall()
    return int(copied[0][0])
