"""Runs one SELECT over the tables of documents in isolation.

The query runs in a process of its own (worker.py), which is given copies of the tables that it names: whatever it
costs, the process with the database and the screen does not pay it. One worker is kept warm for the next query.
"""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.core.errors import UsageError
from workbench.core.worker_process import Worker, WorkerGoneError
from workbench.storage.tables import Column, StoredTable

if TYPE_CHECKING:
    import pyarrow as pa

SECONDS = 10.0
ROWS = 5_000
MEMORY_MB = 512
CELL_CHARS = 1_000
RESULT_CHARS = 16_000_000
SQL_CHARS = 10_000
CELLS = 20_000_000
"""Most cells of all the tables that one query names."""

_MODULE = "workbench.sql.worker"
_AT_ONCE = 2
_START_SECONDS = 60.0
_GRACE_SECONDS = 2.0
"""How much longer than its query a worker may take before it is killed."""

_POLL_SECONDS = 0.1
_LESS = "Ask for less, or join on equal columns."


@dataclass(frozen=True)
class NamedTable:
    """A table under the name that a query uses, and the path of its document."""

    name: str
    path: str
    stored: StoredTable

    @property
    def shown(self) -> tuple[Column, ...]:
        """Its columns, without `_row`."""
        return self.stored.columns[:-1]


@dataclass(frozen=True)
class Rows:
    """What a query gave: names of columns, rows of cells as text (None is NULL), and the tables it was about.

    `cut` is True when there were more than ROWS rows, or more than RESULT_CHARS of text.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]
    tables: tuple[NamedTable, ...]
    cut: bool = False


def select(
    sql: str,
    tables: Mapping[str, NamedTable],
    fetch: Callable[[StoredTable], pa.RecordBatchReader],
    stopped: Callable[[], bool] = lambda: False,
) -> Rows:
    """The rows of one SELECT over `tables`, by name in lower case; `fetch` gives a table's rows.

    Raises UsageError, also once `stopped` says that nobody waits for the rows any more.
    """
    if len(sql) > SQL_CHARS:
        raise UsageError(f"The query has more than {SQL_CHARS:,} characters.", "Make it shorter.")
    asked = {
        "sql": sql.encode("utf-8", "replace").decode(),
        "tables": {name: item.stored.rows * len(item.stored.columns) for name, item in tables.items()},
        "cells": CELLS, "seconds": SECONDS, "memory_mb": MEMORY_MB, "rows": ROWS, "cell_chars": CELL_CHARS,
        "result_chars": RESULT_CHARS,
    }  # fmt: skip
    with _SLOTS:
        errand = _Errand(asked, stopped)
        try:
            used = [tables[name] for name in errand.start()]
            for item in used:
                errand.give(item, fetch)
            reply = errand.finish()
        except WorkerGoneError as gone:
            raise UsageError(f"The query was ended: {gone}.", _LESS) from None
        finally:
            errand.close()
    return Rows(tuple(reply["columns"]), tuple(map(tuple, reply["rows"])), tuple(used), reply["cut"])


def dismiss() -> None:
    """End the workers that wait for a query; the next one starts another."""
    while _IDLE:
        _IDLE.pop()[0].kill()


_SLOTS = threading.BoundedSemaphore(_AT_ONCE)
_IDLE: list[tuple[Worker, bool]] = []
"""Workers that wait, and whether they have said that they are ready. Nothing of a query stays in them but freed memory."""


class _Errand:
    """One query on its way through a worker, which is kept afterwards unless it is spent or was left in the middle."""

    def __init__(self, asked: dict[str, Any], stopped: Callable[[], bool]) -> None:
        self._asked, self._stopped = asked, stopped
        self._ready = self._whole = self._spent = False
        self._worker: Worker | None = None

    def start(self) -> list[str]:
        """The names of the tables that the query wants."""
        with contextlib.suppress(IndexError, WorkerGoneError):
            self._worker, self._ready = _IDLE.pop()
            return self._begun()
        # None waited, or it ended while it waited, which says nothing about this query.
        self.close()
        self._worker, self._ready = Worker(_MODULE), False
        return self._begun()

    def _begun(self) -> list[str]:
        self._send(self._asked)
        if not self._ready:
            self._reply(_START_SECONDS)
            self._ready = True
        return list(self._reply(SECONDS + _GRACE_SECONDS)["used"])

    def give(self, table: NamedTable, fetch: Callable[[StoredTable], pa.RecordBatchReader]) -> None:
        """Send a table, a batch at a time: the whole of it is never in this process."""
        import duckdb
        import pyarrow as pa

        try:
            rows = fetch(table.stored)
            # First its columns alone: a table without rows is there too.
            for batch in itertools.chain([None], rows):
                sink = pa.BufferOutputStream()
                with pa.ipc.new_stream(sink, rows.schema) as writer:
                    if batch is not None:
                        writer.write_batch(batch)
                self._send({"table": table.name}, sink.getvalue().to_pybytes())
        except (duckdb.Error, pa.ArrowException):
            raise UsageError(f"The table {table.name} was removed just now.", "Ask for another one.") from None

    def finish(self) -> dict[str, Any]:
        """Columns and rows."""
        self._send({})
        return self._reply(SECONDS + _GRACE_SECONDS)

    def _send(self, header: dict[str, Any], blob: bytes = b"") -> None:
        assert self._worker is not None
        self._worker.send(header, blob)

    def _reply(self, seconds: float) -> dict[str, Any]:
        assert self._worker is not None
        end = time.monotonic() + seconds
        while (frame := self._worker.receive(_POLL_SECONDS)) is None:
            if self._stopped():
                raise UsageError("The query was stopped.", "Ask again.")
            if time.monotonic() > end:
                raise UsageError(f"The query took more than {SECONDS:g} seconds.", _LESS)
        self._whole, self._spent = "spent" in frame[0], frame[0].get("spent", False)
        if "refused" in frame[0]:
            raise UsageError(*frame[0]["refused"])
        return frame[0]

    def close(self) -> None:
        """Keep the worker for the next query, or end it; one that is spent is replaced at once."""
        if self._worker is None:
            return
        if self._whole and not self._spent and not _IDLE:
            _IDLE.append((self._worker, True))
        else:
            self._worker.kill()
            if self._spent and not _IDLE:
                _IDLE.append((Worker(_MODULE), False))
        self._worker = None
