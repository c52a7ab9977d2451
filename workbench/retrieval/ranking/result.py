"""A ranking: passages best first, and how each score came about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from workbench.api.results import Explanation

LIFT = 0.5
"""What an exact match of a phrase or identifier of the question adds to a score."""


class ScoreBreakdown(NamedTuple):
    """How a hit's score came about: `fused` + LIFT if `boosted` + `link`; ranks count from 1, 0 where a list did not have it.

    `best` is the best BM25 score, `partner` the passage that the link is owed to (0: none), `rerank` a cross-encoder's
    score and `rerank_from` the rank before it.
    """

    vector_rank: int
    cosine: float
    keyword_rank: int
    bm25: float
    boosted: bool
    link: float
    fused: float = 0.0
    best: float = 0.0
    partner: int = 0
    rerank: float | None = None
    rerank_from: int = 0

    def explained(self, mode: str) -> Explanation:
        """The same for people; `mode` is how it was searched: meaning, exact, linked or sweep."""
        return Explanation(
            mode, self.vector_rank, self.cosine, self.keyword_rank, self.bm25, self.best, self.fused,
            LIFT if self.boosted and mode == "meaning" else 0.0, self.link, self.partner, self.rerank, self.rerank_from,
        )  # fmt: skip


@dataclass(frozen=True)
class Ranking:
    """Passage ids, best first, none twice: the whole result. `num_searched` passages were searched.

    `read_as` are words of the query that stand nowhere, each with the word that was searched in its place.
    """

    ids: tuple[int, ...]
    scores: tuple[float, ...]
    mode: Literal["meaning", "exact"]
    num_searched: int
    why: tuple[ScoreBreakdown, ...] = ()
    read_as: tuple[tuple[str, str], ...] = ()
