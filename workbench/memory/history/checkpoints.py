"""Checkpoints of a branch, and the log of the user's operations that undo and redo follow."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from workbench.storage.home import HomeStorage
from workbench.storage.steps import OperationRow

# A checkpoint: what an agent is at one moment, by reference, as small JSON.

Hidden = tuple[tuple[int, int], ...]
"""Events of the journal that are off the current branch: numbers from the first up to but not including the second."""

ON_EVERY_BRANCH = ("attached", "detached", "loaded")
"""Events that are told on every branch: nothing done to the branch takes them back."""


@dataclass(frozen=True)
class Checkpoint:
    """Head of the branch, queue (ranges of messages and evidence, as JSON), current question, summary, working context.

    Going back to a point brings all of them back as they were. `hidden` is what the journal does not tell there.
    """

    head: int | None
    queue: str
    question: int | None
    summary: int | None
    version: int | None
    hidden: Hidden = ()

    def dump(self) -> str:
        """JSON of it."""
        return json.dumps(asdict(self))

    @classmethod
    def load(cls, text: str) -> Checkpoint:
        """The inverse of `dump`."""
        data = json.loads(text)
        return cls(**{**data, "hidden": tuple((first, end) for first, end in data["hidden"])})


def hide(hidden: Hidden, first: int, end: int) -> Hidden:
    """The same with the events from `first` up to but not including `end` hidden too; what lies inside becomes one range."""
    if first >= end:
        return hidden
    inside = [(a, b) for a, b in hidden if a <= end and b >= first]
    outside = [(a, b) for a, b in hidden if not (a <= end and b >= first)]
    low, high = min([first, *(a for a, _ in inside)]), max([end, *(b for _, b in inside)])
    return tuple(sorted([*outside, (low, high)]))


@dataclass(frozen=True)
class Operation:
    """One operation. kind: question | heartbeat | warning | pop | retry | rethink | rewrite | summarize | memory | undo | redo.

    `parent` is the operation that an undo takes back after an undo, and the undo that a redo takes back; `before` is where
    the agent stood; `seq` is the first event that came of it. `question` is the message that a question made.
    """

    id: int
    parent: int | None
    kind: str
    question: int | None
    before: Checkpoint
    hidden: Hidden
    seq: int


class Operations:
    """The operations of one agent; nothing is ever taken out. `hidden` is what the journal does not tell now."""

    def __init__(self, home: HomeStorage, agent: int) -> None:
        self._home = home
        self._stored = home.steps
        self._agent = agent
        newest = self._before(None)
        self.hidden: Hidden = newest.hidden if newest else ()
        self._top, self._undone = self._after(newest)

    def add(
        self, kind: str, before: Checkpoint, seq: int, hidden: Hidden, question: int | None, now: datetime
    ) -> list[Any]:
        """A row for the table. An undo stands for what was below the operation that it takes back."""
        new, parent = self._home.number("operations", "operation_id"), self._top
        if kind == "undo" and (pair := self.undone_by_next()):
            parent = pair[1].parent
            self._top, self._undone = parent, new
        elif kind == "redo" and (undo := self.redone_by_next()):
            parent = undo.id
            self._top, self._undone = self._after(self._before(parent))
        else:
            self._top, self._undone = new, None
        self.hidden = hidden
        return [new, self._agent, parent, kind, question, before.dump(), json.dumps(hidden), seq, now]

    def top(self) -> Operation | None:
        """What an undo would take back; it must be committed."""
        return self.get(self._top)

    def undone_by_next(self) -> tuple[Operation, Operation] | None:
        """The last operation and the one whose beginning an undo goes back to: a retry and its question are one."""
        top = self.top()
        if top is None:
            return None
        under = self.get(top.parent)
        return top, under if under and _pair(under, top) else top

    def redone_by_next(self) -> Operation | None:
        """The undo that a redo would take back; None when something was done since."""
        return self.get(self._undone)

    def get(self, identifier: int | None) -> Operation | None:
        """An operation by its id."""
        return _operation(self._stored.operation(identifier)) if identifier is not None else None

    def _before(self, identifier: int | None) -> Operation | None:
        """The operation done before that one, None being one still to come."""
        return _operation(self._stored.operation_before(self._agent, identifier))

    def _after(self, newest: Operation | None) -> tuple[int | None, int | None]:
        """What an undo would take back when `newest` is the last operation, and which undo a redo would."""
        while newest is not None and newest.kind == "redo":
            # All is again as it was before the undo.
            newest = self._before(newest.parent)
        if newest is None:
            return None, None
        return (newest.parent, newest.id) if newest.kind == "undo" else (newest.id, None)

    def question(self, message: int) -> Operation | None:
        """The operation that put this question."""
        return _operation(self._stored.question_operation(self._agent, message))

    def questions(self) -> list[Operation]:
        """All questions ever put, on every branch."""
        rows = (row for row in self._stored.operations(self._agent) if row.kind == "question")
        return [operation for row in rows if (operation := _operation(row))]


def _pair(under: Operation, top: Operation) -> bool:
    return under.kind == "retry" and top.kind == "question"


def _operation(row: OperationRow | None) -> Operation | None:
    if row is None:
        return None
    hidden = tuple((first, end) for first, end in json.loads(row.hidden))
    return Operation(row.id, row.parent, row.kind, row.question, Checkpoint.load(row.before), hidden, row.seq)
