"""What a person names for a load becomes origins of documents: paths and addresses go in, Origins come out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from loaders.folder import Rules
from loaders.origins import Origin, PathOrigin
from workbench.errors import UsageError
from workbench.ingest.places import path_of
from workbench.load_options import LoadOptions

_DATABASE = re.compile(r"^[a-z][a-z0-9]*(?:\+[a-z0-9_]+)?://", re.IGNORECASE)
_WEB = re.compile(r"^https?://", re.IGNORECASE)


def origins_of(named: Sequence[str | Path], options: LoadOptions, data: Path) -> list[Origin]:
    """An origin for each name, in order; `data` is where fetched pages are kept. Raises UsageError where there is nothing."""
    if not named:
        raise UsageError("There is nothing to load.", "Name a file, a folder or a web address.")
    return [_origin(name, options, data) for name in named]


def _origin(name: str | Path, options: LoadOptions, data: Path) -> Origin:
    if isinstance(name, str) and is_web(name):
        from loaders.document import LoadError
        from loaders.fetch import normal
        from loaders.web_origin import WebOrigin

        try:
            return WebOrigin(normal(name), data / "web", options.private)
        except LoadError as error:
            raise UsageError(f"{name}: {error.reason}.", error.remedy) from None
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
    return PathOrigin(path, Rules(options.include, options.exclude, options.hidden))


def is_address(location: str) -> bool:
    """Whether what is kept of an origin's location is an address, and no path: of the web, or a database and its query."""
    return is_web(location) or (bool(_DATABASE.match(location)) and " " in location)


def is_web(name: str) -> bool:
    """Whether a name is a web address."""
    return bool(_WEB.match(name))
