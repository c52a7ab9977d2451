"""The second hop: what a third passage would add to the likeliest pairs of linked passages.

A question of three or four steps needs a passage that only another followed passage leads to, or that holds the words of the
question which a pair leaves over. Every pair with a third passage is weighed by a small logistic model, as pairs are.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

PAIRS = 4
"""Pairs that are followed from."""

THIRD_BONUS = 4.0
"""What certainty of a third passage is worth, in units of the first ranking's score."""

_LOOKED_AT = 40

Numbers = NDArray[np.float64]


class ThirdFeatures(NamedTuple):
    """What speaks for a third passage beside a pair; an array by row."""

    pair: Any  # how likely the pair is
    third: Any  # the first ranking's score of the third
    titled: Any  # the pair names its title or heading: how rare that name is
    shared: Any  # the rarest name that it shares with one of the pair and the question does not use
    residual: Any  # share of the question's words (by rarity) that it adds to both
    asked: Any  # 1 if the question names its title
    titled_residual: Any
    pair_residual: Any


_BIAS = -7.59
_WEIGHTS = ThirdFeatures(
    pair=-2.59,
    third=4.72,
    titled=4.88,
    shared=1.88,
    residual=9.32,
    asked=4.05,
    titled_residual=8.72,
    pair_residual=-5.42,
)
"""Fitted to 500 questions that need two to four passages, 200 of them made by rules (tests/benchmarks/linked_questions.py); with
each fifth predicted by the other four, all gold in the first ten rose by up to two questions of a hundred, and fell on no set."""


class Pair(NamedTuple):
    """A seed, the passage that it leads to, by row, and how likely they answer together."""

    seed: int
    second: int
    likely: float


class Table(NamedTuple):
    """What is known of rows, in one order: their documents, which of the question's words each holds (rows, words), its score
    in the first ranking, and 1 where the question names its title."""

    rows: list[int]
    documents: NDArray[np.int64]
    held: Numbers
    score: Numbers
    asked: Numbers

    def with_more(self, other: Table) -> Table:
        """This one, and after it the rows of another."""
        arrays = (np.concatenate(both) for both in zip(self[1:], other[1:], strict=True))
        return Table([*self.rows, *other.rows], *arrays)


def likeliest(likely: Numbers, seeds: Sequence[int], rows: Sequence[int], ids: Sequence[int]) -> list[Pair]:
    """The best pairs of a table (seeds, rows), none twice; `ids` are the passages by row, which order equal ones."""
    flat = likely.ravel().round(9)
    count = min(_LOOKED_AT, len(flat))
    least = np.partition(flat, len(flat) - count)[len(flat) - count] if count else 0.0
    passage = dict(zip(rows, ids, strict=True))
    thirds = []
    for at in np.flatnonzero((flat >= least) & (flat > 0)).tolist():
        seed, second = seeds[at // len(rows)], rows[at % len(rows)]
        thirds.append((-float(flat[at]), passage[seed], passage[second], Pair(seed, second, float(flat[at]))))
    known: set[frozenset[int]] = set()
    best = []
    for *_, pair in sorted(thirds, key=lambda item: item[:3]):
        both = frozenset(pair[:2])
        if both not in known:
            known.add(both)
            best.append(pair)
    return list(itertools.islice(best, PAIRS))


def third_features(
    pairs: Sequence[Pair], table: Table, strengths: dict[int, tuple[Numbers, Numbers]], rarity: Numbers
) -> Numbers:
    """(pairs, rows, ThirdFeatures). A row from a document of the pair is no third beside it: within one document names and
    words recur everywhere and say nothing. `strengths` says of each row in a pair how
    strongly it leads to the rows of the table, by title and by a shared name; `rarity` weighs the question's words."""
    place = {row: number for number, row in enumerate(table.rows)}
    found = []
    for pair in pairs:
        here = [place[pair.seed], place[pair.second]]
        titled, shared = np.maximum(strengths[pair.seed], strengths[pair.second])
        left = (1 - table.held[here].max(axis=0)) * rarity
        residual = np.einsum("rw,w->r", table.held, left)
        likely = np.full_like(residual, pair.likely)
        features = ThirdFeatures(
            likely, table.score, titled, shared, residual, table.asked, titled * residual, likely * residual
        )
        found.append(np.stack(features, axis=-1))
        found[-1][np.isin(table.documents, table.documents[here])] = -np.inf
    return np.stack(found)


def third_likelihood(features: Numbers) -> Numbers:
    """The probability that a third passage is needed beside a pair; 0 where it is none."""
    probabilities: Numbers = np.zeros(features.shape[:-1])
    others = np.isfinite(features[..., 0])
    probabilities[others] = 1.0 / (1.0 + np.exp(-(_BIAS + features[others] @ np.array(_WEIGHTS))))
    return probabilities
