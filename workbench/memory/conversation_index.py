"""Ranks the turns and the sessions of a conversation for a question: words, neighbours, who speaks, when, likeness in meaning.

A turn is often said in a few words that only the turns around it explain, so every turn counts what its neighbours say, and a
little of its whole session. The weights were fitted on three LoCoMo dialogues and measured on others (docs/benchmarks.md).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from workbench.memory.related_words import RelatedWords, WordVectors
from workbench.text.analyzer import content_words, index_terms, normalise, query_terms
from workbench.text.languages import language_of

Likeness = Callable[[str, Sequence[str]], Sequence[float]]
"""Cosines of texts with a query, from -1 to 1."""

_K1, _B, _SESSION_B = 1.2, 0.5, 0.3
_NEAREST = 60
"""So many turns, the best by words, are compared by meaning: each takes the model some milliseconds."""

_WINDOW_CHARS = 1_200
_LOOKED_AT = 200
"""So many turns tell the language of a conversation."""

_MONTH_OR_WORD = {"may": "May", "march": "March"}
"""Months that are other words too: they count as months where they are written as names."""


@dataclass(frozen=True)
class Weights:
    """What each sign counts against the words of the turn itself, whose best score is 1."""

    neighbour: float = 0.3
    """Words of the turn before and after, in the same session."""
    second_neighbour: float = 0.2
    speaker: float = 0.8
    """That the turn is said by the one speaker whom the question names."""
    session: float = 0.4
    """Words of the whole session."""
    date: float = 0.7
    """That the session was on the day, or in the month or year, that the question names."""
    meaning: float = 2.0
    """Likeness of the turn with its neighbours to the question; that of the turn alone adds nothing to it."""
    second_turn: float = 0.0
    third_turn: float = 0.2
    related: float = 0.4
    """Words akin to those of the question, in the turn and in the session (related_words)."""
    gist: float = 0.5
    """Likeness of all the words of a turn to those of the question."""
    session_words: float = 0.5
    """A session is worth its best turn, so much of its second and third, and so much of its own words."""


WEIGHTS = Weights()


@dataclass(frozen=True)
class Turn:
    """What somebody said. `session` numbers the sittings of a conversation in their order."""

    id: int
    session: int
    who: str
    text: str
    when: date | None = None


@dataclass(frozen=True)
class RankedTurns:
    """Turns and sessions with a score above 0, best first, each with its score."""

    turns: tuple[tuple[int, float], ...]
    sessions: tuple[tuple[int, float], ...]


class ConversationIndex:
    """An index of turns in memory. It does not change: `with_more` makes another, for which only the new turns are read."""

    def __init__(
        self, turns: Sequence[Turn] = (), weights: Weights = WEIGHTS, word_vectors: WordVectors | None = None
    ) -> None:
        """`word_vectors` gives what words mean; without it, or where the conversation is not in English, only their forms count."""
        self.weights, self._word_vectors = weights, word_vectors
        self._content: tuple[tuple[str, ...], ...] = ()
        """The words of each turn that carry meaning, where there are vectors of words."""
        self._related: RelatedWords | None = None
        self.turns: tuple[Turn, ...] = ()
        self.sessions: list[int] = []
        self._session = self._place = self._speaker = np.zeros(0, dtype=np.int64)
        self._speakers: tuple[str, ...] = ()
        """Who speaks, in the order of their first words; `_speaker` has the place of each turn's."""
        self._english: bool | None = None
        self._words, self._session_words, self._dates = _Words(_B), _Words(_SESSION_B), _Words(0.0)
        self._days: frozenset[tuple[int, date]] = frozenset()
        """(place of a session, day on which something was said in it)."""
        if turns:
            self._add(turns)

    def with_more(self, turns: Sequence[Turn]) -> ConversationIndex:
        """An index of these turns too, which come after all others; none of them may belong to a session before the last."""
        if not turns:
            return self
        if self.sessions and min(turn.session for turn in turns) < self.sessions[-1]:
            raise ValueError("Turns must be added in the order of their sessions.")
        more = copy(self)
        more._add(turns)
        return more

    def _add(self, turns: Sequence[Turn]) -> None:
        """Every attribute gets a new value: what is the same is shared with the index that this one was copied from."""
        self.sessions = [*self.sessions, *sorted({turn.session for turn in turns} - {*self.sessions[-1:]})]
        place = {session: number for number, session in enumerate(self.sessions)}
        places = [place[turn.session] for turn in turns]
        said = [[*index_terms(turn.text), *index_terms(turn.who)] for turn in turns]
        days = {(at, turn.when) for at, turn in zip(places, turns, strict=True) if turn.when is not None} - self._days
        self._words = self._words.with_more(enumerate(said, len(self.turns)))
        self._session_words = self._session_words.with_more(zip(places, said, strict=True))
        undated: list[tuple[int, Sequence[str]]] = [(at, ()) for at in places]  # a session without a day counts too
        self._dates = self._dates.with_more([*undated, *((at, _date_terms(day)) for at, day in days)])
        self._days = self._days | days
        self._session = np.append(self._session, [turn.session for turn in turns])
        self._place = np.append(self._place, places)
        if len(self.turns) < _LOOKED_AT:
            self._english = None
        self.turns = (*self.turns, *turns)
        self._speakers = tuple(dict.fromkeys((*self._speakers, *(turn.who for turn in turns))))
        number = {who: at for at, who in enumerate(self._speakers)}
        self._speaker = np.append(self._speaker, [number[turn.who] for turn in turns])
        if self._word_vectors is not None:
            self._content = (*self._content, *(tuple(content_words(turn.text)) for turn in turns))

    def rank(
        self, question: str, likeness: Likeness | None = None, called: Mapping[str, Iterable[str]] | None = None
    ) -> RankedTurns:
        """The turns and sessions that a question is about.

        `called` gives other words by which a question names a speaker ("user": "I", "my"); a speaker's own name is known.
        Without `likeness`, words alone count.
        """
        if not self.turns:
            return RankedTurns((), ())
        weights, asked = self.weights, query_terms(question)
        own, sessions = _of_best(self._words.scores(asked)), _of_best(self._session_words.scores(asked))
        dates = weights.date * _of_best(self._dates.scores(_dates_asked(question, asked)))
        found = self._with_neighbours(own) + sessions[self._place] + dates[self._place] > 0
        alike = np.zeros(len(self.turns))
        if (
            related := self._related_words()
        ):  # akin words raise what is found by its own, and find nothing by themselves
            terms, alike = related.of(question)
            own = own + weights.related * _of_best(self._words.scores(terms))
            sessions = sessions + weights.related * _of_best(self._session_words.scores(terms))
        scores = self._with_neighbours(own) + weights.session * sessions[self._place] + dates[self._place]
        scores = scores + weights.speaker * self._said_by(question, called or {}) + weights.gist * alike
        if likeness is not None and weights.meaning:
            self._add_meaning(scores, question, likeness)
        order = np.argsort(-scores, kind="stable")
        best = tuple((self.turns[at].id, float(scores[at])) for at in order.tolist() if found[at])
        return RankedTurns(best, self._sessions(np.where(found, scores, 0.0), sessions, dates))

    def _related_words(self) -> RelatedWords | None:
        """The words of an English conversation with their vectors; those of turns that came since are read when they are asked for."""
        if self._word_vectors is None:
            return None
        if self._english is None:
            self._english = _is_english(self.turns)
        if not self._english:
            return None
        names = frozenset(name for who in self._speakers for name in normalise(who).split())
        known = (
            self._related if self._related and self._related.names == names else RelatedWords(names, self._word_vectors)
        )
        self._related = known.with_more(self._content[known.turns :], self._session[known.turns :])
        return self._related

    def _with_neighbours(self, own: NDArray[np.float64]) -> NDArray[np.float64]:
        scores = own.copy()
        for step, weight in ((1, self.weights.neighbour), (2, self.weights.second_neighbour)):
            same = self._session[step:] == self._session[:-step]
            scores[step:] += weight * own[:-step] * same
            scores[:-step] += weight * own[step:] * same
        return scores

    def _said_by(self, question: str, called: Mapping[str, Iterable[str]]) -> NDArray[np.float64]:
        """1 for the turns of the only speaker that the question names."""
        words = set(question.casefold().replace("'", " ").replace("’", " ").replace("?", " ").split())
        named = [
            at for at, who in enumerate(self._speakers) if words & {*who.casefold().split()[:1], *called.get(who, ())}
        ]
        if len(named) != 1:
            return np.zeros(len(self.turns))
        said: NDArray[np.float64] = (self._speaker == named[0]).astype(np.float64)
        return said

    def _add_meaning(self, scores: NDArray[np.float64], question: str, likeness: Likeness) -> None:
        best = np.argsort(-scores, kind="stable")[:_NEAREST].tolist()
        alike = np.maximum(np.array(likeness(question, [self._window(at) for at in best])), 0.0)
        scores[best] += self.weights.meaning * alike

    def _text(self, at: int) -> str:
        return f"{self.turns[at].who}: {self.turns[at].text[:_WINDOW_CHARS]}"

    def _window(self, at: int) -> str:
        places = range(max(0, at - 1), min(len(self.turns), at + 2))
        return "\n".join(self._text(near) for near in places if self.turns[near].session == self.turns[at].session)

    def _sessions(
        self, scores: NDArray[np.float64], words: NDArray[np.float64], dates: NDArray[np.float64]
    ) -> tuple[tuple[int, float], ...]:
        shares = (1.0, self.weights.second_turn, self.weights.third_turn)
        totals = []
        for number, session in enumerate(self.sessions):
            best = np.sort(scores[self._place == number])[::-1][: len(shares)]
            total = float(np.dot(best, shares[: len(best)])) + self.weights.session_words * float(words[number])
            totals.append((session, total + float(dates[number])))
        return tuple(sorted((one for one in totals if one[1] > 0), key=lambda one: (-one[1], one[0])))


def _is_english(turns: Sequence[Turn]) -> bool:
    """Whether a conversation is in the language whose words the embedding model knows."""
    return language_of(normalise(" ".join(turn.text for turn in turns[:_LOOKED_AT])).split()) == "en"


def _date_terms(day: date) -> list[str]:
    """The terms of a day: month and year, and the day itself with them; a bare number of a day would fit too much."""
    return [*index_terms(f"{day:%B} {day.year}"), day.isoformat()]


def _dates_asked(question: str, asked: Mapping[str, float]) -> dict[str, float]:
    """The terms of a question that may name a time."""
    return {
        term: weight for term, weight in asked.items() if term not in _MONTH_OR_WORD or _MONTH_OR_WORD[term] in question
    }


class _Words:
    """BM25 over a few thousand short texts, which have numbers from 0. It does not change (see ConversationIndex)."""

    def __init__(self, b: float) -> None:
        self._b = b
        self._totals = np.zeros(0, dtype=np.int64)
        self._postings: Mapping[str, NDArray[np.int64]] = {}

    def with_more(self, texts: Iterable[tuple[int, Sequence[str]]]) -> _Words:
        """Terms added to texts by their numbers: to the last text, or to new ones that come after it without a gap."""
        counted: dict[int, Counter[str]] = defaultdict(Counter)
        for number, terms in texts:
            counted[number].update(terms)
        more = copy(self)
        more._totals = np.append(self._totals, np.zeros(max(counted) + 1 - len(self._totals), dtype=np.int64))
        rows: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for number, counts in sorted(counted.items()):
            more._totals[number] += counts.total()
            for term, count in counts.items():
                rows[term].append((number, count))
        more._postings = {**self._postings, **{term: _joined(self._postings.get(term), rows[term]) for term in rows}}
        return more

    def scores(self, asked: Mapping[str, float]) -> NDArray[np.float64]:
        """The score of every text for weighted terms."""
        size = len(self._totals)
        scores = np.zeros(size)
        lengths = np.maximum(self._totals, 1).astype(np.float64)
        norms = _K1 * (1 - self._b + self._b * lengths / max(1.0, float(lengths.mean() if size else 1.0)))
        for term, weight in asked.items():
            rows = self._postings.get(term)
            if rows is not None:
                rarity = math.log(1 + (size - len(rows) + 0.5) / (len(rows) + 0.5))
                places, counts = rows[:, 0], rows[:, 1]
                scores[places] += weight * rarity * counts * (_K1 + 1) / (counts + norms[places])
        return scores


def _joined(known: NDArray[np.int64] | None, more: Sequence[tuple[int, int]]) -> NDArray[np.int64]:
    """The postings of a term, (text, count) by text, with more of it in the last text or behind that."""
    new = np.array(more, dtype=np.int64)
    if known is None:
        return new
    if known[-1, 0] == new[0, 0]:
        new[0, 1] += known[-1, 1]
        known = known[:-1]
    return np.concatenate([known, new])


def _of_best(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    best = float(scores.max()) if len(scores) else 0.0
    return scores / best if best > 0 else scores
