"""The memory of an open agent: edits are collected, and `commit` writes them in one transaction with their events."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from workbench.api.events import PagedOut
from workbench.core.tokens import count_message
from workbench.memory.fifo_queue import FifoQueue
from workbench.memory.history.checkpoints import Checkpoint, Hidden, Operations
from workbench.memory.main_context import Summary
from workbench.memory.messages import StoredMessage, Texts, render_receipt, render_with_result
from workbench.memory.working_context import WorkingContext
from workbench.storage.agents import AgentRow
from workbench.storage.database import Clock, text_hash, utc_now
from workbench.storage.home import HomeStorage
from workbench.storage.messages import MessageRow
from workbench.storage.write_ahead_log import Changes, Update


@dataclass(frozen=True)
class StepRecord:
    """What a step stores: references, not text. `state` and `request` are small JSON values.

    `queue` None means the queue as it is; `working` says whether the working context is part of the prompt.
    """

    step: int
    question: int | None
    state: Mapping[str, Any]
    request: Mapping[str, Any]
    system: str
    tools: str
    digest: str
    counted: int
    used: int
    exact: bool
    queue: str | None = None
    working: bool = True


class AgentMemory:
    """The live memory of one agent: queue, summary, working context, handles. One thread at a time uses it."""

    def __init__(
        self, home: HomeStorage, agent: AgentRow, working: WorkingContext, texts: Texts, clock: Clock = utc_now
    ) -> None:
        self.home = home
        self.agent = agent
        self.clock = clock
        self.texts = texts
        self.queue = FifoQueue()
        self.summary: Summary | None = None
        self.working = working
        self.head = agent.head
        self.version = agent.context_version
        self.branch: list[int] = []
        """Ids of all messages from the first to the head."""
        self.evidence: dict[int, tuple[int, ...]] = {}
        """Results whose question is answered, and the passages that stay in them (see keep_evidence)."""
        self._evidence_key = ""
        self.handles: dict[int, str] = {}
        self._block_at: dict[str, tuple[Any, int]] = {}
        self._rows: dict[str, list[Sequence[Any]]] = {}
        self._updates: list[Update] = []
        self._head_written: tuple[Any, ...] = ()
        self._sequence_lock = threading.Lock()
        newest, self.step = home.steps.newest(agent.id)
        self._next_seq = newest + 1
        self._known_texts: set[str] = set()
        self.operations = Operations(home, agent.id)

    @property
    def messages_on_branch(self) -> int:
        """How many messages there are from the first to the head."""
        return len(self.branch)

    # -- messages -----------------------------------------------------------------------------------------------

    def add(
        self, role: str, kind: str, body: Mapping[str, Any], *, step: int | None = None, created: datetime | None = None
    ) -> StoredMessage:
        """A new message at the back of the queue and on top of the branch; stored at the next commit."""
        created = created or self.clock()
        wire, result = render_with_result(role, kind, body, created, self.texts)
        tokens = count_message(wire)
        number = self.home.number("messages", "message_id")
        message = StoredMessage(number, self.head, role, kind, body, wire, tokens, created, step, None, result)
        self.head = message.id
        self.branch.append(message.id)
        self.queue.append(message)
        row = [
            message.id,
            self.agent.id,
            message.parent,
            step,
            role,
            kind,
            json.dumps(dict(body), ensure_ascii=False),
            tokens,
            created,
        ]
        self._insert("messages", row)
        return message

    def keep_evidence(self, kept: Mapping[int, Sequence[int]]) -> PagedOut | None:
        """From now on these results are sent as receipts, whole only the passages given: the question is answered.

        Returns what left the window, None when no passage did.
        """
        changed = []
        before, sizes = self._shown(), {message.id: message.tokens for message in self.queue.messages}
        for message in self.queue.messages:
            if message.id in kept and message.kept is None:
                chosen = tuple(kept[message.id])
                wire, result = render_receipt(message, self.texts, chosen)
                changed.append(replace(message, wire=wire, tokens=count_message(wire), kept=chosen, result=result))
        if changed:
            self.queue.swap(changed)
            self.set_evidence({m.id: m.kept for m in self.queue.messages if m.kept is not None})
        after = frozenset(self._shown())
        gone = tuple(passage for passage in before if passage not in after)
        freed = sum(sizes[message.id] - message.tokens for message in changed)
        return PagedOut(messages=len(changed), tokens=freed, passages=gone) if gone else None

    def _shown(self) -> Sequence[int]:
        """The passages whose text stands in the queue, in its order."""
        return list(dict.fromkeys(passage for message in self.queue.results for passage in message.passages))

    def set_evidence(self, evidence: Mapping[int, Sequence[int]]) -> None:
        """What is sent as receipts; kept as one text by its hash."""
        self.evidence = {message: tuple(passages) for message, passages in evidence.items()}
        self._evidence_key = self._keep_text(json.dumps(self.evidence)) if self.evidence else ""

    def handle_of(self, passage: int) -> str:
        """The short handle of a passage, the same for as long as the agent lives: #a1 … #a99, #b1 …"""
        if known := self.handles.get(passage):
            return known
        number = len(self.handles)
        handle = f"#{_letters(number // 99)}{number % 99 + 1}"
        self.handles[passage] = handle
        self._insert("handles", [self.agent.id, handle, passage])
        return handle

    # -- working context and summary ------------------------------------------------------------------------------

    def set_working(self, working: WorkingContext, *, step: int | None = None) -> None:
        """A new version of the working context; stored at the next commit."""
        if working == self.working and self.version is not None:
            return
        self.working = working
        parent, self.version = self.version, self.home.number("context_versions", "version_id")
        blocks: dict[str, Any] = {}
        for name, lines in working.dump().items():
            known, version = self._block_at.get(name, (None, 0))
            # A block that did not change is a reference to the version that holds its lines.
            blocks[name] = version if known == lines else lines
            if known != lines:
                self._block_at[name] = (lines, self.version)
        row = [self.version, self.agent.id, parent, step, json.dumps(blocks, ensure_ascii=False), self.clock()]
        self._insert("context_versions", row)

    def set_summary(self, summary: Summary, tokens: int, *, step: int | None = None) -> None:
        """A new recursive summary; stored at the next commit."""
        parent = self.summary.id if self.summary else None
        body = json.dumps(
            {"text": summary.text, "stubs": summary.stubs, "evicted": summary.evicted_messages, "time": summary.time}
        )
        row = [summary.id, self.agent.id, parent, step, body, tokens, self.clock()]
        self.summary = summary
        self._insert("summaries", row)

    def next_summary_id(self) -> int:
        """The id that the next summary will have."""
        return self.home.number("summaries", "summary_id")

    # -- the branch -------------------------------------------------------------------------------------------------

    def here(self) -> Checkpoint:
        """Where the agent stands now. What it names is stored at the latest with the next commit."""
        if self.version is None:
            self.set_working(self.working)
        summary = self.summary.id if self.summary else None
        return Checkpoint(self.head, self.ranges(), self.queue.question, summary, self.version, self.operations.hidden)

    def operate(self, kind: str, before: Checkpoint, seq: int, hidden: Hidden, question: int | None = None) -> None:
        """Note that the user did something to the branch, which can be undone; stored at the next commit.

        `seq` is where the operation's events begin, `hidden` the events that are off the branch after it.
        """
        self._insert("operations", self.operations.add(kind, before, seq, hidden, question, self.clock()))

    def operate_here(self, kind: str) -> None:
        """The same for an operation that begins now and hides nothing."""
        self.operate(kind, self.here(), self._next_seq, self.operations.hidden)

    @property
    def next_seq(self) -> int:
        """The number that the next event of the journal will have."""
        return self._next_seq

    # -- steps and journal ------------------------------------------------------------------------------------------

    def start_step(self, record: StepRecord) -> None:
        """The step's request, by reference; stored at the next commit."""
        hashes = self._keep_text(record.system), self._keep_text(record.tools)
        row = [
            self.agent.id, record.step, "sent", record.question, self.head, record.queue or self.ranges(),
            self.summary.id if self.summary else None, self.version if record.working else None, *hashes,
            json.dumps(record.state, ensure_ascii=False), json.dumps(record.request), record.digest, record.counted,
            record.used, record.exact, None, None, None, None, self.clock(), None, False,
        ]  # fmt: skip
        self._insert("steps", row)

    def finish_step(
        self, step: int, status: str, *, reply: Mapping[str, Any], usage: Mapping[str, Any], times: tuple[float, float]
    ) -> None:
        """How the step ended: done, interrupted or failed; times (model, own) in seconds. Stored at the next commit."""
        row = [status, json.dumps(reply, ensure_ascii=False), json.dumps(usage), *times, self.here().dump()]
        self.later(("finish", [*row, self.agent.id, step]))

    def correct_request(self, step: int, request: Mapping[str, Any]) -> None:
        """What was finally sent, when a retry left something out. Stored at the next commit."""
        self.later(("request", [json.dumps(request), self.agent.id, step]))

    def journal(self, entries: Iterable[tuple[int | None, str, str]]) -> None:
        """Durable events as (step, name, JSON); stored at the next commit."""
        for row in self._journal_rows(entries):
            self._insert("journal", row)

    def journal_now(self, entries: Iterable[tuple[int | None, str, str]]) -> None:
        """The same in a transaction of its own: for loads and attachments, which other threads do meanwhile."""
        if rows := self._journal_rows(entries):
            self.home.keep(Changes({"journal": rows}))

    def _journal_rows(self, entries: Iterable[tuple[int | None, str, str]]) -> list[Sequence[Any]]:
        now = self.clock()
        with self._sequence_lock:
            rows = [[self.agent.id, self._next_seq + k, *entry, now] for k, entry in enumerate(entries)]
            self._next_seq += len(rows)
        return list(rows)

    def later(self, update: Update) -> None:
        """Something else to write with the next commit."""
        self._updates.append(update)

    def commit(self) -> None:
        """Make durable everything that waits, and the agent's head, in one transaction."""
        rows, self._rows = self._rows, {}
        updates, self._updates = self._updates, []
        head = (self.head, self.ranges(), self.queue.question, self.summary.id if self.summary else None, self.version)
        if head != self._head_written:
            updates.append(("head", [*head, self.clock(), self.agent.id]))
        self.home.keep(Changes(rows, updates))
        self._head_written = head

    def ranges(self) -> str:
        """The queue by reference, as JSON: ranges of message ids along the branch, and the hash of its evidence when it has some."""
        ranges = self.queue.ranges()
        return json.dumps({"ranges": ranges, "evidence": self._evidence_key} if self._evidence_key else ranges)

    def ranges_of(self, messages: Sequence[StoredMessage]) -> str:
        """Some messages of the queue, referred to in the same way."""
        part = FifoQueue()
        part.messages = messages
        return json.dumps({"ranges": part.ranges(), "evidence": self._evidence_key})

    def _insert(self, table: str, row: Sequence[Any]) -> None:
        self._rows.setdefault(table, []).append(row)

    def _keep_text(self, text: str) -> str:
        key = text_hash(text)
        if key not in self._known_texts:
            self._known_texts.add(key)
            self._insert("texts", [key, text])
        return key


def rendered(
    rows: Sequence[MessageRow], texts: Texts, evidence: Mapping[int, Sequence[int]] | None = None
) -> list[StoredMessage]:
    """Messages of stored rows; those in `evidence` as receipts."""
    messages = []
    kept_of = evidence or {}
    for row in rows:
        body = json.loads(row.body)
        kept = tuple(kept_of[row.id]) if row.id in kept_of else None
        wire, result = render_with_result(row.role, row.kind, body, row.created, texts, kept)
        size = row.tokens if kept is None else count_message(wire)
        messages.append(
            StoredMessage(row.id, row.parent, row.role, row.kind, body, wire, size, row.created, row.step, kept, result)
        )
    return messages


def _letters(number: int) -> str:
    text = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        text = chr(ord("a") + rest) + text
    return text
