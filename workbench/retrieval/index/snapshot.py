"""A snapshot of the index: what one search sees from beginning to end.

Rows are positions; a change of the index makes a new snapshot, a restriction to documents a view of the same blocks.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from workbench.retrieval.index.bm25 import FieldWeights, KeywordIndex
from workbench.retrieval.index.mixed_vectors import MixedVectors, ModelVectors, Query
from workbench.retrieval.index.position import Place
from workbench.retrieval.index.segment import Block
from workbench.retrieval.index.vectors import Codes, Mask, Nearest, Rows, VectorIndex, Vectors

LONGEST_TITLE_WORDS = 8


class Allowed(Protocol):
    """Which rows a search may return: a mask by row, or a condition that a database knows."""

    def __getitem__(self, rows: Any) -> Any:
        """Whether each of an array of rows, or one row, may be returned."""
        ...


class RowCondition(Allowed, Protocol):
    """A condition that a database knows."""

    def only(self, rows: Sequence[int]) -> Allowed:
        """The same, for these rows alone."""
        ...

    def rows(self) -> list[int]:
        """All rows that may be returned, in order."""
        ...


def only(allowed: Allowed, rows: Sequence[int]) -> Allowed:
    """The same, for these rows alone."""
    if not isinstance(allowed, np.ndarray):
        return cast("RowCondition", allowed).only(rows)
    mask = np.zeros_like(allowed)
    mask[list(rows)] = True
    return mask


def rows_allowed(allowed: Allowed) -> list[int]:
    """All rows that may be returned, in order."""
    if not isinstance(allowed, np.ndarray):
        return cast("RowCondition", allowed).rows()
    rows: list[int] = np.flatnonzero(allowed).tolist()
    return rows


class Meanings(Protocol):
    """Rows by their vectors."""

    def begin(self, query: Query, count: int, allowed: Any = None) -> Nearest: ...
    def search(self, query: Query, count: int, allowed: Any = None) -> tuple[Rows, Vectors]: ...
    def scores(self, query: Query, rows: Rows) -> Vectors: ...


class Words(Protocol):
    """Rows by their words."""

    def search(
        self, weights: dict[str, float], count: int, allowed: Any = None, fields: FieldWeights = ...
    ) -> list[tuple[int, float]]: ...
    def containing(self, terms: Sequence[str]) -> list[int]: ...
    def frequencies(self, terms: Iterable[str], field: str = "text") -> dict[str, int]: ...
    def rows_of(self, terms: Iterable[str], field: str) -> dict[str, Rows]: ...


class View(Protocol):
    """What a search may ask: of an index in memory, or of the database itself.

    `within` gives the rows of these documents and pages (first and last, from 1), and how many they are; None is all.
    """

    @property
    def ids(self) -> Rows: ...
    @property
    def documents(self) -> Rows: ...
    @property
    def pages(self) -> NDArray[np.int32]: ...
    @property
    def size(self) -> int: ...
    @property
    def meanings(self) -> Meanings: ...
    @property
    def mixed(self) -> bool: ...
    @property
    def keywords(self) -> Words: ...
    def text_of(self, row: int) -> str: ...
    def called_of(self, row: int) -> tuple[str, ...]: ...
    def texts_of(self, rows: Sequence[int]) -> list[str]: ...
    def calls_of(self, rows: Sequence[int]) -> list[tuple[str, ...]]: ...
    def row_of(self, passage: int) -> int | None: ...
    def within(self, documents: frozenset[int] | None, pages: tuple[int, int] | None) -> tuple[Allowed, int]: ...
    def mentioned(self, texts: Sequence[Sequence[str]]) -> list[set[str]]: ...
    def fetch(self, rows: Iterable[int]) -> None: ...


def masked(
    alive: Mask, of: Rows, on: NDArray[np.int32], documents: frozenset[int] | None, pages: tuple[int, int] | None
) -> tuple[Mask, int]:
    """The rows of some documents and pages as a mask, and how many they are; `of` and `on` are each row's document and page."""
    mask = alive
    if pages is not None:
        mask = mask & (on >= pages[0]) & (on <= pages[1])
    if documents is not None:
        mask = mask & np.isin(of, np.fromiter(documents, dtype=np.int64))
    return mask, int(np.count_nonzero(mask))


@dataclass
class TitleKeys:
    """The keys that passages are called by. Keys are only ever added; who asks passes over those that are gone."""

    keys: set[int] = field(default_factory=set)
    first_words: dict[str, bool] = field(default_factory=dict)
    """Whether the word is a whole key, by the word that a key begins with."""
    beginnings: dict[int, bool] = field(default_factory=dict)
    """Whether the two words are a whole key, by the two words that a key begins with."""

    def add(self, called: Any) -> None:
        """Remember the keys of an Arrow column of lines."""
        for line in called.unique().to_pylist():
            for key in line.split():
                first, *words = key.split("_", 2)
                self.keys.add(hash(key))
                self.first_words[first] = self.first_words.get(first, False) or not words
                if words:
                    two = hash(f"{first}_{words[0]}")
                    self.beginnings[two] = self.beginnings.get(two, False) or len(words) == 1

    def mentioned(self, text: Sequence[str]) -> set[str]:
        """The keys that stand in a text of folded words."""
        documents = set()
        for start, word in enumerate(text):
            whole = self.first_words.get(word)
            if whole is None:
                continue
            if whole:
                documents.add(word)
            key = "_".join(text[start : start + 2])
            whole = self.beginnings.get(hash(key)) if start + 1 < len(text) else None
            if whole is None:
                continue
            if whole:
                documents.add(key)
            for other in text[start + 2 : start + LONGEST_TITLE_WORDS]:
                key = f"{key}_{other}"
                if hash(key) in self.keys:
                    documents.add(key)
        return documents


@dataclass(frozen=True)
class Snapshot:
    """A view of an index in memory."""

    blocks: tuple[Block, ...]
    ids: Rows
    documents: Rows
    pages: NDArray[np.int32]
    alive: Mask
    vectors: VectorIndex
    """By the built-in model; zeros for rows that another model has."""
    titles: TitleKeys
    others: Mapping[str, ModelVectors] = field(default_factory=dict)
    """By the registered models."""

    @classmethod
    def empty(cls, dimensions: int) -> Snapshot:
        """A snapshot of nothing."""
        none = np.empty(0, dtype=np.int64)
        vectors = VectorIndex(np.empty((0, dimensions), dtype=np.float32), none, Codes(dimensions))
        return cls((), none, none, none.astype(np.int32), none.astype(bool), vectors, TitleKeys())

    @cached_property
    def keywords(self) -> KeywordIndex:
        """The rows that count, by their words."""
        return KeywordIndex(self.blocks, self.alive)

    @property
    def size(self) -> int:
        """How many passages there are."""
        return int(np.count_nonzero(self.alive))

    def within(self, documents: frozenset[int] | None, pages: tuple[int, int] | None) -> tuple[Mask, int]:
        """See View."""
        return masked(self.alive, self.documents, self.pages, documents, pages)

    @cached_property
    def meanings(self) -> Meanings:
        """The rows by the vectors of their models. Not `mixed`, it takes vectors of the built-in model alone."""
        own = cast("Meanings", self.vectors)
        return MixedVectors.of(self.vectors, self.others, self.ids) if self.others else own

    @property
    def mixed(self) -> bool:
        """Whether some rows have vectors of a registered model."""
        return bool(self.others)

    def of(self, documents: frozenset[int]) -> Snapshot:
        """The view of these documents' passages alone; nothing else counts in it."""
        inside = np.isin(self.documents, np.fromiter(documents, dtype=np.int64, count=len(documents)))
        return replace(self, alive=self.alive & inside)

    def text_of(self, row: int) -> str:
        """The text of a row."""
        return self._value(row, "text")

    def called_of(self, row: int) -> tuple[str, ...]:
        """The keys that a row is called by, its document's title first."""
        return tuple(self._value(row, "called").split())

    def texts_of(self, rows: Sequence[int]) -> list[str]:
        """The text of each row."""
        return self._values(rows, "text")

    def calls_of(self, rows: Sequence[int]) -> list[tuple[str, ...]]:
        """What each row is called by."""
        return [tuple(line.split()) for line in self._values(rows, "called")]

    def places(self, passages: Sequence[int]) -> dict[int, Place]:
        """Where passages are; one that is not in view is missing."""
        known, at = self._rows_of(passages)
        tokens = np.empty(len(at), dtype=np.int64)
        for block in self.blocks:
            mine = (at >= block.first) & (at < block.end)
            tokens[mine] = block.tokens[at[mine] - block.first]
        places = zip(
            self.documents[at].tolist(), self.pages[at].tolist(), self._values(at.tolist(), "heading"), tokens.tolist(),
            strict=True,
        )  # fmt: skip
        return dict(zip(known, itertools.starmap(Place, places), strict=True))

    def texts(self, passages: Sequence[int]) -> dict[int, str]:
        """Texts of passages; one that is not in view is missing."""
        known, at = self._rows_of(passages)
        return dict(zip(known, self._values(at.tolist(), "text"), strict=True))

    def row_of(self, passage: int) -> int | None:
        """The row of a passage, None when it is not in view."""
        rows, ids = self._by_id
        at = int(np.searchsorted(ids, passage))
        return int(rows[at]) if at < len(ids) and ids[at] == passage else None

    def mentioned(self, texts: Sequence[Sequence[str]]) -> list[set[str]]:
        """For each text, as folded words, the keys of titles and headings that stand in it."""
        return [self.titles.mentioned(text) for text in texts]

    def fetch(self, rows: Iterable[int]) -> None:
        """Everything is at hand."""

    @property
    def bytes(self) -> int:
        """Memory taken, about; a key of a title is counted with its places in a set and a dictionary."""
        arrays: list[Any] = [self.ids, self.documents, self.pages, self.alive, self.vectors.vectors]
        indexes = [self.vectors, *(part.index for part in self.others.values())]
        arrays += [part.index.vectors for part in self.others.values()]
        codes = sum(index.coded * index.vectors.shape[1] for index in indexes)
        keys = 140 * (len(self.titles.keys) + len(self.titles.beginnings)) + 100 * len(self.titles.first_words)
        return (
            sum(int(array.nbytes) for array in arrays) + int(codes) + keys + sum(block.bytes for block in self.blocks)
        )

    @cached_property
    def _by_id(self) -> tuple[Rows, Rows]:
        rows = np.flatnonzero(self.alive)
        ids = self.ids[rows]
        order = np.argsort(ids, kind="stable")
        return rows[order], ids[order]

    @cached_property
    def _firsts(self) -> list[int]:
        return [block.first for block in self.blocks]

    def _value(self, row: int, column: str) -> str:
        block = self._block(row)
        value: str = block.columns[column][row - block.first].as_py()
        return value

    def _rows_of(self, passages: Sequence[int]) -> tuple[list[int], Rows]:
        """Those of `passages` that are in view, and their rows."""
        rows, ids = self._by_id
        asked = np.array(passages, dtype=np.int64)
        if not len(ids):
            return [], asked[:0]
        at = np.minimum(np.searchsorted(ids, asked), len(ids) - 1)
        known = ids[at] == asked
        return asked[known].tolist(), rows[at[known]]

    def _values(self, rows: Sequence[int], column: str) -> list[str]:
        """Of each row, in as few steps as there are blocks."""
        import pyarrow as pa

        at = np.array(rows, dtype=np.int64)
        number = np.searchsorted(self._firsts, at, side="right") - 1
        texts: list[str] = [""] * len(at)
        for block in np.unique(number).tolist():
            mine = np.flatnonzero(number == block)
            inside = pa.array(at[mine] - self.blocks[block].first)
            values = self.blocks[block].columns[column].take(inside).to_pylist()
            for place, value in zip(mine.tolist(), values, strict=True):
                texts[place] = value
        return texts

    def _block(self, row: int) -> Block:
        return self.blocks[bisect.bisect_right(self._firsts, row) - 1]
