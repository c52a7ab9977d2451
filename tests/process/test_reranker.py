"""The reranker: a tiny cross-encoder with random weights, saved here, puts results in its own order; nothing is fetched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.cross_encoder import save_cross_encoder
from workbench.api.search import SearchOptions
from workbench.core.errors import RerankerError
from workbench.embedding.reranker_client import LocalReranker
from workbench.retrieval.ranking.rerank import RERANKED, reranked
from workbench.retrieval.ranking.result import Ranking, ScoreBreakdown


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a cross-encoder of one layer."""
    return save_cross_encoder(tmp_path_factory.mktemp("cross-encoder"))


@pytest.mark.nightly
def test_results_come_in_the_order_of_the_cross_encoder(make_session: Any, papers: Path, encoder: Path) -> None:
    session = make_session()
    list(session.load([papers]))
    plain = session.search_service.search("who kept the harbour light")
    options = SearchOptions(reranker=str(encoder))
    pages = [
        session.search_service.search("who kept the harbour light", number, options)
        for number in range(1, plain.pages + 1)
    ]
    hits = [hit for page in pages for hit in page.hits]
    assert len({hit.passage for hit in hits}) == len(hits) == plain.total
    scored = [hit for hit in hits if hit.why.rerank is not None]
    assert len(scored) == min(RERANKED, plain.total)
    assert [hit.why.rerank for hit in scored] == sorted((hit.why.rerank for hit in scored), reverse=True)
    assert len({hit.why.rerank for hit in scored}) > 5
    assert sorted(hit.why.rerank_from for hit in scored) == list(range(1, len(scored) + 1))
    assert [hit.why.rerank_from for hit in scored] != sorted(hit.why.rerank_from for hit in scored)
    assert "reranked" in pages[0].note
    direct = LocalReranker(str(encoder))
    try:
        for hit in hits[:3]:
            alone = direct.score("who kept the harbour light", [hit.text])[0]
            assert alone == pytest.approx(hit.why.rerank, abs=1e-6)
    finally:
        direct.stop()
    again = session.search_service.search("who kept the harbour light")
    assert [hit.passage for hit in again.hits] == [hit.passage for hit in plain.hits]
    assert all(hit.why.rerank is None for hit in again.hits)


def test_an_exact_query_is_not_reranked_and_needs_no_model(make_session: Any, papers: Path) -> None:
    session = make_session(reranker="/nowhere/at/all")
    list(session.load([papers]))
    assert session.search_service.search("HX-203/7").total == 1
    with pytest.raises(RerankerError, match="no folder"):
        session.search_service.search("harbour light")


@pytest.mark.nightly
def test_a_folder_without_a_model_is_one_sentence(tmp_path: Path) -> None:
    broken = LocalReranker(str(tmp_path))
    with pytest.raises(RerankerError) as caught:
        broken.score("lamp", ["the lamp"])
    assert "\n" not in caught.value.one_line()
    assert caught.value.hint
    broken.stop()


class Lengths:
    """Prefers long texts."""

    name = "lengths"

    def score(self, query: str, texts: Any) -> list[float]:
        return [float(len(text)) for text in texts]


def test_what_was_not_scored_stays_behind_and_ties_stay_in_order() -> None:
    why = tuple(ScoreBreakdown(0, 0.0, 0, 0.0, False, 0.0) for _ in range(5))
    ranking = Ranking((1, 2, 3, 4, 5), (0.9, 0.8, 0.7, 0.6, 0.5), "meaning", 9, why)
    found = reranked(ranking, "q", {1: "a", 2: "bbb", 3: "c"}, Lengths())
    assert found.ids == (2, 1, 3, 4, 5)
    assert found.scores == (0.8, 0.9, 0.7, 0.6, 0.5)
    assert [(item.rerank, item.rerank_from) for item in found.why] == [
        (3.0, 2),
        (1.0, 1),
        (1.0, 3),
        (None, 0),
        (None, 0),
    ]
