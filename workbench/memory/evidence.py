"""What may be about a query, however much there is: a view and a query come in, all candidate passages come out, best first.

A search by meaning ends at 200 results; a sweep goes on, and judges each passage by what stands here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from workbench.memory import phrases, terms
from workbench.memory.fusion import FirstRanking
from workbench.memory.hybrid import Searcher
from workbench.memory.query import Query, parse_query
from workbench.memory.ranking import Why
from workbench.memory.restriction import Restriction
from workbench.memory.snapshot import View
from workbench.memory.stems import stem
from workbench.memory.vector_index import Vectors

CANDIDATES = 5_000
"""Most candidates that each of the two indexes proposes for a sweep."""

_MOST_COVERAGE, _LEAST_COVERAGE = 0.75, 0.4
_MOST_SIMILAR, _LEAST_SIMILAR = 0.5, 0.35


@dataclass(frozen=True)
class Evidence:
    """Candidate passages, best first, each with its (document, page), its score and how that came about.

    `weights` are the stems of the query's words and their shares by rarity, 1 together. `exact`: the query is an
    identifier or a quoted phrase, and every candidate has it.
    """

    asked: Query
    ids: tuple[int, ...]
    places: tuple[tuple[int, int], ...]
    scores: tuple[float, ...]
    why: tuple[Why, ...]
    weights: Mapping[str, float]
    exact: bool
    searched: int

    def promising(self, at: int) -> bool:
        """Whether a candidate looks relevant before its text is read: what a forecast counts."""
        why = self.why[at]
        return self.exact or why.cosine >= _LEAST_SIMILAR or why.bm25 >= _LEAST_COVERAGE * (why.best or 1.0)

    def relevant(self, at: int, text: str) -> bool:
        """Whether a passage is about the query, without any language model to ask.

        It has what is in quotes and nothing that is excluded; and it has at least three quarters of the query's words (by
        rarity, in any form), or is at least .5 similar in meaning, or has two fifths of the words and is .35 similar.
        """
        if any(phrases.contains(text, word) for word in self.asked.excluded):
            return False
        if self.exact or any(phrases.contains(text, part) for part in self.asked.lifted):
            return True
        if not all(phrases.contains(text, phrase) for phrase in self.asked.phrases):
            return False
        covered, similar = self.coverage(text), self.why[at].cosine
        return (
            covered >= _MOST_COVERAGE
            or similar >= _MOST_SIMILAR
            or (covered >= _LEAST_COVERAGE and similar >= _LEAST_SIMILAR)
        )

    def coverage(self, text: str) -> float:
        """The share of the query's words, weighed by their rarity, that a text has."""
        held = set(terms.index_terms(text))
        return sum(weight for stem, weight in self.weights.items() if stem in held)


def evidence(view: View, query: str, vector: Vectors | None, restriction: Restriction) -> Evidence:
    """All candidates of a query in a view."""
    asked = parse_query(query)
    allowed = view.alive.copy()
    if restriction.documents is not None:
        allowed &= np.isin(view.documents, np.fromiter(restriction.documents, dtype=np.int64))
    if restriction.pages is not None:
        allowed &= (view.pages >= restriction.pages[0]) & (view.pages <= restriction.pages[1])
    searched = int(np.count_nonzero(allowed))
    if not searched or asked.exact:
        found = Searcher(view).search(query, vector, documents=restriction.documents, pages=restriction.pages)
        rows = [row for key in found.ids if (row := view.row_of(key)) is not None]
        return Evidence(asked, found.ids, _places(view, rows), found.scores, found.why, {}, asked.exact, searched)
    first = FirstRanking(asked.words, vector, view.vectors, view.keywords, int(np.count_nonzero(view.alive)))
    candidates = first.gather(allowed, CANDIDATES)
    ids = view.ids[np.array(candidates, dtype=np.int64)].tolist()
    order = sorted(range(len(ids)), key=lambda at: (-first.score(candidates[at]), ids[at]))
    rows = [candidates[at] for at in order]
    why = tuple(
        Why(first.vector_ranks.get(row, 0), first.cosines.get(row, 0.0), first.keyword_ranks.get(row, 0), first.bm25[row],
            False, 0.0, first.score(row), first.top_bm25)
        for row in rows
    )  # fmt: skip
    return Evidence(
        asked, tuple(ids[at] for at in order), _places(view, rows), tuple(first.score(row) for row in rows), why,
        _weights(view, asked.words, searched), False, searched,
    )  # fmt: skip


def _places(view: View, rows: list[int]) -> tuple[tuple[int, int], ...]:
    at = np.array(rows, dtype=np.int64)
    return tuple(zip(view.documents[at].tolist(), view.pages[at].tolist(), strict=True))


def _weights(view: View, words: str, searched: int) -> dict[str, float]:
    stems = list(dict.fromkeys(stem(word) for word in terms.content_words(words)))
    counts = view.keywords.frequencies(stems)
    rarity = {stem: float(np.log(1 + searched / (counts.get(stem, 0) + 0.5))) for stem in stems}
    total = sum(rarity.values()) or 1.0
    return {stem: weight / total for stem, weight in rarity.items()}
