"""Restricts a search to documents and pages, and words that restriction in the call for the next page."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Restriction:
    """`documents` are ids, `pages` a first and a last page of documents, from 1 and both included; None leaves all.

    `words` is the restriction as it stands in the call for the next page: two searches with the same words are the same.
    """

    documents: frozenset[int] | None = None
    pages: tuple[int, int] | None = None
    words: str = ""


NO_RESTRICTION = Restriction()
