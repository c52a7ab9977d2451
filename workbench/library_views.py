"""What a display may ask of the library and have done in it: frozen rows of sources' queues come out, events of loads too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from workbench.events import Event


@dataclass(frozen=True)
class QueueRow:
    """A file that is not loaded. `state`: waiting | failed | quarantined (it broke a limit) | skipped (by the user)."""

    source: str
    path: str
    state: str
    reason: str
    remedy: str
    bytes: int
    attempts: int


@dataclass(frozen=True)
class NoteRow:
    """A note of the user's. `path` "" is the whole source; one that ends in / is everything in that folder."""

    source: str
    path: str
    text: str


class LibraryProtocol(Protocol):
    """What there is to do with sources and their files. Generators block: run them off the event loop.

    Everything raises NotFound for a source or path that is not there.
    """

    def reload(
        self, source: str, *, prune: bool = False, passwords: Sequence[str] = (), ocr: bool = False
    ) -> Iterator[Event]:
        """Load a source again from where it was loaded; `prune` drops what is gone, `ocr` reads every page as a picture."""
        ...

    def resume(self) -> Iterator[Event]:
        """Embed what earlier loads left without vectors; LoadProgress only."""
        ...

    def retry(
        self,
        source: str | None = None,
        paths: Sequence[str] = (),
        *,
        passwords: Sequence[str] = (),
        attach: bool = False,
    ) -> Iterator[Event]:
        """Try again what waits or failed: of one source or of all, these paths or everything but what is skipped."""
        ...

    def queue(self, source: str | None = None) -> list[QueueRow]:
        """What is not loaded, and why."""
        ...

    def skip(self, source: str, path: str) -> None:
        """Leave a file of the queue out of this and later loads."""
        ...

    def remove(self, source: str, path: str = "") -> int:
        """Take a document out of a source, or the whole source away; how many documents it linked."""
        ...

    def rename(self, source: str, name: str) -> None:
        """Give a source another name. Raises UsageError when it is taken or empty."""
        ...

    def note(self, source: str, path: str, text: str) -> None:
        """Put a note on a source (path ""), a folder of it (path ends in /) or a document; an empty text takes it away."""
        ...

    def notes(self) -> list[NoteRow]:
        """All notes as they are now."""
        ...

    def alike(self, source: str | None = None) -> list[tuple[str, ...]]:
        """Groups of near-duplicates, in one source or over all; paths, with the source before them in the latter case."""
        ...
