"""What a search asks of an archive that answers it in its own database, in place of an index in this process's memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Within:
    """What a search may return: passages of these documents, of these pages (first and last), of these alone; None is all."""

    documents: frozenset[int] | None = None
    pages: tuple[int, int] | None = None
    passages: frozenset[int] | None = None

    @property
    def everything(self) -> bool:
        """Whether nothing is left out."""
        return self.documents is None and self.pages is None and self.passages is None


class Places(NamedTuple):
    """Passages with the documents and pages that they stand on, (n,) int64 each."""

    ids: np.ndarray
    documents: np.ndarray
    pages: np.ndarray


@dataclass(frozen=True)
class Bm25:
    """The constants of BM25, what a term counts by the field it is found in, and the lengths that lengths are rounded down to."""

    k1: float
    b: float
    shares: Mapping[str, float]
    steps: Sequence[float]


class PassageQueries(Protocol):
    """Searches of the passages of one set of documents, as they are committed when each is asked. Thread-safe.

    Fields are text, title, heading, names and called; what is counted of them is of these documents alone.
    """

    @property
    def passages(self) -> int:
        """How many there are."""
        ...

    def count(self, within: Within) -> int:
        """How many may be returned."""
        ...

    def nearest(self, query: np.ndarray, count: int, within: Within) -> Places:
        """The `count` passages nearest to a unit vector (384,), best first; about these, where there are many."""
        ...

    def vectors(self, passages: Sequence[int]) -> dict[int, np.ndarray]:
        """The vectors of passages, (384,) float32; those that have none yet are missing."""
        ...

    def ranked(self, weights: Mapping[str, float], count: int, within: Within, by: Bm25) -> tuple[Places, np.ndarray]:
        """The `count` best passages for weighted terms with their BM25 scores, best first, ties by passage."""
        ...

    def holding(self, terms: Sequence[str], field: str) -> list[Places]:
        """For each term, the passages that have it in a field, rising."""
        ...

    def containing(self, terms: Sequence[str]) -> Places:
        """The passages whose text has all of the terms, rising."""
        ...

    def frequencies(self, terms: Sequence[str], field: str) -> list[int]:
        """For each term, how many passages have it in a field."""
        ...

    def titles(self, beginnings: Sequence[str]) -> dict[int, int]:
        """The hashes of all keys that passages are, or were, called by and that begin with one of these, each with that of its
        beginning: a key of one word is its own, a longer one begins with its first two words."""
        ...

    def texts(self, passages: Sequence[int]) -> dict[int, tuple[str, tuple[str, ...]]]:
        """(text, names that it is called by) of passages."""
        ...

    def places(self, passages: Sequence[int]) -> Places:
        """Those of `passages` that are of these documents."""
        ...

    def every(self, within: Within) -> Places:
        """All that may be returned, rising."""
        ...


class PassageSearch(Protocol):
    """An archive that searches itself."""

    def among(self, documents: Mapping[int, Any]) -> PassageQueries:
        """Searches of the passages of these documents; quickest for a mapping that the archive's `paths` gave."""
        ...
