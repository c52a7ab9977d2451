"""Reads the results that a reader can page through further after a restart; they are written with `write_ahead_log.Changes`."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from workbench.storage.database import Database


class CursorRow(NamedTuple):
    """A stored result: the call that gave it, what was found (packed), and when."""

    query: str
    body: str
    created: datetime


class CursorRepository:
    """The table `cursors`: a bounded number of places for each reader of each agent."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, agent: int, reader: str, slot: int) -> CursorRow | None:
        """What is kept in one of a reader's places."""
        row = self._database.row(
            "SELECT query, body, created_at FROM cursors WHERE agent_id = ? AND reader = ? AND slot = ?",
            [agent, reader, slot],
        )
        return CursorRow(str(row[0]), str(row[1] or ""), row[2]) if row else None
