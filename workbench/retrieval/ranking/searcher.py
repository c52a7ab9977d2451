"""Runs one search over a view of passages: meaning and words fused, or exact text alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from workbench.retrieval.index.mixed_vectors import Query as Asked
from workbench.retrieval.index.snapshot import Allowed, View, only, rows_allowed
from workbench.retrieval.query import Query, parse_query
from workbench.retrieval.ranking.hybrid_score import FirstRanking
from workbench.retrieval.ranking.link_expansion import LinkExpander, SearchScope
from workbench.retrieval.ranking.result import LIFT, Ranking, ScoreBreakdown
from workbench.text import analyzer, phrases
from workbench.text.analyzer import normalise
from workbench.text.entities import names_in, words
from workbench.text.references import ASKS_FOR_REFERENCES, names_references, reference_share

MEANING_LIMIT = 200
"""A query by meaning has no natural end: at most so many results."""


@dataclass(frozen=True)
class _Scope:
    """The rows that one search may return, and how many passages it searches."""

    allowed: Allowed
    searched: int

    @classmethod
    def of(cls, view: View, documents: frozenset[int] | None = None, pages: tuple[int, int] | None = None) -> _Scope:
        return cls(*view.within(documents, pages))

    def only(self, rows: Sequence[int]) -> _Scope:
        """The same, for these rows alone."""
        return _Scope(only(self.allowed, rows), self.searched)


@dataclass(frozen=True)
class Searcher:
    """Searches of one view. The same questions to views of the same passages have the same answers."""

    view: View

    def search(
        self,
        query: str,
        query_vector: Asked | None,
        *,
        documents: frozenset[int] | None = None,
        pages: tuple[int, int] | None = None,
        limit: int = MEANING_LIMIT,
        follow: bool = True,
    ) -> Ranking:
        """Passages for a search line, best first.

        An identifier or quoted phrases alone are answered by every exact text match, whatever `limit`. Otherwise at
        most `limit` passages by meaning and words (words alone without `query_vector`), cut where relevance ends.
        `documents` and `pages` (of documents: first and last, from 1) restrict the search. With `follow`, passages
        linked by name to the best ones count too.
        """
        asked = parse_query(query)
        scope = _Scope.of(self.view, documents, pages)
        if scope.searched == 0 or not query.strip():
            return Ranking((), (), "exact" if asked.exact else "meaning", scope.searched)
        if asked.exact:
            return _exact(self.view, asked, scope)
        return _by_meaning(self.view, asked, query_vector, scope, min(limit, MEANING_LIMIT), follow)

    def linked(self, passage_id: int) -> Ranking:
        """The passages that belong to one by name, best first: those it calls by their titles, those that share a rare name."""
        view, scope = self.view, _Scope.of(self.view)
        row = view.row_of(passage_id)
        if row is None:
            return Ranking((), (), "exact", scope.searched)
        (links,) = LinkExpander("", SearchScope(view, scope.allowed, scope.searched)).links([row], {})
        linked = sorted((-round(link.titled + link.shared, 6), int(view.ids[other])) for other, link in links.items())
        why = tuple(ScoreBreakdown(0, 0.0, 0, 0.0, False, 0.0, -score) for score, _ in linked)
        return Ranking(
            tuple(key for _, key in linked), tuple(-score for score, _ in linked), "exact", scope.searched, why
        )

    def linked_counts(self, passage_ids: Sequence[int]) -> dict[int, int]:
        """How many passages belong to each by name; to one that is not in view, none."""
        view, scope = self.view, _Scope.of(self.view)
        rows = {key: row for key in passage_ids if (row := view.row_of(key)) is not None}
        links = LinkExpander("", SearchScope(view, scope.allowed, scope.searched)).links(list(rows.values()), {})
        counts = dict(zip(rows, map(len, links), strict=True))
        return {key: counts.get(key, 0) for key in passage_ids}

    def names_between(self, passage_id: int, others: Iterable[int]) -> dict[int, str]:
        """The name that links a passage to each of `others`: the other's title where it is named, else the rarest they share."""
        view, row = self.view, self.view.row_of(passage_id)
        rows = {key: at for key in others if (at := view.row_of(key)) is not None}
        if row is None:
            return {}
        view.fetch([row, *rows.values()])
        used, own = names_in(view.text_of(row)), view.called_of(row)
        text = f"_{'_'.join(words(view.text_of(row)))}_"
        names: dict[int, str] = {}
        for key, at in rows.items():
            titles = view.called_of(at)
            called = next((title for title in titles if f"_{title}_" in text and title not in own), "")
            counts = view.keywords.frequencies({*used, *own} & {*names_in(view.text_of(at)), *titles}, "names")
            rarest = min(counts, key=lambda name: (counts[name], -len(name), name), default="")
            names[key] = (called or rarest).replace("_", " ")
        return names


def _exact(view: View, asked: Query, scope: _Scope) -> Ranking:
    """Every passage with all phrases and no excluded word; most occurrences first, then the earliest, then by id."""
    patterns = [phrases.pattern(phrase) for phrase in asked.phrases]
    matches: list[tuple[int, int, int]] = []
    for row in _matching(view, asked, scope) or _otherwise_written(view, asked, scope):
        text = normalise(view.text_of(row))
        spans = [match.start() for pattern in patterns for match in pattern.finditer(text)]
        matches.append((-len(spans), min(spans, default=0), int(view.ids[row])))
    ids = tuple(passage_id for _, _, passage_id in sorted(matches))
    return Ranking(
        ids, (1.0,) * len(ids), "exact", scope.searched, (ScoreBreakdown(0, 0.0, 0, 0.0, True, 0.0),) * len(ids)
    )


def _matching(view: View, asked: Query, scope: _Scope) -> list[int]:
    """The rows that hold every phrase and none of the excluded words, verified on the text itself."""
    runs = [run for phrase in asked.phrases for run in analyzer.runs(phrase)]
    rows = view.keywords.containing(runs) if runs else rows_allowed(scope.allowed)
    rows = [row for row in rows if scope.allowed[row]]
    view.fetch(rows)
    return [row for row in rows if _passes(view.text_of(row), asked)]


def _otherwise_written(view: View, asked: Query, scope: _Scope) -> list[int]:
    """The rows that hold an identifier with other separators or none."""
    if not asked.compact:
        return []
    rows = [row for row in view.keywords.containing([asked.compact]) if scope.allowed[row]]
    view.fetch(rows)
    return [row for row in rows if asked.is_otherwise_written_in(view.text_of(row))]


def _passes(text: str, asked: Query) -> bool:
    if not all(phrases.contains(text, phrase) for phrase in asked.phrases):
        return False
    return not any(phrases.contains(text, word) for word in asked.excluded)


_LOOKED_AT, _MOSTLY, _REFERENCES = 40, 0.4, 0.5
"""Of so many of the best passages, those in a section of references or links, or with so many lines that are references, count for so
much: the titles of cited articles say what a document is about in the words of any question, and answer none."""


def _by_meaning(view: View, asked: Query, vector: Asked | None, scope: _Scope, limit: int, follow: bool) -> Ranking:
    """Fused candidates that are relevant at all; with `follow`, the passages they lead to as well."""
    if asked.phrases:
        scope = scope.only(_matching(view, asked, scope))
    first = FirstRanking(asked.words, vector, view.meanings, view.keywords, view.size)
    candidates = first.gather(scope.allowed)
    boosted = holding(view, candidates, asked.boosted)
    scores = {
        row: first.score(row) + (LIFT if row in boosted else 0.0)
        for row in candidates
        if row in boosted or first.relevant(row)
    }
    bonus: dict[int, float] = {}
    partners: dict[int, int] = {}
    if follow and scores:
        follower = LinkExpander(asked.words, SearchScope(view, scope.allowed, scope.searched))
        bonus, partners = follower.bonus(scores, lambda rows: _scored(first, rows)), follower.partners
    rows = list({**scores, **bonus})
    if asked.excluded:
        view.fetch(rows)
        rows = [row for row in rows if _passes(view.text_of(row), asked)]
    totals = {row: round((scores[row] if row in scores else first.score(row)) + bonus.get(row, 0.0), 6) for row in rows}
    ids = dict(zip(rows, view.ids[np.array(rows, dtype=np.int64)].tolist(), strict=True))
    if not ASKS_FOR_REFERENCES.search(asked.words):
        first_rows = sorted(rows, key=lambda row: (-totals[row], ids[row]))[:_LOOKED_AT]
        looked_at = zip(first_rows, view.texts_of(first_rows), view.calls_of(first_rows), strict=True)
        for row, text, called in looked_at:
            if reference_share(text) >= _MOSTLY or any(names_references(one.replace("_", " ")) for one in called[1:]):
                totals[row] = round(totals[row] * _REFERENCES, 6)
    best = sorted(rows, key=lambda row: (-totals[row], ids[row]))[:limit]
    why = tuple(
        ScoreBreakdown(first.vector_ranks.get(row, 0), first.cosines.get(row, 0.0), first.keyword_ranks.get(row, 0), first.bm25[row],
            row in boosted, bonus.get(row, 0.0), first.score(row), first.top_bm25,
            int(view.ids[partners[row]]) if row in partners else 0)
        for row in best
    )  # fmt: skip
    return Ranking(tuple(ids[row] for row in best), tuple(totals[row] for row in best), "meaning", scope.searched, why)


def holding(view: View, rows: Sequence[int], parts: Sequence[str]) -> set[int]:
    """Those of the rows whose text has one of these phrases."""
    found: set[int] = set()
    for part in parts:
        runs = analyzer.runs(part)
        near = [row for row in rows if row not in found]
        if runs:  # what the index knows not to have the words need not be read
            near = sorted(set(view.keywords.containing(runs)).intersection(near))
        texts = zip(near, view.texts_of(near), strict=True)
        found.update(row for row, text in texts if phrases.contains(text, part))
    return found


def _scored(first: FirstRanking, rows: Sequence[int]) -> dict[int, float]:
    first.complete(rows)
    return {row: first.score(row) for row in rows}
