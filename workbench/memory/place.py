"""Where a passage is, and what its text takes inside a result."""

from __future__ import annotations

from typing import NamedTuple


class Place(NamedTuple):
    """A passage without its text: document id, page (from 1), heading path, and tokens of its text inside a result."""

    document: int
    page: int
    heading: str
    tokens: int
