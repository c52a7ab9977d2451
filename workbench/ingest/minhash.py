"""Computes the MinHash sketch of a document's text, which near-duplicates are found by.

Forty lines of numpy in place of the package datasketch, which needs SciPy (100 MB, not in the default install): sketches are
stored, so their hashes must stay the same whatever version of a package is installed.
"""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

SHINGLE_WORDS = 4
SKETCH_VALUES = 64
"""Hashes kept: the share that two sketches have in common estimates the share of their shingles within about 0.05."""

LEAST_SHINGLES = 24
"""Shorter texts say too little to be called alike."""

_WORDS = re.compile(r"\w+")
_MOST_CHARS = 4_000_000


def sketch(text: str) -> bytes:
    """The `SKETCH_VALUES` least hashes of the text's different shingles, rising, as little-endian unsigned 64-bit numbers.

    A bottom-k sketch (Broder): case, punctuation and line ends do not count. Empty for a text of too few shingles. In
    scripts without spaces a run of letters is cut into pairs, so that they have shingles too.
    """
    import numpy as np

    words = [part for word in _WORDS.findall(text[:_MOST_CHARS].casefold()) for part in _parts(word)]
    if len(words) < LEAST_SHINGLES + SHINGLE_WORDS - 1:
        return b""
    hashes = np.array([zlib.crc32(word.encode("utf-8", "surrogatepass")) for word in words], dtype=np.uint64)
    count = len(hashes) - SHINGLE_WORDS + 1
    mixed = np.zeros(count, dtype=np.uint64)
    with np.errstate(over="ignore"):
        for at in range(SHINGLE_WORDS):
            mixed = _scrambled(mixed + hashes[at : at + count] + np.uint64(0x9E3779B97F4A7C15))
    distinct = np.unique(mixed)
    return distinct[:SKETCH_VALUES].astype("<u8").tobytes() if len(distinct) >= LEAST_SHINGLES else b""


def _parts(word: str) -> list[str]:
    if len(word) > 2 and ord(word[0]) >= 0x2E80:
        return [word[at : at + 2] for at in range(0, len(word), 2)]
    return [word]


def _scrambled(values: np.ndarray) -> np.ndarray:
    """Splitmix64's mixing of 64-bit numbers: what is close together ends far apart."""
    import numpy as np

    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        values = (values ^ (values >> np.uint64(shift))) * np.uint64(factor)
    mixed: np.ndarray = values ^ (values >> np.uint64(31))
    return mixed
