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
    for left in (new, Path(f"{new}.wal")):
        left.unlink(missing_ok=True)
    connection.execute("CHECKPOINT")
    name = connection.execute("SELECT current_database()").fetchall()[0][0]
    connection.execute(f"ATTACH '{str(new).replace(chr(39), chr(39) * 2)}' AS scrubbed")
    connection.execute(f'COPY FROM DATABASE "{name}" TO scrubbed')
    connection.execute("DETACH scrubbed")
    with contextlib.suppress(OSError):
        new.chmod(0o600)
    new.replace(file)
    _mark_of(file).unlink(missing_ok=True)


def _mark_of(file: Path) -> Path:
    return file.with_name(f"{file.name}.scrub")
