"""Computes which of a question's words occur in which of many texts.

A text has a word when a word of it begins with the word's root. All texts are read as one run of bytes, and every root
is compared with the beginnings of all its words at once.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from workbench.core.text_cache import text_cache

_KEY_BYTES = 8
_END = 0
_SPACED = bytes(
    _END if code == _END else ord(chr(code).lower()) if code < 128 and chr(code).isalnum() else 32 if code < 128 else code
    for code in range(256)
)  # fmt: skip


def held_words(texts: Sequence[str], roots: Sequence[str]) -> NDArray[np.bool_]:
    """(texts, roots): whether a word of the text begins with the root, accents apart; in scripts without plain letters,
    whether the root stands there at all."""
    table = np.zeros((len(texts), len(roots)), dtype=bool)
    plain = [number for number, root in enumerate(roots) if root.isascii() and root.isalnum()]
    if plain and texts:
        words = _Words(texts)
        for number in plain:
            table[words.beginning(roots[number].encode()), number] = True
    for number in sorted(set(range(len(roots))) - set(plain)):
        table[:, number] = [_begins_a_word(_searchable(text), roots[number]) for text in texts]
    return table


class _Words:
    """The words of texts in plain lower-case letters, by the text that they stand in and by their first bytes."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._all = _plain(texts)
        codes = np.frombuffer(self._all, dtype=np.uint8)
        letters = codes > 32
        self._starts = np.flatnonzero(letters[1:] > letters[:-1]) + 1
        beginnings = np.ndarray(len(codes) - _KEY_BYTES, ">u8", self._all, strides=(1,))
        self._keys = beginnings[self._starts].astype(np.uint64)
        self._ends = np.flatnonzero(codes == _END)

    def beginning(self, root: bytes) -> NDArray[np.int64]:
        """The texts with a word that begins with `root`; one may come twice."""
        key = root[:_KEY_BYTES]
        unknown = 8 * (_KEY_BYTES - len(key))
        starts = self._starts[self._keys >> np.uint64(unknown) == int.from_bytes(key)]
        if len(root) > _KEY_BYTES:
            starts = starts[[self._all.startswith(root, start) for start in starts.tolist()]]
        positions: NDArray[np.int64] = np.searchsorted(self._ends, starts)
        return positions


def _plain(texts: Sequence[str]) -> bytes:
    """The texts with a space before each and an end after it: lower case, without accents, spaces for all other signs."""
    joined = (" " + "\0 ".join(text.replace("\0", " ") if "\0" in text else text for text in texts)).encode(
        "utf-8", "surrogatepass"
    )
    plain = joined.translate(_SPACED)
    if not joined.isascii():
        plain = b"".join(_unaccented_parts(plain))
    return plain + bytes([_END]) + b" " * _KEY_BYTES


def _unaccented_parts(text: bytes) -> Iterator[bytes]:
    """The stretches of a text in plain letters as they are, the others without accents."""
    foreign = np.frombuffer(text, dtype=np.uint8) > 127
    starts = np.flatnonzero(foreign[1:] > foreign[:-1]) + 1
    ends = np.flatnonzero(foreign[1:] < foreign[:-1]) + 1
    done = 0
    for start, end in zip(starts.tolist(), [*ends.tolist(), len(text)], strict=False):
        yield text[done:start]
        yield _unaccented(text[start:end])
        done = end
    yield text[done:]


@text_cache(20_000)
def _unaccented(letters: bytes) -> bytes:
    """Letters of other alphabets as plain ones where they are these with ornaments, spaces for dashes, else nothing."""
    text = letters.decode("utf-8", "surrogatepass").replace("\u2014", " ").replace("\u2013", " ").lower()
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").replace(b"\0", b" ").translate(_SPACED)


@text_cache(4_096)
def _searchable(text: str) -> tuple[str, str]:
    """A text for roots in plain letters, without accents, and for all others; a space before it."""
    lowered = " " + text.lower()
    if lowered.isascii():
        return lowered, lowered
    spaced = lowered.replace("\u2014", " ").replace("\u2013", " ")
    return unicodedata.normalize("NFKD", spaced).encode("ascii", "ignore").decode(), lowered


def _begins_a_word(text: tuple[str, str], root: str) -> bool:
    """Whether a word of `text` begins with `root`; in other scripts, whether it stands there at all."""
    if not root.isascii():
        return root in text[1]
    plain = text[0]
    at = plain.find(root)
    while at >= 0:
        if not plain[at - 1].isalnum():
            return True
        at = plain.find(root, at + 1)
    return False
