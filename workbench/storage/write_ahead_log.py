"""Batches what a commit writes to the tables of agents into one small durable row, and moves it to its tables later.

A step commits a dozen rows to eight tables. Written there at once, each is a statement that DuckDB plans, with an index to
keep: 16.1 ms of CPU a commit. As one row of JSON it is 3.5 ms, the moving included, because many commits go to each table
together; on the same busy machine the agent waited 22 ms for the disk in place of 132 (`python -m tests.benchmarks.commit_time
--commits 200`, three rounds in turns). DuckDB's own log does the rest: the row is in it before `keep` returns.
"""

from __future__ import annotations

import contextlib
import itertools
import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Row = Sequence[Any]
Update = tuple[str, Row]
"""One of UPDATES by its name, and its parameters."""

TABLES = ("texts", "messages", "summaries", "context_versions", "steps", "operations", "journal", "handles")
"""Where rows of changes go."""

UPDATES = {
    "head": "UPDATE agents SET head = ?, queue = ?, question_id = ?, summary_id = ?, context_version = ?, last_used_at = ? "
    "WHERE agent_id = ?",
    "finish": "UPDATE steps SET status = ?, reply = ?, usage = ?, model_seconds = ?, own_seconds = ?, point_after = ? "
    "WHERE agent_id = ? AND step = ?",
    "request": "UPDATE steps SET request = ? WHERE agent_id = ? AND step = ?",
    "cursor": "INSERT INTO cursors VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (agent_id, reader, slot) "
    "DO UPDATE SET query = excluded.query, body = excluded.body, created_at = excluded.created_at",
}
"""What changes may do beside adding rows. They are stored by these names: no SQL is ever read from a file."""

_CURSOR = "(?, ?, ?, ?, ?, ?)"
_STEP_COLUMNS = {"finish": (2, 16, 17, 18, 19, 21), "request": (11,)}
_FEW_ROWS = 8
"""From so many rows on, an appender is cheaper than to plan a statement with that many values."""


@dataclass(frozen=True)
class Changes:
    """Rows by table, with a value for every column, and updates in order; rows come first."""

    rows: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    updates: Sequence[Update] = ()

    @property
    def size(self) -> int:
        """How many rows and updates."""
        return sum(map(len, self.rows.values())) + len(self.updates)

    def dump(self) -> str:
        """As JSON; times as ISO texts."""
        return json.dumps([self.rows, self.updates], ensure_ascii=False, default=str)

    @classmethod
    def load(cls, text: str) -> Changes:
        """The inverse of `dump`. Raises KeyError for a table or an update that there is not."""
        rows, updates = json.loads(text)
        for name in rows:
            if name not in TABLES:
                raise KeyError(name)
        return cls(rows, [(name, row) for name, row in updates if UPDATES[name]])


def apply(changes: Iterable[Changes], connection: Any) -> None:
    """Write changes, oldest first, as if one by one, in a few statements for all of them; a job of the writer."""
    rows: dict[str, list[Row]] = {}
    updates: list[Update] = []
    for one in changes:
        for table, more in one.rows.items():
            rows.setdefault(table, []).extend(more)
        updates += one.updates
    steps: dict[tuple[Any, ...], Any] = {(row[0], row[1]): list(row) for row in rows.get("steps", ())}
    left = _folded(updates, steps)
    rows["steps"] = list(steps.values())
    for table, many in rows.items():
        insert_rows(connection, table, many)
    cursors = [values for name, values in left if name == "cursor"]
    if cursors:
        marks = UPDATES["cursor"].replace(_CURSOR, ", ".join([_CURSOR] * len(cursors)))
        connection.execute(marks, [value for row in cursors for value in row])
    for name, values in left:
        if name != "cursor":
            connection.execute(UPDATES[name], list(values))


def _folded(updates: Iterable[Update], steps: Mapping[tuple[Any, ...], list[Any]]) -> list[Update]:
    """The updates that are still to be made: of heads and cursors the last, of steps those whose row is not among `steps`."""
    left: dict[tuple[Any, ...], Update] = {}
    for number, (name, values) in enumerate(updates):
        if name == "head":
            left[name, values[-1]] = (name, values)
        elif name == "cursor":
            left[name, *values[:3]] = (name, values)
        elif (step := steps.get((values[-2], values[-1]))) is not None:
            for column, value in zip(_STEP_COLUMNS[name], values, strict=False):
                step[column] = value
        else:
            left[name, number] = (name, values)
    return list(left.values())


def insert_rows(connection: Any, table: str, rows: Sequence[Row]) -> None:
    """Add rows with a value for every column, a few statements for all of them; a job of the writer."""
    if not rows:
        return
    if table != "texts" and len(rows) >= _FEW_ROWS:
        appender = connection.appender(table)
        appender.append_rows(rows)
        appender.flush()
        return
    marks = f"({', '.join('?' * len(rows[0]))})"
    ending = " ON CONFLICT DO NOTHING" if table == "texts" else ""
    for start in range(0, len(rows), _FEW_ROWS):
        part = rows[start : start + _FEW_ROWS]
        sql = f"INSERT INTO {table} VALUES {', '.join([marks] * len(part))}{ending}"
        connection.execute(sql, [value for row in part for value in row])


# Flushing: a change is durable in one small row at once, and moves into its tables a little later, with many others.

MOST = 24
"""Changes that wait before they are settled though nobody asked: a dozen steps."""

LARGE = 200
"""Rows and updates of one commit from which on it goes to its tables at once: it need not be written twice."""

IDLE_SECONDS = 0.3
"""What waits is settled when nothing was written for so long: mostly while a model is thinking."""

_Numbered = tuple[int, Changes]


class Settling:
    """The changes that are durable and not yet in their tables, oldest first. All but looking at `waiting` is the writer's."""

    def __init__(self) -> None:
        self.waiting: deque[_Numbered] = deque()
        self._numbers = itertools.count(1)

    def load(self, connection: Any) -> None:
        """Take up what a killed workbench left; what this version does not know stays where it is."""
        pending = connection.execute("SELECT number, changes FROM unsettled ORDER BY number").fetchall()
        for number, text in pending:
            with contextlib.suppress(KeyError, ValueError):
                self.waiting.append((int(number), Changes.load(text)))
        self._numbers = itertools.count(int(pending[-1][0]) + 1 if pending else 1)

    def keep(self, connection: Any, changes: Changes) -> None:
        """The changes are durable when this returns: one statement, which is a transaction of its own and so costs half."""
        number = next(self._numbers)
        connection.execute("INSERT INTO unsettled VALUES (?, ?)", [number, changes.dump()])
        self.waiting.append((number, changes))

    def flush(self, connection: Any) -> None:
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
