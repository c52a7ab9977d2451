"""Changes and compares an agent's past: undo, retry, rewrite, fork and forget."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from workbench.agent.answers.delivery import AnswerValidator
from workbench.agent.context import assembled, shared_prefix_tokens
from workbench.agent.loop import Agent
from workbench.api.events import Changed, ContextAssembled, Event, FunctionCalled, FunctionReturned, Segment
from workbench.api.history import ContextDiff, Moved, SegmentChange
from workbench.core.errors import UsageError
from workbench.memory.agent_memory import AgentMemory
from workbench.memory.history.branches import Branches
from workbench.memory.history.checkpoints import Hidden, hide
from workbench.memory.history.fork import Fork
from workbench.memory.messages import StoredMessage
from workbench.memory.queue_manager import Pressure
from workbench.services.container import AppContext
from workbench.services.erasure import ErasureService
from workbench.services.open_agents import CurrentAgent
from workbench.services.publisher import EventPublisher
from workbench.services.turns import TurnRunner

# Comparison of two prompts: what was added, removed and changed, in wire order.

CONTEXT_LINES = 2
"""Lines shown around a change."""

_ALONE = ("system", "functions", "summary", "working_context", "overhead")
"""Segments that a prompt has once: the one in either prompt is the same, changed or not."""


def compare(before: ContextAssembled, after: ContextAssembled) -> ContextDiff:
    """What it takes to come from one prompt to the other. A message is the same when it has the same id or the same text."""
    changes: list[SegmentChange] = []
    unchanged = 0
    old, new = _keyed(before.segments), _keyed(after.segments)
    matcher = difflib.SequenceMatcher(None, list(old), list(new), autojunk=False)
    olds, news = list(old.values()), list(new.values())
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag != "equal":
            changes += [SegmentChange("removed", item, None) for item in olds[a:b]]
            changes += [SegmentChange("added", None, item) for item in news[c:d]]
            continue
        for one, other in zip(olds[a:b], news[c:d], strict=True):
            if (one.text, one.tokens) == (other.text, other.tokens):
                unchanged += 1
            else:
                changes.append(SegmentChange("changed", one, other, lines(one.text, other.text)))
    return ContextDiff(before.step, after.step, before.used, after.used, tuple(changes), unchanged)


def lines(before: str, after: str) -> tuple[str, ...]:
    """A line diff of two texts; a JSON object is taken apart first, so that a change in it is one line."""
    changed: list[str] = []
    for text in list(difflib.unified_diff(_lines(before), _lines(after), lineterm="", n=CONTEXT_LINES))[2:]:
        if text.startswith("@@"):
            if changed:
                changed.append("…")
        else:
            changed.append(text)
    return tuple(changed)


def _lines(text: str) -> list[str]:
    try:
        value = json.loads(text)
    except ValueError:
        return text.splitlines()
    if not isinstance(value, (dict, list)):
        return text.splitlines()
    # Texts inside JSON have lines of their own, which are what a person wants to see.
    shown = json.dumps(value, ensure_ascii=False, indent=1).replace("\\n", "\n")
    return [line.rstrip() for line in shown.splitlines()]


def _keyed(segments: Sequence[Segment]) -> dict[str, Segment]:
    """Segments by what makes them the same in two prompts, in wire order."""
    keyed: dict[str, Segment] = {}
    for segment in segments:
        if segment.message is not None:
            key = f"message {segment.message}"
        else:
            key = segment.name if segment.name in _ALONE else f"{segment.name} {segment.text}"
        while key in keyed:
            key += "'"
        keyed[key] = segment
    return keyed


_MOST_SUMMARIES = 8
_UNDONE = {
    "question": "the last question and its answer are off the branch",
    "heartbeat": "the model's own turn is off the branch",
    "warning": "the warning and what followed are off the branch",
    "pop": "the messages are back",
    "retry": "the answer before is back",
    "rethink": "the thought is back as it was",
    "rewrite": "the reply is back as it was",
    "summarize": "the messages are back in context, the summary as it was",
    "memory": "your edit of the working context is taken back",
}


class HistoryService:
    """The past of the current agent (see HistoryServiceProtocol)."""

    def __init__(self, app: AppContext, current: CurrentAgent, publisher: EventPublisher, turns: TurnRunner) -> None:
        self._app = app
        self._current = current
        self._publisher = publisher
        self._turns = turns
        self.eraser = ErasureService(app, current, publisher)
        """Forgets messages, documents and sources, in all agents' pasts and in the archive."""

    # -- the branch ---------------------------------------------------------------------------------------------------

    def undo(self) -> Moved:
        """Take back the last operation. Raises UsageError when there is none, or a question is being answered."""
        with self._idle() as branches:
            before = len(self._memory.branch)
            operation = branches.undo()
            self._moved()
            return Moved("undo", before - len(self._memory.branch), f"undone: {_UNDONE[operation.kind]}")

    def redo(self) -> Moved:
        """Take back the last undo. Raises UsageError when something was done since, or a question is being answered."""
        with self._idle() as branches:
            before = len(self._memory.branch)
            branches.redo()
            self._moved()
            return Moved("redo", len(self._memory.branch) - before, "redone: all is as it was before the last /undo")

    def pop(self, messages: int | None = None) -> Moved:
        """Take at least so many messages off the branch, whole steps at a time; without a number the last question with its answer."""
        if messages is not None and messages < 1:
            raise UsageError("How many messages?", "A whole number from 1 on, or none for the last question.")
        with self._idle() as branches:
            gone = branches.pop(messages)
            self._moved()
            text = f"{gone:,} message{'s' * (gone != 1)} off the branch, {len(self._memory.branch):,} left; the log keeps them"
            return Moved("pop", gone, f"{text}, /undo brings them back")

    def retry(self) -> Iterator[Event]:
        """Ask the last question again on a branch that begins before it."""

        def work() -> Iterator[Event]:
            yield from self._agent.answer(self._branches().before_question())

        return self._turn(work)

    def rethink(self, text: str) -> Moved:
        """Put `text` in the place of the model's last inner thought."""
        wanted = _given(text, "thought")
        with self._idle() as branches:
            message = branches.replace("rethink", lambda message: _with_thought(message, wanted))
            if message is None:
                raise UsageError("The model has made no call since the last question.", "/rewrite changes its reply.")
            self._moved()
            return Moved("rethink", 1, "the last thought is rewritten; the log keeps the old one")

    def rewrite(self, text: str) -> Moved:
        """Put `text` in the place of the last reply to the user; its quotes are checked as any."""
        wanted = _given(text, "reply")
        with self._idle() as branches:
            first, end = self._told_answer()
            message = branches.replace(
                "rewrite", lambda message: _with_reply(message, wanted), lambda hidden: hide(hidden, first, end)
            )
            if message is None:
                raise UsageError("The last question has no reply.", "/retry asks it again.")
            self._agent.workspace.step = message.step or self._agent.workspace.step
            events = AnswerValidator(self._agent.workspace, self._app.archive).partial(wanted, "Rewritten by you.")
            list(self._agent.tell(*_call_events(message, wanted), *events))
            self._publisher.publish_change(Changed(what="branch"))
            return Moved("rewrite", 1, "the last reply is rewritten; the log keeps the old one")

    def summarize(self) -> Iterator[Event]:
        """Evict all but the current question and the newest message, and summarise it, now."""
        return self._turn(self._summarize)

    def _summarize(self) -> Generator[Event, None, None]:
        memory, context = self._memory, self._agent.context
        if not memory.queue.leaving(0):
            raise UsageError("There is nothing to summarise.", "Only the last question and its reply are in context.")
        memory.operate_here("summarize")
        self._agent.stop.clear()
        told = yield from context.compress()
        yield from self._agent.tell(*told)

    def heartbeat(self) -> Iterator[Event]:
        """A turn of the model's own, now."""
        self._must_act()
        return self._turn(self._agent.run_heartbeat)

    def memory_warning(self) -> Iterator[Event]:
        """Tell the model that its context is filling, and give it a turn."""
        self._must_act()

        def work() -> Iterator[Event]:
            alert = self._agent.context.warning()
            if not alert:
                raise UsageError("The model was told already, and nothing has left since.", "/summarize makes room.")
            yield from self._agent.run_heartbeat(alert)

        return self._turn(work)

    # -- steps ----------------------------------------------------------------------------------------------------------

    def steps(self) -> list[int]:
        """The numbers of all recorded steps, of every branch."""
        return self._app.recorder.steps.numbers(self._memory.agent.id)

    def fork(self, step: int, name: str | None = None) -> str:
        """A new agent that stands where a step ended; returns its name. Raises NotFound, UsageError when the name is taken."""
        row = self._app.agents.get(self._memory.agent.name)
        chosen = name or self._app.agents.fresh_name(f"{row.name}-step-{step}")
        self._app.agents.check_name(chosen)
        if self._app.agents.find(chosen):
            raise UsageError(f"There is an agent named {chosen!r} already.", "Choose another name.")
        Fork(self._app.recorder, self._app.agents, self._app.clock).make(row, step, chosen)
        return chosen

    def compare(self, first: int | None, second: int | None) -> ContextDiff:
        """Two steps' prompts, None being the next prompt. Raises NotFound."""
        return compare(self._context(first), self._context(second))

    def cacheable_share(self, step: int | None) -> float:
        """The share of a step's prompt that the step before had at its start too. Raises NotFound."""
        recorder, agent = self._app.recorder, self._memory.agent
        now = self._agent.context.prompt() if step is None else recorder.step(agent, step).prompt
        earlier = [number for number in recorder.steps.numbers(agent.id) if step is None or number < step]
        # Requests for a summary go in between and leave a server's cache of the others as it is.
        for number in reversed(earlier[-_MOST_SUMMARIES:]):
            before = recorder.step(agent, number).prompt
            if before.tools or not now.tools:
                return round(shared_prefix_tokens(before, now) / max(1, now.counted), 4)
        return 0.0

    def _context(self, step: int | None) -> ContextAssembled:
        agent = self._agent
        if step is None:
            return agent.context.event(agent.context.prompt())
        recorded = self._app.recorder.step(self._memory.agent, step)
        limits = replace(agent.workspace.settings, window_tokens=recorded.window, reserve_tokens=recorded.reserve)
        return replace(assembled(recorded.prompt, Pressure.of(limits), recorded.reserve), step=step)

    # -- inside -----------------------------------------------------------------------------------------------------------

    @property
    def _agent(self) -> Agent:
        return self._current.get()

    @property
    def _memory(self) -> AgentMemory:
        return self._agent.workspace.memory

    def _branches(self) -> Branches:
        return Branches(self._memory, self._app.recorder, self._agent.workspace.settings.working_tokens)

    @contextmanager
    def _idle(self) -> Iterator[Branches]:
        if not self._agent.asking.acquire(blocking=False):
            raise UsageError("A question is being answered.", "Wait for it, or stop it with esc.")
        try:
            yield self._branches()
        finally:
            self._agent.asking.release()

    def _turn(self, work: Callable[[], Iterator[Event]]) -> Iterator[Event]:
        return self._turns.run(self._agent, work)

    def _must_act(self) -> None:
        space = self._agent.workspace
        if space.settings.uses_reader:
            raise UsageError("The extractive reader acts on questions only.", "Choose a model: /model NAME.")
        if space.memory.head is None:
            raise UsageError("Nothing was said yet.", "Ask something first.")

    def _moved(self) -> None:
        """What was done is made durable; the ledger of the task is read again from its block."""
        self._memory.commit()
        space = self._agent.workspace
        space.hops.clear()
        space.hops.update(space.memory.working.hops())
        self._publisher.publish_change(Changed(what="branch"))

    def _told_answer(self) -> tuple[int, int]:
        """The events of the last answer of the branch, from its call on: first and end."""
        memory = self._memory
        rows = self._app.recorder.steps.events(
            memory.agent.id, ("function_called", "function_returned", "quote_checked", "answer_done")
        )
        hidden: Hidden = memory.operations.hidden
        told = [row for row in reversed(rows) if not any(first <= row.seq < end for first, end in hidden)]
        last = next((k for k, row in enumerate(told) if row.event == "answer_done"), None)
        if last is None:
            return 0, 0
        first = last
        while first + 1 < len(told) and told[first + 1].event == "quote_checked":
            first += 1
        call = told[first + 1 : first + 3]
        if len(call) == 2 and all(json.loads(row.data).get("function") == "send_message" for row in call):
            first += 2
        return told[first].seq, told[last].seq + 1


def _given(text: str, noun: str) -> str:
    if not text.strip():
        raise UsageError(f"What should the {noun} say?", f"Write the {noun} after the command.")
    return text.strip()


def _with_thought(message: StoredMessage, text: str) -> Mapping[str, Any] | None:
    return {**message.body, "content": text} if message.kind == "assistant" and message.body.get("calls") else None


def _with_reply(message: StoredMessage, text: str) -> Mapping[str, Any] | None:
    """The body of a reply that says something else; None for what is no reply."""
    if message.kind != "assistant":
        return None
    calls = message.body.get("calls") or []
    if not calls:
        return {**message.body, "content": text}
    if not any(call["name"] == "send_message" for call in calls):
        return None
    arguments = json.dumps({"message": text}, ensure_ascii=False)
    changed = [{**call, "arguments": arguments} if call["name"] == "send_message" else call for call in calls]
    return {**message.body, "calls": changed}


def _call_events(message: StoredMessage, text: str) -> list[Event]:
    for call in message.body.get("calls", ()):
        if call["name"] == "send_message":
            called = FunctionCalled(
                call=call["id"], function="send_message", arguments={"message": text}, origin="user"
            )
            return [called, FunctionReturned(call=call["id"], function="send_message", summary=text[:80])]
    return []
