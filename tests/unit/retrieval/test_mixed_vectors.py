"""Documents with different embedding models in one index: each by its own vectors, on one scale, in memory and in the database."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from loaders.document import Document, Page
from workbench.core.errors import EmbedderError
from workbench.ingest.passage import PassageDraft
from workbench.retrieval.index.mixed_vectors import OWN, ModelQuery, QueryVectors, Scale
from workbench.retrieval.index.table_scan import ArchiveScan
from workbench.retrieval.service import ArchivalSearch
from workbench.storage.database import Database
from workbench.storage.documents import DuckDBArchive
from workbench.storage.embedding_models import EmbeddingModel
from workbench.storage.rows import Arrival

SCALE = Scale(0.7, 0.9)


def unit(length: int, cosine: float) -> np.ndarray:
    """A unit vector that has this cosine with the first axis, which is every query here."""
    vector = np.zeros(length, np.float32)
    vector[:2] = cosine, np.sqrt(1 - cosine**2)
    return vector


class Asked:
    """Every query is the first axis, for each model; `down` ones cannot be asked."""

    def __init__(self) -> None:
        self.down: set[str] = set()

    def query(self, model: str, text: str) -> ModelQuery | None:
        return None if model in self.down else ModelQuery(unit({"wide": 1024, "narrow": 8}[model], 1.0), SCALE)

    def fails(self, model: str) -> bool:
        return model in self.down


@pytest.fixture
def search(tmp_path: Path) -> ArchivalSearch:
    archive = DuckDBArchive(Database(tmp_path / "a.duckdb"))
    for name, length in (("wide", 1024), ("narrow", 8)):
        probe = tuple(unit(length, 1.0).tolist())
        archive.models.add(
            EmbeddingModel(0, name, f"openai:{name}@http://x/v1", length, True, probe, SCALE.unrelated, SCALE.related)
        )
    # Words that no query here has, so that the order is that of the vectors.
    for path, embedder, length, cosine in (
        ("own near", "built in", 384, 0.55), ("own far", "built in", 384, 0.30), ("wide near", "wide", 1024, 0.91),
        ("wide far", "wide", 1024, 0.72), ("narrow mid", "narrow", 8, 0.85),
    ):  # fmt: skip
        document = Document(path, (Page(1, None, path),), "test", 1)
        passages = [PassageDraft(1, 0, len(path), path, "", "")]
        given = Arrival(archive.source_id("s"), path, path, document, passages, embedder, 1)
        archive.store(given, unit(length, cosine)[None])
    return ArchivalSearch(archive, lambda queries: np.stack([unit(384, 1.0)] * len(queries)), others=Asked())


def order(search: ArchivalSearch) -> list[tuple[str, float]]:
    paths = search.archive.paths([1])
    ranking = search.ranking(paths, "zzz qqq")
    documents = {key: passage.document for key, passage in search.archive.passages(ranking.ids).items()}
    return [(paths[documents[key]][0], round(why.cosine, 4)) for key, why in zip(ranking.ids, ranking.why, strict=True)]


def test_a_near_passage_of_one_model_stands_before_a_farther_one_of_another(search: ArchivalSearch) -> None:
    # 0.72 is as good as nothing for a model whose unrelated texts have 0.7: it is cut, as 0.05 of the built-in model would be.
    assert [path for path, _ in order(search)] == ["wide near", "own near", "narrow mid", "own far"]


def test_the_database_gives_the_same_as_the_index(search: ArchivalSearch) -> None:
    paths = search.archive.paths([1])
    view = search.index.view(frozenset(paths))
    scan = ArchiveScan(search.archive.bulk, frozenset(paths))
    query = search.query_vector(scan, paths, "zzz")
    assert view is not None
    assert isinstance(query, QueryVectors)
    for chosen in (np.ones(5, bool), np.array([True, False, True, True, False])):
        rows, cosines = view.meanings.search(query, 10, chosen)
        others, same = scan.meanings.search(query, 10, chosen)
        assert view.ids[rows].tolist() == scan.ids[others].tolist()
        assert np.allclose(cosines, same, atol=1e-6)
    assert np.allclose(view.meanings.scores(query, np.arange(5)), scan.meanings.scores(query, np.arange(5)), atol=1e-6)


def test_a_model_that_cannot_be_asked_leaves_its_passages_to_words(search: ArchivalSearch) -> None:
    search.others.down = {"wide"}  # type: ignore[union-attr]
    assert search.unasked(search.archive.paths([1])) == ["wide"]
    assert [path for path, _ in order(search)] == ["own near", "narrow mid", "own far"]
    assert "wide near" in [path for path, _ in order_of_words(search)]


def order_of_words(search: ArchivalSearch, words: str = "wide") -> list[tuple[str, float]]:
    paths = search.archive.paths([1])
    ranking = search.ranking(paths, words)
    documents = {key: passage.document for key, passage in search.archive.passages(ranking.ids).items()}
    return [(paths[documents[key]][0], 0.0) for key in ranking.ids]


def test_the_built_in_model_that_does_not_run_leaves_its_passages_to_words(search: ArchivalSearch) -> None:
    def ended(queries: object) -> np.ndarray:
        raise EmbedderError("The embedding model failed: the worker was ended by SIGKILL.")

    runs, search.embed = search.embed, ended
    assert [path for path, _ in order(search)] == ["wide near", "narrow mid"]
    assert search.unasked(search.archive.paths([1])) == ["the built-in embedding model"]
    assert {"own near", "own far"} <= {path for path, _ in order_of_words(search, "own")}
    search.embed = runs
    assert "own near" in [path for path, _ in order(search)]
    assert search.unasked(search.archive.paths([1])) == []


def test_erased_documents_leave_no_vector_in_memory(search: ArchivalSearch) -> None:
    order(search)
    paths = search.archive.paths([1])
    gone = [key for key, (path, _) in paths.items() if path == "wide near"]
    part = search.index.view(frozenset(paths)).others["wide"]  # type: ignore[union-attr]
    search.erase(gone)
    assert sorted(part.index.vectors.any(axis=1).tolist()) == [False, True]


def test_many_vectors_of_another_model_are_found_through_their_codes(tmp_path: Path) -> None:
    from workbench.retrieval.index.mixed_vectors import MixedVectors, ModelVectors
    from workbench.retrieval.index.vectors import EXACT_ROWS, VectorIndex

    count = EXACT_ROWS + 6_000
    made = np.random.default_rng(1).standard_normal((count, 32)).astype(np.float32)
    made /= np.linalg.norm(made, axis=1, keepdims=True)
    own = VectorIndex.build(np.zeros((count, 384), np.float32))
    rows = np.arange(count, dtype=np.int64)
    mixed = MixedVectors.of(own, {"m": ModelVectors(rows, VectorIndex.build(made))}, rows)
    found, _ = mixed.search(QueryVectors(unit(384, 1.0), {"m": ModelQuery(made[77], Scale(0.0, 1.0))}), 50)
    assert found.tolist() == np.argsort(-(made @ made[77]), kind="stable")[:50].tolist()


def test_a_scale_puts_the_ends_of_one_model_on_those_of_the_other() -> None:
    assert np.allclose(SCALE(np.array([0.7, 0.9, 0.0], np.float32)), [OWN.unrelated, OWN.related, -1.0])
