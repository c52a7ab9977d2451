"""Brings a database to the newest schema, or refuses it in one sentence."""

from __future__ import annotations

import re
from importlib import resources
from typing import TYPE_CHECKING, Any

from workbench.core.errors import ArchiveError

if TYPE_CHECKING:
    import duckdb

_TABLE = re.compile(r"CREATE TABLE (?:store\.)?(\w+) \((.*?)\);\s*$", re.DOTALL | re.MULTILINE)
_COLUMN = re.compile(r"(?:^|[(,\n])\s*([a-z_]+) (?:TEXT|INTEGER|BIGINT|DOUBLE|FLOAT|BOOLEAN|BLOB|TIMESTAMP)")


OWN_TABLES = "SET search_path = 'store,main'"
"""What a connection of the workbench says first: the tables behind views of the same name are in `store`."""


def migrate(connection: duckdb.DuckDBPyConnection, now: Any) -> None:
    """Apply the migrations that are missing. Raises ArchiveError for a file of a newer, or of an unreleased, workbench."""
    connection.execute("SET search_path = 'main'")
    try:
        _migrate(connection, now)
    finally:
        connection.execute(OWN_TABLES)


def _migrate(connection: duckdb.DuckDBPyConnection, now: Any) -> None:
    connection.execute(
        "CREATE TABLE IF NOT EXISTS schema_versions (version INTEGER PRIMARY KEY, applied_at TIMESTAMP NOT NULL)"
    )
    present = connection.execute("SELECT coalesce(max(version), 0) FROM schema_versions").fetchall()[0][0]
    folder = resources.files("workbench.storage").joinpath("migrations")
    files = sorted((item for item in folder.iterdir() if item.name.endswith(".sql")), key=lambda item: item.name)
    newest = int(files[-1].name[:4])
    if present > newest:
        raise ArchiveError(
            f"The database was written by a newer workbench (schema {present}, this one knows {newest}).",
            "Upgrade: pip install --upgrade memgpt-workbench.",
        )
    scripts = {int(item.name[:4]): item.read_text(encoding="utf-8") for item in files}
    for version, script in scripts.items():
        if version > present:
            connection.execute(script)
            connection.execute("INSERT INTO schema_versions VALUES (?, ?)", [version, now])
    if present == newest:
        _check(connection, "\n".join(scripts.values()))


def newest_version() -> int:
    """The schema that this version of the workbench writes."""
    folder = resources.files("workbench.storage").joinpath("migrations")
    return max(int(item.name[:4]) for item in folder.iterdir() if item.name.endswith(".sql"))


def _check(connection: duckdb.DuckDBPyConnection, script: str) -> None:
    """A file that says it has this schema has its tables and columns: those of trial versions may not."""
    rows = connection.execute(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE schema_name IN ('main', 'store') AND NOT internal"
    ).fetchall()
    lacking = sorted(_columns(script) - {(str(table), str(column)) for table, column in rows})
    if lacking:
        raise ArchiveError(
            f"The database was written by a trial version of the workbench: it has no {'.'.join(lacking[0])}.",
            "Move the file away and load your documents again, or set WORKBENCH_HOME to another folder.",
        )


def _columns(script: str) -> set[tuple[str, str]]:
    bare = re.sub(r"--[^\n]*", "", script)
    return {(name, column) for name, body in _TABLE.findall(bare) for column in _COLUMN.findall(body)}
