"""Reorders the best passages of a ranking by a scorer of (query, text) pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from workbench.retrieval.index.builder import Ranking

RERANKED = 50
"""The best passages of the first ranking that a reranker puts in order; the rest stays behind them."""


class Reranker(Protocol):
    """Scores texts against a query: a cross-encoder, which reads both together."""

    @property
    def name(self) -> str:
        """What tells this scorer from others."""
        ...

    def score(self, query: str, texts: Sequence[str]) -> Sequence[float]:
        """One number a text, larger is better. Raises RerankerError."""
        ...


def reranked(ranking: Ranking, query: str, texts: Mapping[int, str], reranker: Reranker) -> Ranking:
    """The ranking with its first passages (those in `texts`) in the reranker's order, ties as they were.

    Scores stay what the search gave; each reranked passage's `why` says its new score and its rank before.
    """
    head = [position for position, key in enumerate(ranking.ids) if key in texts]
    given = reranker.score(query, [texts[ranking.ids[position]] for position in head])
    scores = {position: round(float(score), 6) for position, score in zip(head, given, strict=True)}
    order = sorted(head, key=lambda position: (-scores[position], position))
    order += [position for position in range(len(ranking.ids)) if position not in scores]
    why = tuple(
        ranking.why[position]._replace(
            rerank=scores.get(position), rerank_from=position + 1 if position in scores else 0
        )
        for position in order
    )
    ids, found = tuple(ranking.ids[position] for position in order), tuple(ranking.scores[p] for p in order)
    return replace(ranking, ids=ids, scores=found, why=why)
