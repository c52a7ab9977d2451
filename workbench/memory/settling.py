"""Settling: changes come in and are durable in one small row; a little later, many at a time, they go into their tables."""

from __future__ import annotations

import contextlib
import itertools
import re
from collections import deque
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from workbench.memory.changes import TABLES, Changes, apply

MOST = 24
"""Changes that wait before they are settled though nobody asked: a dozen steps."""

LARGE = 200
"""Rows and updates of one commit from which on it goes to its tables at once: it need not be written twice."""

IDLE_SECONDS = 0.3
"""What waits is settled when nothing was written for so long: mostly while a model is thinking."""

_NAMED = re.compile(rf"\b(?:agents|cursors|{'|'.join(TABLES)})\b")

_Numbered = tuple[int, Changes]


class Settling:
    """The changes that are durable and not yet in their tables, oldest first. All but looking at `waiting` is the writer's."""

    def __init__(self) -> None:
        self.waiting: deque[_Numbered] = deque()
        self._numbers = itertools.count(1)

    def load(self, connection: Any) -> None:
        """Take up what a killed workbench left; what this version does not know stays where it is."""
        found = connection.execute("SELECT number, changes FROM unsettled ORDER BY number").fetchall()
        for number, text in found:
            with contextlib.suppress(KeyError, ValueError):
                self.waiting.append((int(number), Changes.load(text)))
        self._numbers = itertools.count(int(found[-1][0]) + 1 if found else 1)

    def keep(self, connection: Any, changes: Changes) -> None:
        """The changes are durable when this returns: one statement, which is a transaction of its own and so costs half."""
        number = next(self._numbers)
        connection.execute("INSERT INTO unsettled VALUES (?, ?)", [number, changes.dump()])
        self.waiting.append((number, changes))

    def settle(self, connection: Any) -> None:
        """Move what waits into its tables. What the database refuses for good stays out and in the file, and is raised."""
        if not self.waiting:
            return
        import duckdb

        refusals = duckdb.IntegrityError, duckdb.DataError, duckdb.ProgrammingError
        try:
            _move(connection, self.waiting)
            self.waiting.clear()
        except refusals:
            # One at a time, or the one that is refused would keep back all others for ever.
            while self.waiting:
                with contextlib.suppress(*refusals):
                    _move(connection, [self.waiting[0]])
                self.waiting.popleft()
            raise


def _move(connection: Any, waiting: Sequence[_Numbered]) -> None:
    with transaction(connection):
        apply((changes for _, changes in waiting), connection)
        connection.execute("DELETE FROM unsettled WHERE list_contains(?, number)", [[number for number, _ in waiting]])


@contextlib.contextmanager
def transaction(cursor: Any) -> Iterator[None]:
    """All of it or nothing."""
    cursor.execute("BEGIN TRANSACTION")
    try:
        yield
        cursor.execute("COMMIT")
    except BaseException:
        # A COMMIT that failed has already ended the transaction.
        with contextlib.suppress(Exception):
            cursor.execute("ROLLBACK")
        raise


@lru_cache(maxsize=512)
def reads_agents(sql: str) -> bool:
    """Whether a query names a table that changes go to."""
    return _NAMED.search(sql) is not None
