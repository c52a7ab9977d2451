"""Search over a set of passages: meaning and words fused, or exact text alone. In: passages, vectors; out: a Ranking.

The index is derived: built in memory when documents are attached, thrown away at exit, never stored.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.memory import phrases, terms
from workbench.memory.fusion import FirstRanking
from workbench.memory.keyword_index import KeywordIndex, KeywordSearcher, PassageTerms
from workbench.memory.links import Follower, Surroundings, TitleIndex
from workbench.memory.names import names_in, names_line, title_keys, words
from workbench.memory.query import Query, parse_query
from workbench.memory.ranking import LIFT
from workbench.memory.ranking import Ranking as Ranking
from workbench.memory.ranking import Why as Why
from workbench.memory.vector_index import GrowingVectors, VectorIndex, Vectors

MEANING_LIMIT = 200
"""A query by meaning has no natural end: at most so many results."""

_COMPACT_SHARE = 0.25


@dataclass(frozen=True)
class IndexedPassage:
    """A passage as the index needs it. `terms` and `names` are `index_terms(text)` and `names_in(text)`
    joined by spaces, made here when not given: stored beside the passage they save most of the time of building."""

    id: int
    document: int
    page: int
    start_char: int
    title: str
    heading: str
    text: str
    terms: str | None = None
    names: str | None = None


@dataclass(frozen=True)
class _State:
    """What one search sees from beginning to end; a change makes a new one. Rows are positions in `passages`."""

    passages: list[IndexedPassage]
    ids: NDArray[np.int64]
    documents: NDArray[np.int64]
    pages: NDArray[np.int32]
    alive: NDArray[np.bool_]
    vectors: VectorIndex
    keywords: KeywordSearcher
    titles: TitleIndex


@dataclass(frozen=True)
class _Scope:
    """The rows that one search may return, as a mask, and how many passages it searches."""

    allowed: NDArray[np.bool_]
    documents: frozenset[int] | None
    searched: int
    paged: bool = False

    @classmethod
    def of(cls, state: _State, documents: frozenset[int] | None = None, pages: tuple[int, int] | None = None) -> _Scope:
        mask = state.alive
        if pages is not None:
            mask = mask & (state.pages >= pages[0]) & (state.pages <= pages[1])
        if documents is not None:
            mask = mask & np.isin(state.documents, np.fromiter(documents, dtype=np.int64))
        return cls(mask, documents, int(np.count_nonzero(mask)), pages is not None)

    def only(self, rows: Sequence[int]) -> _Scope:
        """The same, for these rows alone."""
        mask = np.zeros_like(self.allowed)
        mask[list(rows)] = True
        return _Scope(mask, self.documents, self.searched)


class SearchIndex:
    """A searchable set of passages. Searches may run in any thread; changes are made one at a time."""

    def __init__(self, dimensions: int = 384) -> None:
        self._lock = threading.Lock()
        self._dimensions = dimensions
        self._reset()

    def _reset(self) -> None:
        self._passages: list[IndexedPassage] = []
        self._rows: dict[int, int] = {}
        self._vectors = GrowingVectors(self._dimensions)
        self._keywords = KeywordIndex()
        self._titles = TitleIndex()
        empty = np.empty(0, dtype=np.int64)
        vectors = VectorIndex.build(np.empty((0, self._dimensions), dtype=np.float32))
        self._state = _State(
            self._passages,
            empty,
            empty,
            empty.astype(np.int32),
            empty.astype(bool),
            vectors,
            self._keywords.change(),
            self._titles,
        )

    @classmethod
    def build(cls, passages: Sequence[IndexedPassage], vectors: Vectors) -> SearchIndex:
        """An index over `passages` and their unit `vectors` (n, dimensions), float32."""
        index = cls(int(vectors.shape[1]) if len(passages) else 384)
        index.add(passages, vectors)
        return index

    def __len__(self) -> int:
        """Passages that can be found."""
        return int(np.count_nonzero(self._state.alive))

    def add(self, passages: Sequence[IndexedPassage], vectors: Vectors) -> None:
        """Add passages; one whose id is known replaces it. A search that starts after this returns sees them."""
        if len(passages) != len(vectors):
            raise ValueError(f"{len(passages)} passages but {len(vectors)} vectors")
        if not passages:
            return
        latest = {passage.id: position for position, passage in enumerate(passages)}
        if len(latest) < len(passages):
            keep = sorted(latest.values())
            passages, vectors = [passages[i] for i in keep], vectors[keep]
        with self._lock:
            self._change(passages, vectors, [passage.id for passage in passages if passage.id in self._rows])

    def remove(self, passage_ids: Iterable[int]) -> None:
        """Remove passages; unknown ids are no error. A search that starts after this returns does not see them."""
        with self._lock:
            known = [passage_id for passage_id in dict.fromkeys(passage_ids) if passage_id in self._rows]
            if known:
                self._change([], np.empty((0, self._dimensions), dtype=np.float32), known)
                self._compact()

    def search(
        self,
        query: str,
        query_vector: Vectors | None,
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
        state = self._state
        asked = parse_query(query)
        scope = _Scope.of(state, documents, pages)
        if scope.searched == 0 or not query.strip():
            return Ranking((), (), "exact" if asked.exact else "meaning", scope.searched)
        if asked.exact:
            return _exact(state, asked, scope)
        return _by_meaning(state, asked, query_vector, scope, min(limit, MEANING_LIMIT), follow)

    def linked(self, passage_id: int) -> Ranking:
        """The passages that belong to one by name, best first: those it calls by their titles, those that share a rare name."""
        state, row = self._state, self._rows.get(passage_id)
        scope = _Scope.of(state)
        if row is None or row >= len(state.alive) or not state.alive[row]:
            return Ranking((), (), "exact", scope.searched)
        links = Follower("", _around(state, scope)).links(row, {})
        found = sorted((-round(link.titled + link.shared, 6), int(state.ids[other])) for other, link in links.items())
        why = tuple(Why(0, 0.0, 0, 0.0, False, 0.0, -score) for score, _ in found)
        return Ranking(
            tuple(key for _, key in found), tuple(-score for score, _ in found), "exact", scope.searched, why
        )

    def names_between(self, passage_id: int, others: Iterable[int]) -> dict[int, str]:
        """The name that links a passage to each of `others`: the other's title where it is named, else the rarest they share."""
        state, row = self._state, self._rows.get(passage_id)
        rows = {key: at for key in others if (at := self._rows.get(key)) is not None and at < len(state.alive)}
        return {} if row is None else _names_between(state, row, rows)

    def _change(self, passages: Sequence[IndexedPassage], vectors: Vectors, removed_ids: list[int]) -> None:
        old = self._state
        removed = [self._rows.pop(passage_id) for passage_id in removed_ids]
        first = len(self._passages)
        self._rows.update((passage.id, first + i) for i, passage in enumerate(passages))
        self._passages.extend(passages)
        alive = np.concatenate([old.alive, np.ones(len(passages), dtype=bool)])
        alive[removed] = False
        for i, passage in enumerate(passages):
            self._titles.add(first + i, title_keys(passage.title, passage.heading))
        entries = (_terms_of(first + i, passage) for i, passage in enumerate(passages))
        self._state = _State(
            self._passages,
            np.concatenate([old.ids, np.array([passage.id for passage in passages], dtype=np.int64)]),
            np.concatenate([old.documents, np.array([passage.document for passage in passages], dtype=np.int64)]),
            np.concatenate([old.pages, np.array([passage.page for passage in passages], dtype=np.int32)]),
            alive,
            VectorIndex(self._vectors.append(vectors), old.vectors.coded_rows, old.vectors.codes).coded(),
            self._keywords.change(entries, removed),
            self._titles,
        )

    def _compact(self) -> None:
        """Make the index anew from what is left once a quarter of it is gone."""
        state = self._state
        left = np.flatnonzero(state.alive)
        if len(left) >= (1 - _COMPACT_SHARE) * len(state.alive):
            return
        passages = [state.passages[row] for row in left]
        fresh = SearchIndex.build(passages, state.vectors.vectors[left]) if passages else SearchIndex(self._dimensions)
        self._passages, self._rows = fresh._passages, fresh._rows
        self._vectors, self._keywords = fresh._vectors, fresh._keywords
        self._titles, self._state = fresh._titles, fresh._state


def _terms_of(row: int, passage: IndexedPassage) -> PassageTerms:
    text = terms.index_line(passage.text) if passage.terms is None else passage.terms
    title, heading = (terms.index_line(part) for part in (passage.title, passage.heading))
    names = names_line(passage.text) if passage.names is None else passage.names
    called = " ".join(title_keys(passage.title, passage.heading))
    return PassageTerms(row, passage.document, text, title, heading, f"{names} {called}")


def _exact(state: _State, asked: Query, scope: _Scope) -> Ranking:
    """Every passage with all phrases and no excluded word; most occurrences first, then the earliest, then by id."""
    patterns = [phrases.pattern(phrase) for phrase in asked.phrases]
    found: list[tuple[int, int, int]] = []
    for row in _matching(state, asked, scope):
        text = terms.normalise(state.passages[row].text)
        spans = [match.start() for pattern in patterns for match in pattern.finditer(text)]
        found.append((-len(spans), min(spans, default=0), int(state.ids[row])))
    ids = tuple(passage_id for _, _, passage_id in sorted(found))
    return Ranking(ids, (1.0,) * len(ids), "exact", scope.searched, (Why(0, 0.0, 0, 0.0, True, 0.0),) * len(ids))


def _matching(state: _State, asked: Query, scope: _Scope) -> list[int]:
    """The rows that hold every phrase and none of the excluded words, verified on the text itself."""
    runs = [run for phrase in asked.phrases for run in terms.runs(phrase)]
    rows = state.keywords.containing(runs, scope.documents) if runs else np.flatnonzero(scope.allowed).tolist()
    return [row for row in rows if scope.allowed[row] and _passes(state.passages[row].text, asked)]


def _passes(text: str, asked: Query) -> bool:
    if not all(phrases.contains(text, phrase) for phrase in asked.phrases):
        return False
    return not any(phrases.contains(text, word) for word in asked.excluded)


def _by_meaning(
    state: _State, asked: Query, vector: Vectors | None, scope: _Scope, limit: int, follow: bool
) -> Ranking:
    """Fused candidates that are relevant at all; with `follow`, the passages they lead to as well."""
    rows = None
    if asked.phrases:
        rows = _matching(state, asked, scope)
        scope = scope.only(rows)
    elif scope.paged:  # the words' candidates must come from these pages alone
        rows = np.flatnonzero(scope.allowed).tolist()
    first = FirstRanking(asked.words, vector, state.vectors, state.keywords)
    scores = {row: first.score(row) for row in first.gather(scope.allowed, scope.documents, rows)}
    lifted = {row for row in scores if any(phrases.contains(state.passages[row].text, part) for part in asked.lifted)}
    scores = {
        row: score + (LIFT if row in lifted else 0.0)
        for row, score in scores.items()
        if row in lifted or first.relevant(row)
    }
    bonus: dict[int, float] = {}
    partners: dict[int, int] = {}
    if follow and scores:
        bonus, partners = _linked(state, asked, first, scores, scope)
    hits = []
    for row in {*scores, *bonus}:
        if asked.excluded and not _passes(state.passages[row].text, asked):
            continue
        score = round(scores.get(row, first.score(row)) + bonus.get(row, 0.0), 6)
        link, partner = bonus.get(row, 0.0), int(state.ids[partners[row]]) if row in partners else 0
        why = Why(first.vector_ranks.get(row, 0), first.cosines.get(row, 0.0), first.keyword_ranks.get(row, 0),
                  first.bm25.get(row, 0.0), row in lifted, link, first.score(row), first.top_bm25, partner)  # fmt: skip
        hits.append((score, int(state.ids[row]), why))
    hits.sort(key=lambda hit: (-hit[0], hit[1]))
    return _ranking(hits[:limit], scope.searched)


def _linked(
    state: _State, asked: Query, first: FirstRanking, scores: dict[int, float], scope: _Scope
) -> tuple[dict[int, float], dict[int, int]]:
    """What following adds to each row, and the row that each owes it to."""

    def score_rows(rows: Sequence[int]) -> dict[int, float]:
        first.complete(rows)
        return {row: first.score(row) for row in rows}

    follower = Follower(asked.words, _around(state, scope))
    return follower.bonus(scores, score_rows), follower.partners


def _around(state: _State, scope: _Scope) -> Surroundings:
    return Surroundings(
        state.keywords,
        state.titles,
        lambda row: title_keys(state.passages[row].title, state.passages[row].heading),
        lambda row: state.passages[row].text,
        lambda row: int(state.ids[row]),
        lambda row: row < len(scope.allowed) and bool(scope.allowed[row]),
        scope.documents,
        scope.searched,
    )


def _names_between(state: _State, row: int, others: dict[int, int]) -> dict[int, str]:
    def names_of(at: int) -> tuple[list[str], tuple[str, ...]]:
        passage = state.passages[at]
        return names_in(passage.text), title_keys(passage.title, passage.heading)

    used, own = names_of(row)
    text = f"_{'_'.join(words(state.passages[row].text))}_"
    found: dict[int, str] = {}
    for key, at in others.items():
        theirs, titles = names_of(at)
        called = next((title for title in titles if f"_{title}_" in text and title not in own), "")
        shared = {*used, *own} & {*theirs, *titles}
        rarest = min(shared, key=lambda name: (state.keywords.frequency(name, "names"), name), default="")
        found[key] = (called or rarest).replace("_", " ")
    return found


def _ranking(hits: list[tuple[float, int, Why]], searched: int) -> Ranking:
    ids, scores = tuple(hit[1] for hit in hits), tuple(hit[0] for hit in hits)
    return Ranking(ids, scores, "meaning", searched, tuple(hit[2] for hit in hits))
