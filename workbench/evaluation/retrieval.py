"""Measures how well search finds the passages that answer a question.

The set is loaded into an archive of its own, through the same chunker, embedder and search as any document.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from loaders import registry
from loaders.document import Document, LoadError, Page
from workbench.core.errors import WorkError
from workbench.evaluation.question_sets import Place, QuestionSet, SetDocument, SetQuestion, read_set
from workbench.ingest.chunker import Chunker
from workbench.retrieval.service import ArchivalSearch, OtherModels
from workbench.storage.archive import ArchivalStorage
from workbench.storage.database import Database
from workbench.storage.documents import DuckDBArchive

if TYPE_CHECKING:
    import numpy as np

    from workbench.embedding.client import Embedder

RANKED = 20
"""Paragraphs listed for each question."""

_FOUND_WITHIN = (1, 5, 10)
_ALL_WITHIN = (5, 10, 20)


class Embedding(Protocol):
    """What a measurement needs of the AppContext."""

    @property
    def embedder(self) -> Embedder: ...

    def embed_queries(self, queries: Sequence[str]) -> np.ndarray: ...


def run(folder: Path, app: Embedding) -> Iterator[dict[str, Any]]:
    """Rows ready for JSON: {"event": "question", …} for each question, last {"event": "result", …}.

    Raises UsageError when the folder has no known question set, WorkError when a document of it cannot be read.
    """
    asked = read_set(folder)
    with tempfile.TemporaryDirectory(prefix="workbench-eval-") as home:
        database = Database(Path(home) / "eval.duckdb")
        try:
            library = QuestionLibrary(asked, DuckDBArchive(database), app)
            scores = []
            for question in asked.questions:
                places = library.ranked(question)
                found = place_scores(places, question.gold, asked.by_page)
                scores.append(
                    found | {f"{question.group}:{name}": value for name, value in found.items() if question.group}
                )
                yield {
                    "event": "question",
                    "step": None,
                    "id": question.id,
                    "ranked": [library.entry(place) for place in places[:RANKED]],
                }
        finally:
            database.close()
    yield {
        "event": "result",
        "step": None,
        "task": "retrieval",
        "data": folder.name,
        "questions": len(scores),
        "passages": library.passages,
        "metrics": _means(scores),
    }


def scored(
    asked: QuestionSet, database: Database, app: Embedding, others: OtherModels | None = None
) -> tuple[dict[str, float], int]:
    """The mean measures of a set, those of each group of its questions too, and how many passages were searched.

    Where the embedder of `app` is a model registered in the database, `others` embeds the questions with it.
    """
    library = QuestionLibrary(asked, DuckDBArchive(database), app, others)
    scores = []
    for question in asked.questions:
        found = place_scores(library.ranked(question), question.gold, asked.by_page)
        scores.append(found | {f"{question.group}:{name}": value for name, value in found.items() if question.group})
    return _means(scores), library.passages


class QuestionLibrary:
    """The set's documents in an archive, and what `workbench search` would page through, paragraph by paragraph."""

    def __init__(
        self, asked: QuestionSet, archive: ArchivalStorage, app: Embedding, others: OtherModels | None = None
    ) -> None:
        self.asked = asked
        self.archive = archive
        self.search = ArchivalSearch(self.archive, app.embed_queries, others=others)
        self.documents: list[Document] = [_document(one) for one in asked.documents]
        self.stored: list[int] = []
        self.passages = 0
        self._store(app)
        self._position = {stored: position for position, stored in enumerate(self.stored)}
        self._paths = self.archive.paths([self.archive.source_id("eval")])

    def ranked(self, question: SetQuestion) -> list[Place]:
        """The places of the ranking's passages, best first, each once."""
        paths = self._paths
        if question.within is not None:
            wanted = {self.stored[position] for position in question.within}
            paths = {key: path for key, path in paths.items() if key in wanted}
        ids = self.search.ranking(paths, question.text).ids
        passages = self.archive.passages(ids)
        return list(dict.fromkeys((self._position[passages[key].document], passages[key].page) for key in ids))

    def entry(self, place: Place) -> dict[str, Any]:
        """A place as it is printed: the title as the set has it, and the paragraph's whole text."""
        position, page = place
        found = {"title": self.asked.documents[position].title, "text": self.documents[position].pages[page - 1].text}
        return {**found, "page": page} if len(self.documents[position].pages) > 1 else found

    def _store(self, app: Embedding) -> None:
        chunker = Chunker.for_local_model()
        cut = [list(chunker.passages(document)) for document in self.documents]
        texts = list(dict.fromkeys(draft.embedding_text for drafts in cut for draft in drafts))
        vectors = app.embedder.embed(texts)
        row = {text: number for number, text in enumerate(texts)}
        source = self.archive.source_id("eval")
        for number, (document, drafts) in enumerate(zip(self.documents, cut, strict=True)):
            rows = [row[draft.embedding_text] for draft in drafts]
            chosen, path = vectors[rows], f"{number:07}"
            stored = self.archive.add_document(source, path, path, document, drafts, chosen, app.embedder.model_id, 0)
            self.stored.append(stored)
            self.passages += len(drafts)


def _document(given: SetDocument) -> Document:
    if given.file is not None:
        try:
            return registry.read(given.file)
        except LoadError as error:
            raise WorkError(f"{given.file} cannot be read: {error.reason}.", error.remedy) from None
    pages = tuple(Page(number, None, text) for number, text in enumerate(given.pages, 1))
    return Document(given.title, pages, "question set", 1)


def _means(scores: Sequence[dict[str, float]]) -> dict[str, float]:
    columns: dict[str, list[float]] = {}
    for score in scores:
        for name, value in score.items():
            columns.setdefault(name, []).append(value)
    return {name: sum(values) / len(values) for name, values in columns.items()}


def place_scores(places: Sequence[Place], gold: frozenset[Place], by_page: bool) -> dict[str, float]:
    """One question's measures: the share of gold in the first k (r@k) and whether all is there (all@k); `by_page`, whether any
    is (page@k)."""
    if by_page:
        return {f"page@{k}": float(any(place in gold for place in places[:k])) for k in _FOUND_WITHIN}
    shares = {f"r@{k}": len(gold.intersection(places[:k])) / len(gold) for k in _FOUND_WITHIN}
    return shares | {f"all@{k}": float(gold.issubset(places[:k])) for k in _ALL_WITHIN}
