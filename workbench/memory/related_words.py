"""Words of a conversation that are akin to those of a question: "martial arts" finds a turn about taekwondo.

A question often names the kind of what was said ("what pets", "which countries"), and no word of it stands in the turns. Their
vectors come from the first layer of the embedding model, so a conversation costs no inference (measured: docs/benchmarks.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from workbench.text.analyzer import content_words, index_terms
from workbench.text.stemming import stem

_Number = TypeVar("_Number", np.float32, np.float64)

WordVectors = Callable[[Sequence[str]], NDArray[np.float32]]
"""Words to vectors, one a row; zeros for a word that is not known."""

_RELATED = 20
"""So many words are taken into a question at most."""

_LEAST_COSINE = 0.2
_ANY_WORD = 0.5
"""How much the nearest single word of a question counts against all of its words together."""

_NEIGHBOUR = 0.5
_SHORTEST = 1e-6
_UNKNOWN = -1
_AT_ONCE = 256
"""Turns whose vectors are in memory together."""


class RelatedWords:
    """The words of a conversation with their vectors, and how much each turn says with them.

    It does not change: `with_more` makes another, for which only new words are read. How rare a word is and what all words have
    in common change with every turn, so what follows from them is made anew, as it would be for the whole conversation at once.
    """

    def __init__(self, names: frozenset[str], vectors: WordVectors) -> None:
        """`names` are those of the speakers, which are akin to nothing."""
        self.names, self._vectors_of = names, vectors
        self.turns = 0
        self._number: dict[str, int] = {}
        """The place of every word that has a vector, and `_UNKNOWN` of the others."""
        self._words: list[str] = []
        self._stems: list[str] = []
        self._raw = self._vectors = np.zeros((0, 0), np.float32)
        self._mean = np.zeros(0, np.float32)
        self._counts = np.zeros(0, np.int64)
        """In how many turns each word is."""
        self._said = np.zeros(0, np.int64)
        """The words of all turns, one turn after the other, each word once a turn."""
        self._sizes = np.zeros(0, np.int64)
        self._session = np.zeros(0, np.int64)
        self._rarity = np.zeros(0)
        self._lengths = np.zeros(0, np.float32)

    def with_more(self, turns: Sequence[Sequence[str]], session: NDArray[np.int64]) -> RelatedWords:
        """With turns that come after all others: the words of each that carry meaning, and the number of its session."""
        if not turns:
            return self
        more = copy(self)
        said = [list(dict.fromkeys(word for word in words if word not in self.names)) for words in turns]
        more._learn(list(dict.fromkeys(word for words in said for word in words if word not in self._number)))
        places = [[at for word in words if (at := more._number[word]) != _UNKNOWN] for words in said]
        new = np.array([at for one in places for at in one], np.int64)
        more._said = np.append(self._said, new)
        more._sizes = np.append(self._sizes, [len(one) for one in places])
        more._session = np.append(self._session, session)
        more._counts = np.append(self._counts, np.zeros(len(more._words) - len(self._words), np.int64))
        more._counts += np.bincount(new, minlength=len(more._words))
        more.turns += len(turns)
        often = more._counts.astype(np.float64)
        more._rarity = np.log(1 + (more.turns - often + 0.5) / (often + 0.5))
        more._lengths = more._lengths_of_turns()
        return more

    def _learn(self, new: Sequence[str]) -> None:
        """Take words in, with their vectors where they have any; every attribute gets a new value."""
        raw = self._vectors_of(new) if new else self._raw[:0]
        known = np.flatnonzero(raw.any(axis=1)) if len(raw) else np.zeros(0, np.int64)
        added = [new[at] for at in known.tolist()]
        self._number = {
            **self._number,
            **dict.fromkeys(new, _UNKNOWN),
            **{word: number for number, word in enumerate(added, len(self._words))},
        }
        if added:
            self._words, self._stems = [*self._words, *added], [*self._stems, *map(stem, added)]
            self._raw = np.concatenate([self._raw, raw[known]]) if len(self._raw) else raw[known]
            self._mean = self._raw.mean(axis=0)
            self._vectors = _unit(self._raw - self._mean)

    def _lengths_of_turns(self) -> NDArray[np.float32]:
        """How long the vector of each turn is: that of its words by their rarity, and half of those of the turns beside it."""
        weights = self._rarity.astype(np.float32)[self._said]
        ends = [0, *np.cumsum(self._sizes).tolist()]
        lengths = np.zeros(self.turns, np.float32)
        for start in range(0, self.turns, _AT_ONCE):
            end = min(start + _AT_ONCE, self.turns)
            first, last = max(0, start - 1), min(self.turns, end + 1)  # the turn on either side counts too
            own = np.zeros((last - first, self._vectors.shape[-1]), np.float32)
            for number in range(first, last):
                if (begin := ends[number]) < (behind := ends[number + 1]):
                    own[number - first] = weights[begin:behind] @ self._vectors[self._said[begin:behind]]
            both = self._with_neighbours(own, self._session[first:last])
            lengths[start:end] = np.linalg.norm(both[start - first : end - first], axis=-1)
        return lengths

    @staticmethod
    def _with_neighbours(own: NDArray[_Number], session: NDArray[np.int64]) -> NDArray[_Number]:
        """Each turn with half as much of the turns beside it in its session."""
        same = (session[1:] == session[:-1]).reshape(-1, *[1] * (own.ndim - 1))
        both = own.copy()
        both[1:] += _NEIGHBOUR * own[:-1] * same
        both[:-1] += _NEIGHBOUR * own[1:] * same
        return both

    def of(self, question: str) -> tuple[dict[str, float], NDArray[np.float64]]:
        """The terms of words akin to those of a question, each with its weight, and how alike each turn is to it, from 0 to 1."""
        asked = [word for word in dict.fromkeys(content_words(question)) if word not in self.names]
        raw = self._of_words(asked) if asked and self._words else np.zeros((0, 1), np.float32)
        known = np.flatnonzero(raw.any(axis=1))
        if not len(known):
            return {}, np.zeros(self.turns)
        each = _unit(raw[known] - self._mean)
        rarest = float(self._rarity.max())
        places = [self._number.get(asked[at], _UNKNOWN) for at in known]
        weights = np.array([rarest if at == _UNKNOWN else self._rarity[at] for at in places], np.float32)
        whole = _unit((weights @ each)[None])[0]
        of_all = self._vectors @ whole
        cosines = (1 - _ANY_WORD) * of_all + _ANY_WORD * (self._vectors @ each.T).max(axis=1)
        alike = self._with_neighbours(self._sums(self._rarity * of_all), self._session)
        alike = np.maximum(alike / np.maximum(self._lengths, _SHORTEST), 0.0)
        return self._terms(cosines.astype(np.float64), {stem(word) for word in asked}), alike

    def _of_words(self, words: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of words, in memory or not."""
        new = [word for word in words if word not in self._number]
        read = dict(zip(new, self._vectors_of(new), strict=True)) if new else {}
        nothing = np.zeros(self._raw.shape[-1], np.float32)
        return np.array(
            [
                read[word] if word in read else nothing if (at := self._number[word]) == _UNKNOWN else self._raw[at]
                for word in words
            ]
        )

    def _sums(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """For each turn the sum of the values of its words."""
        turn = np.repeat(np.arange(self.turns), self._sizes)
        sums: NDArray[np.float64] = np.bincount(turn, weights=values[self._said], minlength=self.turns).astype(
            np.float64
        )
        return sums

    def _terms(self, cosines: NDArray[np.float64], asked: set[str]) -> dict[str, float]:
        terms: dict[str, float] = {}
        taken = 0
        for at in np.argsort(-cosines.round(6), kind="stable").tolist():
            if cosines[at] < _LEAST_COSINE or taken == _RELATED:
                break
            if self._stems[at] not in asked:
                taken += 1
                weight = float(cosines[at]) - _LEAST_COSINE + 0.05
                for term in index_terms(self._words[at]):
                    terms[term] = max(terms.get(term, 0.0), weight)
        return terms


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each row with length 1; rows of zeros stay."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    scaled: NDArray[np.float32] = vectors / np.maximum(lengths, _SHORTEST)
    return scaled
