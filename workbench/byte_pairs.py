"""Byte pair encoding in a tenth of the memory: a vocabulary in order of rank goes in; numbers and ranks of tokens come out.

The same tokens as tiktoken's for the same vocabulary and pattern, and for prose as fast: most pieces are found in a
cache, and a text of ASCII is cut by Python's own expressions.
"""

from __future__ import annotations

import array
import heapq
import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from typing import Any
from zlib import crc32

_CLASS = re.compile(r"\\p\{(\w+)\}")
_IN_ASCII = {"L": "A-Za-z", "Lu": "A-Z", "Ll": "a-z", "N": "0-9", "Lt": "", "Lm": "", "Lo": "", "M": ""}
_BEYOND_ASCII = re.compile("[^\x00-\x7f]")
_LIKE = {"Lu": "A", "Ll": "a", "Nd": "0", "Nl": "0", "No": "0"}
_NOT_LIKE = ("Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Cn")
_KEPT_PIECES = 32_768
_KEPT_CHARS = 64


class BytePairs:
    """One vocabulary. `split` is the pattern that cuts a text into pieces; its classes, such as \\p{Lu}, stand in brackets."""

    def __init__(self, words: Iterable[bytes], split: str) -> None:
        self._split = split
        self._plain = re.compile(_CLASS.sub(lambda found: _IN_ASCII[found[1]], split), re.ASCII)
        self._full: Any = None
        self._stand_ins = _StandIns()
        self._counts: dict[str, int] = {}
        blob, starts = bytearray(), array.array("I", [0])
        for word in words:
            blob += word
            starts.append(len(blob))
        self._words, self._starts = bytes(blob), starts
        self._longest = max(map(int.__sub__, starts[1:], starts), default=0)
        self._slots = self._table()

    def count(self, text: str) -> int:
        """How many tokens `text` is."""
        total, counts = 0, self._counts
        for piece in self._pieces(text):
            number = counts.get(piece)
            if number is None:
                number = len(self._ranks_of(_as_bytes(piece)))
                if len(piece) <= _KEPT_CHARS:
                    if len(counts) >= _KEPT_PIECES:
                        counts.clear()
                    counts[piece] = number
            total += number
        return total

    def ranks(self, text: str) -> list[int]:
        """The tokens of `text` by their rank in the vocabulary."""
        return [rank for piece in self._pieces(text) for rank in self._ranks_of(_as_bytes(piece))]

    def _table(self) -> array.array[int]:
        """Ranks, from 1, by hash; a dictionary of the words would take eight times as much."""
        size = 1 << (2 * len(self._starts)).bit_length()
        slots, mask = array.array("I", bytes(4 * size)), size - 1
        words, starts = self._words, self._starts
        for rank in range(len(starts) - 1):
            at = crc32(words[starts[rank] : starts[rank + 1]]) & mask
            while slots[at]:
                at = (at + 1) & mask
            slots[at] = rank + 1
        return slots

    def _rank(self, word: bytes) -> int:
        """The rank of a token, -1 when it is none."""
        if len(word) > self._longest:
            return -1
        slots, starts = self._slots, self._starts
        mask = len(slots) - 1
        at = crc32(word) & mask
        while rank := slots[at]:
            if self._words[starts[rank - 1] : starts[rank]] == word:
                return rank - 1
            at = (at + 1) & mask
        return -1

    def _ranks_of(self, piece: bytes) -> list[int]:
        """A piece is a token, or its bytes are joined, always the pair of the lowest rank, the first of equal ones."""
        if (whole := self._rank(piece)) >= 0:
            return [whole]
        size = len(piece)
        ends, befores = list(range(1, size + 1)), list(range(-1, size - 1))
        pairs = [(rank, at, at + 2) for at in range(size - 1) if (rank := self._rank(piece[at : at + 2])) >= 0]
        heapq.heapify(pairs)
        while pairs:
            _, at, end = heapq.heappop(pairs)
            middle = ends[at]
            if not middle or middle == size or ends[middle] != end:
                continue  # one of the two has been joined with another meanwhile
            ends[at], ends[middle] = end, 0
            if end < size:
                befores[end] = at
                if (rank := self._rank(piece[at : ends[end]])) >= 0:
                    heapq.heappush(pairs, (rank, at, ends[end]))
            if (before := befores[at]) >= 0 and (rank := self._rank(piece[before:end])) >= 0:
                heapq.heappush(pairs, (rank, before, end))
        return [self._rank(piece[at:end]) for at, end in enumerate(ends) if end]

    def _pieces(self, text: str) -> Sequence[str]:
        if text.isascii():
            return self._plain.findall(text)
        try:
            alike = _BEYOND_ASCII.sub(lambda found: self._stand_ins[found[0]], text)
        except LookupError:
            if self._full is None:
                import regex

                self._full = regex.compile(self._split)
            found: list[str] = self._full.findall(text)
            return found
        ends = [0, *accumulate(map(len, self._plain.findall(alike)))]
        return [text[start:end] for start, end in pairwise(ends)]


def _as_bytes(piece: str) -> bytes:
    try:
        return piece.encode()
    except UnicodeEncodeError:  # lone surrogates
        return piece.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


class _StandIns(dict[str, str]):
    """For a character beyond ASCII one of ASCII that patterns treat alike; LookupError where there is none."""

    def __missing__(self, character: str) -> str:
        kind = unicodedata.category(character)
        if kind in _NOT_LIKE or character == "ſ":
            raise LookupError(character)
        found = "\t" if character.isspace() else _LIKE.get(kind, "\x01")
        self[character] = found
        return found
