"""What a display may ask of the archive as a person: searches, links and sweeps. The protocol of a session's finding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from workbench.events import Event, PageRead
from workbench.search_options import SearchOptions


@dataclass(frozen=True)
class Said:
    """Something that was said, as recall storage keeps it: who (user or you, the model), when (ISO 8601 in UTC), and whether

    the message is in context now.
    """

    message: int
    who: str
    text: str
    time: str
    in_context: bool


class FindingProtocol(Protocol):
    """Searches by the user. All of it blocks: call it off the event loop. Pages count from 1."""

    def search(self, query: str, page: int = 1, options: SearchOptions | None = None) -> PageRead:
        """A page of a search, within the options. Raises UsageError, NotFound, RerankerError."""
        ...

    def follow(self, passage: int, page: int = 1) -> PageRead:
        """A page of the passages that belong to one by name. Raises NotFound."""
        ...

    def sweep(self, query: str, page: int = 1, options: SearchOptions | None = None) -> Iterator[Event]:
        """Everything about a query: SweepProgress (the forecast first)…, then a page of the findings as PageRead."""
        ...

    def recall(self, words: str = "") -> Sequence[Said]:
        """What was said on the current branch with these words, the newest first; everything without words."""
        ...

    def stop(self) -> None:
        """End the sweep that runs, before its next page; what it found so far is its result."""
        ...

    def passage_of(self, handle: str) -> int:
        """The passage of a handle that the agent knows. Raises NotFound."""
        ...
