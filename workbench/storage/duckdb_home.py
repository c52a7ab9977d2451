"""A home's agents in its DuckDB file: the one implementation of `storage.home.HomeStorage`."""

from __future__ import annotations

from workbench.storage.agents import AgentRepository, SharedSources
from workbench.storage.database import Clock, Database, utc_now
from workbench.storage.job_results import JobResults
from workbench.storage.messages import MessageRepository
from workbench.storage.steps import StepRepository
from workbench.storage.write_ahead_log import Changes


class DuckDBHome:
    """The repositories over one database. `shared` knows the sources, where they are not in it."""

    def __init__(self, database: Database, clock: Clock = utc_now, shared: SharedSources | None = None) -> None:
        self.database = database
        self.agents = AgentRepository(database, clock, shared)
        self.messages = MessageRepository(database)
        self.steps = StepRepository(database)
        self.jobs = JobResults(database, clock)

    def number(self, table: str, column: str, many: int = 1) -> int:
        """See HomeStorage."""
        return self.database.number(table, column, many)

    def keep(self, changes: Changes) -> None:
        """See HomeStorage."""
        self.database.keep(changes)
