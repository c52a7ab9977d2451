"""Reads what agents did: recorded steps, the user's operations on the branch, and the journal of events.

All of it is append-only; rows are written through `write_ahead_log.Changes`, several kinds in one transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from workbench.storage.database import Database


class StepRow(NamedTuple):
    """A step as it is stored: references to messages, summary, context version and texts; JSON in `state`, `request`,

    `reply`, `usage` and `point_after`. Times in seconds.
    """

    step: int
    status: str
    question: int | None
    head: int | None
    queue: str
    summary: int | None
    version: int | None
    system: str
    tools: str
    state: str
    request: str
    digest: str
    counted: int
    used: int
    exact: bool
    reply: str | None
    usage: str | None
    model_seconds: float | None
    own_seconds: float | None
    created: datetime
    point_after: str | None
    forgotten: bool


class StepEnd(NamedTuple):
    """Where a step began (`head`), where the agent stood after it (JSON), and the first event that came after it."""

    head: int | None
    point_after: str
    next_seq: int


class OperationRow(NamedTuple):
    """What the user did to a branch, as it is stored; `before` and `hidden` are JSON."""

    id: int
    parent: int | None
    kind: str
    question: int | None
    before: str
    hidden: str
    seq: int


class EventRow(NamedTuple):
    """An event of the journal as it is stored; `data` is JSON."""

    seq: int
    step: int | None
    event: str
    data: str
    created: datetime


class UsageRow(NamedTuple):
    """What the steps of an agent used together: tokens as servers counted them, or as counted before sending."""

    steps: int
    sent_tokens: int
    written_tokens: int
    model_seconds: float
    cached_tokens: int = 0
    cost: float | None = None
    """At the prices of the time, None where no step had any."""


_STEP = (
    "step, status, question_id, head, queue, summary_id, context_version, system_hash, tools_hash, state, request, prefix_hash, "
    "counted_tokens, used_tokens, exact, reply, usage, model_seconds, own_seconds, created_at, point_after, forgotten"
)
_OPERATION = "operation_id, parent_id, kind, question_id, before, hidden, seq"
_EVENT = "seq, step, event, data, created_at"


class StepRepository:
    """The tables `steps`, `operations` and `journal`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # -- steps --------------------------------------------------------------------------------------------------------

    def numbers(self, agent: int) -> list[int]:
        """The numbers of all recorded steps of an agent, rising."""
        rows = self._database.rows("SELECT step FROM steps WHERE agent_id = ? ORDER BY step", [agent])
        return [int(step) for (step,) in rows]

    def get(self, agent: int, step: int) -> StepRow | None:
        """One step."""
        row = self._database.row(f"SELECT {_STEP} FROM steps WHERE agent_id = ? AND step = ?", [agent, step])
        return StepRow(*row) if row else None

    def last(self, agent: int) -> StepRow | None:
        """The newest step of an agent, of any branch."""
        row = self._database.row(f"SELECT {_STEP} FROM steps WHERE agent_id = ? ORDER BY step DESC LIMIT 1", [agent])
        return StepRow(*row) if row else None

    def up_to(self, agent: int, step: int) -> list[StepRow]:
        """All steps up to and including `step`, in order."""
        sql = f"SELECT {_STEP} FROM steps WHERE agent_id = ? AND step <= ? ORDER BY step"
        return [StepRow(*row) for row in self._database.rows(sql, [agent, step])]

    def ends(self, agent: int, next_seq: int) -> list[StepEnd]:
        """The ends of all steps that have one; `next_seq` is the number that the next event will have."""
        sql = (
            "SELECT s.head, s.point_after, coalesce((SELECT min(seq) FROM journal j WHERE j.agent_id = s.agent_id "
            "AND j.step > s.step), ?) FROM steps s WHERE s.agent_id = ? AND s.point_after IS NOT NULL "
            "AND s.status IN ('done', 'interrupted')"
        )
        return [StepEnd(head, text, int(seq)) for head, text, seq in self._database.rows(sql, [next_seq, agent])]

    def usage(self, agent: int) -> UsageRow:
        """Tokens, time and cost of all steps of an agent."""
        return self._usage("agent_id = ?", agent)

    def usage_since(self, begin: datetime, reader: str) -> UsageRow:
        """The same of all steps of all agents from a time on (UTC), but those that the model named `reader` took."""
        return self._usage(
            "created_at >= ? AND coalesce(json_extract_string(request, '$.body.model'), '') <> ?", begin, reader
        )

    def _usage(self, which: str, *values: object) -> UsageRow:
        row = self._database.rows(
            f"""WITH taken AS (
                SELECT coalesce(nullif(CAST(json_extract(usage, '$.prompt_tokens') AS BIGINT), 0), used_tokens) AS sent,
                       coalesce(CAST(json_extract(usage, '$.completion_tokens') AS BIGINT), 0) AS written,
                       coalesce(CAST(json_extract(usage, '$.cached_tokens') AS BIGINT), 0) AS cached, model_seconds,
                       CAST(json_extract(request, '$.prices[0]') AS DOUBLE) AS price_in,
                       CAST(json_extract(request, '$.prices[1]') AS DOUBLE) AS price_cached,
                       CAST(json_extract(request, '$.prices[2]') AS DOUBLE) AS price_out
                FROM steps WHERE {which})
            SELECT count(*), coalesce(sum(sent), 0), coalesce(sum(written), 0), coalesce(sum(model_seconds), 0),
                   coalesce(sum(cached), 0),
                   sum(((sent - cached) * price_in + cached * price_cached + written * price_out) / 1e6)
            FROM taken""",
            list(values),
        )[0]
        cost = None if row[5] is None else float(row[5])
        return UsageRow(int(row[0]), int(row[1]), int(row[2]), float(row[3]), int(row[4]), cost)

    def newest(self, agent: int) -> tuple[int, int]:
        """(number of the last event, number of the last step): -1 and 0 where there is none."""
        seq, step = self._database.rows(
            "SELECT (SELECT coalesce(max(seq), -1) FROM journal WHERE agent_id = $1), "
            "(SELECT coalesce(max(step), 0) FROM steps WHERE agent_id = $1)",
            [agent],
        )[0]
        return int(seq), int(step)

    # -- the user's operations ----------------------------------------------------------------------------------------

    def operation(self, identifier: int) -> OperationRow | None:
        """An operation by its id."""
        row = self._database.row(f"SELECT {_OPERATION} FROM operations WHERE operation_id = ?", [identifier])
        return OperationRow(*row) if row else None

    def operation_before(self, agent: int, identifier: int | None) -> OperationRow | None:
        """The agent's operation before that one, None being one still to come."""
        row = self._database.row(
            f"SELECT {_OPERATION} FROM operations WHERE agent_id = ? AND operation_id < coalesce(?, 2147483647) "
            "ORDER BY operation_id DESC LIMIT 1",
            [agent, identifier],
        )
        return OperationRow(*row) if row else None

    def question_operation(self, agent: int, message: int) -> OperationRow | None:
        """The operation that put the question of this message."""
        row = self._database.row(
            f"SELECT {_OPERATION} FROM operations WHERE agent_id = ? AND kind = 'question' AND question_id = ?",
            [agent, message],
        )
        return OperationRow(*row) if row else None

    def operations(self, agent: int) -> list[OperationRow]:
        """All operations of an agent, oldest first."""
        sql = f"SELECT {_OPERATION} FROM operations WHERE agent_id = ? ORDER BY operation_id"
        return [OperationRow(*row) for row in self._database.rows(sql, [agent])]

    # -- the journal --------------------------------------------------------------------------------------------------

    def events(self, agent: int, names: Sequence[str] = ()) -> list[EventRow]:
        """An agent's events of every branch, oldest first; only those of these names when some are given."""
        named = " AND list_contains(?, event)" if names else ""
        sql = f"SELECT {_EVENT} FROM journal WHERE agent_id = ?{named} ORDER BY seq"
        return [EventRow(*row) for row in self._database.rows(sql, [agent, *([list(names)] if names else [])])]
