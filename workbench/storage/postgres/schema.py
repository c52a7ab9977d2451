"""Brings a shared archive to the newest schema, one process at a time, or refuses it in one sentence."""

from __future__ import annotations

import re
from importlib import resources
from typing import TYPE_CHECKING, Any

from workbench.core.errors import ArchiveError

if TYPE_CHECKING:
    import psycopg

SCHEMA = "workbench"
"""The schema that holds all tables of a shared archive."""

_LOCK = 0x776F726B
"""The advisory lock that whoever migrates holds."""


def scripts() -> dict[int, str]:
    """The migrations by version, rising."""
    folder = resources.files("workbench.storage.postgres").joinpath("migrations")
    files = sorted((item for item in folder.iterdir() if item.name.endswith(".sql")), key=lambda item: item.name)
    return {int(item.name[:4]): item.read_text(encoding="utf-8") for item in files}


def version_of(connection: psycopg.Connection[Any]) -> int:
    """The schema that an archive has; 0 when there is none."""
    if connection.execute("SELECT to_regclass('workbench.schema_versions')").fetchone() == (None,):
        return 0
    row = connection.execute("SELECT coalesce(max(version), 0) FROM workbench.schema_versions").fetchone()
    return int(row[0]) if row else 0


def migrate(connection: psycopg.Connection[Any], now: Any, address: str) -> None:
    """Apply what is missing; `connection` is in autocommit. An archive that needs nothing is only read, so readers may open it.

    Raises ArchiveError for an archive of a newer workbench, for an older one that this role may not change, and where the
    extension vector is missing.
    """
    import psycopg

    known = scripts()
    newest = max(known)
    present = version_of(connection)
    if present == newest:
        return
    _refuse_newer(present, newest, address)
    try:
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            present = version_of(connection)  # another workbench may have done it while this one waited
            _refuse_newer(present, newest, address)
            if not present:
                _begin(connection, address)
            for version, script in known.items():
                if version > present:
                    connection.execute(script)  # type: ignore[call-overload, unused-ignore]
                    connection.execute("INSERT INTO workbench.schema_versions VALUES (%s, %s)", [version, now])
    except psycopg.errors.InsufficientPrivilege:
        what = f"has schema {present}, this workbench needs {newest}" if present else "is empty"
        raise ArchiveError(
            f"The shared archive at {address} {what}, and you may not change that.",
            "Have its owner open it once with this version of the workbench.",
        ) from None


def _refuse_newer(present: int, newest: int, address: str) -> None:
    if present > newest:
        raise ArchiveError(
            f"The shared archive at {address} was written by a newer workbench (schema {present}, this one knows {newest}).",
            "Upgrade: pip install --upgrade 'memgpt-workbench[postgres]'.",
        )


_OLDEST_VECTOR = (0, 8)


def _begin(connection: psycopg.Connection[Any], address: str) -> None:
    """The extension, the schema and the table of versions."""
    import psycopg

    known = connection.execute("SELECT default_version FROM pg_available_extensions WHERE name = 'vector'").fetchone()
    if known is None:
        raise ArchiveError(
            f"The server of the shared archive at {address} has no extension `vector`.",
            "Install pgvector there (package postgresql-NN-pgvector), then try again.",
        )
    try:
        with connection.transaction():
            connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
    except psycopg.errors.InsufficientPrivilege:
        raise ArchiveError(
            f"The extension `vector` is not in the database of the shared archive at {address}, and you may not add it.",
            "Have the database's owner run: CREATE EXTENSION vector.",
        ) from None
    row = connection.execute("SELECT extversion FROM pg_extension WHERE extname = 'vector'").fetchone()
    have = tuple(int(part) for part in re.findall(r"\d+", str(row[0] if row else "0"))[:2])
    if have < _OLDEST_VECTOR:
        raise ArchiveError(
            f"The shared archive at {address} has pgvector {row[0] if row else '?'}; 0.8 or newer is needed.",
            "Upgrade pgvector there, run ALTER EXTENSION vector UPDATE, then try again.",
        )
    connection.execute("CREATE SCHEMA IF NOT EXISTS workbench")
    connection.execute(
        "CREATE TABLE IF NOT EXISTS workbench.schema_versions (version INTEGER PRIMARY KEY, applied_at TIMESTAMP NOT NULL)"
    )
