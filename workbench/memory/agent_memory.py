"""One agent's memory while it is open: edits come in and wait; `commit` writes them in one transaction, with the events they made true."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from workbench.memory.agent_store import AgentRow
from workbench.memory.database import Clock, Database, text_hash, utc_now
from workbench.memory.fifo_queue import FifoQueue
from workbench.memory.main_context import Summary
from workbench.memory.message import StoredMessage, Texts, render
from workbench.memory.working_context import WorkingContext
from workbench.tokens import count_message

Write = Callable[[Any], None]


@dataclass(frozen=True)
class StepRecord:
    """What a step stores: references, not text. `state` and `request` are small JSON values."""

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


class AgentMemory:
    """The live memory of one agent: queue, summary, working context, handles. One thread at a time uses it."""

    def __init__(
        self, database: Database, agent: AgentRow, working: WorkingContext, texts: Texts, clock: Clock = utc_now
    ) -> None:
        self.database = database
        self.agent = agent
        self.clock = clock
        self.texts = texts
        self.queue = FifoQueue()
        self.summary: Summary | None = None
        self.working = working
        self.head = agent.head
        self.head_stored = agent.head
        self.version = agent.context_version
        self.messages_on_branch = 0
        self.handles: dict[int, str] = {}
        self._pending: list[Write] = []
        self._sequence_lock = threading.Lock()
        newest = database.rows(
            "SELECT (SELECT coalesce(max(message_id), 0) FROM messages), (SELECT coalesce(max(summary_id), 0) FROM summaries), "
            "(SELECT coalesce(max(version_id), 0) FROM context_versions), "
            "(SELECT coalesce(max(seq), -1) FROM journal WHERE agent_id = $1), "
            "(SELECT coalesce(max(step), 0) FROM steps WHERE agent_id = $1)",
            [agent.id],
        )[0]
        self._next_message, self._next_summary, self._next_version, self._next_seq = (int(number) + 1 for number in newest[:4])
        self.step = int(newest[4])
        self._known_texts: set[str] = set()

    # -- messages -----------------------------------------------------------------------------------------------

    def add(self, role: str, kind: str, body: Mapping[str, Any], *, step: int | None = None) -> StoredMessage:
        """A new message at the back of the queue and on top of the branch; stored at the next commit."""
        created = self.clock()
        wire = render(role, kind, body, created, self.texts)
        tokens = count_message(wire)
        message = StoredMessage(self._next_message, self.head, role, kind, body, wire, tokens, created, step)
        self._next_message += 1
        self.head = message.id
        self.messages_on_branch += 1
        self.queue.append(message)
        row = [message.id, self.agent.id, message.parent, step, role, kind, json.dumps(dict(body), ensure_ascii=False), tokens, created]
        self._pending.append(lambda c: c.execute("INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row))
        return message

    def handle_of(self, passage: int) -> str:
        """The short handle of a passage, the same for as long as the agent lives: #a1 … #a99, #b1 …"""
        if known := self.handles.get(passage):
            return known
        number = len(self.handles)
        handle = f"#{_letters(number // 99)}{number % 99 + 1}"
        self.handles[passage] = handle
        row = [self.agent.id, handle, passage]
        self._pending.append(lambda c: c.execute("INSERT INTO handles VALUES (?, ?, ?)", row))
        return handle

    # -- working context and summary ------------------------------------------------------------------------------

    def set_working(self, working: WorkingContext, *, step: int | None = None) -> None:
        """A new version of the working context; stored at the next commit."""
        if working == self.working and self.version is not None:
            return
        parent, agent = self.version, self.agent.id
        blocks = {name: self._keep_text(json.dumps(lines, ensure_ascii=False)) for name, lines in working.dump().items()}
        self.working = working
        created = self.clock()

        def job(connection: Any) -> None:
            connection.execute(
                "INSERT INTO context_versions VALUES (?, ?, ?, ?, ?, ?)", [version, agent, parent, step, json.dumps(blocks), created]
            )

        version = self.version = self._next_version
        self._next_version += 1
        self._pending.append(job)

    def set_summary(self, summary: Summary, tokens: int, *, step: int | None = None) -> None:
        """A new recursive summary; stored at the next commit."""
        parent = self.summary.id if self.summary else None
        body = json.dumps({"text": summary.text, "stubs": summary.stubs, "evicted": summary.evicted_messages, "time": summary.time})
        row = [summary.id, self.agent.id, parent, step, body, tokens, self.clock()]
        self.summary = summary
        self._pending.append(lambda c: c.execute("INSERT INTO summaries VALUES (?, ?, ?, ?, ?, ?, ?)", row))

    def next_summary_id(self) -> int:
        """The id that the next summary will have."""
        self._next_summary += 1
        return self._next_summary - 1

    # -- steps and journal ------------------------------------------------------------------------------------------

    def start_step(self, record: StepRecord) -> None:
        """The step's request, by reference; stored at the next commit."""
        hashes = self._keep_text(record.system), self._keep_text(record.tools)
        row = [
            self.agent.id, record.step, "sent", record.question, self.head, self.ranges(), self.summary.id if self.summary else None,
            self.version, *hashes, json.dumps(record.state, ensure_ascii=False), json.dumps(record.request), record.digest,
            record.counted, record.used, record.exact, None, None, None, None, self.clock(),
        ]  # fmt: skip
        marks = ", ".join("?" * len(row))
        self._pending.append(lambda c: c.execute(f"INSERT INTO steps VALUES ({marks})", row))

    def finish_step(self, step: int, status: str, *, reply: Mapping[str, Any], usage: Mapping[str, Any], times: tuple[float, float]) -> None:
        """How the step ended: done, interrupted or failed; times (model, own) in seconds. Stored at the next commit."""
        row = [status, json.dumps(reply, ensure_ascii=False), json.dumps(usage), *times, self.agent.id, step]
        self._pending.append(
            lambda c: c.execute(
                "UPDATE steps SET status = ?, reply = ?, usage = ?, model_seconds = ?, own_seconds = ? WHERE agent_id = ? AND step = ?",
                row,
            )
        )

    def correct_request(self, step: int, request: Mapping[str, Any]) -> None:
        """What was finally sent, when a retry left something out. Stored at the next commit."""
        row = [json.dumps(request), self.agent.id, step]
        self._pending.append(lambda c: c.execute("UPDATE steps SET request = ? WHERE agent_id = ? AND step = ?", row))

    def journal(self, entries: Iterable[tuple[int | None, str, str]]) -> None:
        """Durable events as (step, name, JSON); stored at the next commit."""
        if write := self._journal_write(entries):
            self._pending.append(write)

    def journal_now(self, entries: Iterable[tuple[int | None, str, str]]) -> None:
        """The same in a transaction of its own: for loads and attachments, which other threads do meanwhile."""
        if write := self._journal_write(entries):
            self.database.write(write)

    def _journal_write(self, entries: Iterable[tuple[int | None, str, str]]) -> Write | None:
        now = self.clock()
        flat: list[Any] = []
        with self._sequence_lock:
            for step, name, data in entries:
                flat += [self.agent.id, self._next_seq, step, name, data, now]
                self._next_seq += 1
        marks = ", ".join(["(?, ?, ?, ?, ?, ?)"] * (len(flat) // 6))
        return (lambda c: c.execute(f"INSERT INTO journal VALUES {marks}", flat)) if flat else None

    def commit(self) -> None:
        """Write everything that waits, and the agent's head, in one transaction."""
        jobs, self._pending = self._pending, []
        head = [
            self.head, self.ranges(), self.queue.question, self.summary.id if self.summary else None, self.version, self.clock(),
            self.agent.id,
        ]  # fmt: skip

        def job(connection: Any) -> None:
            for write in jobs:
                write(connection)
            connection.execute(
                "UPDATE agents SET head = ?, queue = ?, question_id = ?, summary_id = ?, context_version = ?, last_used_at = ? WHERE agent_id = ?", head
            )

        self.database.write(job)
        self.head_stored = self.head

    def ranges(self) -> str:
        """The queue by reference: JSON ranges of message ids along the branch. Few, however long the queue is."""
        found: list[list[int]] = []
        last: StoredMessage | None = None
        for message in self.queue.messages:
            if last is not None and message.parent == last.id:
                found[-1][1] = message.id
            else:
                found.append([message.id, message.id])
            last = message
        return json.dumps(found)

    def _keep_text(self, text: str) -> str:
        key = text_hash(text)
        if key not in self._known_texts:
            self._known_texts.add(key)
            self._pending.append(lambda c: c.execute("INSERT INTO texts VALUES (?, ?) ON CONFLICT DO NOTHING", [key, text]))
        return key


def rendered(rows: Sequence[tuple[Any, ...]], texts: Texts) -> list[StoredMessage]:
    """Messages of rows (id, parent, role, kind, body, tokens, created, step)."""
    found = []
    for identifier, parent, role, kind, body, tokens, created, step in rows:
        loaded = json.loads(body)
        moment: datetime = created
        wire = render(role, kind, loaded, moment, texts)
        found.append(StoredMessage(identifier, parent, role, kind, loaded, wire, tokens, moment, step))
    return found


def _letters(number: int) -> str:
    text = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        text = chr(ord("a") + rest) + text
    return text

