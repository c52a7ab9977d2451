"""Resolves what a person names for a load, paths and addresses, into origins of documents."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from loaders import folder
from loaders.document import LoadError
from loaders.folder import Found, Rules
from loaders.origins import Origin, PathOrigin
from workbench.api.documents import LoadOptions
from workbench.core.errors import UsageError
from workbench.ingest.file_uri import path_of

_DATABASE = re.compile(r"^[a-z][a-z0-9]*(?:\+[a-z0-9_]+)?://", re.IGNORECASE)
_WEB = re.compile(r"^https?://", re.IGNORECASE)


def origins_of(named: Sequence[str | Path], options: LoadOptions, data: Path) -> list[Origin]:
    """An origin for each name, in order; `data` is where fetched pages are kept. Raises UsageError where there is nothing."""
    if not named:
        raise UsageError("There is nothing to load.", "Name a file, a folder or a web address.")
    origins = [_origin(name, options, data) for name in named]
    _check_apart(origins)
    return origins


def _check_apart(origins: Sequence[Origin]) -> None:
    """Raises UsageError for two addresses that differ in their secrets alone: they would be one document."""
    from loaders.web_origin import WebOrigin

    addresses: dict[str, str] = {}
    for origin in origins:
        if isinstance(origin, WebOrigin) and addresses.setdefault(origin.key, origin.url) != origin.url:
            raise UsageError(
                f"{origin.name} is named twice, with different secrets, of which nothing is kept.",
                "Load each by itself, into a source of its own (--source).",
            )


def _origin(name: str | Path, options: LoadOptions, data: Path) -> Origin:
    if isinstance(name, str) and is_web(name):
        from loaders import web_secrets
        from loaders.document import LoadError
        from loaders.fetch import normal
        from loaders.web_origin import WebOrigin

        try:
            return WebOrigin(normal(name), data / "web", options.private)
        except LoadError as error:
            raise UsageError(f"{web_secrets.shown(name)}: {error.reason}.", error.remedy) from None
    if isinstance(name, str) and _DATABASE.match(name) and (options.query or is_address(name)):
        from loaders.database import QueryOrigin, address_and_query

        address, query = (name, options.query) if options.query else address_and_query(name)
        return QueryOrigin(address, query, data / "database", options.passwords)
    path = Path(path_of(str(name))).expanduser()
    try:
        exists = path.exists() or path.is_symlink()
    except (OSError, ValueError):
        exists = False
    if not exists:
        raise UsageError(f"There is nothing at {path}.", "Check the path.")
    return PathOrigin(path, Rules(options.include, options.exclude, options.hidden, options.follow_links))


def is_address(location: str) -> bool:
    """Whether what is kept of an origin's location is an address, and no path: of the web, or a database and its query."""
    return is_web(location) or (bool(_DATABASE.match(location)) and " " in location)


def is_web(name: str) -> bool:
    """Whether a name is a web address."""
    return bool(_WEB.match(name))


# Files of the load queue, as an origin of documents.


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
