"""Copies an agent as it stood after one of its steps into a new agent, with its history up to there."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from workbench.core.errors import UsageError
from workbench.memory.agent_repository import AgentRow
from workbench.memory.history.checkpoints import ON_EVERY_BRANCH, Checkpoint
from workbench.memory.history.steps import StepRepository
from workbench.memory.recall_page import recalled, with_messages
from workbench.storage.database import Clock, next_id, text_hash
from workbench.storage.write_ahead_log import insert_rows

Row = Sequence[Any]
_STEP_COLUMNS = (
    "step, status, question_id, head, queue, summary_id, context_version, system_hash, tools_hash, state, request, prefix_hash, "
    "counted_tokens, used_tokens, exact, reply, usage, model_seconds, own_seconds, created_at, point_after, forgotten"
)


@dataclass(frozen=True)
class _Way:
    """How the original came to the point: what is copied, by its old ids."""

    point: Checkpoint
    branch: tuple[int, ...]
    steps: tuple[Row, ...]
    journal: tuple[Row, ...]
    questions: tuple[tuple[int, Checkpoint, int], ...]
    """Messages that put a question, where the agent stood before, and the first event of each."""


class Fork:
    """Copies an agent as it was after a step: messages of that branch, its steps, journal, handles, what is attached.

    Nothing of the original changes, and nothing of the copy refers to it: either can go on, or be deleted, alone.
    """

    def __init__(self, recorder: StepRepository, clock: Clock) -> None:
        self._recorder = recorder
        self._database = recorder.database
        self._clock = clock
        self._texts: dict[str, str] = {}
        self._messages: dict[int, int] = {}
        self._summaries: dict[int, int] = {}
        self._versions: dict[int, int] = {}

    def make(self, original: AgentRow, step: int, name: str) -> None:
        """Make the new agent. Raises NotFound for a step there is not, UsageError for one that has no end to go on from."""
        way = self._way(original, step)
        tables: dict[str, list[Row]] = {}
        tables["messages"] = self._copy_messages(original.id, way)
        tables["summaries"] = self._copy_summaries(way)
        tables["context_versions"] = self._copy_versions(way)
        tables["steps"] = [self._step(row) for row in way.steps]
        tables["journal"] = [(number, *row[1:]) for number, row in enumerate(way.journal)]
        tables["operations"] = self._operations(way)
        tables["texts"] = [(key, text) for key, text in self._texts.items()]
        settings = {key: value for key, value in original.settings.items() if key not in ("paths", "asked")}
        settings["forked"] = {"agent": original.name, "step": step}
        point = self._point(way.point)

        def job(connection: Any) -> None:
            new, now = next_id(connection, "agents", "agent_id"), self._clock()
            connection.execute(
                "INSERT INTO agents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [new, name, point.head, point.queue, point.question, point.summary, point.version,
                 json.dumps(settings), now, now],
            )  # fmt: skip
            for table, rows in tables.items():
                if rows:
                    insert_rows(connection, table, [_owned(table, row, new) for row in rows])
            for table, columns in (("handles", "handle, passage_id"), ("attachments", "source_id, attached_at")):
                connection.execute(
                    f"INSERT INTO {table} SELECT ?, {columns} FROM {table} WHERE agent_id = ?", [new, original.id]
                )

        self._database.write(job)

    # -- what there is to copy ----------------------------------------------------------------------------------------

    def _way(self, agent: AgentRow, step: int) -> _Way:
        self._recorder.step(agent, step)
        rows = self._database.rows(
            f"SELECT {_STEP_COLUMNS} FROM steps WHERE agent_id = ? AND step <= ? ORDER BY step", [agent.id, step]
        )
        last = rows[-1]
        if "summary_tokens" in json.loads(last[9]):
            raise UsageError(f"Step {step} only wrote a summary.", f"Fork from step {step + 1}, or one before it.")
        question, head, queue, summary, version = last[2:7]
        point = Checkpoint.load(last[20]) if last[20] else Checkpoint(head, queue, question, summary, version)
        branch = self._recorder.branch(agent.id, point.head)
        on_branch = set(branch)
        operations = self._database.rows(
            "SELECT kind, question_id, before, seq FROM operations WHERE agent_id = ? ORDER BY operation_id", [agent.id]
        )
        journal = self._database.rows(
            "SELECT seq, step, event, data, created_at FROM journal WHERE agent_id = ? ORDER BY seq", [agent.id]
        )
        began = min((row[0] for row in journal if row[1] == step and row[2] == "step_started"), default=0)
        later = [row[0] for row in journal if row[1] is not None and row[1] > step]
        end = min([*later, *(int(row[3]) for row in operations if row[3] > began)], default=len(journal))
        told = [
            row for row in journal
            if row[0] < end and (row[2] in ON_EVERY_BRANCH or not any(a <= row[0] < b for a, b in point.hidden))
        ]  # fmt: skip
        asked = [
            (int(question), Checkpoint.load(before), int(seq))
            for kind, question, before, seq in operations
            if kind == "question" and question in on_branch
        ]
        return _Way(point, tuple(branch), tuple(row for row in rows if row[3] in on_branch), tuple(told), tuple(asked))

    # -- copies under new numbers -----------------------------------------------------------------------------------------

    def _copy_messages(self, agent: int, way: _Way) -> list[Row]:
        rows = self._messages_of(agent, way.branch)
        # What recall showed may have left the branch since, by a rewrite: it comes along, in the log.
        shown = {message for row in rows for message in recalled(json.loads(row[5]))} - set(way.branch)
        rows = sorted([*rows, *self._messages_of(agent, sorted(shown))], key=lambda row: row[0]) if shown else rows
        self._messages = self._numbered("messages", "message_id", [row[0] for row in rows])
        return [
            (self._messages[row[0]], self._messages.get(row[1]), *row[2:5], self._body(row[5]), *row[6:])
            for row in rows
        ]

    def _messages_of(self, agent: int, ids: Sequence[int]) -> list[tuple[Any, ...]]:
        return self._database.rows(
            "SELECT message_id, parent_id, step, role, kind, body, tokens, created_at FROM messages "
            "WHERE agent_id = ? AND list_contains(?, message_id) ORDER BY message_id",
            [agent, list(ids)],
        )

    def _body(self, text: str) -> str:
        body = json.loads(text)
        return (
            json.dumps(with_messages(body, self._messages.__getitem__), ensure_ascii=False) if recalled(body) else text
        )

    def _copy_summaries(self, way: _Way) -> list[Row]:
        wanted = (
            {row[5] for row in way.steps} | {before.summary for _, before, _ in way.questions} | {way.point.summary}
        )
        rows = self._database.rows(
            "SELECT summary_id, parent_id, step, body, tokens, created_at FROM summaries "
            "WHERE list_contains(?, summary_id) ORDER BY summary_id",
            [[key for key in wanted if key is not None]],
        )
        self._summaries = self._numbered("summaries", "summary_id", [row[0] for row in rows])
        return [(self._summaries[row[0]], self._summaries.get(row[1]), *row[2:]) for row in rows]

    def _copy_versions(self, way: _Way) -> list[Row]:
        wanted = (
            {row[6] for row in way.steps} | {before.version for _, before, _ in way.questions} | {way.point.version}
        )
        copied: dict[int, Row] = {}
        while missing := sorted(key for key in wanted if key is not None and key not in copied):
            rows = self._database.rows(
                "SELECT version_id, parent_id, step, blocks, created_at FROM context_versions "
                "WHERE list_contains(?, version_id)",
                [missing],
            )
            copied.update({row[0]: row for row in rows})
            # A block that did not change is the number of the version that holds its lines.
            wanted = {at for row in rows for at in json.loads(row[3]).values() if isinstance(at, int)}
        self._versions = self._numbered("context_versions", "version_id", sorted(copied))
        return [
            (self._versions[key], self._versions.get(row[1]), row[2], self._blocks(row[3]), row[4])
            for key, row in sorted(copied.items())
        ]

    def _blocks(self, text: str) -> str:
        blocks = {name: self._versions[at] if isinstance(at, int) else at for name, at in json.loads(text).items()}
        return json.dumps(blocks, ensure_ascii=False)

    def _step(self, row: Row) -> Row:
        step, status, question, head, queue, summary, version, *rest = row
        *rest, after, forgotten = rest
        stood = Checkpoint.load(after) if after else None
        kept = stood is not None and (stood.head is None or stood.head in self._messages)
        return (
            step, status, self._messages.get(question), self._messages.get(head), self._queue(queue),
            self._summaries.get(summary), self._versions.get(version), *rest,
            self._point(stood).dump() if stood and kept else None, forgotten,
        )  # fmt: skip

    def _operations(self, way: _Way) -> list[Row]:
        """The questions of the branch, one above the other: each can be undone in the copy too."""
        numbers = [row[0] for row in way.journal]
        first = self._database.number("operations", "operation_id", max(1, len(way.questions)))
        return [
            (first + k, first + k - 1 if k else None, "question", self._messages[question], self._point(before).dump(),
             "[]", sum(number < seq for number in numbers), self._clock())
            for k, (question, before, seq) in enumerate(way.questions)
        ]  # fmt: skip

    def _point(self, point: Checkpoint) -> Checkpoint:
        return replace(
            point, head=self._new(point.head), queue=self._queue(point.queue), question=self._new(point.question),
            summary=self._summaries.get(point.summary or 0), version=self._versions.get(point.version or 0), hidden=(),
        )  # fmt: skip

    def _new(self, message: int | None) -> int | None:
        return None if message is None else self._messages.get(message)

    def _queue(self, queue: str | None) -> str:
        """Ranges of messages and their evidence under the new numbers."""
        stored = json.loads(queue or "[]")
        ranges, key = (stored["ranges"], stored["evidence"]) if isinstance(stored, dict) else (stored, "")
        moved = [[self._messages[first], self._messages[last]] for first, last in ranges]
        if not key:
            return json.dumps(moved)
        evidence: Mapping[str, Any] = json.loads(self._recorder.text(key) or "{}")
        text = json.dumps({self._messages[int(m)]: kept for m, kept in evidence.items() if int(m) in self._messages})
        self._texts[text_hash(text)] = text
        return json.dumps({"ranges": moved, "evidence": text_hash(text)})

    def _numbered(self, table: str, column: str, old: Sequence[int]) -> dict[int, int]:
        first = self._database.number(table, column, max(1, len(old)))
        return {key: first + k for k, key in enumerate(old)}


def _owned(table: str, row: Row, agent: int) -> Row:
    """The row with its agent's number where the table has it."""
    if table == "texts":
        return row
    if table in ("steps", "journal"):
        return (agent, *row)
    return (row[0], agent, *row[1:])
