"""What is attached, by name: sources and documents as a model writes them come in, their ids and exact paths go out."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from workbench.agent.functions import CallRefused
from workbench.agent.workspace import Workspace
from workbench.memory.archival_storage import ArchivalStorage
from workbench.memory.restriction import Restriction

_NAMED = 5


@dataclass(frozen=True)
class Shelf:
    """Attached sources (id -> name), documents (id -> (path, source name)) and their sizes (id -> (pages, title))."""

    sources: Mapping[int, str]
    documents: Mapping[int, tuple[str, str]]
    sizes: Mapping[int, tuple[int, str]]

    @classmethod
    def of(cls, workspace: Workspace) -> Shelf:
        """What the agent of this workspace is attached to now."""
        return cls.over(workspace.search.archive, workspace.sources())

    @classmethod
    def over(cls, archive: ArchivalStorage, sources: Iterable[int]) -> Shelf:
        """What these sources hold."""
        names = archive.source_names(sources)
        return cls(names, archive.paths(names), archive.sizes(names))

    def restriction(self, source: str, document: str) -> Restriction:
        """What filters leave, and the filters as they stand in the next call."""
        within: frozenset[int] | None = None
        extra = ""
        if source:
            name = self._source(source)
            within = frozenset(key for key, (_, owner) in self.documents.items() if owner == name)
            extra += f"source={json.dumps(name, ensure_ascii=False)}, "
        if document:
            key, _ = self.document(document)
            within = frozenset({key}) if within is None or key in within else frozenset()
            extra += f"document={json.dumps(self.name(key), ensure_ascii=False)}, "
        return Restriction(within, words=extra)

    def name(self, key: int) -> str:
        """A document's path, with its source before it where two sources have that path."""
        path, source = self.documents[key]
        same = Counter(other for other, _ in self.documents.values())[path]
        return f"{source}/{path}" if same > 1 else path

    def document(self, name: str) -> tuple[int, str]:
        """The document that a model means: its name, else a path that ends or begins so. Raises CallRefused."""
        wanted = _plain(name).strip("\"'").removesuffix("…")
        named = {key: self.name(key) for key in self.documents}
        tests: tuple[Callable[[str], bool], ...] = (
            lambda text: text == wanted,
            lambda text: PurePosixPath(text).name == wanted or PurePosixPath(text).stem == wanted,
            lambda text: text.startswith(wanted) and len(wanted) > 3,
            lambda text: wanted in text and len(wanted) > 3,
        )
        for test in tests:
            found = [key for key, text in named.items() if test(_plain(text))]
            if len(found) == 1:
                return found[0], named[found[0]]
            if found:
                near = "; ".join(named[key][:80] for key in found[:_NAMED])
                raise CallRefused(f"{len(found)} documents are called {name[:80]!r}.", f"Name one exactly: {near}.")
        raise CallRefused(f"No attached document is called {name[:80]!r}.", "See document_list, or search without it.")

    def _source(self, name: str) -> str:
        for source in self.sources.values():
            if source.casefold() == name.strip().casefold():
                return source
        known = "; ".join(source[:60] for source in list(self.sources.values())[:_NAMED]) or "nothing"
        raise CallRefused(f"No source {name[:60]!r} is attached.", f"Attached: {known}.")

    def lines(self, more: Mapping[int, Sequence[str]] | None = None) -> list[str]:
        """One line a document, by name; `more` is what is to be said of it besides."""
        found = []
        for key, name in sorted(((key, self.name(key)) for key in self.documents), key=lambda pair: pair[1]):
            pages, title = self.sizes[key]
            flat = " ".join(title.split())[:80]
            called = f" | {flat}" if flat and flat.casefold() != name.casefold() else ""
            found.append(f"{' '.join(name.split())} | {pages} page{'s' * (pages != 1)}{called}")
            found[-1] = " | ".join([found[-1], *(more or {}).get(key, ())])
        return found


def _plain(name: str) -> str:
    """A name as it is compared: as results show it, whatever the case."""
    return " ".join(name.replace("|", "/").split()).casefold()
