"""Moves an agent to another point of its past, as a branch; nothing is deleted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from workbench.core.errors import UsageError
from workbench.memory.agent_memory import AgentMemory
from workbench.memory.history.checkpoints import Checkpoint, Hidden, Operation, hide
from workbench.memory.history.steps import StepRecorder
from workbench.memory.messages import StoredMessage

Body = Mapping[str, Any]
NOTHING = "There is nothing to go back to."


@dataclass(frozen=True)
class _Boundary:
    """A point of the current branch: so many messages stand before it; its events end before `seq`."""

    messages: int
    point: Checkpoint
    seq: int


class Branches:
    """Moves one agent's head. Every change waits in the memory for its next commit, with a note of the operation."""

    def __init__(self, memory: AgentMemory, recorder: StepRecorder, limit_tokens: int) -> None:
        self._memory = memory
        self._recorder = recorder
        self._limit_tokens = limit_tokens

    def undo(self) -> Operation:
        """Take back the last operation: the agent stands where it stood before. Raises UsageError when there is none."""
        memory = self._memory
        pair = memory.operations.undone_by_next()
        if pair is None:
            raise UsageError(NOTHING, "Ask something first.")
        top, first = pair
        before, seq = memory.here(), memory.next_seq
        hidden = hide(first.before.hidden, first.seq, seq)
        memory.operate("undo", before, seq, hidden)
        self._go(first.before)
        return first if first.kind == "retry" else top

    def redo(self) -> None:
        """Take back the last undo: the agent stands where it stood before that. Raises UsageError when something was done since."""
        memory = self._memory
        undo = memory.operations.redone_by_next()
        if undo is None:
            raise UsageError(
                "There is nothing to go forward to.", "/redo follows an /undo, until something else is done."
            )
        memory.operate("redo", memory.here(), memory.next_seq, undo.before.hidden)
        self._go(undo.before)

    def pop(self, messages: int | None) -> int:
        """Take at least so many messages off the branch, whole steps at a time; None for the last question with all that followed.

        A question whose every step goes, goes as well. Returns how many went. Raises UsageError when there is nothing.
        """
        memory = self._memory
        if not memory.branch:
            raise UsageError(NOTHING, "Ask something first.")
        if messages is None:
            target = self._question_boundary(self._last_question())
        else:
            left = len(memory.branch) - messages
            target = max(
                (boundary for boundary in self._boundaries() if boundary.messages <= max(left, 0)),
                key=lambda boundary: (boundary.messages, boundary.seq),
            )
        gone = len(memory.branch) - target.messages
        before, seq = memory.here(), memory.next_seq
        memory.operate("pop", before, seq, hide(before.hidden, target.seq, seq))
        self._go(target.point)
        return gone

    def before_question(self) -> str:
        """Stand before the last question, to ask it again; returns its text. An undo brings its answer back."""
        memory = self._memory
        question = self._last_question()
        boundary = self._question_boundary(question)
        before, seq = memory.here(), memory.next_seq
        memory.operate("retry", before, seq, hide(before.hidden, boundary.seq, seq))
        self._go(boundary.point)
        return str(self._recorder.messages(memory.agent.id, [question])[0].body["message"])

    def replace(
        self,
        kind: str,
        chosen: Callable[[StoredMessage], Body | None],
        hidden: Callable[[Hidden], Hidden] = lambda h: h,
    ) -> StoredMessage | None:
        """Branch off at the last message since the question for which `chosen` gives a new body; what followed follows again.

        Returns the message as it was, None when there is none. Queue, summary and evidence stay as they are.
        """
        memory = self._memory
        start = memory.branch.index(self._last_question())
        tail = self._recorder.messages(memory.agent.id, memory.branch[start:])
        at = next((k for k in range(len(tail) - 1, -1, -1) if chosen(tail[k]) is not None), None)
        if at is None:
            return None
        before, seq = memory.here(), memory.next_seq
        memory.operate(kind, before, seq, hidden(before.hidden))
        body = chosen(tail[at])
        self._graft(start + at, [replace(tail[at], body=body or {}), *tail[at + 1 :]])
        return tail[at]

    def _graft(self, at: int, messages: Sequence[StoredMessage]) -> None:
        """Put these messages, as new ones, in the place of all from position `at` of the branch on."""
        memory = self._memory
        old = {message.id: message for message in memory.queue.messages}
        gone = set(memory.branch[at:])
        memory.queue.messages = [message for message in old.values() if message.id not in gone]
        memory.branch = memory.branch[:at]
        memory.head = memory.branch[-1] if memory.branch else None
        evicted, kept = [], {}
        for message in messages:
            new = memory.add(message.role, message.kind, message.body, step=message.step, created=message.created)
            if message.id not in old:
                evicted.append(new)
            elif (passages := old[message.id].kept) is not None:
                kept[new.id] = passages
        memory.queue.remove(evicted)
        memory.keep_evidence(kept)

    def _go(self, point: Checkpoint) -> None:
        self._recorder.restore(self._memory, point, self._limit_tokens)

    # -- where one can go back to -------------------------------------------------------------------------------------

    def _last_question(self) -> int:
        question = self._memory.queue.question
        if question is None or question not in self._memory.branch:
            raise UsageError("No question was asked yet.", "Ask something first.")
        return question

    def _question_boundary(self, question: int) -> _Boundary:
        operation = self._memory.operations.question(question)
        assert operation is not None
        return self._boundary(operation.before, operation.seq)

    def _boundary(self, point: Checkpoint, seq: int) -> _Boundary:
        branch = self._memory.branch
        return _Boundary(branch.index(point.head) + 1 if point.head is not None else 0, point, seq)

    def _boundaries(self) -> list[_Boundary]:
        """Before every question of the branch, and after every step of it that brought something."""
        memory = self._memory
        on_branch = set(memory.branch)
        candidates = [
            self._boundary(operation.before, operation.seq)
            for operation in memory.operations.questions()
            if operation.question in on_branch
        ]
        for end in self._recorder.steps.ends(memory.agent.id, memory.next_seq):
            point = Checkpoint.load(end.point_after)
            if point.head != end.head and point.head in on_branch:
                candidates.append(self._boundary(point, end.next_seq))
        return candidates
