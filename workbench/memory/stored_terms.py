"""Terms as they are stored and kept in memory: words go in, numbers come out, each a term's hash and how often it stands there.

A number is hash << 8 | count, with 40 bits of hash, the same in every process: an index is built of numbers alone, and a
million different terms cost no strings. Of two million terms about two pairs have one hash.
"""

from __future__ import annotations

import functools
import hashlib
from collections import Counter
from collections.abc import Iterable

COUNT_BITS = 8
MOST_COUNT = (1 << COUNT_BITS) - 1
HASH_BITS = 40


@functools.lru_cache(maxsize=200_000)
def term_hash(term: str) -> int:
    """The hash of a term, below 1 << HASH_BITS."""
    made = hashlib.blake2b(term.encode("utf-8", "surrogatepass"), digest_size=HASH_BITS // 8)
    return int.from_bytes(made.digest(), "big")


def packed(terms: Iterable[str]) -> list[int]:
    """The terms of a passage as they are stored, rising; what comes more often than MOST_COUNT times counts as so often."""
    return sorted(term_hash(term) << COUNT_BITS | min(count, MOST_COUNT) for term, count in Counter(terms).items())
