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

_STEP_COLUMNS = {"finish": (2, 16, 17, 18, 19, 21), "request": (11,)}
_ROWS_A_STATEMENT = 200


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
    steps = {(row[0], row[1]): list(row) for row in rows.get("steps", ())}
    left = _folded(updates, steps)
    rows["steps"] = list[Row](steps.values())
    for table, values in rows.items():
        insert_rows(connection, table, values)
    for name, values in left:
        connection.execute(UPDATES[name], list(values))


def _folded(updates: Iterable[Update], steps: Mapping[tuple[Any, Any], list[Any]]) -> list[Update]:
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
    marks = f"({', '.join('?' * len(rows[0]))})"
    ending = " ON CONFLICT DO NOTHING" if table == "texts" else ""
    for start in range(0, len(rows), _ROWS_A_STATEMENT):
        part = rows[start : start + _ROWS_A_STATEMENT]
        sql = f"INSERT INTO {table} VALUES {', '.join([marks] * len(part))}{ending}"
        connection.execute(sql, [value for row in part for value in row])
