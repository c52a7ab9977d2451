"""The position of a passage, and how many tokens its text takes in a result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol


class Place(NamedTuple):
    """A passage without its text: document id, page (from 1), heading path, and tokens of its text inside a result."""

    document: int
    page: int
    heading: str
    tokens: int


class AtHand(Protocol):
    """Passages in memory: what is asked for and missing is not there."""

    def places(self, passages: Sequence[int]) -> Mapping[int, Place]: ...
    def texts(self, passages: Sequence[int]) -> Mapping[int, str]: ...
