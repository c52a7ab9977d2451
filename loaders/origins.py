"""Origins of documents: what a person named, resolved into every file to read."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from loaders import folder
from loaders.folder import Found, Rules


class Origin(Protocol):
    """Something that documents come from. `name` is what the person called it."""

    @property
    def name(self) -> str: ...

    @property
    def key(self) -> str:
        """What tells it from others, whatever folder the program runs in."""
        ...

    @property
    def short(self) -> str:
        """What a source made for it is called."""
        ...

    @property
    def parents(self) -> tuple[str, ...]:
        """Names to put before a document's, nearest last, where two documents of one load are called the same."""
        ...

    def found(self, cancel: threading.Event) -> Iterator[Found]:
        """One row for everything there is. Raises LoadError where there is nothing; ends soon once `cancel` is set."""
        ...


@dataclass(frozen=True)
class PathOrigin:
    """A file or a folder."""

    root: Path
    rules: Rules = field(default_factory=Rules)

    @property
    def name(self) -> str:
        """The path as it was given."""
        return str(self.root)

    @property
    def key(self) -> str:
        """The path, absolute and without links."""
        return str(self.root.resolve())

    @property
    def short(self) -> str:
        """The last part of the path."""
        root = self.root.resolve()
        return root.name or root.anchor.strip("/\\:") or "files"

    @property
    def parents(self) -> tuple[str, ...]:
        """The folders above; a folder's own name is one of them."""
        parts = tuple(part for part in self.root.absolute().parts if part != "/")
        return parts[:-1] if self.root.is_file() else parts

    def found(self, cancel: threading.Event) -> Iterator[Found]:
        """Everything under the path."""
        for row in folder.walk(self.root, self.rules):
            if cancel.is_set():
                return
            yield row
