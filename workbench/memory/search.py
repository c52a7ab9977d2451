"""Search over a set of passages: meaning and words fused, or exact text alone. In: passages, vectors; out: a Ranking.

The index is derived: built in memory when documents are attached, thrown away at exit, never stored.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from workbench.memory import phrases, terms
from workbench.memory.keyword_index import KeywordIndex, KeywordSearcher, PassageTerms
from workbench.memory.query import Query, parse_query
from workbench.memory.vector_index import GrowingVectors, VectorIndex, Vectors

MEANING_LIMIT = 200
"""A query by meaning has no natural end: at most so many results."""

_CANDIDATES = 200
_COMPACT_SHARE = 0.25

EmbedQueries = Callable[[Sequence[str]], Vectors]


@dataclass(frozen=True)
class IndexedPassage:
    """A passage as the index needs it. `terms` are `index_terms(text)` joined by spaces, made here when not given."""

    id: int
    document: int
    page: int
    start_char: int
    title: str
    heading: str
    text: str
    terms: str | None = None


class Why(NamedTuple):
    """How a hit's score came about; ranks count from 1, 0 where a list did not have it."""

    vector_rank: int
    cosine: float
    keyword_rank: int
    bm25: float
    lifted: bool
    link: float


@dataclass(frozen=True)
class Ranking:
    """Passage ids, best first, none twice: the whole result. `candidates_of` passages were searched."""

    ids: tuple[int, ...]
    scores: tuple[float, ...]
    mode: Literal["meaning", "exact"]
    candidates_of: int
    why: tuple[Why, ...] = ()


@dataclass(frozen=True)
class _State:
    """What one search sees from beginning to end; a change makes a new one. Rows are positions in `passages`."""

    passages: list[IndexedPassage]
    ids: NDArray[np.int64]
    documents: NDArray[np.int64]
    alive: NDArray[np.bool_]
    vectors: VectorIndex
    keywords: KeywordSearcher

    def allowed(self, documents: frozenset[int] | None) -> NDArray[np.bool_]:
        """The mask of rows that a search may return."""
        if documents is None:
            return self.alive
        mask: NDArray[np.bool_] = self.alive & np.isin(self.documents, np.fromiter(documents, dtype=np.int64))
        return mask


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
        empty = np.empty(0, dtype=np.int64)
        vectors = VectorIndex.build(np.empty((0, self._dimensions), dtype=np.float32))
        self._state = _State(self._passages, empty, empty, empty.astype(bool), vectors, self._keywords.change())

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
        limit: int = MEANING_LIMIT,
        follow: bool = True,
        embed_query: EmbedQueries | None = None,
    ) -> Ranking:
        """Passages for a search line, best first.

        An identifier or quoted phrases alone are answered by every exact text match, whatever `limit`. Otherwise at
        most `limit` passages by meaning and words (words alone without `query_vector`), cut where relevance ends.
        `documents` restricts the search. With `follow`, passages linked by name to the best ones count too.
        """
        state = self._state
        asked = parse_query(query)
        allowed = state.allowed(documents)
        searched = int(np.count_nonzero(allowed))
        if searched == 0 or not query.strip():
            return Ranking((), (), "exact" if asked.exact else "meaning", searched)
        if asked.exact:
            return _exact(state, asked, allowed, documents, searched)
        return _by_meaning(state, asked, query_vector, allowed, documents, min(limit, MEANING_LIMIT), searched)

    def _change(self, passages: Sequence[IndexedPassage], vectors: Vectors, removed_ids: list[int]) -> None:
        old = self._state
        removed = [self._rows.pop(passage_id) for passage_id in removed_ids]
        first = len(self._passages)
        self._rows.update((passage.id, first + i) for i, passage in enumerate(passages))
        self._passages.extend(passages)
        alive = np.concatenate([old.alive, np.ones(len(passages), dtype=bool)])
        alive[removed] = False
        entries = (_terms_of(first + i, passage) for i, passage in enumerate(passages))
        self._state = _State(
            self._passages,
            np.concatenate([old.ids, np.array([passage.id for passage in passages], dtype=np.int64)]),
            np.concatenate([old.documents, np.array([passage.document for passage in passages], dtype=np.int64)]),
            alive,
            VectorIndex(self._vectors.append(vectors), old.vectors.coded_rows, old.vectors.codes).coded(),
            self._keywords.change(entries, removed),
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
        self._vectors, self._keywords, self._state = fresh._vectors, fresh._keywords, fresh._state


def _terms_of(row: int, passage: IndexedPassage) -> PassageTerms:
    text = " ".join(terms.index_terms(passage.text)) if passage.terms is None else passage.terms
    title, heading = (" ".join(terms.index_terms(part)) for part in (passage.title, passage.heading))
    return PassageTerms(row, passage.document, text, title, heading)


def _exact(
    state: _State, asked: Query, allowed: NDArray[np.bool_], documents: frozenset[int] | None, searched: int
) -> Ranking:
    """Every passage with all phrases and no excluded word; most occurrences first, then the earliest, then by id."""
    patterns = [phrases.pattern(phrase) for phrase in asked.phrases]
    found: list[tuple[int, int, int]] = []
    for row in _matching(state, asked, allowed, documents):
        text = terms.normalise(state.passages[row].text)
        spans = [match.start() for pattern in patterns for match in pattern.finditer(text)]
        found.append((-len(spans), min(spans, default=0), int(state.ids[row])))
    ids = tuple(passage_id for _, _, passage_id in sorted(found))
    return Ranking(ids, (1.0,) * len(ids), "exact", searched, (Why(0, 0.0, 0, 0.0, True, 0.0),) * len(ids))


def _matching(state: _State, asked: Query, allowed: NDArray[np.bool_], documents: frozenset[int] | None) -> list[int]:
    """The rows that hold every phrase and none of the excluded words, verified on the text itself."""
    runs = [run for phrase in asked.phrases for run in terms.runs(phrase)]
    rows = state.keywords.containing(runs, documents) if runs else np.flatnonzero(allowed).tolist()
    return [row for row in rows if allowed[row] and _passes(state.passages[row].text, asked)]


def _passes(text: str, asked: Query) -> bool:
    if not all(phrases.contains(text, phrase) for phrase in asked.phrases):
        return False
    return not any(phrases.contains(text, word) for word in asked.excluded)


def _by_meaning(
    state: _State,
    asked: Query,
    query_vector: Vectors | None,
    allowed: NDArray[np.bool_],
    documents: frozenset[int] | None,
    limit: int,
    searched: int,
) -> Ranking:
    if asked.phrases:
        mask = np.zeros_like(allowed)
        mask[_matching(state, asked, allowed, documents)] = True
        allowed = mask
    wanted = terms.query_terms(asked.words)
    by_words = [(row, score) for row, score in state.keywords.search(wanted, _CANDIDATES, documents) if allowed[row]]
    bm25 = dict(by_words)
    keyword_ranks = {row: rank for rank, (row, _) in enumerate(by_words, 1)}
    cosines: dict[int, float] = {}
    vector_ranks: dict[int, int] = {}
    if query_vector is not None:
        near, scores = state.vectors.search(query_vector, _CANDIDATES, allowed)
        vector_ranks = {int(row): rank for rank, row in enumerate(near, 1)}
        cosines = dict(zip(vector_ranks, scores.tolist(), strict=True))
        rest = np.array([row for row in bm25 if row not in cosines], dtype=np.int64)
        cosines.update(zip(rest.tolist(), state.vectors.scores(query_vector, rest).tolist(), strict=True))
    rows = list(dict.fromkeys([*vector_ranks, *bm25]))
    if asked.excluded or asked.phrases:
        rows = [row for row in rows if _passes(state.passages[row].text, asked)]
    top_bm25 = max(bm25.values(), default=1.0) or 1.0
    ranked: list[tuple[float, int, Why]] = []
    for row in rows:
        lifted = any(phrases.contains(state.passages[row].text, phrase) for phrase in asked.lifted)
        cosine, words = cosines.get(row, 0.0), bm25.get(row, 0.0)
        if cosine < 0.2 and words < 0.2 * top_bm25 and not lifted:
            continue
        score = 0.5 * cosine + 0.5 * words / top_bm25 + (0.5 if lifted else 0.0)
        why = Why(vector_ranks.get(row, 0), cosine, keyword_ranks.get(row, 0), words, lifted, 0.0)
        ranked.append((round(score, 6), int(state.ids[row]), why))
    ranked.sort(key=lambda hit: (-hit[0], hit[1]))
    ranked = ranked[:limit]
    return Ranking(
        tuple(hit[1] for hit in ranked),
        tuple(hit[0] for hit in ranked),
        "meaning",
        searched,
        tuple(hit[2] for hit in ranked),
    )
