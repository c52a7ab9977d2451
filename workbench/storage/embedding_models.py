"""Embedding models beside the built-in one: what is known of each, which sources use them, and the change from one to another.

The model of a document is named by `documents.embedder`. Vectors of a registered model are in `model_vectors`, all others
in `embeddings`. A source changes its model without a gap: the new vectors are written beside the old ones, which serve
until every passage has a new one; then one transaction names the new model and deletes the old vectors.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.storage.bulk_insert import DIMENSIONS, insert_vectors
from workbench.storage.database import Clock, Database, next_id, utc_now

if TYPE_CHECKING:
    import numpy as np

BUILT_IN = ""
"""The name of the model that is not registered, because it comes with the program."""

SERVED = (
    "(SELECT e.passage_id FROM embeddings e JOIN passages USING (passage_id) JOIN documents d USING (document_id) "
    "ANTI JOIN embedding_models m ON m.name = d.embedder UNION ALL "
    "SELECT v.passage_id FROM model_vectors v JOIN passages USING (passage_id) JOIN documents d USING (document_id) "
    "JOIN embedding_models m ON m.name = d.embedder AND m.model_id = v.model_id)"
)
"""The passages with a vector of their document's model, for SQL; others have one that is not used yet."""

_OF_SOURCE = "SELECT DISTINCT document_id FROM source_documents WHERE source_id = ?"


@dataclass(frozen=True)
class WaitingPassage:
    """A passage without a vector: `context` is the line that is embedded above its text."""

    id: int
    document: int
    text: str
    context: str


@dataclass(frozen=True)
class EmbeddingModel:
    """A registered model. `address` says how it is asked, without any secret; `normalised`: its vectors came with length 1.

    `probe` is its vector of a fixed sentence, by which it is recognised. `unrelated` and `related` are its mean cosines of
    fixed pairs of texts, by which its cosines are brought onto one scale with those of other models.
    """

    id: int
    name: str
    address: str
    dimensions: int
    normalised: bool
    probe: tuple[float, ...]
    unrelated: float
    related: float


class EmbeddingModels:
    """The registered models; what there are is kept in memory, for every search asks."""

    def __init__(self, database: Database, clock: Clock = utc_now) -> None:
        self._database = database
        self._clock = clock
        self._known: dict[str, EmbeddingModel] | None = None

    def all(self) -> dict[str, EmbeddingModel]:
        """Every registered model by its name; empty where only the built-in one was ever used."""
        if self._known is None:
            rows = self._database.archive_rows(
                "SELECT model_id, name, address, dimensions, normalised, probe, unrelated, related FROM embedding_models"
            )
            models = [
                EmbeddingModel(number, name, address, length, normalised, tuple(probe), unrelated, related)
                for number, name, address, length, normalised, probe, unrelated, related in rows
            ]
            self._known = {model.name: model for model in models}
        return self._known

    def admit(self, name: str) -> None:
        """Any model may embed."""

    def add(self, given: EmbeddingModel) -> EmbeddingModel:
        """Register a model under a number of its own; one of the same name keeps what it has."""

        def job(connection: Any) -> None:
            if connection.execute("SELECT 1 FROM embedding_models WHERE name = ?", [given.name]).fetchall():
                return
            new = next_id(connection, "embedding_models", "model_id")
            connection.execute(
                "INSERT INTO embedding_models VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [new, given.name, given.address, given.dimensions, given.normalised, list(given.probe), given.unrelated,
                 given.related, self._clock()],
            )  # fmt: skip

        self._database.write(job)
        self._known = None
        return self.all()[given.name]

    def move(self, name: str, address: str) -> None:
        """The same model is asked elsewhere from now on."""
        self._database.write(
            lambda connection: connection.execute(
                "UPDATE embedding_models SET address = ? WHERE name = ?", [address, name]
            )
        )
        self._known = None

    def of_source(self, source: int) -> str:
        """The model that the next documents of a source get; BUILT_IN for all that never chose another."""
        row = self._database.archive_row("SELECT name FROM source_models WHERE source_id = ?", [source])
        return str(row[0]) if row else BUILT_IN

    def choose(self, source: int, name: str) -> None:
        """The next documents of a source get this model's vectors."""
        self._database.write(lambda connection: _choose(connection, source, name))

    def in_source(self, source: int) -> dict[str, int]:
        """How many documents of a source have each model, by the name that documents have it under."""
        rows = self._database.archive_rows(
            f"SELECT embedder, count(*) FROM documents WHERE document_id IN ({_OF_SOURCE}) GROUP BY embedder ORDER BY 1",
            [source],
        )
        return {str(name): int(count) for name, count in rows}

    def sources_of(self, documents: Collection[int]) -> list[str]:
        """Names of the sources that hold one of these documents."""
        rows = self._database.archive_rows(
            "SELECT DISTINCT s.name FROM sources s JOIN source_documents l USING (source_id) "
            "WHERE list_contains(?, l.document_id) ORDER BY 1",
            [list(documents)],
        )
        return [str(row[0]) for row in rows]

    def among(self, documents: Collection[int]) -> dict[str, int]:
        """How many of these documents have each registered model, and under BUILT_IN how many have none of them."""
        models = self.all()
        if not models:
            return {BUILT_IN: len(documents)} if documents else {}
        rows = self._database.archive_rows(
            "SELECT coalesce(m.name, ''), count(*) FROM documents d LEFT JOIN embedding_models m ON m.name = d.embedder "
            "WHERE list_contains(?, d.document_id) GROUP BY 1 ORDER BY 1",
            [list(documents)],
        )
        return {str(name): int(count) for name, count in rows}

    # -- from one model to another ------------------------------------------------------------------------------------

    def lacking(self, source: int, embedder: str) -> tuple[int, int]:
        """(passages of the source that have no vector of this model, all of its passages)."""
        row = self._database.archive_row(
            f"SELECT count(*) FILTER (v.passage_id IS NULL), count(*) FROM passages p "
            f"LEFT JOIN {self.vectors(embedder)} v USING (passage_id) WHERE p.document_id IN ({_OF_SOURCE})",
            [source],
        )
        return (int(row[0]), int(row[1])) if row else (0, 0)

    def next_lacking(self, source: int, embedder: str, after: int, most: int) -> list[WaitingPassage]:
        """The next passages of a source, by number above `after`, that have no vector of this model."""
        rows = self._database.archive_rows(
            f"SELECT p.passage_id, p.document_id, p.text, p.context FROM passages p "
            f"ANTI JOIN {self.vectors(embedder)} v USING (passage_id) "
            f"WHERE p.passage_id > ? AND p.document_id IN ({_OF_SOURCE}) ORDER BY p.passage_id LIMIT ?",
            [after, source, most],
        )
        return [WaitingPassage(*row) for row in rows]

    def keep(self, embedder: str, ids: Sequence[int], vectors: np.ndarray) -> None:
        """Write vectors (n, d) beside the ones that serve; one transaction. A passage that is gone, or has one, is passed over."""

        def job(connection: Any) -> None:
            marks = ", ".join(str(int(key)) for key in ids)
            model = model_number(connection, embedder)
            inside = (
                f"SELECT passage_id FROM passages WHERE passage_id IN ({marks}) EXCEPT "
                f"SELECT passage_id FROM {vectors_of(model)} e WHERE passage_id IN ({marks})"
            )
            wanted = {int(row[0]) for row in connection.execute(inside).fetchall()}
            rows = [row for row, key in enumerate(ids) if key in wanted]
            insert_vectors(connection, model, [ids[row] for row in rows], vectors[rows])

        if len(ids):
            self._database.write(job)

    def switch(self, source: int, embedder: str) -> list[int] | None:
        """Let the vectors of another model serve for all documents of a source, and delete the old ones; one transaction.

        Returns the documents that changed, None when a passage has no new vector yet: nothing is changed then.
        """

        def job(connection: Any) -> list[int] | None:
            model = model_number(connection, embedder)
            lacking = connection.execute(
                f"SELECT 1 FROM passages p ANTI JOIN {vectors_of(model)} v USING (passage_id) "
                f"WHERE p.document_id IN ({_OF_SOURCE}) LIMIT 1",
                [source],
            ).fetchall()
            if lacking:
                return None
            changed = connection.execute(
                f"SELECT document_id FROM documents WHERE embedder <> ? AND document_id IN ({_OF_SOURCE})",
                [embedder, source],
            ).fetchall()
            documents = [int(row[0]) for row in changed]
            # Of all documents, for those that have the model already may have vectors of a change that was given up.
            passages = f"SELECT passage_id FROM passages WHERE document_id IN ({_OF_SOURCE})"
            if model is not None:
                connection.execute(f"DELETE FROM embeddings WHERE passage_id IN ({passages})", [source])
            connection.execute(
                f"DELETE FROM model_vectors WHERE model_id <> ? AND passage_id IN ({passages})", [model or 0, source]
            )
            connection.execute(
                "UPDATE documents SET embedder = ? WHERE list_contains(?, document_id)", [embedder, documents]
            )
            _choose(connection, source, embedder if model is not None else BUILT_IN)
            return documents

        return self._database.write(job)

    def dimensions(self, name: str) -> int:
        """How many numbers a vector of a model has."""
        model = self.all().get(name)
        return model.dimensions if model else DIMENSIONS

    def served(self, name: str) -> str:
        """The table of the vectors of a model that searches use, for SQL: those of documents that name it."""
        model = self.all().get(name)
        if model is not None:
            return (
                "(SELECT v.passage_id, v.embedding FROM model_vectors v JOIN passages USING (passage_id) "
                "JOIN documents d USING (document_id) JOIN embedding_models m ON m.name = d.embedder "
                f"WHERE v.model_id = {model.id} AND m.model_id = {model.id})"
            )
        if not self.all():
            return "embeddings"
        return (
            "(SELECT e.passage_id, e.embedding FROM embeddings e JOIN passages USING (passage_id) "
            "JOIN documents d USING (document_id) ANTI JOIN embedding_models m ON m.name = d.embedder)"
        )

    def vectors(self, embedder: str) -> str:
        """The table of the vectors of a model, for SQL: at least passage_id and embedding."""
        model = self.all().get(embedder)
        return vectors_of(model.id if model else None)


def model_number(connection: Any, embedder: str) -> int | None:
    """The number of a registered model; None for every other, whose vectors are in `embeddings`; for the writer."""
    rows = connection.execute("SELECT model_id FROM embedding_models WHERE name = ?", [embedder]).fetchall()
    return int(rows[0][0]) if rows else None


def _choose(connection: Any, source: int, name: str) -> None:
    connection.execute("DELETE FROM source_models WHERE source_id = ?", [source])
    if name != BUILT_IN:
        connection.execute("INSERT INTO source_models VALUES (?, ?)", [source, name])


def vectors_of(model: int | None) -> str:
    """The table of the vectors of a registered model, or of every other, for SQL."""
    if model is None:
        return "embeddings"
    return f"(SELECT passage_id, embedding FROM model_vectors WHERE model_id = {int(model)})"
