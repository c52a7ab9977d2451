"""Saves the whole database into one file while it is in use, and puts such a file back."""

from __future__ import annotations

import contextlib
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.core.errors import ArchiveBusy, ArchiveError, NotFound, UsageError
from workbench.storage import vacuum
from workbench.storage.schema import newest_version

if TYPE_CHECKING:
    from workbench.storage.database import Database


def save(database: Database, file: Path, *, replace: bool = False) -> int:
    """Copy every table into `file`, as of one moment, and return its size in bytes.

    The copy is made beside `file` and takes its name when it is whole. Raises UsageError when `file` is there and may not be
    replaced, or cannot be written; ArchiveError when the database cannot be read.
    """
    if file.exists() and not replace:
        raise UsageError(f"{file} is there already.", "Add --yes to replace it, or name another file.")
    new = file.with_name(f".{file.name}.{os.getpid()}.new")
    try:
        database.write(lambda connection: _copy(connection, new), catalogue=False, transaction=False)
        new.chmod(0o600)
        new.replace(file)
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}.", "Name a file in a folder of yours.") from None
    finally:
        for left in (new, Path(f"{new}.wal")):
            left.unlink(missing_ok=True)
    return file.stat().st_size


def _copy(connection: Any, new: Path) -> None:
    if not new.parent.is_dir() or not os.access(new.parent, os.W_OK):
        raise NotFound(f"There is no folder {new.parent} that you may write in.", "Name a file in a folder of yours.")
    vacuum.copy_into(connection, new)


def put_back(file: Path, target: Path) -> Path | None:
    """Put a saved database in the place of `target`, and return where the old one is kept now; None when there was none.

    Raises NotFound or ArchiveError when `file` is no whole database of the workbench, ArchiveBusy when `target` is in use.
    """
    if not file.is_file():
        raise NotFound(f"There is no file {file}.", "Name a file that `workbench backup FILE` made.")
    _inspect(file)
    _must_be_free(target)
    stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%S}"
    new = target.with_name(f"{target.name}.restored")
    kept = target.with_name(f"{target.name}.before-{stamp}") if target.exists() else None
    try:
        shutil.copyfile(file, new)
        new.chmod(0o600)
        with new.open("rb") as copied:
            os.fsync(copied.fileno())
        if kept:
            log = Path(f"{target}.wal")
            if log.exists():
                log.replace(f"{kept}.wal")
            target.replace(kept)
        for left in (f"{target}.wal", f"{target}.mark", f"{target}.scrub"):
            Path(left).unlink(missing_ok=True)
        new.replace(target)
    except OSError as error:
        new.unlink(missing_ok=True)
        raise ArchiveError(
            f"{target} could not be replaced: {error.strerror}.", "Check the disk and the folder."
        ) from None
    return kept


def _inspect(file: Path) -> None:
    """Read all of a saved database before it replaces anything."""
    import duckdb

    try:
        with duckdb.connect(str(file), read_only=True) as connection:
            version = connection.execute("SELECT max(version) FROM main.schema_versions").fetchall()[0][0]
            vacuum.read_all(connection)
    except duckdb.Error as error:
        first = (str(error).splitlines() or ["unknown"])[0].rstrip(".!")
        raise ArchiveError(
            f"{file} is no whole database of the workbench: {first}.", "Name a file that `workbench backup FILE` made."
        ) from None
    if version is None or int(version) > newest_version():
        raise ArchiveError(
            f"{file} was written by a newer workbench (schema {version}, this one knows {newest_version()}).",
            "Upgrade: pip install --upgrade memgpt-workbench.",
        )


def _must_be_free(target: Path) -> None:
    import duckdb

    if not target.exists():
        return
    try:
        duckdb.connect(str(target), read_only=True).close()
    except duckdb.IOException as error:
        if "Could not set lock on file" in str(error):
            raise ArchiveBusy(f"A workbench is using {target}.", "Quit it first, then restore.") from None
    except duckdb.Error:
        with contextlib.suppress(OSError):  # a damaged file is what restoring is for
            target.stat()
