"""Every implementation of HomeStorage by name, with the archive beside it, for the suite that they all pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from tests.support.clock import Ticking
from tests.support.postgres import postgres_archive
from workbench.storage.archive import ArchivalStorage
from workbench.storage.database import Database
from workbench.storage.documents import DuckDBArchive
from workbench.storage.duckdb_home import DuckDBHome
from workbench.storage.home import HomeStorage
from workbench.storage.postgres.archive import PostgresArchive

Opened = tuple[HomeStorage, ArchivalStorage]


@contextmanager
def duckdb_home(folder: Path) -> Iterator[Opened]:
    """The default: agents and archive in one file."""
    database = Database(folder / "home.duckdb", memory_limit_mb=256)
    try:
        yield DuckDBHome(database, Ticking()), DuckDBArchive(database)
    finally:
        database.close()


@contextmanager
def home_beside_a_shared_archive(folder: Path) -> Iterator[Opened]:
    """Agents in the home's file, sources on PostgreSQL."""
    database = Database(folder / "home.duckdb", memory_limit_mb=256)
    try:
        with postgres_archive(folder) as archive:
            assert isinstance(archive, PostgresArchive)
            yield DuckDBHome(database, Ticking(), archive), archive
    finally:
        database.close()


HOMES: dict[str, Callable[[Path], AbstractContextManager[Opened]]] = {
    "duckdb": duckdb_home,
    "duckdb beside postgres": home_beside_a_shared_archive,
}
"""Opened twice on one folder, one after the other, an implementation holds what was kept."""
