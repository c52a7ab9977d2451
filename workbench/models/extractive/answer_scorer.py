"""Scores candidate sentences with the fitted model that ships beside this module: boosted trees, then a calibrated logistic.

The weights are fitted by workbench/evaluation/fit_answer_scorer.py; what they were fitted on stands in the file itself.
Probabilities are rounded, so that the same sentences come out in the same order wherever their features are the same.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from workbench.models.extractive.features import FEATURES_VERSION, NAMES, Array

_FILE = Path(__file__).with_name("answer_scorer.json")
_DIGITS = 4
RULES_VERSION = 10
"""Changes whenever other calls are made of the same scores: a replay compares only calls of the same rules and weights."""

SIGNALS: tuple[str, ...] = (
    "best", "second", "third", "any", "kind_met", "cover_near", "cover_passage", "missing_most", "like_context",
    "like_own", "terms", "passage_rank", "names_near", "spaced",
)  # fmt: skip
"""What the confidence of a whole answer is computed from: its quotes' probabilities, and features of the best quote."""


@dataclass(frozen=True)
class Trees:
    """Boosted regression trees as arrays (trees, nodes): a row goes left where its feature is at most the threshold."""

    features: Array
    thresholds: Array
    left: Array
    right: Array
    values: Array
    baseline: float

    def raw(self, rows: Array) -> Array:
        """The sum of the trees for every row, in log-odds."""
        trees = np.arange(len(self.features))
        total = np.full(len(rows), self.baseline)
        for at, row in enumerate(rows):
            nodes = np.zeros(len(trees), np.int64)
            while True:
                inner = self.left[trees, nodes] > 0
                if not inner.any():
                    break
                goes_left = row[self.features[trees, nodes]] <= self.thresholds[trees, nodes]
                following = np.where(goes_left, self.left[trees, nodes], self.right[trees, nodes])
                nodes = np.where(inner, following, nodes)
            total[at] += self.values[trees, nodes].sum()
        return total


@dataclass(frozen=True)
class Thresholds:
    """From which confidence on an answer is given, and from which on its passages are shown as the nearest; `settled` is where no
    further search is made."""

    answer: float
    nearest: float
    settled: float


@dataclass(frozen=True)
class Logistic:
    """A logistic regression over the SIGNALS of an answer."""

    weights: tuple[float, ...]
    intercept: float

    def probability(self, signals: Sequence[float]) -> float:
        """What the signals of an answer make of it, 0 to 1."""
        total = self.intercept + sum(weight * value for weight, value in zip(self.weights, signals, strict=True))
        return round(1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, total)))), _DIGITS)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Logistic:
        """A regression from its part of the file."""
        return cls(tuple(data["weights"]), float(data["intercept"]))


@dataclass(frozen=True)
class AnswerScorer:
    """A fitted scorer. `version` names the weights and the rules beside them: it is stored with every step that used them."""

    version: str
    trees: Trees
    deciding: Logistic
    stating: Logistic
    thresholds: Thresholds

    def probabilities(self, rows: Array) -> list[float]:
        """For each candidate, how likely it holds the answer, 0 to 1."""
        if not len(rows):
            return []
        return [round(float(value), _DIGITS) for value in 1.0 / (1.0 + np.exp(-self.trees.raw(rows)))]

    def confidence(self, signals: Sequence[float]) -> float:
        """How likely one of the quotes of an answer holds what was asked, 0 to 1, where one passage or several may be needed.

        What to do next is decided by it. `signals` are in the order of SIGNALS.
        """
        return self.deciding.probability(signals)

    def stated_confidence(self, signals: Sequence[float]) -> float:
        """The same where one passage is enough: what is told of an answer that is given."""
        return self.stating.probability(signals)


def signals(probabilities: Sequence[float], row: Sequence[float]) -> list[float]:
    """The signals of an answer whose candidates have these probabilities, best first, and whose best quote has this row."""
    best = [*probabilities[:3], 0.001, 0.001, 0.001][:3]
    missed = 1.0
    for value in best:
        missed *= 1.0 - value
    features = dict(zip(NAMES, row, strict=True))
    return [
        *(_log_odds(value) for value in best),
        _log_odds(1.0 - missed),
        *(float(features[name]) for name in SIGNALS[4:]),
    ]


def _log_odds(share: float) -> float:
    bounded = min(0.999, max(0.001, share))
    return math.log(bounded / (1.0 - bounded))


@functools.cache
def fitted() -> AnswerScorer:
    """The scorer that ships."""
    return from_json(json.loads(_FILE.read_text(encoding="utf-8")))


def from_json(data: Mapping[str, Any]) -> AnswerScorer:
    """A scorer from its file's contents. Raises ValueError when it was fitted for other features."""
    if data["features_version"] != FEATURES_VERSION or tuple(data["features"]) != NAMES:
        raise ValueError("the answer scorer was fitted for other features; run the fitting script again")
    widest = max(len(tree["value"]) for tree in data["trees"])

    def table(key: str, kind: Any) -> Array:
        made = np.zeros((len(data["trees"]), widest), kind)
        for at, tree in enumerate(data["trees"]):
            made[at, : len(tree[key])] = tree[key]
        return made

    trees = Trees(
        table("feature", np.int64), table("threshold", np.float64), table("left", np.int64), table("right", np.int64),
        table("value", np.float64), float(data["baseline"]),
    )  # fmt: skip
    limits = data["thresholds"]
    return AnswerScorer(
        f"{data['version']}.{RULES_VERSION}", trees, Logistic.of(data["answer"]), Logistic.of(data["stated"]),
        Thresholds(float(limits["answer"]), float(limits["nearest"]), float(limits["settled"])),
    )  # fmt: skip
