"""Lists every file, page and record behind the origins of a load, each under a unique name."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from loaders.document import LoadError
from loaders.folder import Found
from loaders.origins import Origin, PathOrigin
from workbench.ingest.file_uri import place
from workbench.ingest.origins import QueuedFiles, is_web


@dataclass(frozen=True)
class Candidate:
    """An entry of an origin. `location` is the place of a file (see places.py), or the address of what is none."""

    found: Found
    location: str


class Survey:
    """One look at everything there is. After it, `roots` are the folders and files that were seen to their end."""

    def __init__(self, origins: Sequence[Origin], cancel: threading.Event) -> None:
        self._origins = origins
        self._cancel = cancel
        self._taken: dict[str, Path] = {}
        self.roots: list[str] = []
        self.answered: list[str] = []
        """Origins that are no document themselves and were seen to their end: what failed of them is no longer so."""
        self.paths: set[str] = set()

    def entries(self) -> Iterator[Candidate]:
        """Everything the origins hold, once; two files of one name get the name of their folder in front."""
        seen: set[tuple[str, str]] = set()
        for candidate in self._entries():
            # A folder may be named beside a file in it, or twice.
            if (which := (candidate.found.relative, candidate.location)) not in seen:
                seen.add(which)
                yield candidate

    def _entries(self) -> Iterator[Candidate]:
        for origin in self._origins:
            try:
                for entry in origin.found(self._cancel):
                    named = self._apart(entry, origin.parents)
                    self.paths.add(named.relative)
                    yield Candidate(named, _location(origin, named))
            except LoadError as error:
                name = _called(origin)
                entry = Found(Path(name), place(name), "unreadable", error.reason, error.remedy)
                self.paths.add(entry.relative)
                yield Candidate(entry, _location(origin, entry))
            else:
                if isinstance(origin, PathOrigin):
                    self.roots.append(str(origin.root.absolute()))
                elif origin.key and origin.key not in self.paths:
                    self.answered.append(origin.key)

    def _apart(self, found: Found, parents: Sequence[str]) -> Found:
        name, folders = found.relative, list(parents)
        while self._taken.setdefault(name, found.path) != found.path and folders:
            name = f"{folders.pop()}/{name}"
        return found if name == found.relative else replace(found, relative=name)


def _called(origin: Origin) -> str:
    """What the row of an origin that gives nothing is called: a database by its query too, which is in its key."""
    return origin.name if isinstance(origin, PathOrigin | QueuedFiles) else origin.key


def _location(origin: Origin, found: Found) -> str:
    if found.status != "load" and not isinstance(origin, PathOrigin | QueuedFiles):
        return origin.key
    return origin.name if is_web(origin.name) else place(found.path.absolute())
