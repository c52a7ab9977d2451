"""A ranking: passages best first, and how each score came about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

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


@dataclass(frozen=True)
class Ranking:
    """Passage ids, best first, none twice: the whole result. `num_searched` passages were searched."""

    ids: tuple[int, ...]
    scores: tuple[float, ...]
    mode: Literal["meaning", "exact"]
    num_searched: int
    why: tuple[ScoreBreakdown, ...] = ()
