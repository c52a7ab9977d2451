"""Resolves the names of sources and documents as a model writes them."""

from __future__ import annotations

import contextlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import PurePosixPath

from workbench.agent.tools.context import ToolContext
from workbench.agent.tools.registry import CallRefused
from workbench.api.search import SearchOptions
from workbench.retrieval.query import Restriction
from workbench.storage.archive import ArchivalStorage

_NAMED = 5


@dataclass(frozen=True)
class AttachedDocuments:
    """Attached sources (id -> name), documents (id -> (path, source name)) and their sizes (id -> (pages, title)).

    `days` tells the day of each document."""

    sources: Mapping[int, str]
    documents: Mapping[int, tuple[str, str]]
    sizes: Mapping[int, tuple[int, str]]
    days: Callable[[Iterable[int]], Mapping[int, date]]
    only: frozenset[int] | None = None
    """The documents that may be seen; None for all."""

    @classmethod
    def of(cls, workspace: ToolContext) -> AttachedDocuments:
        """What the agent of this workspace is attached to now, or the one document of it that the agent may see."""
        found, only = cls.over(workspace.search.archive, workspace.sources()), workspace.attached.only
        if only is None:
            return found
        documents = {key: value for key, value in found.documents.items() if key == only}
        return replace(found, documents=documents, only=frozenset({only}))

    @classmethod
    def over(cls, archive: ArchivalStorage, sources: Iterable[int]) -> AttachedDocuments:
        """What these sources hold."""
        names = archive.source_names(sources)
        return cls(names, archive.paths(names), archive.sizes(names), archive.days)

    def restriction(self, options: SearchOptions) -> Restriction:
        """What filters leave, and the filters as they stand in the next call. Raises CallRefused, UsageError."""
        within = self.only
        given = {"source": "", "document": "", "pages": options.pages, "since": options.since, "until": options.until}
        document = options.document
        if options.source and not (source := self.source(options.source)):
            # Models name a document where a source is asked for, and would be refused again and again.
            document = document or options.source
        elif options.source:
            given["source"] = source
            within = frozenset(key for key, (_, owner) in self.documents.items() if owner == source)
        if document:
            key, _ = self.document(document)
            given["document"] = self.name(key)
            within = frozenset({key}) if within is None or key in within else frozenset()
        if days := options.days:
            stated = self.days(self.documents if within is None else within)
            within = frozenset(key for key, day in stated.items() if days[0] <= day <= days[1])
        words = "".join(f"{name}={json.dumps(value, ensure_ascii=False)}, " for name, value in given.items() if value)
        return Restriction(within, options.page_range, words)

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

    def source(self, name: str) -> str:
        """The source that a model means; "" when it names a document instead. Raises CallRefused when it names neither."""
        wanted = name.strip().strip("\"'").casefold()
        # A label that was shown with counts is copied with them.
        for form in (wanted, re.sub(r"\s*\([^()]*\)$", "", wanted)):
            for source in self.sources.values():
                if source.casefold() in (form, form.rstrip("/")):
                    return source
        with contextlib.suppress(CallRefused):
            self.document(name)
            return ""
        known = "; ".join(source[:60] for source in list(self.sources.values())[:_NAMED]) or "nothing"
        raise CallRefused(f"No source {name[:60]!r} is attached.", f"Attached: {known}.")

    def lines(self, more: Mapping[int, Sequence[str]] | None = None) -> list[str]:
        """One line a document, by name, behind a dash: no name begins like a line of ours. `more` is said of it besides."""
        found = []
        for key, name in sorted(((key, self.name(key)) for key in self.documents), key=lambda pair: pair[1]):
            pages, title = self.sizes[key]
            flat = _listed(title)[:80]
            called = f" | {flat}" if flat and flat.casefold() != name.casefold() else ""
            found.append(f"- {_listed(name)} | {pages} page{'s' * (pages != 1)}{called}")
            found[-1] = " | ".join([found[-1], *(more or {}).get(key, ())])
        return found


def _listed(name: str) -> str:
    """A name on a line of ours: no sign that parts the line, and nothing that cannot be seen."""
    seen = "".join(letter if letter.isprintable() or letter.isspace() else " " for letter in name)
    return " ".join(seen.replace("|", "/").split())


def _plain(name: str) -> str:
    """A name as it is compared: as results show it, whatever the case."""
    return " ".join(name.replace("|", "/").split()).casefold()
