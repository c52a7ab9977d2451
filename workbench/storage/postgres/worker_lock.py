"""Tells the processes that share an archive apart, and which of them are alive: each holds a lock for as long as it is connected.

A process that is killed, or whose line is cut, loses its lock with its connection: what it had claimed is then anybody's.
"""

from __future__ import annotations

import contextlib
import os
import platform
import threading
from typing import TYPE_CHECKING, Any

from workbench.storage.database import utc_now
from workbench.storage.postgres.catalogue import Catalogue

if TYPE_CHECKING:
    import psycopg

LOCK_CLASS = 0x77626B
"""The first half of the advisory locks; the other is the worker's number."""

ALIVE = (
    "SELECT l.objid::bigint AS worker_id FROM pg_locks l WHERE l.locktype = 'advisory' AND l.objsubid = 2 AND l.granted "
    f"AND l.classid = {LOCK_CLASS} AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
"""The numbers of all workers that are alive."""


class WorkerLock:
    """This process as a worker. Its number is given when it is first asked for, and another after the connection was lost."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._server, self._home = catalogue.server, catalogue.home
        self._lock = threading.Lock()
        self._connection: psycopg.Connection[Any] | None = None
        self._number = 0

    def number(self) -> int:
        """This process's number, as one that is alive."""
        with self._lock:
            if self._connection is not None and self._holds(self._connection):
                return self._number
            self._let_go()
            self._number = self._server.run(self._register)
            return self._number

    def _holds(self, connection: psycopg.Connection[Any]) -> bool:
        import psycopg

        try:
            connection.execute("SELECT 1")
        except psycopg.Error:
            return False
        return True

    def _register(self, connection: psycopg.Connection[Any]) -> int:
        """A new number; the lock is held by a connection of its own."""
        name = f"{platform.node() or 'somewhere'} {os.getpid()}"
        row = connection.execute(
            "INSERT INTO workers (home, name, started_at) VALUES (%s, %s, %s) RETURNING worker_id",
            [self._home, name, utc_now()],
        ).fetchone()
        number = int(row[0]) if row else 0
        own = self._server.connect()
        own.execute("SELECT pg_advisory_lock(%s, %s)", [LOCK_CLASS, number])
        connection.execute(
            f"DELETE FROM workers WHERE started_at < %s - interval '1 day' AND worker_id NOT IN ({ALIVE})", [utc_now()]
        )
        self._connection = own
        return number

    def _let_go(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(Exception):
                self._connection.close()
        self._connection = None

    def close(self) -> None:
        """Be no worker any more: what is claimed is free."""
        with self._lock:
            self._let_go()
