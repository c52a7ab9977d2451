"""The agent's side of main context: pressure is relieved, the prompt assembled, and what was done about it told as events."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from workbench.agent.tools.context import ToolContext
from workbench.api.events import ContextAssembled, Event, Evicted, PressureWarning, StepFinished, SummaryWritten
from workbench.core import prices
from workbench.core.errors import ContextOverflow
from workbench.core.sent_request import as_recorded
from workbench.core.settings import READER, Settings
from workbench.core.tokens import Calibration, count, count_message, functions_text
from workbench.memory.agent_memory import StepRecord
from workbench.memory.attached_sources import SourceSize
from workbench.memory.main_context import Prompt, Summary, assemble, fixed_tokens, state_tokens
from workbench.memory.messages import StoredMessage, shortened, stamp
from workbench.memory.queue_manager import ALERT, Pressure, leaving, policy, warned
from workbench.memory.summary import condense
from workbench.models.base import ModelRequest, Usage
from workbench.text.template_tokens import neutralise

PRESSURE_ALERT = (
    ALERT + ": the context window is {share} % full. Older messages will soon be evicted to recall storage. "
    "Save what matters with core_memory_append now."
)
_MOST_SOURCES = 12
_OF_A_SOURCE = ("archival_memory_search", "archival_grep", "archival_sweep")
"""Functions of ours that can be restricted to a source."""
_WINDOW_A_SOURCE = 680


class MainContext:
    """Builds the prompt of every step."""

    def __init__(
        self,
        workspace: ToolContext,
        system: str,
        tools: Sequence[Mapping[str, Any]],
        calibration: Calibration,
    ) -> None:
        self.workspace = workspace
        self.system = system
        self._every_tool = tools
        self.calibration = calibration
        self.pressure = Pressure.of(workspace.settings)
        self.summarise: Callable[[Sequence[StoredMessage]], Generator[Event, None, Summary]] = self.condensed
        """Writes the summary of messages that are about to leave; a generator, because a model may be asked."""
        self._tools: dict[bool, tuple[Sequence[Mapping[str, Any]], str]] = {}
        self._policy = policy(workspace.settings.eviction)
        self._most_sources = min(_MOST_SOURCES, workspace.settings.window_tokens // _WINDOW_A_SOURCE)
        self._now = ""
        self._sources: Sequence[SourceSize] = ()
        self._pressed = True
        self._judged_by: Calibration | None = None
        """The calibration under which the question in the queue was last found to fit."""

    def instruct(self, system: str, tools: Sequence[Mapping[str, Any]]) -> None:
        """Other system instructions and functions from the next step on."""
        self.system, self._every_tool = system, tools
        self._tools.clear()

    @property
    def tools(self) -> Sequence[Mapping[str, Any]]:
        """The functions as they are sent: with one source attached there is none to choose, so nothing asks for it."""
        return self._offered()[0]

    def _offered(self) -> tuple[Sequence[Mapping[str, Any]], str]:
        several = len(self._sources) > 1
        if several not in self._tools:
            tools = self._every_tool if several else [without_source(tool) for tool in self._every_tool]
            self._tools[several] = (tools, functions_text(tools))
        return self._tools[several]

    def resize(self) -> None:
        """The window of the settings has changed."""
        settings = self.workspace.settings
        self.pressure = Pressure.of(settings)
        self._most_sources = min(_MOST_SOURCES, settings.window_tokens // _WINDOW_A_SOURCE)

    def handed_back_tokens(self) -> int:
        """Tokens of reasoning in the queue that goes back to the server, which its chat template may leave out."""
        texts = (
            value
            for message in self.workspace.memory.queue.messages
            for value in (message.body.get("handback") or {}).values()
        )
        return sum(count(text if isinstance(text, str) else str(text), self.calibration.encoding) for text in texts)

    def prompt(self) -> Prompt:
        """The prompt as it would be sent now."""
        self._look()
        return self._assemble(self._state())

    def warning(self) -> str:
        """The alert about memory pressure as it would read now; empty when the model was told and nothing has left since."""
        self._look()
        return "" if warned(self.workspace.memory.queue) else self._alert(self._used())

    def _alert(self, used: int) -> str:
        return PRESSURE_ALERT.format(share=round(100 * used / self.pressure.usable))

    def relieve(self) -> Generator[Event, None, list[Event]]:
        """Warn once at 70 %, evict beyond 100 % (MemGPT §2.2). Raises ContextOverflow when the fixed parts do not fit.

        Yields what a writer of summaries tells meanwhile, and returns what was done, to be told with the step's commit.
        What is counted here is what `record` assembles next: the time and the sources of the state are taken once a step.
        """
        self._shorten_question()
        self._look()
        memory = self.workspace.memory
        told: list[Event] = []
        used = self._used()
        if self.pressure.warn <= used <= self.pressure.flush and not warned(memory.queue):
            memory.add("user", "system_alert", {"message": self._alert(used)}, step=self.workspace.step)
            told.append(PressureWarning(used=used, usable=self.pressure.usable))
            used = self._used()
        if used > self.pressure.flush:
            told += yield from self._evict()
            used = self._used()
        if used > self.pressure.usable:
            raise ContextOverflow(
                f"The question and the instructions take {used:,} tokens; the window has room for {self.pressure.usable:,}.",
                "Ask a shorter question, or use a larger window: --window.",
            )
        return told

    def used(self) -> int:
        """Tokens of the prompt as it would be sent now; right after `relieve`, of the prompt that `record` makes."""
        if not self._now:
            self._look()
        return self._used()

    def _used(self) -> int:
        """Tokens of the prompt, from sums that are kept up: nothing is assembled or counted anew but the state."""
        memory, name = self.workspace.memory, self.calibration.encoding
        summary = count_message(memory.summary.wire(), name) if memory.summary else 0
        return self.calibration.predict(self._fixed() + summary + memory.queue.tokens_in(name))

    def _fixed(self) -> int:
        """Tokens of what cannot leave: instructions, functions and the state."""
        name = self.calibration.encoding
        return fixed_tokens(self.system, self._offered()[1], name) + state_tokens(self._full(self._state()), name)

    def fixed_tokens(self) -> int:
        """Tokens, as the server counts them, of what cannot leave: instructions, functions and the state."""
        self._look()
        return self.calibration.predict(self._fixed())

    def fits_beside_fixed(self, question: Mapping[str, Any]) -> bool:
        """Whether a question's wire message fits beside what cannot leave, under the calibration in force: the one bound there is.

        It admits a question, and judges it again as soon as the server's usage has taught another calibration.
        """
        return self.tokens_of(question) <= self.spare()

    def tokens_of(self, message: Mapping[str, Any]) -> int:
        """What a message adds to a prompt, as the server counts it."""
        calibration = self.calibration
        return calibration.predict(count_message(message, calibration.encoding)) - calibration.predict(0)

    def _shorten_question(self) -> None:
        """Send the ends of a question that no longer fits; the whole text goes to archival storage, as one that came too long.

        A server whose tokenizer is unknown teaches with its first reply that it counts more, up to four times our count: a
        question that was admitted before would crowd out every result, and in the end the step itself.
        """
        if self.calibration == self._judged_by:
            return
        self._judged_by = self.calibration
        memory = self.workspace.memory
        question = next((message for message in memory.queue.messages if message.id == memory.queue.question), None)
        if question is None or question.kept is not None or self.fits_beside_fixed(question.wire):
            return
        text = str(question.body.get("message", ""))
        if shortened(text) != text:
            self.workspace.insert_note(text, {"pasted": True})
            memory.keep_evidence({question.id: ()})

    def spare(self) -> int:
        """Tokens, as the server counts them, that a question may take beside what cannot leave, grown to its bound."""
        self._look()
        memory, name = self.workspace.memory, self.calibration.encoding
        written = sum(count(text, name) for text in memory.working.texts().values())
        growth = max(0, self.workspace.settings.working_tokens - written)
        return self.pressure.usable - self.calibration.predict(self._fixed() + growth + self.pressure.summary_tokens)

    def _evict(self) -> Generator[Event, None, list[Event]]:
        """One batch leaves for recall storage; if nothing can leave there is no progress to wait for, and nothing is done."""
        memory = self.workspace.memory
        notes = "\n".join(memory.working.texts().values())
        gone = leaving(memory.queue, self._fixed(), self.pressure, self._policy, notes, self.calibration)
        return (yield from self._leave(gone)) if gone else []

    def compress(self) -> Generator[Event, None, list[Event]]:
        """All but the current question and the newest message with its results leaves now, whatever the pressure."""
        gone = self.workspace.memory.queue.leaving(0)
        return (yield from self._leave(gone)) if gone else []

    def _leave(self, gone: Sequence[StoredMessage]) -> Generator[Event, None, list[Event]]:
        memory = self.workspace.memory
        summary = yield from self.summarise(gone)
        summary = replace(summary, text=neutralise(summary.text))
        tokens = count_message(summary.wire())
        memory.queue.remove(gone)
        memory.set_summary(summary, tokens, step=self.workspace.step)
        passages = tuple(dict.fromkeys(passage for message in gone for passage in message.passages))
        freed = sum(message.tokens for message in gone)
        return [
            Evicted(messages=len(gone), tokens=freed, passages=passages),
            SummaryWritten(text=summary.text, tokens=tokens),
        ]

    def condensed(self, gone: Sequence[StoredMessage]) -> Generator[Event, None, Summary]:
        """The summary without a model: the default of `summarise`."""
        yield from ()
        memory = self.workspace.memory
        return condense(
            memory.summary, gone, self.pressure.summary_tokens, memory.next_summary_id(), stamp(memory.clock())
        )

    def _look(self) -> None:
        self._now = stamp(self.workspace.memory.clock())
        self._sources = self.workspace.attached.sizes()
        # The alert stays in the queue when results have shrunk to receipts since: then nothing presses any more.
        self._pressed = True
        self._pressed = self._used() >= self.pressure.warn

    def _state(self) -> dict[str, Any]:
        more = len(self._sources) - self._most_sources
        memory = self.workspace.memory
        # Names alone: what stands beside a name is copied into the calls that name it.
        names = [source.name for source in self._sources[: self._most_sources]]
        return {
            "sources": [*names, *([f"and {more} more"] if more > 0 else [])],
            "documents": sum(source.documents for source in self._sources),
            "passages": sum(source.passages for source in self._sources),
            "recall_messages": memory.messages_on_branch,
            "context": {
                "window": self.pressure.window,
                "pressure": "high" if self._pressed and warned(memory.queue) else "normal",
            },
            "time": self._now,
        }

    def _full(self, state: Mapping[str, Any]) -> dict[str, Any]:
        return {"working_context": self.workspace.memory.working.texts(), **state}

    def _assemble(self, state: Mapping[str, Any]) -> Prompt:
        memory = self.workspace.memory
        queue = memory.queue.parts(self.calibration.encoding)
        return assemble(self.system, *self._offered(), memory.summary, queue, self._full(state), self.calibration)

    def record(self, step: int, model: str, options: Mapping[str, Any]) -> tuple[Prompt, ModelRequest]:
        """Assemble the prompt of a step and note it, by reference, for the flight recorder."""
        state = self._state()
        prompt = self._assemble(state)
        settings = self.workspace.settings
        request = ModelRequest(model, prompt.messages, prompt.tools, settings.reserve, options, results=prompt.results)
        memory = self.workspace.memory
        record = StepRecord(
            step, memory.queue.question, state, self.request_record(request.body()), self.system,
            self._offered()[1], prompt.digest(), prompt.counted, prompt.used, prompt.exact,
        )  # fmt: skip
        memory.start_step(record)
        return prompt, request

    def finished(
        self, prompt: Prompt, usage: Usage | None, model_seconds: float, own_seconds: float = 0.0, *, free: bool = False,
        cacheable_share: float = 0.0,
    ) -> StepFinished:  # fmt: skip
        """The event that a step is over. `usage` is the server's, else what was counted here; a `free` step costs nothing."""
        sent, written = (usage.prompt_tokens, usage.completion_tokens) if usage else (prompt.used, 0)
        cached = usage.cached_tokens if usage else 0
        cost = 0.0 if free else round(prices.cost(self.workspace.settings, sent, written, cached), 8)
        return StepFinished(
            used=prompt.used, usable=self.pressure.usable, completion_tokens=written, cached_tokens=cached, cost=cost,
            model_seconds=model_seconds, own_seconds=own_seconds, cacheable_share=cacheable_share,
        )  # fmt: skip

    def note_sent(
        self, step: int, sent: Mapping[str, Any] | None, request: ModelRequest, shape: Mapping[str, Any] | None = None,
        calibration: Calibration | None = None,
    ) -> None:  # fmt: skip
        """Correct the record of a step whose request went out otherwise, also where its reply broke off."""
        if sent and (shape or _beside_messages(sent) != _beside_messages(request.body())):
            self.workspace.memory.correct_request(step, self.request_record(sent, shape, calibration))

    def request_record(
        self, body: Mapping[str, Any], shape: Mapping[str, Any] | None = None, calibration: Calibration | None = None
    ) -> dict[str, Any]:
        """What was sent beside messages and functions, what the counts were based on, and the shape of the messages.

        `calibration` is that of the prompt where it is not the one in force.
        """
        settings = self.workspace.settings
        return {
            "window": settings.window_tokens,
            "reserve": settings.reserve,
            **_prices(settings, body),
            "calibration": asdict(calibration or self.calibration),
            "body": as_recorded(body, shape),
        }

    def event(self, prompt: Prompt) -> ContextAssembled:
        """The prompt as displays draw it."""
        return assembled(prompt, self.pressure, self.workspace.settings.reserve)


def _prices(settings: Settings, body: Mapping[str, Any]) -> dict[str, Any]:
    """The prices in force, [sent, cached, written], where there are any: prices change, and what was paid does not.

    Who was asked stands in the request: in guided mode the settings are the reader's, and the model writes.
    """
    if body.get("model") == READER or not (settings.price_in or settings.price_out):
        return {}
    return {"prices": list(prices.in_force(settings))}


def _beside_messages(body: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key not in ("messages", "tools")}


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
    most = min(len(before.messages), len(now.messages)) - 1
    # From step to step all but the state is the same; tuples of the very same messages are compared in no time.
    same = most if before.messages[:most] == now.messages[:most] else 0
    while same <= most and before.messages[same] == now.messages[same]:
        same += 1
    if not same:
        return 0
    end = len(now.segments) - (now.segments[-1].name == "overhead")
    others = now.segments[end - len(now.messages) + same : end]
    return now.counted - sum(segment.tokens for segment in others)


def without_source(tool: Mapping[str, Any]) -> Mapping[str, Any]:
    """One of our functions without its parameter `source`; the same one when it has none, or is the user's own."""
    function = tool["function"]
    properties = function["parameters"].get("properties", {})
    if function["name"] not in _OF_A_SOURCE or "source" not in properties:
        return tool
    left = {key: value for key, value in properties.items() if key != "source"}
    return {**tool, "function": {**function, "parameters": {**function["parameters"], "properties": left}}}
