"""The first ranking: candidates by meaning and by words, fused. In: a query; out: scores by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from workbench.memory import terms
from workbench.memory.keyword_index import KeywordSearcher
from workbench.memory.vector_index import VectorIndex, Vectors

CANDIDATES = 200
"""Passages that each of the two indexes proposes."""

_MEANING_SHARE = 0.6
_LARGE_PASSAGES = 5_000
_LEAST_COSINE = 0.2
_LEAST_WORDS = 0.2


@dataclass
class FirstRanking:
    """Cosines by row, BM25 scores of the best by words, and the ranks that the two indexes gave."""

    query: str
    query_vector: Vectors | None
    vectors: VectorIndex
    keywords: KeywordSearcher
    cosines: dict[int, float] = field(default_factory=dict)
    bm25: dict[int, float] = field(default_factory=dict)
    vector_ranks: dict[int, int] = field(default_factory=dict)
    keyword_ranks: dict[int, int] = field(default_factory=dict)
    top_bm25: float = 1.0

    def gather(
        self, allowed: NDArray[np.bool_], documents: frozenset[int] | None, rows: Sequence[int] | None = None
    ) -> list[int]:
        """Candidate rows from both indexes, each with its cosine; among `rows` alone when given."""
        found = self.keywords.search(self._telling(), CANDIDATES, documents, rows=rows)
        hits = [(row, score) for row, score in found if allowed[row]]
        self.keyword_ranks = {row: rank for rank, (row, _) in enumerate(hits, 1)}
        self.bm25 = dict(hits)
        self.top_bm25 = max(self.bm25.values(), default=0.0) or 1.0
        if self.query_vector is not None:
            near, scores = self.vectors.search(self.query_vector, CANDIDATES, allowed)
            self.vector_ranks = {int(row): rank for rank, row in enumerate(near, 1)}
            self.cosines = dict(zip(self.vector_ranks, scores.tolist(), strict=True))
        candidates = list(dict.fromkeys([*self.vector_ranks, *self.keyword_ranks]))
        self.complete(candidates)
        return candidates

    def complete(self, rows: Sequence[int]) -> None:
        """Give each of `rows` its cosine; its BM25 score counts as 0 when it is not among the best."""
        unmeasured = np.array([row for row in rows if row not in self.cosines], dtype=np.int64)
        if self.query_vector is not None and len(unmeasured):
            scores = self.vectors.scores(self.query_vector, unmeasured)
            self.cosines.update(zip(unmeasured.tolist(), scores.tolist(), strict=True))
        for row in rows:  # not among the best by words
            self.bm25.setdefault(row, 0.0)

    def _telling(self) -> dict[str, float]:
        """The query's terms without those that a quarter of a large archive has, unless there are no others."""
        weights = terms.query_terms(self.query)
        size = len(self.vectors.vectors)
        if size < _LARGE_PASSAGES:
            return weights
        rare = {term: weight for term, weight in weights.items() if self.keywords.frequency(term) < size / 4}
        return rare or weights

    def score(self, row: int) -> float:
        """The cosine and the share of the best BM25 score, weighed: 0 to about 1. Words alone without a vector."""
        words = self.bm25.get(row, 0.0) / self.top_bm25
        if self.query_vector is None:
            return round(words, 6)
        cosine = max(self.cosines.get(row, 0.0), 0.0)
        return round(_MEANING_SHARE * cosine + (1 - _MEANING_SHARE) * words, 6)

    def relevant(self, row: int) -> bool:
        """Whether a passage has anything to do with the query: the rest is cut."""
        return self.cosines.get(row, 0.0) >= _LEAST_COSINE or self.bm25.get(row, 0.0) >= _LEAST_WORDS * self.top_bm25
