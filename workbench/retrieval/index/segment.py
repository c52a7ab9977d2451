"""Index segments: immutable blocks of passages held as columns and postings."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.retrieval.index.postings import MOST_ROWS as MOST_ROWS
from workbench.retrieval.index.postings import Postings, lengths_of
from workbench.storage.arrow import numbers

RANKED = ("text", "title", "heading")
"""Fields of terms that are ranked by; `names` and `called` are looked up."""

TERM_COLUMNS = {
    "text": "terms", "names": "names", "title": "title_terms", "heading": "heading_terms", "called": "called_by",
}  # fmt: skip
"""Fields of terms and the columns that they are stored in."""

_KEPT = ("text", "heading", "called")
_MANY_ROWS = 5_000


@dataclass(frozen=True)
class Block:
    """Rows `first` to `first + len(ids)`. `lengths` counts the terms of each row, by ranked field."""

    first: int
    ids: NDArray[np.int64]
    documents: NDArray[np.int64]
    pages: NDArray[np.int32]
    tokens: NDArray[np.int32]
    columns: Mapping[str, Any]
    postings: Mapping[str, Postings]
    lengths: Mapping[str, NDArray[np.uint16]]

    @classmethod
    def of(cls, first: int, table: Any) -> Block:
        """The block of an Arrow table (at most MOST_ROWS rows) with the columns passage_id, document_id, page_number,
        tokens, text, heading, called and TERM_COLUMNS."""
        import pyarrow as pa

        table = table.combine_chunks()
        lists = {field: _column(table, name) for field, name in TERM_COLUMNS.items()}
        if table.num_rows < _MANY_ROWS:
            postings = [Postings.of(column) for column in lists.values()]
        else:  # nearly all of it lets other threads run
            with ThreadPoolExecutor(2) as pool:
                postings = list(pool.map(Postings.of, lists.values()))
        return cls(
            first,
            numbers(_column(table, "passage_id").cast(pa.int64())),
            numbers(_column(table, "document_id").cast(pa.int64())),
            numbers(_column(table, "page_number").cast(pa.int32())),
            numbers(_column(table, "tokens").cast(pa.int32())),
            {name: _copied(_column(table, name)) for name in _KEPT},
            dict(zip(lists, postings, strict=True)),
            {field: lengths_of(lists[field]) for field in RANKED},
        )

    @classmethod
    def joined(cls, blocks: Sequence[Block]) -> Block:
        """One for several that follow one another; together at most MOST_ROWS rows."""
        import pyarrow as pa

        offsets = [block.first - blocks[0].first for block in blocks]
        return cls(
            blocks[0].first,
            np.concatenate([block.ids for block in blocks]),
            np.concatenate([block.documents for block in blocks]),
            np.concatenate([block.pages for block in blocks]),
            np.concatenate([block.tokens for block in blocks]),
            {name: pa.concat_arrays([block.columns[name] for block in blocks]) for name in _KEPT},
            {
                field: Postings.joined([block.postings[field] for block in blocks], offsets)
                for field in blocks[0].postings
            },
            {field: np.concatenate([block.lengths[field] for block in blocks]) for field in RANKED},
        )

    def without(self, gone: NDArray[np.bool_]) -> Block:
        """The same rows, with nothing left of what was in those of a mask but their numbers."""
        import pyarrow as pa
        import pyarrow.compute as pc

        mask = pa.array(gone.tolist())
        return replace(
            self,
            columns={name: pc.if_else(mask, "", column) for name, column in self.columns.items()},
            postings={field: postings.without(gone) for field, postings in self.postings.items()},
        )

    @property
    def end(self) -> int:
        """The row after the last."""
        return self.first + len(self.ids)

    @cached_property
    def quantised(self) -> Mapping[str, NDArray[np.float32]]:
        """Lengths as BM25 takes them: with four significant bits, so that nearly equal ones are equal."""
        return {field: _QUANTISED[self.lengths[field]] for field in RANKED}

    @property
    def bytes(self) -> int:
        """Memory taken."""
        arrays: list[Any] = [self.ids, self.documents, self.pages, self.tokens, *self.lengths.values()]
        arrays += self.columns.values()
        held = sum(int(array.nbytes) for array in arrays) + sum(part.bytes for part in self.postings.values())
        return held + 12 * len(self.ids)


def _column(table: Any, name: str) -> Any:
    column = table.column(name)
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _copied(column: Any) -> Any:
    """The same values in memory of just their size: what a database made them in may be twice as large."""
    import pyarrow as pa

    half = len(column) // 2
    return pa.concat_arrays([column.slice(0, half), column.slice(half)])


@functools.cache
def length_steps() -> tuple[int, ...]:
    """What lengths are rounded down to: 24, and then four significant bits."""
    steps = [*range(40)]
    size, step = 40, 2
    while size <= 65_535:
        steps.extend(range(size, size + 8 * step, step))
        size, step = size + 8 * step, step * 2
    return tuple(steps)


def _quantised() -> NDArray[np.float32]:
    """Every length up to 65,535, rounded down."""
    table = np.array(length_steps(), dtype=np.float32)
    return table[np.searchsorted(table, np.arange(65_536), side="right") - 1]


_QUANTISED = _quantised()
