"""The agent's side of main context: pressure is relieved, the prompt assembled, and what was done about it told as events."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from workbench.agent.workspace import Workspace
from workbench.errors import ContextOverflow
from workbench.events import ContextAssembled, Event, Evicted, PressureWarning, SummaryWritten
from workbench.memory.agent_memory import StepRecord
from workbench.memory.main_context import Prompt, assemble
from workbench.memory.message import stamp
from workbench.memory.queue_manager import Pressure, condense, evict
from workbench.model.chat_model import ModelRequest
from workbench.tokens import Calibration, count_message, functions_text

PRESSURE_ALERT = (
    "Memory pressure: the context window is {share} % full. Older messages will soon be evicted to recall storage. "
    "Save what matters with core_memory_append now."
)
_MOST_SOURCES = 12


class MainContext:
    """Builds the prompt of every step. `describe` gives one line a source."""

    def __init__(
        self,
        workspace: Workspace,
        system: str,
        tools: Sequence[Mapping[str, Any]],
        calibration: Calibration,
        describe: Callable[[], list[str]],
    ) -> None:
        self.workspace = workspace
        self.system = system
        self.tools = tools
        self.calibration = calibration
        self.pressure = Pressure.of(workspace.settings)
        self._describe = describe

    def prompt(self) -> Prompt:
        """The prompt as it would be sent now."""
        return self._assemble(self._state())

    def relieve(self) -> Iterator[Event]:
        """Warn once at 70 %, evict beyond 100 % (MemGPT §2.2). Raises ContextOverflow when the fixed parts do not fit."""
        memory = self.workspace.memory
        used = self.prompt().used
        if used > self.pressure.flush:
            yield from self._evict(used)
        elif used >= self.pressure.warn and not self._warned():
            alert = PRESSURE_ALERT.format(share=round(100 * used / self.pressure.usable))
            memory.add("user", "system_alert", {"message": alert}, step=self.workspace.step)
            yield PressureWarning(used=used, usable=self.pressure.usable)
            if (used := self.prompt().used) > self.pressure.flush:
                yield from self._evict(used)
        if (used := self.prompt().used) > self.pressure.usable:
            raise ContextOverflow(
                f"The question and the instructions take {used:,} tokens; the window has room for {self.pressure.usable:,}.",
                "Ask a shorter question, or use a larger window: --window.",
            )

    def _warned(self) -> bool:
        return any(
            message.kind == "system_alert" and str(message.body.get("message", "")).startswith("Memory pressure")
            for message in self.workspace.memory.queue.messages
        )

    def _evict(self, used: int) -> Iterator[Event]:
        memory = self.workspace.memory
        gone = evict(memory.queue, used, self.pressure)
        if not gone:
            return
        now = stamp(memory.clock())
        summary = condense(memory.summary, gone, self.pressure, memory.next_summary_id(), now)
        tokens = count_message(summary.wire())
        memory.set_summary(summary, tokens, step=self.workspace.step)
        freed = sum(message.tokens for message in gone)
        passages = tuple(dict.fromkeys(passage for message in gone for passage in message.passages))
        yield Evicted(messages=len(gone), tokens=freed, passages=passages)
        yield SummaryWritten(text=summary.text, tokens=tokens)
        if (used := self.prompt().used) > self.pressure.flush:
            # Still too much: the newest results go as well; the model can ask for them again by their handles.
            last = memory.queue.evict(0, keep_last=0)
            if last:
                memory.set_summary(condense(memory.summary, last, self.pressure, memory.next_summary_id(), now), tokens)
                yield Evicted(messages=len(last), tokens=sum(message.tokens for message in last))

    def _state(self) -> dict[str, Any]:
        sources = self._describe()
        more = [f"and {len(sources) - _MOST_SOURCES} more"] if len(sources) > _MOST_SOURCES else []
        memory = self.workspace.memory
        return {
            "sources": [*sources[:_MOST_SOURCES], *more],
            "recall_messages": memory.messages_on_branch,
            "context": {"window": self.pressure.window, "pressure": "high" if self._warned() else "normal"},
            "time": stamp(memory.clock()),
        }

    def _assemble(self, state: Mapping[str, Any]) -> Prompt:
        memory = self.workspace.memory
        full = {"working_context": memory.working.texts(), **state}
        return assemble(self.system, self.tools, memory.summary, memory.queue.messages, full, self.calibration)

    def record(self, step: int, model: str, options: Mapping[str, Any]) -> tuple[Prompt, ModelRequest]:
        """Assemble the prompt of a step and note it, by reference, for the flight recorder."""
        state = self._state()
        prompt = self._assemble(state)
        settings = self.workspace.settings
        request = ModelRequest(model, prompt.messages, prompt.tools, settings.reserve, options)
        memory = self.workspace.memory
        record = StepRecord(
            step, memory.queue.question, state, self.request_record(request.body()), self.system,
            functions_text(self.tools), prompt.digest(), prompt.counted, prompt.used, prompt.exact,
        )  # fmt: skip
        memory.start_step(record)
        return prompt, request

    def request_record(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """What was sent beside messages and functions, and what the counts were based on."""
        settings = self.workspace.settings
        return {
            "window": settings.window_tokens,
            "reserve": settings.reserve,
            "calibration": asdict(self.calibration),
            "body": {key: None if key in ("messages", "tools") else value for key, value in body.items()},
        }

    def event(self, prompt: Prompt) -> ContextAssembled:
        """The prompt as displays draw it."""
        return assembled(prompt, self.pressure, self.workspace.settings.reserve)


def assembled(prompt: Prompt, pressure: Pressure, reserve: int) -> ContextAssembled:
    """The event of a prompt."""
    return ContextAssembled(
        window=pressure.window, reserve=reserve, used=prompt.used, exact=prompt.exact, warn=pressure.warn,
        flush=pressure.flush, segments=prompt.segments, in_context=prompt.in_context,
    )  # fmt: skip


def shared_prefix_tokens(before: Prompt | None, now: Prompt) -> int:
    """Tokens at the start of a prompt that the one before it had too: what a prefix cache can reuse."""
    if before is None or before.tools != now.tools:
        return 0
    sizes = [segment.tokens for segment in now.segments if segment.name not in ("functions", "overhead")]
    shared = 0
    for old, new, size in zip(before.messages, now.messages, sizes, strict=False):
        if old != new:
            break
        shared += size
    functions = sum(segment.tokens for segment in now.segments if segment.name == "functions")
    return shared + functions if shared else 0
