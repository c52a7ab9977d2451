"""The DuckDB file: one writer thread runs transactions, readers have cursors of their own."""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import logging
import os
import queue
import re
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from workbench.core.activity import doing
from workbench.core.errors import ArchiveBusy, ArchiveError
from workbench.storage import vacuum
from workbench.storage.arrow import leave_pandas_out
from workbench.storage.schema import OWN_TABLES, migrate
from workbench.storage.wal_mark import WalMark
from workbench.storage.write_ahead_log import (
    IDLE_SECONDS,
    LARGE,
    MOST,
    Changes,
    Settling,
    apply,
    transaction,
)

if TYPE_CHECKING:
    import duckdb

REST_SECONDS = 0.7
LOG_AT_REST = 1 << 20
"""Bytes of the log from which on it is written into the file when nothing else was asked for `REST_SECONDS`.

Rows that are in the log alone are in memory too, and take more of it: 14 kB a question. DuckDB itself waits for 16 MB of log,
which is two thousand questions; a checkpoint of 1 MB takes 40 ms of processor time (docs/benchmarks.md).
"""

LOG_AT_MOST = 4 << 20
"""From here on no rest is waited for after a step, so that an agent that never waits does not let it grow; loads leave it to DuckDB."""

T = TypeVar("T")
Clock = Callable[[], datetime]


@dataclass(frozen=True)
class _Bare:
    """A job that DuckDB does in no transaction."""

    run: Callable[[Any], Any]


_Job = tuple[Callable[[Any], Any] | _Bare | Changes, Future[Any], bool]


def utc_now() -> datetime:
    """The present, in UTC, without a zone mark, as it is stored. The default clock."""
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)


def text_hash(text: str) -> str:
    """The address of a text in the table `texts`."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


class Database:
    """Owns the file. One process at a time; `write` from any thread, `read` a cursor a thread.

    Raises ArchiveBusy when another process owns the file, ArchiveError when it cannot be opened or a write fails.
    """

    def __init__(self, file: Path, *, memory_limit_mb: int = 1_024, threads: int = 2) -> None:
        self.file = file
        self._memory_limit_mb = memory_limit_mb
        self._mark = WalMark(file)
        self.damage = ""
        """What was found lost when the file was opened, as sentences; "" when nothing was."""
        try:
            with doing("opening the database"):
                self._connection = self._opened(memory_limit_mb, threads)
            if vacuum.is_marked(file):
                # Whoever marked it was killed before it could close.
                self._mark.forget()  # before: the new file's checkpoints are counted anew
                vacuum.scrub(self._connection, file)
                self._connection.close()
                self._mark.close()  # it looks at the file that was
                self._connection = _connect(file, memory_limit_mb, threads)
        except BaseException:
            self._mark.close()
            raise
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._settling = Settling()
        self._local = threading.local()
        self._closed = False
        self._numbers: dict[str, int] = {}
        self._numbering = threading.Lock()
        self.catalogue = 0
        """Rises with every write that may have changed sources, documents or attachments: what is derived from them is old then."""
        self.on_handles: Callable[[list[int]], None] | None = None
        """Told of the passages that agents are about to have handles for, before these are kept: where an archive is shared."""
        self._writer = threading.Thread(
            target=self._run_writer, args=(self.cursor(), self.cursor()), name="database-writer", daemon=True
        )
        self._writer.start()
        # At exit the writer must not be caught in the middle of a statement: that would abort the process.
        atexit.register(self.close)
        try:
            self.write(lambda connection: migrate(connection, utc_now()))
            self.write(self._settling.load)
        except BaseException:
            self.close()
            raise

    def _opened(self, memory_limit_mb: int, threads: int) -> duckdb.DuckDBPyConnection:
        """A connection. A log that lost its head, or cannot be replayed, is kept aside, and `damage` says what is missing."""
        damage = self._mark.damage()
        kept = self._mark.set_aside(move=False) if damage else None
        try:
            connection = _connect(self.file, memory_limit_mb, threads)
        except ArchiveBusy:
            raise
        except ArchiveError as error:
            moved = self._mark.set_aside(move=True)
            if moved is None:
                raise
            try:
                connection = _connect(self.file, memory_limit_mb, threads)
            except ArchiveError:
                moved.replace(f"{self.file}.wal")  # not the log's fault
                raise error from None
            damage = damage or f"The write-ahead log of {self.file} could not be read: what was written last is lost."
            kept = kept or moved
        if damage:
            where = f" The log is kept as {kept.name}." if kept else ""
            self.damage = f"{damage}{where} `workbench doctor --storage` checks what there is; `workbench restore FILE` puts a backup back."
            logging.getLogger(__name__).error("%s", self.damage)
        return connection

    def write(
        self, job: Callable[[duckdb.DuckDBPyConnection], T], *, catalogue: bool = True, transaction: bool = True
    ) -> T:
        """Run `job(connection)` in the writer thread inside one transaction and return what it returns, after the commit.

        `catalogue` False promises that the job leaves sources, documents and attachments alone and does nothing but
        insert rows and update them by key: its statements are not optimised, which would take longer than to run them.
        Without `transaction` the job runs by itself: for what DuckDB does in no transaction.
        """
        future: Future[T] = Future()
        self._put((job if transaction else _Bare(job), future, catalogue))
        with doing("waiting for the database to write"):
            return future.result()

    def keep(self, changes: Changes) -> None:
        """Make changes of an agent durable, in one transaction; `rows` sees them from now on, `read` when they are settled."""
        if self.on_handles is not None and (handles := changes.rows.get("handles")):
            self.on_handles([int(row[-1]) for row in handles])
        if changes.size >= LARGE:
            self.write(lambda connection: apply([changes], connection), catalogue=False)
            return
        future: Future[None] = Future()
        self._put((changes, future, False))
        with doing("waiting for the database to write"):
            future.result()

    def flush(self) -> None:
        """Everything that was kept is in its tables when this returns."""
        if self._settling.waiting:
            self.write(lambda connection: None, catalogue=False)

    def _put(self, job: _Job) -> None:
        if self._closed:
            raise ArchiveError("The database is closed.", "Start the workbench again.")
        self._jobs.put(job)

    def read(self) -> duckdb.DuckDBPyConnection:
        """This thread's own cursor. It sees what is committed; of agents what is settled."""
        cursor: duckdb.DuckDBPyConnection | None = getattr(self._local, "cursor", None)
        if cursor is None:
            cursor = self._local.cursor = self.cursor()
        return cursor

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A cursor of its own that sees the tables as the workbench writes them, where a view has their name."""
        cursor = self._connection.cursor()
        cursor.execute(OWN_TABLES)
        return cursor

    def rows(self, sql: str, parameters: list[Any] | tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query, read with this thread's cursor. What was kept is seen."""
        self.flush()
        return self.archive_rows(sql, parameters)

    def archive_rows(self, sql: str, parameters: list[Any] | tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """The same for a query of the archive's tables alone: no change of an agent goes to them, so nothing is moved first."""
        try:
            return self.read().execute(sql, list(parameters)).fetchall()
        except Exception as error:
            if damaged := explained(error, self.file):
                raise damaged from None
            raise

    def row(self, sql: str, parameters: list[Any] | tuple[Any, ...] = ()) -> tuple[Any, ...] | None:
        """The first row of a query, or None."""
        rows = self.rows(sql, parameters)
        return rows[0] if rows else None

    def archive_row(self, sql: str, parameters: list[Any] | tuple[Any, ...] = ()) -> tuple[Any, ...] | None:
        """The first row of a query of the archive's tables, or None."""
        rows = self.archive_rows(sql, parameters)
        return rows[0] if rows else None

    def number(self, table: str, column: str, many: int = 1) -> int:
        """The first of `many` ids in a row that are nobody else's, stored yet or not: agents at work take theirs in turn.

        The ids of messages, summaries and context_versions come from here alone, so that no writer meets a taken one.
        """
        with self._numbering:
            if table not in self._numbers:
                self._numbers[table] = int(self.rows(f"SELECT coalesce(max({column}), 0) + 1 FROM {table}")[0][0])
            first = self._numbers[table]
            self._numbers[table] += many
            return first

    def shrink(self) -> None:
        """Give back most of the memory that holds what was read of the file: after much was read that is not read again."""
        cursor = self.read()
        for limit_mb in (self._memory_limit_mb // 4, self._memory_limit_mb):
            with contextlib.suppress(Exception):  # what is in use stays
                cursor.execute(f"SET memory_limit = '{limit_mb}MB'")

    def close(self) -> None:
        """Finish the writes that wait, checkpoint, and let the file go. Safe to call twice."""
        if self._closed:
            return
        self._closed = True
        atexit.unregister(self.close)
        self._jobs.put(None)
        self._writer.join(timeout=30)
        with contextlib.suppress(Exception):
            if vacuum.is_marked(self.file):
                self._mark.forget()
                vacuum.scrub(self._connection, self.file)
        with contextlib.suppress(Exception):
            self._connection.close()
        self._mark.close()

    def _run_writer(self, cursor: duckdb.DuckDBPyConnection, simple: duckdb.DuckDBPyConnection) -> None:
        simple.execute("PRAGMA disable_optimizer")
        while (item := self._next_job(simple)) is not None:
            job, future, catalogue = item
            try:
                result = None
                if isinstance(job, Changes):
                    self._settling.keep(simple, job)
                else:
                    self._settling.flush(simple)
                    if isinstance(job, _Bare):
                        result = job.run(cursor)
                        future.set_result(result)
                        continue
                    with transaction(chosen := cursor if catalogue else simple):
                        result = job(chosen)
            except BaseException as error:
                self.catalogue += catalogue
                future.set_exception(_as_archive_error(error, self.file))
            else:
                self._mark.note()
                self.catalogue += catalogue  # here alone, so that two writers at once count twice
                future.set_result(result)
            if len(self._settling.waiting) >= MOST:
                self._settle_quietly(simple)
            if not catalogue and self._jobs.empty() and self._mark.log_bytes() >= LOG_AT_MOST:
                self._checkpoint_quietly(simple)
        self._settle_quietly(simple)
        cursor.close()
        simple.close()

    def _next_job(self, connection: duckdb.DuckDBPyConnection) -> _Job | None:
        """The next job; what is to be done while there is none is done meanwhile."""
        if self._settling.waiting:
            with contextlib.suppress(queue.Empty):
                return self._jobs.get(timeout=IDLE_SECONDS)
            self._settle_quietly(connection)
        if self._mark.log_bytes() >= LOG_AT_REST:
            with contextlib.suppress(queue.Empty):
                return self._jobs.get(timeout=REST_SECONDS)
            self._checkpoint_quietly(connection)
        return self._jobs.get()

    def _checkpoint_quietly(self, connection: duckdb.DuckDBPyConnection) -> None:
        # What fails is in the log all the same: somebody else's transaction is under way, or the disk is full.
        with contextlib.suppress(Exception):
            connection.execute("CHECKPOINT").fetchall()
            self._mark.note()

    def _settle_quietly(self, connection: duckdb.DuckDBPyConnection) -> None:
        # What fails is durable all the same, and whoever reads next is told.
        with contextlib.suppress(Exception):
            self._settling.flush(connection)


def next_id(connection: duckdb.DuckDBPyConnection, table: str, column: str) -> int:
    """The next free id of a table; for jobs of the writer only. (A result must be fetched to its end before other work.)"""
    return int(connection.execute(f"SELECT coalesce(max({column}), 0) + 1 FROM {table}").fetchall()[0][0])


def _connect(file: Path, memory_limit_mb: int, threads: int) -> duckdb.DuckDBPyConnection:
    import duckdb

    leave_pandas_out()
    settings: dict[str, Any] = {
        "memory_limit": f"{memory_limit_mb}MB",
        "threads": threads,
        # A query must never wait for a download.
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "temp_directory": str(file.parent / "tmp"),
        # What a query took goes back to the system, not only what hundreds of megabytes took.
        "allocator_flush_threshold": "8MB",
        "allocator_bulk_deallocation_flush_threshold": "8MB",
    }
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        connection = duckdb.connect(str(file), config=settings)
        connection.execute("CREATE SCHEMA IF NOT EXISTS store")  # a cursor cannot look into what is not there yet
    except OSError as error:
        raise ArchiveError(
            f"The folder {file.parent} cannot be used: {error.strerror}.", "Set WORKBENCH_HOME to a folder you own."
        ) from None
    except duckdb.Error as error:
        text = str(error)
        if isinstance(error, duckdb.IOException) and "Could not set lock on file" in text:
            holder = re.search(r"PID (\d+)", text)
            owner = f" (process {holder[1]})" if holder else ""
            raise ArchiveBusy(
                f"Another workbench{owner} is using {file}.", "Quit it first, or set WORKBENCH_HOME to another folder."
            ) from None
        if file.exists() and not os.access(file, os.R_OK | os.W_OK):
            raise ArchiveError(
                f"{file} may not be read and written by you.", f"Make it yours: chmod 600 {file}."
            ) from None
        if "version number" in text:
            raise ArchiveError(
                f"{file} was written by a newer DuckDB than the one installed ({duckdb.__version__}).",
                "Upgrade: pip install --upgrade memgpt-workbench.",
            ) from None
        raise explained(error, file) or ArchiveError(f"{file} cannot be opened: {_first(text)}.", _BACKUP) from None
    with contextlib.suppress(OSError):
        file.chmod(0o600)
    # What an owner that was killed left: this process holds the lock, and has asked nothing yet.
    shutil.rmtree(file.parent / "tmp", ignore_errors=True)
    return connection


_BACKUP = "`workbench restore FILE` puts a backup in its place; or move the file away and load your documents again."


def explained(error: BaseException, file: Path | None = None) -> ArchiveError | None:
    """What DuckDB raises when the file itself is damaged or cannot be read, as one sentence; None for all else.

    DuckDB reports a short read as IOException, a wrong checksum as the bare base class or IOException, and broken structures as
    SerializationException, InternalException or FatalException. Errors of queries have classes of their own.
    """
    import duckdb

    broken = duckdb.IOException, duckdb.SerializationException, duckdb.InternalException, duckdb.FatalException
    if type(error) is not duckdb.Error and not isinstance(error, broken):
        return None
    what = f"The database {file}" if file else "The database"
    if re.search(r"No space left|Out of disk|disk full", str(error), re.IGNORECASE):
        return ArchiveError("The disk is full.", "Free some space; nothing was half written.")
    return ArchiveError(f"{what} is damaged: {_first(str(error))}.", _BACKUP)


def _first(text: str) -> str:
    """The first line of what DuckDB says, without its own name of the error."""
    first = (text.splitlines() or ["unknown"])[0]
    return re.sub(r"^(?:IO|INTERNAL|FATAL|Serialization) Error: ", "", first).rstrip(".!")


def _as_archive_error(error: BaseException, file: Path) -> BaseException:
    import duckdb

    if damaged := explained(error, file):
        return damaged
    if isinstance(error, duckdb.Error):
        return ArchiveError(
            f"The database refused a write: {_first(str(error))}.",
            "Check the free space of the disk; nothing was half written.",
        )
    return error
