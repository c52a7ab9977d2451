"""The hybrid score: fuses candidates by meaning and by words into one ranking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from workbench.retrieval.index.mixed_vectors import Query as Asked
from workbench.retrieval.index.mixed_vectors import QueryVectors
from workbench.retrieval.index.snapshot import Allowed, Meanings, Words
from workbench.retrieval.ranking import financial_reports

CANDIDATES = 200
"""Passages that each of the two indexes proposes."""

_MEANING_SHARE = 0.6
_LARGE_PASSAGES = 5_000

_LEAST_COSINE = 0.2
_LEAST_WORDS = 0.2


@dataclass
class FirstRanking:
    """Cosines by row, BM25 scores of the best by words, and the ranks that the two indexes gave; there are `size` passages."""

    query: str
    query_vector: Asked | None
    vectors: Meanings
    keywords: Words
    size: int
    cosines: dict[int, float] = field(default_factory=dict)
    bm25: dict[int, float] = field(default_factory=dict)
    vector_ranks: dict[int, int] = field(default_factory=dict)
    keyword_ranks: dict[int, int] = field(default_factory=dict)
    top_bm25: float = 1.0
    _scores: dict[int, float] = field(default_factory=dict)

    def gather(self, allowed: Allowed, count: int = CANDIDATES) -> list[int]:
        """Candidate rows from both indexes, each with its cosine; among the rows `allowed` alone."""
        nearest = None if self.query_vector is None else self.vectors.begin(self.query_vector, count, allowed)
        hits = self.keywords.search(self._telling(allowed), count, allowed)
        self.keyword_ranks = {row: rank for rank, (row, _) in enumerate(hits, 1)}
        self.bm25 = dict(hits)
        self.top_bm25 = max(self.bm25.values(), default=0.0) or 1.0
        if nearest is not None:
            near, scores = nearest()
            self.vector_ranks = {row: rank for rank, row in enumerate(near.tolist(), 1)}
            self.cosines = dict(zip(self.vector_ranks, scores.tolist(), strict=True))
        candidates = list(dict.fromkeys([*self.vector_ranks, *self.keyword_ranks]))
        self.complete(candidates)
        return candidates

    def complete(self, rows: Sequence[int]) -> None:
        """Give each of `rows` its cosine and its score; its BM25 score counts as 0 when it is not among the best."""
        unmeasured = np.array([row for row in rows if row not in self.cosines], dtype=np.int64)
        if self.query_vector is not None and len(unmeasured):
            scores = self.vectors.scores(self.query_vector, unmeasured)
            self.cosines.update(zip(unmeasured.tolist(), scores.tolist(), strict=True))
        fused = np.array([self.bm25.setdefault(row, 0.0) for row in rows]) / self.top_bm25
        if self.query_vector is not None:
            cosines = np.array([self.cosines[row] for row in rows])
            fused = _MEANING_SHARE * np.maximum(cosines, 0.0) + (1 - _MEANING_SHARE) * fused
        self._scores.update(zip(rows, fused.round(6).tolist(), strict=True))

    def _telling(self, allowed: Allowed) -> dict[str, float]:
        """The query's terms without those that a quarter of a large archive has, unless there are no others."""
        weights = financial_reports.query_terms(self.query, self.keywords, allowed)
        if self.size < _LARGE_PASSAGES:
            return weights
        counts = self.keywords.frequencies(weights)
        rare = {term: weight for term, weight in weights.items() if counts[term] < self.size / 4}
        return rare or weights

    def score(self, row: int) -> float:
        """The cosine and the share of the best BM25 score, weighed: 0 to about 1. Words alone without a vector."""
        if row not in self._scores:
            self.complete([row])
        return self._scores[row]

    @cached_property
    def _least_cosine(self) -> float:
        """Beneath it a passage is cut. Where models of a person's choice are asked, it is half of the nearest one's at most:

        their scale is measured in English, and in another language all that is near may be near by less.
        """
        if not isinstance(self.query_vector, QueryVectors):
            return _LEAST_COSINE
        return min(_LEAST_COSINE, max(self.cosines.values(), default=0.0) / 2)

    def relevant(self, row: int) -> bool:
        """Whether a passage has anything to do with the query: the rest is cut."""
        return (
            self.cosines.get(row, 0.0) >= self._least_cosine or self.bm25.get(row, 0.0) >= _LEAST_WORDS * self.top_bm25
        )
