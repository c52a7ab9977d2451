"""Views and protocols for loading: options of a load, rows of a source's queue, and what can be done with sources."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, Protocol

from workbench.api.events import Event

# Options of a load: one frozen value from the command line down to the reader.

OcrMode = Literal["auto", "never", "always"]

_OF_ONE_LOAD = ("passwords", "prune", "retry", "query")


@dataclass(frozen=True)
class LoadOptions:
    """Choices of one load. Patterns are written as in .gitignore and apply to folders only."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    hidden: bool = False
    """Files and folders whose name begins with a dot are loaded too (never a version control's own folder)."""
    follow_links: bool = False
    """Links in a folder that lead out of it are followed."""
    ocr: OcrMode = "auto"
    """auto: pictures and pages without text, where tesseract is installed; always: every page of a PDF; never."""
    ocr_languages: str = ""
    """Languages of tesseract, as "deu+eng"; "" is its own default."""
    private: bool = False
    """Web addresses inside the local network may be fetched."""
    query: str = ""
    """SQL whose rows are the documents, where a database is loaded."""
    prune: bool = False
    """Documents whose file is no longer there are dropped from the source."""
    retry: bool = False
    """Files that were set aside for breaking a limit, or skipped by the user, are tried again."""
    passwords: tuple[str, ...] = field(default=(), repr=False)
    """Tried on every file that needs one; kept nowhere."""

    def dump(self) -> str:
        """What is kept of them for the next load of the same source (JSON): no password, no query, no single wish."""
        return json.dumps({key: value for key, value in asdict(self).items() if key not in _OF_ONE_LOAD})

    @classmethod
    def load(cls, text: str, **changes: Any) -> LoadOptions:
        """The inverse of `dump`, with changes; what this version does not know is passed over."""
        known = {field.name for field in fields(cls)} - set(_OF_ONE_LOAD)
        kept = {key: value for key, value in json.loads(text).items() if key in known}
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in {**kept, **changes}.items()
        }
        return cls(**values)


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


class DocumentServiceProtocol(Protocol):
    """What there is to do with sources and their files. Generators block: run them off the event loop.

    Everything raises NotFound for a source or path that is not there.
    """

    def reload(
        self, source: str, *, prune: bool = False, passwords: Sequence[str] = (), ocr: bool = False
    ) -> Iterator[Event]:
        """Load a source again from where it was loaded; `prune` drops what is gone, `ocr` reads every page as a picture."""
        ...

    def reembed(self, source: str, embedding_model: str = "") -> Iterator[Event]:
        """Embed a source with another model ("": that of the settings) while its present vectors serve: LoadProgress…, Reembedded.

        Stopped or killed, it goes on where it was. Raises ConfigError and EmbedderError for a model that cannot be asked.
        """
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

    def files(self, passages: Collection[int]) -> dict[int, str]:
        """The file:// address of the file that each of these passages comes from, where that is still there."""
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
