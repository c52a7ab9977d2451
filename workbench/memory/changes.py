"""Changes: what commits write to the tables of agents goes in as plain data, and comes out as one text or as few statements."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
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
