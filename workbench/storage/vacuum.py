"""Rewrites the database file, so that nothing that was erased stays in freed blocks."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any


def mark(file: Path) -> None:
    """The file is to be written anew before it is used again, or when it is closed: freed blocks keep their old bytes."""
    _mark_of(file).touch(mode=0o600)


def is_marked(file: Path) -> bool:
    """Whether it still has to be."""
    return _mark_of(file).exists()


def scrub(connection: Any, file: Path) -> None:
    """Copy every table into a new file and put it in the old one's place, the connection still holding the old one's lock.

    Close the connection afterwards: it stands on the file that was. A crash at any moment leaves one whole file.
    """
    new = file.with_name(f"{file.name}.new")
    connection.execute("CHECKPOINT")
    copy_into(connection, new)
    with contextlib.suppress(OSError):
        new.chmod(0o600)
    new.replace(file)
    _mark_of(file).unlink(missing_ok=True)


def copy_into(connection: Any, new: Path) -> None:
    """Copy every table into a new database file."""
    for left in (new, Path(f"{new}.wal")):
        left.unlink(missing_ok=True)
    name = connection.execute("SELECT current_database()").fetchall()[0][0]
    connection.execute(f"ATTACH '{str(new).replace(chr(39), chr(39) * 2)}' AS scrubbed")
    try:
        connection.execute(f'COPY FROM DATABASE "{name}" TO scrubbed')
    finally:
        connection.execute("DETACH scrubbed")


def read_all(connection: Any) -> dict[str, int]:
    """Read every block of every table, and return the rows of each. DuckDB checks each block's checksum as it reads."""
    tables = connection.execute(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE NOT internal AND NOT temporary"
    ).fetchall()
    rows = {}
    for schema, table in tables:
        name = ".".join('"' + str(part).replace('"', '""') + '"' for part in (schema, table))
        rows[f"{schema}.{table}"] = int(
            connection.execute(f"SELECT count(*), bit_xor(hash(whole)) FROM {name} whole").fetchall()[0][0]
        )
    return rows


def _mark_of(file: Path) -> Path:
    return file.with_name(f"{file.name}.scrub")
