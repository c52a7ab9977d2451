"""Collects every passage that may be about a query, best first, with no limit on their number.

A search by meaning ends at 200 results; a sweep goes on, and judges each passage by what stands here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from workbench.retrieval.index.mixed_vectors import Query as Asked
from workbench.retrieval.index.snapshot import View
from workbench.retrieval.query import Query, Restriction, parse_query
from workbench.retrieval.ranking.hybrid_score import FirstRanking
from workbench.retrieval.ranking.result import ScoreBreakdown
from workbench.retrieval.ranking.searcher import Searcher, holding
from workbench.text import analyzer, phrases
from workbench.text.stemming import stem

CANDIDATES = 5_000
"""Most candidates that each of the two indexes proposes for a sweep."""


@dataclass(frozen=True)
class Relevance:
    """From where on a passage is about a query, with no language model to ask. Coverage is the share of the query's words, by
    rarity, that a passage has in any form; similarity is the cosine.

    A passage is relevant with `most_coverage`, and at `similar`. Where `enough` passages have so many of the words, the words
    tell: then it takes `least_coverage` and `barely_similar` together. Where they do not, but some passage is at least `near`,
    the archive says it in other words: then `least_coverage` is enough, or a similarity of `share_of_nearest` of the nearest
    passage's. Chosen on questions with known answers, none among them (tests/benchmarks/sweep.py; figures in the README).
    """

    most_coverage: float = 0.75
    least_coverage: float = 0.5
    similar: float = 0.6
    barely_similar: float = 0.1
    near: float = 0.35
    share_of_nearest: float = 0.6
    enough: int = 3


@dataclass(frozen=True)
class Evidence:
    """Candidate passages, the promising ones first and then by score, each with its (document, page), its score and how that
    came about, and its coverage.

    `weights` are the stems of the query's words and their shares by rarity, 1 together. `exact`: the query is an
    identifier or a quoted phrase, and every candidate has it. `boosted` are the candidates with one of the query's identifiers.
    """

    asked: Query
    ids: tuple[int, ...]
    places: tuple[tuple[int, int], ...]
    scores: tuple[float, ...]
    why: tuple[ScoreBreakdown, ...]
    weights: Mapping[str, float]
    exact: bool
    searched: int
    covered: tuple[float, ...] = ()
    boosted: frozenset[int] = frozenset()
    relevance: Relevance = Relevance()

    def promising(self, at: int) -> bool:
        """Whether a candidate is relevant as far as can be told before its text is read: what a forecast counts."""
        if self.exact or self.ids[at] in self.boosted:
            return True
        rule, covered, similar = self.relevance, self.covered[at], self.why[at].cosine
        if covered >= rule.most_coverage or similar >= rule.similar:
            return True
        if self._in_words or self._nearest < rule.near:
            return covered >= rule.least_coverage and similar >= rule.barely_similar
        return covered >= rule.least_coverage or similar >= rule.share_of_nearest * self._nearest

    def relevant(self, at: int, text: str) -> bool:
        """Whether a passage is about the query: promising, with everything that is in quotes and nothing that is excluded."""
        if any(phrases.contains(text, word) for word in self.asked.excluded):
            return False
        if self.exact or self.ids[at] in self.boosted:
            return True
        return self.promising(at) and all(phrases.contains(text, phrase) for phrase in self.asked.phrases)

    def best_first(self) -> Evidence:
        """The same, the promising ones first, each part by score, ties by passage."""
        order = sorted(range(len(self.ids)), key=lambda at: (not self.promising(at), -self.scores[at], self.ids[at]))

        def picked(column: tuple[Any, ...]) -> tuple[Any, ...]:
            return tuple(column[at] for at in order)

        return replace(
            self, ids=picked(self.ids), places=picked(self.places), scores=picked(self.scores), why=picked(self.why),
            covered=picked(self.covered),
        )  # fmt: skip

    @cached_property
    def _in_words(self) -> bool:
        return sum(share >= self.relevance.most_coverage for share in self.covered) >= self.relevance.enough

    @cached_property
    def _nearest(self) -> float:
        return max((why.cosine for why in self.why), default=0.0)

    def coverage(self, text: str) -> float:
        """The share of the query's words, weighed by their rarity, that a text has."""
        held = set(analyzer.index_terms(text))
        return sum(weight for stem, weight in self.weights.items() if stem in held)


def evidence(view: View, query: str, vector: Asked | None, restriction: Restriction) -> Evidence:
    """All candidates of a query in a view."""
    asked = parse_query(query)
    allowed, searched = view.within(restriction.documents, restriction.pages)
    if not searched or asked.exact:
        ranking = Searcher(view).search(query, vector, documents=restriction.documents, pages=restriction.pages)
        rows = [row for key in ranking.ids if (row := view.row_of(key)) is not None]
        return Evidence(asked, ranking.ids, _places(view, rows), ranking.scores, ranking.why, {}, asked.exact, searched)
    first = FirstRanking(asked.words, vector, view.meanings, view.keywords, view.size)
    candidates = first.gather(allowed, CANDIDATES)
    if asked.phrases:
        every = set(candidates).intersection(*(holding(view, candidates, [phrase]) for phrase in asked.phrases))
        candidates = [row for row in candidates if row in every]
    unwanted = holding(view, candidates, asked.excluded)
    candidates = [row for row in candidates if row not in unwanted]
    weights = _weights(view, asked.words, searched)
    return _gathered(view, asked, first, candidates, weights, searched).best_first()


def _gathered(
    view: View, asked: Query, first: FirstRanking, rows: list[int], weights: Mapping[str, float], searched: int
) -> Evidence:
    """The candidates as they come."""
    ids = view.ids[np.array(rows, dtype=np.int64)].tolist()
    boosted = holding(view, rows, asked.boosted)
    why = tuple(
        ScoreBreakdown(first.vector_ranks.get(row, 0), first.cosines.get(row, 0.0), first.keyword_ranks.get(row, 0), first.bm25[row],
            row in boosted, 0.0, first.score(row), first.top_bm25)
        for row in rows
    )  # fmt: skip
    return Evidence(
        asked, tuple(ids), _places(view, rows), tuple(first.score(row) for row in rows), why, weights, False, searched,
        _covered(view, rows, weights), frozenset(int(view.ids[row]) for row in boosted),
    )  # fmt: skip


def _covered(view: View, rows: Sequence[int], weights: Mapping[str, float]) -> tuple[float, ...]:
    """The coverage of each row, by the words that the view knows of it: its text need not be read."""
    at, found = np.array(rows, dtype=np.int64), np.zeros(len(rows))
    having = view.keywords.rows_of(list(weights), "text")
    for root, weight in weights.items():
        found += weight * np.isin(at, having[root])
    return tuple(found.round(6).tolist())


def _places(view: View, rows: list[int]) -> tuple[tuple[int, int], ...]:
    at = np.array(rows, dtype=np.int64)
    return tuple(zip(view.documents[at].tolist(), view.pages[at].tolist(), strict=True))


def _weights(view: View, words: str, searched: int) -> dict[str, float]:
    stems = list(dict.fromkeys(stem(word) for word in analyzer.content_words(words)))
    counts = view.keywords.frequencies(stems)
    rarity = {stem: float(np.log(1 + searched / (counts.get(stem, 0) + 0.5))) for stem in stems}
    total = sum(rarity.values()) or 1.0
    return {stem: weight / total for stem, weight in rarity.items()}
