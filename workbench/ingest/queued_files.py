"""Files that a queue names, as an origin of documents: rows of the queue go in, one Found for each comes out."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from loaders import folder
from loaders.document import LoadError
from loaders.folder import Found
from workbench.ingest.places import path_of


@dataclass(frozen=True)
class QueuedFiles:
    """(path in its source, location) of files that are to be tried again, under the names they have."""

    files: Sequence[tuple[str, str]]

    @property
    def name(self) -> str:
        """What stands for all of them."""
        return "queue"

    @property
    def key(self) -> str:
        """None: no source is made for a queue."""
        return ""

    @property
    def short(self) -> str:
        """None, as with `key`."""
        return ""

    @property
    def parents(self) -> tuple[str, ...]:
        """None: the names are known to differ."""
        return ()

    def found(self, cancel: threading.Event) -> Iterator[Found]:
        """One row a file."""
        for path, location in self.files:
            if cancel.is_set():
                return
            try:
                for row in folder.walk(Path(path_of(location))):
                    yield replace(row, relative=path)
            except LoadError as error:
                yield Found(Path(path_of(location)), path, "unreadable", error.reason, error.remedy)
