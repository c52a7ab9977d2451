"""Nearest passages where documents have different embedding models: each is compared with the query by its own model.

Cosines of two models cannot be compared as they are: of texts that have nothing to do with one another one model says 0.05
and another 0.75. So each is first brought onto the scale of the built-in model, by what both say of the same pairs of texts
(`Scale`). Fusing by rank instead puts the best of every model side by side, however far it is from the question.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from workbench.retrieval.index.vectors import Mask, Nearest, Rows, VectorIndex, Vectors


@dataclass(frozen=True)
class Scale:
    """What a model's cosines mean: its means over pairs of texts that have nothing and much to do with one another.

    The model that every other is measured by has `OWN`.
    """

    unrelated: float
    related: float

    def __call__(self, cosines: Vectors) -> Vectors:
        """Cosines as the built-in model might have given them, -1..1."""
        slope = (OWN.related - OWN.unrelated) / max(self.related - self.unrelated, 0.01)
        scaled: Vectors = np.clip(OWN.unrelated + (cosines - self.unrelated) * slope, -1.0, 1.0).astype(np.float32)
        return scaled


OWN = Scale(0.019, 0.615)
"""all-MiniLM-L6-v2; see embedding.calibration."""


@dataclass(frozen=True)
class ModelQuery:
    """A query as one registered model embeds it: a unit vector (d,), and what its cosines mean."""

    vector: Vectors
    scale: Scale


@dataclass(frozen=True)
class QueryVectors:
    """A query as all models of what is searched embed it. A model that is missing is searched by words alone."""

    own: Vectors | None
    others: Mapping[str, ModelQuery]


Query = Vectors | QueryVectors
"""A query's vector by the built-in model alone, or its vectors by several."""


@dataclass(frozen=True)
class ModelVectors:
    """The vectors of one registered model: `rows` are their rows in the whole index, rising."""

    rows: Rows
    index: VectorIndex

    def nearest(self, query: ModelQuery, count: int, allowed: Mask) -> tuple[Rows, Vectors]:
        """The `count` best rows of the whole index, and their cosines on the common scale."""
        rows, cosines = self.index.search(query.vector, count, allowed[self.rows])
        return self.rows[rows], query.scale(cosines)


class OwnMeanings(Protocol):
    """Rows by their vectors of the built-in model."""

    def search(self, query: Vectors, count: int, allowed: Mask | None = None) -> tuple[Rows, Vectors]: ...
    def scores(self, query: Vectors, rows: Rows) -> Vectors: ...


@dataclass(frozen=True)
class MixedVectors:
    """Rows by the vectors of their own models, on one scale. `ids` are the passages by row."""

    own: OwnMeanings
    others: Mapping[str, ModelVectors]
    ids: Rows
    others_mask: Mask = field(repr=False)
    """The rows that a registered model has."""

    @classmethod
    def of(cls, own: OwnMeanings, others: Mapping[str, ModelVectors], ids: Rows) -> MixedVectors:
        """From the vectors of each model."""
        mask = np.zeros(len(ids), dtype=bool)
        for part in others.values():
            mask[part.rows] = True
        return cls(own, others, ids, mask)

    def begin(self, query: Query, count: int, allowed: Mask | None = None) -> Nearest:
        """A search by whoever waits for its end."""
        return lambda: self.search(query, count, allowed)

    def search(self, query: Query, count: int, allowed: Mask | None = None) -> tuple[Rows, Vectors]:
        """The `count` best rows (among `allowed`, a mask by row) and their cosines on the common scale, best first."""
        asked = query if isinstance(query, QueryVectors) else QueryVectors(query, {})
        permitted = np.ones(len(self.ids), dtype=bool) if allowed is None else allowed
        parts = [(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32))]
        if asked.own is not None:
            parts.append(self.own.search(asked.own, count, permitted & ~self.others_mask))
        parts += [
            self.others[name].nearest(one, count, permitted)
            for name, one in asked.others.items()
            if name in self.others
        ]
        rows, cosines = (np.concatenate(column) for column in zip(*parts, strict=True))
        order = np.lexsort((self.ids[rows], -cosines))[:count]
        return rows[order], cosines[order]

    def scores(self, query: Query, rows: Rows) -> Vectors:
        """The cosine of `query` with each of `rows` on the common scale; 0 where no model was asked."""
        asked = query if isinstance(query, QueryVectors) else QueryVectors(query, {})
        cosines = np.zeros(len(rows), dtype=np.float32)
        own = ~self.others_mask[rows]
        if asked.own is not None and own.any():
            cosines[own] = self.own.scores(asked.own, rows[own])
        for name, one in asked.others.items():
            part = self.others.get(name)
            if part is None or not len(part.rows):
                continue
            at = np.minimum(np.searchsorted(part.rows, rows), len(part.rows) - 1)
            mine = part.rows[at] == rows
            if mine.any():
                cosines[mine] = one.scale(part.index.scores(one.vector, at[mine]))
        return cosines
