"""Packs the terms of a passage into the keys that PostgreSQL indexes: a number for each term of each field.

A key is the term's hash (40 bits), its field (3) and a count (8). With count 0 it stands for "has the term", so that one look
into the index says which passages do; where a term comes more than once, a second key says how often.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench.storage.bulk_insert import Counted
from workbench.text.analyzer import COUNT_BITS, MOST_COUNT, term_hash

if TYPE_CHECKING:
    import numpy as np

FIELDS = {"text": 0, "title": 1, "heading": 2, "names": 3, "called": 4}
"""Fields by the names that retrieval has for them."""

COLUMNS = {"terms": "text", "title_terms": "title", "heading_terms": "heading", "names": "names", "called_by": "called"}
"""The columns of the embedded archive that hold the packed terms of each field."""

RANKED = ("text", "title", "heading")
TITLE_WORDS = 2

_FIELD_BITS = 3
_FIELD_MASK = (1 << _FIELD_BITS) - 1
_SHIFT = COUNT_BITS + _FIELD_BITS

COUNTED = 12
"""A search tells how often a term comes up to so many times; more counts as so often, which BM25 hardly tells apart."""


def key_of(term: str, field: str, count: int = 0) -> int:
    """The key of a term in a field; with a count, of its coming so often."""
    return term_hash(term) << _SHIFT | FIELDS[field] << COUNT_BITS | count


def keys_of(counted: Counted) -> list[int]:
    """All keys of a passage, rising."""
    keys: list[int] = []
    for column, field in COLUMNS.items():
        mark = FIELDS[field] << COUNT_BITS
        for item in getattr(counted, column):
            base = (item >> COUNT_BITS) << _SHIFT | mark
            keys.append(base)
            if (count := item & MOST_COUNT) > 1:
                keys.append(base | min(count, COUNTED))
    return sorted(keys)


def packed_of(keys: Sequence[int], field: str) -> list[int]:
    """The packed terms of one field, as the embedded archive keeps them."""
    number = FIELDS[field]
    counts: dict[int, int] = {}
    for key in keys:
        if key >> COUNT_BITS & _FIELD_MASK == number:
            counts[key >> _SHIFT] = max(counts.get(key >> _SHIFT, 1), key & MOST_COUNT)
    return sorted(term << COUNT_BITS | count for term, count in counts.items())


def length_of(terms: Sequence[int]) -> int:
    """How many terms a packed list stands for."""
    return sum(item & MOST_COUNT for item in terms)


def title_rows(called: str) -> dict[int, int]:
    """What a passage is called by, each as a hash, with the hash of its first two words."""
    return {term_hash(key): term_hash("_".join(key.split("_", TITLE_WORDS)[:TITLE_WORDS])) for key in called.split()}


def rows_as_arrays(rows: Sequence[tuple[int, ...]], count: int) -> tuple[np.ndarray, ...]:
    """The columns of rows of numbers, as int64 arrays."""
    import numpy as np

    table = np.array(rows, dtype=np.int64).reshape(-1, count)
    return tuple(np.ascontiguousarray(table[:, number]) for number in range(count))
