"""What a home keeps of its agents, as protocols: who there is, what they said and did, and what long jobs have found.

`storage.duckdb_home.DuckDBHome` keeps it in the home's one file. Whatever implements these protocols passes the suite in
`tests/unit/storage/test_home.py`. Documents are not of it: they are the archive's (`storage.archive`), which may be shared.
Erasure, transfer and backups are not of it either: they work on all tables of the file in one transaction.

Histories are append-only: `HomeStorage.keep` adds rows, several kinds in one transaction, and what it kept is seen by every reader
that asks later. Ids are positive integers that are never given twice. All methods are thread-safe, and raise ArchiveError when
the database cannot be read or written; a method that writes has written when it returns.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from workbench.storage.agents import AgentRow
from workbench.storage.messages import ContextVersionRow, MessageRow, SaidRow, SummaryRow
from workbench.storage.steps import EventRow, OperationRow, StepEnd, StepRow, UsageRow
from workbench.storage.write_ahead_log import Changes, Row


class Agents(Protocol):
    """Who there is, with which settings, and what is attached to whom."""

    def all(self) -> list[AgentRow]:
        """All agents, the last used first."""
        ...

    def find(self, name: str) -> AgentRow | None:
        """The agent of that name, or None."""
        ...

    def get(self, name: str) -> AgentRow:
        """The agent of that name. Raises NotFound, naming those there are."""
        ...

    def create(self, name: str, settings: Mapping[str, Any]) -> AgentRow:
        """A new agent without memory. Raises UsageError when the name is taken or no name."""
        ...

    def add_fork(
        self, original: int, name: str, head: Row, settings: Mapping[str, Any], tables: Mapping[str, Sequence[Row]]
    ) -> None:
        """A new agent with a past, and with the handles and attachments of `original`, in one transaction.

        Args:
            head: its newest message, queue, question, summary and version of the working context, as in AgentRow.
            tables: rows of its past by table, as in `Changes`, without the agent's number.
        """
        ...

    def check_name(self, name: str) -> None:
        """Raises UsageError for a name that no agent may have."""
        ...

    def check_slip(self, name: str) -> None:
        """Raises NotFound for a name that is most likely a slip in that of an agent there is."""
        ...

    def rename(self, agent: AgentRow, name: str) -> None:
        """Give it another name, and its notes with it. Raises UsageError when the name is taken or no name."""
        ...

    def delete(self, agent: AgentRow) -> None:
        """Delete an agent and its past, in one transaction, and unlink its own notes; documents that were loaded stay."""
        ...

    def fresh_name(self, base: str) -> str:
        """`base`, or `base-2`, `base-3` … when it is taken."""
        ...

    def sizes(self) -> dict[int, tuple[int, int]]:
        """(steps, messages) of every agent, by id."""
        ...

    def update_settings(self, agent: int, settings: Mapping[str, Any]) -> None:
        """Replace an agent's own settings."""
        ...

    def attached(self, agent: int) -> list[tuple[int, str]]:
        """(source id, name) of what is attached, in the order of the names: the order of attaching changes nothing."""
        ...

    def all_attached(self) -> list[int]:
        """Ids of the sources that any agent is attached to, rising."""
        ...

    def attach(self, agent: int, source: int) -> bool:
        """Attach a source: a link. False when it was attached already."""
        ...

    def detach(self, agent: int, source: int) -> bool:
        """Detach a source. False when it was not attached."""
        ...


class Messages(Protocol):
    """What agents said and kept in mind: messages, summaries, versions of the working context, texts and handles."""

    def messages(self, agent: int, ids: Sequence[int]) -> list[MessageRow]:
        """Messages of an agent by id, in the order of their ids; what is not there is left out."""
        ...

    def messages_between(self, agent: int, first: int, last: int) -> list[MessageRow]:
        """An agent's messages from `first` to `last`, both included, of every branch, in the order of their ids."""
        ...

    def parents(self, agent: int, last: int) -> dict[int, int | None]:
        """The parent of each of an agent's messages up to `last`: the tree that branches are read from."""
        ...

    def said(self, agent: int, words: Sequence[str] = (), after: int = 0) -> list[SaidRow]:
        """What users and models said, on every branch, newest first; only messages whose body holds all `words`, with ids above `after`.

        A word is looked for in the JSON without regard to case: whether it begins a word there is the caller's to check.
        """
        ...

    def said_by_id(self, ids: Sequence[int]) -> list[SaidRow]:
        """Messages by id, whichever agent's they are."""
        ...

    def summary(self, identifier: int) -> str | None:
        """The body of a summary, JSON; None where there is none."""
        ...

    def summaries(self, ids: Iterable[int]) -> list[SummaryRow]:
        """Summaries by id, in order."""
        ...

    def context_version(self, identifier: int) -> str | None:
        """The blocks of a version of the working context, JSON; None where there is none."""
        ...

    def context_versions(self, ids: Iterable[int]) -> list[ContextVersionRow]:
        """Versions of the working context by id."""
        ...

    def kept_in_mind(self, agent: int) -> list[str]:
        """All versions of an agent's working context and all its summaries, JSON."""
        ...

    def text(self, key: str) -> str:
        """A text by its hash (see `database.text_hash`); "" for one that is not stored."""
        ...

    def handles(self, agent: int) -> dict[int, str]:
        """The handles that an agent's passages have, by passage."""
        ...


class Steps(Protocol):
    """What agents did: recorded steps, the user's operations on the branch, and the journal of events."""

    def numbers(self, agent: int) -> list[int]:
        """The numbers of all recorded steps of an agent, rising."""
        ...

    def get(self, agent: int, step: int) -> StepRow | None:
        """One step, or None."""
        ...

    def last(self, agent: int) -> StepRow | None:
        """The newest step of an agent, of any branch."""
        ...

    def up_to(self, agent: int, step: int) -> list[StepRow]:
        """All steps up to and including `step`, in order."""
        ...

    def ends(self, agent: int, next_seq: int) -> list[StepEnd]:
        """The ends of all steps that have one; `next_seq` is the number that the next event will have."""
        ...

    def usage(self, agent: int) -> UsageRow:
        """Tokens, time and cost of all steps of an agent."""
        ...

    def usage_since(self, begin: datetime, reader: str) -> UsageRow:
        """The same of all steps of all agents from a time on (UTC), but those that the model named `reader` took."""
        ...

    def newest(self, agent: int) -> tuple[int, int]:
        """(number of the last event, number of the last step): -1 and 0 where there is none."""
        ...

    def operation(self, identifier: int) -> OperationRow | None:
        """An operation by its id."""
        ...

    def operation_before(self, agent: int, identifier: int | None) -> OperationRow | None:
        """The agent's operation before that one, None being one still to come."""
        ...

    def question_operation(self, agent: int, message: int) -> OperationRow | None:
        """The operation that put the question of this message."""
        ...

    def operations(self, agent: int) -> list[OperationRow]:
        """All operations of an agent, oldest first."""
        ...

    def events(self, agent: int, names: Sequence[str] = ()) -> list[EventRow]:
        """An agent's events of every branch, oldest first; only those of these names when some are given."""
        ...


class Jobs(Protocol):
    """What long jobs have found so far, item by item, so that one that was killed goes on where it ended."""

    def job(self, kind: str, name: Mapping[str, Any]) -> int:
        """The number of a job, made when it is new; two runs with the same `kind` and `name` are one job."""
        ...

    def results(self, job: int) -> dict[str, dict[str, Any]]:
        """What is known, by item."""
        ...

    def keep(self, job: int, item: str, result: Mapping[str, Any], documents: Sequence[int] = ()) -> None:
        """Store the result of an item, in place of the one before; `documents` are the ids of those that it quotes."""
        ...

    def drop(self, job: int, items: Collection[str] | None = None) -> None:
        """Forget the results of these items, or of all."""
        ...


class HomeStorage(Protocol):
    """What a home keeps of its agents."""

    @property
    def agents(self) -> Agents: ...
    @property
    def messages(self) -> Messages: ...
    @property
    def steps(self) -> Steps: ...
    @property
    def jobs(self) -> Jobs: ...

    def number(self, table: str, column: str, many: int = 1) -> int:
        """The first of `many` ids in a row that are nobody else's, stored yet or not: agents at work take theirs in turn."""
        ...

    def keep(self, changes: Changes) -> None:
        """Make changes of an agent durable, in one transaction: rows by table with a value for every column, and updates by name."""
        ...
