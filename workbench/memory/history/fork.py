"""Copies an agent as it stood after one of its steps into a new agent, with its history up to there."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from workbench.core.errors import UsageError
from workbench.memory.history.checkpoints import ON_EVERY_BRANCH, Checkpoint
from workbench.memory.history.steps import StepRecorder
from workbench.memory.recall_page import recalled, with_messages
from workbench.storage.agents import AgentRow
from workbench.storage.database import Clock, text_hash
from workbench.storage.home import Agents
from workbench.storage.messages import ContextVersionRow, MessageRow
from workbench.storage.steps import EventRow, StepRow

Row = Sequence[Any]


@dataclass(frozen=True)
class _Way:
    """How the original came to the point: what is copied, by its old ids."""

    point: Checkpoint
    branch: tuple[int, ...]
    steps: tuple[StepRow, ...]
    journal: tuple[EventRow, ...]
    questions: tuple[tuple[int, Checkpoint, int], ...]
    """Messages that put a question, where the agent stood before, and the first event of each."""


class Fork:
    """Copies an agent as it was after a step: messages of that branch, its steps, journal, handles, what is attached.

    Nothing of the original changes, and nothing of the copy refers to it: either can go on, or be deleted, alone.
    """

    def __init__(self, recorder: StepRecorder, agents: Agents, clock: Clock) -> None:
        self._recorder = recorder
        self._agents = agents
        self._home = recorder.home
        self._stored = recorder.stored
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
        head = (point.head, point.queue, point.question, point.summary, point.version)
        self._agents.add_fork(original.id, name, head, settings, tables)

    # -- what there is to copy ----------------------------------------------------------------------------------------

    def _way(self, agent: AgentRow, step: int) -> _Way:
        self._recorder.step(agent, step)
        rows = self._recorder.steps.up_to(agent.id, step)
        last = rows[-1]
        if "summary_tokens" in json.loads(last.state):
            raise UsageError(f"Step {step} only wrote a summary.", f"Fork from step {step + 1}, or one before it.")
        point = (
            Checkpoint.load(last.point_after)
            if last.point_after
            else Checkpoint(last.head, last.queue, last.question, last.summary, last.version)
        )
        branch = self._recorder.branch(agent.id, point.head)
        on_branch = set(branch)
        operations = self._recorder.steps.operations(agent.id)
        journal = self._recorder.steps.events(agent.id)
        began = min((row.seq for row in journal if row.step == step and row.event == "step_started"), default=0)
        later = [row.seq for row in journal if row.step is not None and row.step > step]
        end = min([*later, *(row.seq for row in operations if row.seq > began)], default=len(journal))
        told = [
            row for row in journal
            if row.seq < end and (row.event in ON_EVERY_BRANCH or not any(a <= row.seq < b for a, b in point.hidden))
        ]  # fmt: skip
        asked = [
            (row.question, Checkpoint.load(row.before), row.seq)
            for row in operations
            if row.kind == "question" and row.question is not None and row.question in on_branch
        ]
        steps = tuple(row for row in rows if row.head in on_branch)
        return _Way(point, tuple(branch), steps, tuple(told), tuple(asked))

    # -- copies under new numbers -----------------------------------------------------------------------------------------

    def _copy_messages(self, agent: int, way: _Way) -> list[Row]:
        rows = self._stored.messages(agent, way.branch)
        # What recall showed may have left the branch since, by a rewrite: it comes along, in the log.
        shown = {message for row in rows for message in recalled(json.loads(row.body))} - set(way.branch)
        rows = sorted([*rows, *self._stored.messages(agent, sorted(shown))]) if shown else rows
        self._messages = self._numbered("messages", "message_id", [row.id for row in rows])
        return [self._message(row) for row in rows]

    def _message(self, row: MessageRow) -> Row:
        parent = self._new(row.parent)
        return (
            self._messages[row.id], parent, row.step, row.role, row.kind, self._body(row.body), row.tokens, row.created
        )  # fmt: skip

    def _body(self, text: str) -> str:
        body = json.loads(text)
        return (
            json.dumps(with_messages(body, self._messages.__getitem__), ensure_ascii=False) if recalled(body) else text
        )

    def _copy_summaries(self, way: _Way) -> list[Row]:
        asked = {before.summary for _, before, _ in way.questions}
        wanted = {row.summary for row in way.steps} | asked | {way.point.summary}
        rows = self._stored.summaries(key for key in wanted if key is not None)
        self._summaries = self._numbered("summaries", "summary_id", [row.id for row in rows])
        return [(self._summaries[row.id], self._summaries.get(row.parent or 0), *row[2:]) for row in rows]

    def _copy_versions(self, way: _Way) -> list[Row]:
        asked = {before.version for _, before, _ in way.questions}
        wanted: set[int | None] = {row.version for row in way.steps} | asked | {way.point.version}
        copied: dict[int, ContextVersionRow] = {}
        while missing := sorted(key for key in wanted if key is not None and key not in copied):
            rows = self._stored.context_versions(missing)
            copied.update({row.id: row for row in rows})
            # A block that did not change is the number of the version that holds its lines.
            wanted = {at for row in rows for at in json.loads(row.blocks).values() if isinstance(at, int)}
        self._versions = self._numbered("context_versions", "version_id", sorted(copied))
        return [
            (self._versions[key], self._versions.get(row.parent or 0), row.step, self._blocks(row.blocks), row.created)
            for key, row in sorted(copied.items())
        ]

    def _blocks(self, text: str) -> str:
        blocks = {name: self._versions[at] if isinstance(at, int) else at for name, at in json.loads(text).items()}
        return json.dumps(blocks, ensure_ascii=False)

    def _step(self, row: StepRow) -> Row:
        stood = Checkpoint.load(row.point_after) if row.point_after else None
        kept = stood is not None and (stood.head is None or stood.head in self._messages)
        return row._replace(
            question=self._new(row.question), head=self._new(row.head), queue=self._queue(row.queue),
            summary=self._summaries.get(row.summary or 0), version=self._versions.get(row.version or 0),
            point_after=self._point(stood).dump() if stood and kept else None,
        )  # fmt: skip

    def _operations(self, way: _Way) -> list[Row]:
        """The questions of the branch, one above the other: each can be undone in the copy too."""
        numbers = [row.seq for row in way.journal]
        first = self._home.number("operations", "operation_id", max(1, len(way.questions)))
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
        first = self._home.number(table, column, max(1, len(old)))
        return {key: first + k for k, key in enumerate(old)}
