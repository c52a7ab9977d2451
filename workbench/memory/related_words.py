"""Words of a conversation that are akin to those of a question: "martial arts" finds a turn about taekwondo.

A question often names the kind of what was said ("what pets", "which countries"), and no word of it stands in the turns. Their
vectors come from the first layer of the embedding model, so a conversation costs no inference (measured: docs/benchmarks.md).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.text.analyzer import content_words, index_terms
from workbench.text.stemming import stem

WordVectors = Callable[[Sequence[str]], NDArray[np.float32]]
"""Words to vectors, one a row; zeros for a word that is not known."""

_RELATED = 20
"""So many words are taken into a question at most."""

_LEAST_COSINE = 0.2
_ANY_WORD = 0.5
"""How much the nearest single word of a question counts against all of its words together."""

_NEIGHBOUR = 0.5


class RelatedWords:
    """The words of a conversation with their vectors, and what each turn says as the sum of those of its words."""

    def __init__(
        self, turns: Sequence[Sequence[str]], session: NDArray[np.int64], names: frozenset[str], vectors: WordVectors
    ) -> None:
        """`turns` are the words of each that carry meaning; `names` those of the speakers, which are akin to nothing."""
        said = [dict.fromkeys(word for word in words if word not in names) for words in turns]
        counts: dict[str, int] = {}
        for words in said:
            for word in words:
                counts[word] = counts.get(word, 0) + 1
        raw = vectors(list(counts))
        known = np.flatnonzero(raw.any(axis=1)) if len(raw) else np.zeros(0, np.int64)
        every = list(counts)
        self._names, self._vectors_of = names, vectors
        self._words = [every[at] for at in known]
        self._stems = [stem(word) for word in self._words]
        self._mean = raw[known].mean(axis=0) if len(known) else np.zeros(raw.shape[-1], np.float32)
        self._vectors = _unit(raw[known] - self._mean)
        often = np.array([counts[word] for word in self._words], dtype=np.float64)
        rarities = np.log(1 + (len(turns) - often + 0.5) / (often + 0.5))
        self._rarity = dict(zip(self._words, rarities.tolist(), strict=True))
        self._gists = self._of_turns(said, session)

    def _of_turns(self, said: Sequence[Mapping[str, Any]], session: NDArray[np.int64]) -> NDArray[np.float32]:
        """A unit vector for each turn: its words by their rarity, and half as much of the turns beside it in its session."""
        place = {word: number for number, word in enumerate(self._words)}
        own = np.zeros((len(said), self._vectors.shape[-1]), np.float32)
        for number, words in enumerate(said):
            if at := [place[word] for word in words if word in place]:
                weights = np.array([self._rarity[self._words[one]] for one in at], np.float32)
                own[number] = weights @ self._vectors[at]
        same = (session[1:] == session[:-1])[:, None]
        both = own.copy()
        both[1:] += _NEIGHBOUR * own[:-1] * same
        both[:-1] += _NEIGHBOUR * own[1:] * same
        return _unit(both)

    def of(self, question: str) -> tuple[dict[str, float], NDArray[np.float64]]:
        """The terms of words akin to those of a question, each with its weight, and how alike each turn is to it, from 0 to 1."""
        asked = [word for word in dict.fromkeys(content_words(question)) if word not in self._names]
        raw = self._vectors_of(asked) if asked and self._words else np.zeros((0, 1), np.float32)
        known = np.flatnonzero(raw.any(axis=1))
        if not len(known):
            return {}, np.zeros(len(self._gists))
        each = _unit(raw[known] - self._mean)
        rarest = max(self._rarity.values())
        weights = np.array([self._rarity.get(asked[at], rarest) for at in known], np.float32)
        whole = _unit((weights @ each)[None])[0]
        cosines = (1 - _ANY_WORD) * (self._vectors @ whole) + _ANY_WORD * (self._vectors @ each.T).max(axis=1)
        alike = np.maximum(self._gists @ whole, 0.0).astype(np.float64)
        return self._terms(cosines.astype(np.float64), {stem(word) for word in asked}), alike

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
    scaled: NDArray[np.float32] = vectors / np.maximum(lengths, 1e-6)
    return scaled
