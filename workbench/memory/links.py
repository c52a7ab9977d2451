"""Following: which passages belong together because one names the other. In: a first ranking; out: a bonus by row.

A question often needs a passage that shares no word with it, only a name with a passage that does. Every pair of a
well-ranked passage and one it leads to is weighed by a small logistic model; its features and weights stand here.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from workbench.memory import names, terms
from workbench.memory.keyword_index import KeywordSearcher

SEEDS = 10
"""Passages followed from: the best of the first ranking."""

BONUS = 4.0
"""What certainty of a pair is worth, in units of the first ranking's score."""

_POOL = 60
_SHARED_ROWS = 120
_RARE_PASSAGES = 30
_MANY_ROWS = 64
_LONGEST_TITLE_WORDS = 8


class PairFeatures(NamedTuple):
    """What speaks for a seed and a second passage answering together; each between 0 and 1 or nearly."""

    seed: float  # the first ranking's score of the seed
    second: float  # … and of the other
    titled: float  # the seed's text names the other's title or heading: how rare that name is
    mentions: float  # … 1 if it does at all
    shared: float  # the rarest name that both use and the question does not
    residual: float  # share of the question's words (by rarity) that the other adds to the seed
    joint: float  # share of the question's words that the two have together
    seed_asked: float  # 1 if the question names the seed's title
    second_asked: float  # 1 if the question names the other's title
    titled_residual: float
    shared_residual: float


@dataclass
class TitleIndex:
    """By what keys which rows are called. Rows are only ever added; a reader passes over those it may not see."""

    rows: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    first_words: set[str] = field(default_factory=set)

    def add(self, row: int, keys: Iterable[str]) -> None:
        """Remember that `row` is called by `keys`."""
        for key in keys:
            self.rows[key].append(row)
            self.first_words.add(key.split("_", 1)[0])


@dataclass(frozen=True)
class Surroundings:
    """What following may look at: the snapshot of one search."""

    keywords: KeywordSearcher
    titles: TitleIndex
    keys_of: Callable[[int], tuple[str, ...]]
    text_of: Callable[[int], str]
    id_of: Callable[[int], int]
    allowed: Callable[[int], bool]
    documents: frozenset[int] | None
    size: int


class Link(NamedTuple):
    """How a passage is reached from a seed."""

    titled: float = 0.0
    shared: float = 0.0


class Follower:
    """Follows from the best passages of one question."""

    def __init__(self, question: str, around: Surroundings) -> None:
        self.around = around
        self._asked = "_" + "_".join(names.words(question)) + "_"
        self._log_size = math.log(max(around.size, 2))
        stems = dict.fromkeys(terms.content_words(question))
        weights = {stem: self._rarity(around.keywords.frequency(stem)) for stem in stems}
        total = sum(weights.values()) or 1.0
        self._words = {stem: weight / total for stem, weight in weights.items()}

    def pairs(
        self, scores: dict[int, float], score_rows: Callable[[Sequence[int]], dict[int, float]]
    ) -> list[tuple[int, int, PairFeatures]]:
        """Every (seed, second, features) worth weighing. `scores` is the first ranking by row; rows reached beyond it
        are scored by `score_rows`."""
        ranked = sorted(scores, key=lambda row: (-scores[row], self.around.id_of(row)))
        seeds, pool = ranked[:SEEDS], ranked[:_POOL]
        links = {seed: self.links(seed, scores) for seed in seeds}
        beyond = {row for reached in links.values() for row in reached} - scores.keys()
        scores = {**scores, **score_rows(sorted(beyond))}
        concerned = sorted(set(pool).union(*(reached.keys() for reached in links.values())))
        held = self._held(concerned)
        found = []
        for seed in seeds:
            for second in sorted({*pool, *links[seed]} - {seed}):
                link = links[seed].get(second, Link())
                found.append((seed, second, self._features(seed, second, link, scores, held)))
        return found

    def bonus(
        self, scores: dict[int, float], score_rows: Callable[[Sequence[int]], dict[int, float]]
    ) -> dict[int, float]:
        """What following adds to each row: the likeliest pair it ends and the likeliest pair it begins."""
        begins: dict[int, float] = defaultdict(float)
        ends: dict[int, float] = defaultdict(float)
        for seed, second, features in self.pairs(scores, score_rows):
            likely = likelihood(features)
            begins[seed] = max(begins[seed], likely)
            ends[second] = max(ends[second], likely)
        return {row: BONUS * (begins[row] + ends[row]) for row in {*begins, *ends}}

    def links(self, row: int, known: dict[int, float]) -> dict[int, Link]:
        """The passages that `row` leads to: those whose title or heading it names, those that share a rare name."""
        found: dict[int, Link] = {}
        own = self.around.keys_of(row)
        used = names.names_in(self.around.text_of(row))
        for target, strength in self._titled(row, own, frozenset(used), known).items():
            found[target] = Link(titled=strength)
        rare: dict[str, float] = {}
        limit = max(_RARE_PASSAGES, self.around.size**0.4)
        for name in dict.fromkeys([*used, *own]):
            count = self.around.keywords.frequency(name, "names")
            if 2 <= count <= limit and not self._is_asked(name):
                rare[name] = math.log(self.around.size / count) / self._log_size
        for target, strength in self.around.keywords.sharing(rare, _SHARED_ROWS, self.around.documents):
            if target != row and strength > 0 and self.around.allowed(target):
                found[target] = found.get(target, Link())._replace(shared=strength)
        return found

    def _titled(
        self, row: int, own: tuple[str, ...], used: frozenset[str], known: dict[int, float]
    ) -> dict[int, float]:
        found: dict[int, float] = {}
        for key in self._title_mentions(names.words(self.around.text_of(row)), used):
            rows = self.around.titles.rows[key]
            if key in own:
                continue
            strength = self._name_rarity(key) * (0.5 if self._is_asked(key) else 1.0)
            for target in rows if len(rows) <= _MANY_ROWS else [item for item in rows if item in known]:
                if target != row and self.around.allowed(target):
                    whole = self.around.keys_of(target)[0] == key
                    found[target] = max(found.get(target, 0.0), strength * (1.0 if whole else 0.8))
        return found

    def _title_mentions(self, text: list[str], used: frozenset[str]) -> set[str]:
        titles = self.around.titles
        found = set()
        for start, word in enumerate(text):
            if word not in titles.first_words:
                continue
            key = word
            if key in titles.rows and key in used:  # one common word names a title only when written as a name
                found.add(key)
            for end in range(start + 1, min(start + _LONGEST_TITLE_WORDS, len(text))):
                key = f"{key}_{text[end]}"
                if key in titles.rows:
                    found.add(key)
        return found

    def _held(self, rows: Sequence[int]) -> dict[int, set[str]]:
        held: dict[int, set[str]] = {row: set() for row in rows}
        if rows:
            for stem in self._words:
                for row in self.around.keywords.holding(stem, rows):
                    held[row].add(stem)
        return held

    def _features(
        self, seed: int, second: int, link: Link, scores: dict[int, float], held: dict[int, set[str]]
    ) -> PairFeatures:
        had, adds = held[seed], held[second]
        residual = sum(self._words[stem] for stem in adds - had)
        joint = residual + sum(self._words[stem] for stem in had)
        return PairFeatures(
            scores[seed],
            scores.get(second, 0.0),
            link.titled,
            1.0 if link.titled else 0.0,
            link.shared,
            residual,
            joint,
            1.0 if any(map(self._is_asked, self.around.keys_of(seed))) else 0.0,
            1.0 if any(map(self._is_asked, self.around.keys_of(second))) else 0.0,
            link.titled * residual,
            link.shared * residual,
        )

    def _is_asked(self, key: str) -> bool:
        return f"_{key}_" in self._asked

    def _rarity(self, count: int) -> float:
        return math.log(1 + (self.around.size - count + 0.5) / (count + 0.5)) if count <= self.around.size else 0.0

    def _name_rarity(self, key: str) -> float:
        count = self.around.keywords.frequency(key, "names")
        if not count:
            count = min(self.around.keywords.frequency(word) for word in key.split("_"))
        return max(0.0, math.log(self.around.size / max(count, 1)) / self._log_size)


_BIAS = -11.58
_WEIGHTS = PairFeatures(
    seed=1.89,
    second=1.24,
    titled=7.05,
    mentions=-2.13,
    shared=1.72,
    residual=4.74,
    joint=1.32,
    seed_asked=2.48,
    second_asked=2.87,
    titled_residual=-1.13,
    shared_residual=3.59,
)


def likelihood(features: PairFeatures) -> float:
    """The probability that a pair answers together, by the logistic model."""
    total = _BIAS + sum(weight * value for weight, value in zip(_WEIGHTS, features, strict=True))
    return 1.0 / (1.0 + math.exp(-total))
