"""Asks the model for a summary of the messages about to leave the queue; its requests are recorded."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from workbench.agent import prompts
from workbench.agent.budget import Spent
from workbench.agent.context import MainContext
from workbench.agent.stop import Stop
from workbench.api.events import Event, StepStarted, Waiting
from workbench.core.errors import ModelError
from workbench.core.tokens import count_message
from workbench.memory.agent_memory import StepRecord
from workbench.memory.main_context import Summary
from workbench.memory.messages import StoredMessage, stamp
from workbench.memory.queue_manager import counted_limit
from workbench.memory.summary import chunks, from_text, summary_prompt
from workbench.models.base import ChatModel, Completion, ModelRequest, Sending


class Summariser:
    """Asks the agent's model for the recursive summary (MemGPT §2.2); falls back to condensation when it gives none.

    Every request is a step of its own in the flight recorder, and counts towards the caps of the question: one that would
    pass them is not made. `commit` makes events durable and gives them back as told.
    """

    def __init__(
        self, context: MainContext, model: Callable[[], tuple[ChatModel, str]], stop: Stop,
        commit: Callable[[list[Event]], Iterator[Event]], spent: Callable[[], Spent],
    ) -> None:  # fmt: skip
        self._context = context
        self._model = model
        self._stop = stop
        self._commit = commit
        self._spent = spent
        self._system = prompts.summary_instructions(context.workspace.settings.summary_form)

    def __call__(self, gone: Sequence[StoredMessage]) -> Generator[Event, None, Summary]:
        """The new summary. What does not fit one request is summarised part by part, each on top of the one before."""
        context, memory = self._context, self._context.workspace.memory
        limit = context.pressure.summary_tokens
        room = counted_limit(context.calibration, context.pressure.usable)
        before, newest = memory.summary, None
        for part in chunks(self._system, gone, limit, room, context.calibration.encoding):
            if newest is not None:
                memory.set_summary(newest, count_message(newest.wire()), step=context.workspace.step)
            written = yield from self._ask(part, limit)
            if not written:
                break
            newest = from_text(written, memory.summary, part, limit, memory.next_summary_id(), stamp(memory.clock()))
        else:
            if newest is not None:
                return newest
        # Nothing half-done: the condensation starts from the summary there was.
        memory.summary = before
        return (yield from context.condensed(gone))

    def _ask(self, part: Sequence[StoredMessage], limit: int) -> Generator[Event, None, str]:
        context, memory = self._context, self._context.workspace.memory
        prompt = summary_prompt(self._system, memory.summary, part, limit, context.calibration)
        if self._spent().barred(context.workspace.settings, prompt.used):
            return ""
        step = context.workspace.step = memory.step + 1
        model, name = self._model()
        request = ModelRequest(name, prompt.messages, (), context.workspace.settings.reserve)
        memory.start_step(
            StepRecord(
                step,
                memory.queue.question,
                {"summary_tokens": limit},
                context.request_record(request.body()),
                self._system,
                "",
                prompt.digest(),
                prompt.counted,
                prompt.used,
                prompt.exact,
                memory.ranges_of(part),
                working=False,
            )
        )
        memory.step = step
        started = StepStarted(limit=context.workspace.settings.steps, reason="summary")
        yield from self._commit([started, Waiting(what="model", detail="summary")])
        asked = time.perf_counter()
        text, done = "", None
        sent: Mapping[str, Any] = {}
        shape: Mapping[str, Any] = {}
        try:
            for delta in model.stream(request, self._stop.now):
                done = delta if isinstance(delta, Completion) else done
                if isinstance(delta, (Sending, Completion)) and delta.body:
                    sent, shape = delta.body, delta.shape
            text = done.content.strip() if done else ""
            status = "done" if done else "interrupted"
        except ModelError as error:
            status, text = "failed", ""
            memory.finish_step(step, status, reply={"error": error.one_line()}, usage={}, times=(0.0, 0.0))
        seconds = time.perf_counter() - asked
        context.note_sent(step, sent, request, shape)
        if status != "failed":
            self._finish(step, status, done, seconds)
            self._spent().add(prompt, done)
        yield from self._commit([context.finished(prompt, done.usage if done else None, seconds)])
        return text

    def _finish(self, step: int, status: str, done: Completion | None, seconds: float) -> None:
        memory = self._context.workspace.memory
        usage = asdict(done.usage) if done and done.usage else {}
        reply = {"content": done.content if done else "", "calls": []}
        memory.finish_step(step, status, reply=reply, usage=usage, times=(seconds, 0.0))
