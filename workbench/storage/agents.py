"""Agents in the database: names, settings, attachments and heads; an agent is a head in the tree of messages."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from workbench.core.errors import NotFound, UsageError
from workbench.storage.database import Clock, Database, next_id, utc_now
from workbench.storage.documents import NOTES_PREFIX
from workbench.storage.write_ahead_log import Row, insert_rows
from workbench.text.typos import is_slip


@dataclass(frozen=True)
class AgentRow:
    """An agent as it is stored. `head` is its newest message, `queue` the ranges of messages still in its FIFO queue."""

    id: int
    name: str
    head: int | None
    queue: str | None
    question: int | None
    summary: int | None
    context_version: int | None
    settings: Mapping[str, Any]
    created: str
    last_used: str


_LONGEST_NAME_CHARS = 120
_COLUMNS = "agent_id, name, head, queue, question_id, summary_id, context_version, settings, created_at, last_used_at"


class SharedSources(Protocol):
    """The sources of an archive that is not in the database of the agents."""

    def source_names(self, sources: Iterable[int]) -> dict[int, str]:
        """Names of sources by id; one that is gone is missing."""
        ...

    def rename_notes(self, agent: str, name: str) -> None:
        """The notes of an agent go by its new name."""
        ...

    def drop_notes(self, agent: str) -> None:
        """Unlink all notes of an agent."""
        ...


class AgentRepository:
    """Who there is and what is attached to whom. `shared` knows the sources, where they are not in this database."""

    def __init__(self, database: Database, clock: Clock = utc_now, shared: SharedSources | None = None) -> None:
        self.database = database
        self._clock = clock
        self._shared = shared

    def all(self) -> list[AgentRow]:
        """All agents, the last used first."""
        rows = self.database.rows(f"SELECT {_COLUMNS} FROM agents ORDER BY last_used_at DESC, agent_id DESC")
        return [_agent(row) for row in rows]

    def find(self, name: str) -> AgentRow | None:
        """The agent of that name, or None."""
        row = self.database.row(f"SELECT {_COLUMNS} FROM agents WHERE name = ?", [name])
        return _agent(row) if row else None

    def get(self, name: str) -> AgentRow:
        """The agent of that name. Raises NotFound, naming those there are."""
        if found := self.find(name):
            return found
        rows = self.all()
        meant = next((f" Did you mean {row.name}?" for row in rows if is_slip(name, row.name)), "")
        names = ", ".join(agent.name for agent in rows[:8]) or "none yet"
        raise NotFound(f"There is no agent named {name!r}.{meant}", f"Agents: {names}.")

    def create(self, name: str, settings: Mapping[str, Any]) -> AgentRow:
        """A new agent without memory. Raises UsageError when the name is taken or empty."""
        self.check_name(name)

        def job(connection: Any) -> None:
            if connection.execute("SELECT 1 FROM agents WHERE name = ?", [name]).fetchall():
                raise UsageError(f"There is an agent named {name!r} already.", f"Use it with --agent {name}.")
            new = next_id(connection, "agents", "agent_id")
            now = self._clock()
            connection.execute(
                "INSERT INTO agents VALUES (?, ?, NULL, NULL, NULL, NULL, NULL, ?, ?, ?)",
                [new, name, json.dumps(dict(settings)), now, now],
            )

        self.database.write(job)
        return self.get(name)

    def add_fork(
        self, original: int, name: str, head: Row, settings: Mapping[str, Any], tables: Mapping[str, Sequence[Row]]
    ) -> None:
        """A new agent with a past, and with the handles and attachments of `original`, in one transaction.

        Args:
            head: its newest message, queue, question, summary and version of the working context, as in AgentRow.
            tables: rows of its past by table, as their repositories write them, without the agent's number.
        """

        def job(connection: Any) -> None:
            new, now = next_id(connection, "agents", "agent_id"), self._clock()
            row = [new, name, *head, json.dumps(dict(settings)), now, now]
            connection.execute("INSERT INTO agents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
            for table, rows in tables.items():
                insert_rows(connection, table, [_owned(table, row, new) for row in rows])
            for table, columns in (("handles", "handle, passage_id"), ("attachments", "source_id, attached_at")):
                connection.execute(
                    f"INSERT INTO {table} SELECT ?, {columns} FROM {table} WHERE agent_id = ?", [new, original]
                )

        self.database.write(job)

    def check_name(self, name: str) -> None:
        """Raises UsageError for a name that no agent may have."""
        if not name.strip() or not name.isprintable() or len(name) > _LONGEST_NAME_CHARS:
            raise UsageError(
                f"An agent needs a name of at most {_LONGEST_NAME_CHARS} printable characters.",
                "For example --agent lease-audit.",
            )

    def check_slip(self, name: str) -> None:
        """Raises NotFound for a name that is most likely a slip in that of an agent there is."""
        if meant := next((row.name for row in self.all() if is_slip(name, row.name)), None):
            raise NotFound(
                f"There is no agent named {name!r}. Did you mean {meant}?", "Add --new to make one of that name."
            )

    def rename(self, agent: AgentRow, name: str) -> None:
        """Give it another name, and its notes with it. Raises UsageError when the name is taken."""
        self.check_name(name)

        def job(connection: Any) -> None:
            if connection.execute("SELECT 1 FROM agents WHERE name = ?", [name]).fetchall():
                raise UsageError(f"There is an agent named {name!r} already.", "Choose another name.")
            connection.execute("UPDATE agents SET name = ? WHERE agent_id = ?", [name, agent.id])
            notes = [NOTES_PREFIX + name, NOTES_PREFIX + agent.name]
            connection.execute("UPDATE sources SET name = ? WHERE name = ?", notes)

        self.database.write(job)
        if self._shared is not None:
            self._shared.rename_notes(agent.name, name)

    def delete(self, agent: AgentRow) -> None:
        """Delete an agent and its past, in one transaction, and unlink its own notes; documents that were loaded stay."""

        def job(connection: Any) -> None:
            tables = connection.execute(
                "SELECT table_name FROM information_schema.columns WHERE column_name = 'agent_id' ORDER BY 1"
            ).fetchall()
            for (table,) in tables:
                connection.execute(f"DELETE FROM {table} WHERE agent_id = ?", [agent.id])
            loader, mark = f"note of {agent.id}", secrets.token_hex(4)
            connection.execute(
                "DELETE FROM source_documents WHERE document_id IN (SELECT document_id FROM documents WHERE loader = ?)",
                [loader],
            )
            # A fork may have shown them: what nobody has is collected, what stays is no note of the next agent of that number.
            connection.execute("UPDATE documents SET loader = ? || loader WHERE loader = ?", [f"left {mark}: ", loader])
            connection.execute("DELETE FROM sources WHERE name = ?", [NOTES_PREFIX + agent.name])

        self.database.write(job)
        if self._shared is not None:
            self._shared.drop_notes(agent.name)

    def fresh_name(self, base: str) -> str:
        """`base`, or `base-2`, `base-3` … when it is taken."""
        taken = {
            str(row[0]) for row in self.database.rows("SELECT name FROM agents WHERE starts_with(name, ?)", [base])
        }
        return next(name for name in (base, *(f"{base}-{n}" for n in range(2, len(taken) + 3))) if name not in taken)

    def sizes(self) -> dict[int, tuple[int, int]]:
        """(steps, messages) of every agent."""
        rows = self.database.rows(
            "SELECT a.agent_id, (SELECT count(*) FROM steps s WHERE s.agent_id = a.agent_id), "
            "(SELECT count(*) FROM messages m WHERE m.agent_id = a.agent_id) FROM agents a"
        )
        return {int(agent): (int(steps), int(messages)) for agent, steps, messages in rows}

    def update_settings(self, agent: int, settings: Mapping[str, Any]) -> None:
        """Replace an agent's own settings."""
        text = json.dumps(dict(settings))
        self.database.write(lambda c: c.execute("UPDATE agents SET settings = ? WHERE agent_id = ?", [text, agent]))

    def attached(self, agent: int) -> list[tuple[int, str]]:
        """(source id, name) of what is attached, in the order of the names: the order of attaching changes nothing."""
        if self._shared is not None:
            rows = self.database.archive_rows("SELECT source_id FROM attachments WHERE agent_id = ?", [agent])
            names = self._shared.source_names([int(key) for (key,) in rows])
            return sorted(names.items(), key=lambda item: item[1])
        return self.database.archive_rows(
            "SELECT source_id, name FROM attachments JOIN sources USING (source_id) WHERE agent_id = ? ORDER BY name",
            [agent],
        )

    def all_attached(self) -> list[int]:
        """Ids of the sources that any agent is attached to."""
        return [
            int(key) for (key,) in self.database.archive_rows("SELECT DISTINCT source_id FROM attachments ORDER BY 1")
        ]

    def attach(self, agent: int, source: int) -> bool:
        """Attach a source: a link. False when it was attached already."""

        def job(connection: Any) -> bool:
            key = [agent, source]
            if connection.execute("SELECT 1 FROM attachments WHERE agent_id = ? AND source_id = ?", key).fetchall():
                return False
            connection.execute("INSERT INTO attachments VALUES (?, ?, ?)", [*key, self._clock()])
            return True

        return self.database.write(job)

    def detach(self, agent: int, source: int) -> bool:
        """Detach a source. False when it was not attached."""

        def job(connection: Any) -> bool:
            key = [agent, source]
            present = connection.execute(
                "SELECT 1 FROM attachments WHERE agent_id = ? AND source_id = ?", key
            ).fetchall()
            connection.execute("DELETE FROM attachments WHERE agent_id = ? AND source_id = ?", key)
            return bool(present)

        return self.database.write(job)


def _owned(table: str, row: Row, agent: int) -> Row:
    """The row with its agent's number where the table has it."""
    if table == "texts":
        return row
    if table in ("steps", "journal"):
        return (agent, *row)
    return (row[0], agent, *row[1:])


def _agent(row: tuple[Any, ...]) -> AgentRow:
    identifier, name, head, queue, question, summary, version, settings, created, used = row
    return AgentRow(
        identifier, name, head, queue, question, summary, version, json.loads(settings), str(created), str(used)
    )
