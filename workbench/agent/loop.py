"""The loop that answers a question: context -> model -> executor -> memory, chained by heartbeats (MemGPT §2.4)."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from workbench.agent import budget, journal, server_limits
from workbench.agent.answers.delivery import AnswerValidator
from workbench.agent.budget import Spent
from workbench.agent.context import MainContext, shared_prefix_tokens
from workbench.agent.executor import Executed, Executor, distinct, valid_arguments, with_ids
from workbench.agent.fixed_parts import FixedParts
from workbench.agent.guided import AnswerWriter, Draft
from workbench.agent.inbox import REASONS, Inbox, heartbeat_after
from workbench.agent.partial_answer import PartialAnswer
from workbench.agent.streaming import Reply, partial_message
from workbench.agent.summariser import Summariser
from workbench.agent.tools.context import ModelProvider, ToolContext
from workbench.api.events import (  # fmt: skip
    Event,
    Failed,
    Notice,
    QuestionAsked,
    StepStarted,
    Stopped,
    Waiting,
    Yielded,
)
from workbench.core.errors import ModelBrokeOff, ModelError, ModelOverflow, WorkbenchError
from workbench.core.settings import READER, Settings
from workbench.core.tokens import Calibration, count, prepare
from workbench.memory.main_context import Prompt
from workbench.memory.messages import StoredMessage
from workbench.models.base import REFUSAL, ChatModel, Completion, FunctionCall
from workbench.text.template_tokens import neutralise

_EMPTY_REPLIES = 3
_INVALID_CALLS = 3
"""After so many calls that cannot be carried out the reader searches in the model's place (drive auto)."""

_MOST_REFITS = 4
"""How often the window is lowered for one question before its model's server is given up."""

_MOST_CUTS = 2
"""How often a model is asked to go on with an answer that was cut at the limit of its reply."""

_GO_ON = (
    "Your reply was cut at its limit of {limit} tokens. Go on exactly where it stopped, in plain text; repeat nothing."
)
_SHORTER = "Your reply was many times longer than its limit of {limit} tokens and was cut. Answer again with send_message, shortly."
_TEXT_CALL = (
    "Not delivered: your reply held a function call as text. Call the function, and write nothing beside the call."
)
_READ_AHEAD_CHARS = 300
_CHARS_A_TOKEN = 4
_TELLING_CHARS = 24
"""Arguments shorter than this may stand in a document by chance."""


@dataclass(frozen=True)
class _Guided:
    """What the agent works with again once the reader no longer searches for its model."""

    model: str
    base_url: str
    calibration: Calibration
    options: dict[str, Any]
    reader: ChatModel


@dataclass
class _Question:
    """The state of the question being answered. `owed`: a person waits for an answer."""

    started: float
    spent: Spent
    empty: int = 0
    refits: int = 0
    cuts: int = 0
    begun: str = ""
    """The parts so far of an answer that was cut at the limit of a reply."""
    done: bool = False
    broken: bool = False
    """Whether a step was made again because its reply broke off."""
    owed: bool = True


class Agent:
    """One agent with a model. `answer` is a generator of events: run it off the event loop, one question at a time."""

    def __init__(
        self, workspace: ToolContext, context: MainContext, executor: Executor, models: ModelProvider,
        validator: AnswerValidator,
        *, options: Mapping[str, Any] | None = None, parts: FixedParts | None = None,
    ) -> None:  # fmt: skip
        """`options` go into every request; `parts` gives functions, instructions and tools that fit a window."""
        self.workspace = workspace
        self.context = context
        self.executor = executor
        self._models = models
        self._model: tuple[ChatModel, str] | None = None
        self._open_step: int | None = None
        self.options = dict(options or {})
        self.stop = workspace.stop
        self.inbox = Inbox()
        self._spent = Spent()
        self.asking = threading.Lock()
        self._validator = validator
        self._ending = PartialAnswer(workspace, validator)
        self._sequence = itertools.count(1)
        self._before: Prompt | None = None
        self._sent: Prompt | None = None
        self._parts = parts
        self._truncation = server_limits.TruncationWatch()
        self._summarise = context.summarise
        if workspace.settings.summary_by == "model" and not workspace.settings.uses_reader:
            self._summarise = Summariser(context, self.model, self.stop, self._commit, lambda: self._spent)
        context.summarise = self._summarise
        self._writer = AnswerWriter(context, self.model, self.stop, validator, self._commit)
        self._guided: _Guided | None = None
        if workspace.settings.drive == "guided":
            self._guide()

    @property
    def id(self) -> int:
        """The agent's number in the database, which stays when it is renamed."""
        return self.workspace.memory.agent.id

    @property
    def name(self) -> str:
        """The agent's name as it is now."""
        return self.workspace.memory.agent.name

    def use_models(self, models: ModelProvider) -> None:
        """Get the model from another provider from the next step on."""
        self._models, self._model = models, None

    def model(self) -> tuple[ChatModel, str]:
        """The model and its name on the wire, made when it is first needed. Raises ModelError."""
        if self._model is None:
            self._model = self._models.model(self.settings)
        return self._model

    @property
    def settings(self) -> Settings:
        """The settings that the agent was given. While the reader searches for its model, the workspace works by the reader's."""
        now = self.workspace.settings
        return now if self._guided is None else replace(now, model=self._guided.model, base_url=self._guided.base_url)

    def use_drive(self, drive: str) -> None:
        """Let the model search from the next question on, or the reader, or the one and then the other (see Settings.drive)."""
        self._unguide()
        self.workspace.settings = replace(self.workspace.settings, drive=drive)
        if drive == "guided":
            self._guide()

    def _guide(self) -> None:
        """From the next step on the reader searches, with the functions, instructions and counts that it has when it is alone."""
        own = self.workspace.settings
        if self._guided is not None or own.uses_reader:
            return
        self._guided = _Guided(own.model, own.base_url, self.context.calibration, self.options, self._models.reader())
        self.options, self.context.calibration = dict(own.reader_options), Calibration.for_model(READER, embedded=True)
        self.context.summarise = self.context.condensed
        self.fit(replace(own, model=READER, base_url=""))

    def _unguide(self) -> None:
        """The model searches again."""
        if self._guided is None:
            return
        own, before = self.settings, self._guided
        self._guided = None
        self.options, self.context.calibration = before.options, before.calibration
        self.context.summarise = self._summarise
        self.fit(own)

    def answer(self, text: str) -> Iterator[Event]:
        """Answer a message of the user; ends with Yielded or Stopped. What it yields is committed, or marked ephemeral."""
        question = self._start()
        try:
            with self.stop.within(self.workspace.settings.minutes * 60):
                yield from self._begin(text)
                yield from self._work(question)
        finally:
            if self.workspace.settings.drive != "guided":
                self._unguide()

    def run_heartbeat(self, alert: str = "") -> Iterator[Event]:
        """A turn of the model's own, from a timer or told by an alert: nobody is owed an answer, so it may end without one."""
        question = self._start(owed=False)
        self.workspace.memory.operate_here("warning" if alert else "heartbeat")
        kind, body = ("system_alert", {"message": alert}) if alert else ("heartbeat", {"reason": REASONS["timer"]})
        self.inbox.put(kind, **body)
        with self.stop.within(self.workspace.settings.minutes * 60):
            yield from self._work(question)

    def _start(self, *, owed: bool = True) -> _Question:
        self._spent = Spent()
        self.stop.clear()
        self.executor.start_question()
        self._validator.start_question()
        return _Question(time.monotonic(), self._spent, owed=owed)

    def _work(self, question: _Question) -> Iterator[Event]:
        while not question.done:
            if why := self._cannot_search(question):
                yield from self._take_over(question, why)
            if reason := self._cap(question):
                yield from self._end(question, reason)
                return
            question.spent.steps += 1
            try:
                try:
                    yield from self._step(question)
                except ModelOverflow as overflow:
                    yield from self._refit(question, overflow)
                except ModelBrokeOff as broken:
                    yield from self._repeat(question, broken)
            except ModelError as error:
                yield from self._fail(error)
                return
            except WorkbenchError as error:
                yield from self.tell(*_failure(error))
                return

    def _cannot_search(self, question: _Question) -> str:
        """Why the reader takes over the search (drive auto), or ""."""
        if self._guided is not None or self.workspace.settings.drive != "auto" or not question.owed:
            return ""
        if self.workspace.settings.uses_reader or self.stop.asked() or self._validator.holds_answer:
            return ""
        if self.executor.invalid_calls >= _INVALID_CALLS:
            return f"{self.executor.invalid_calls} of its calls could not be carried out"
        if self.executor.stuck:
            return f"it {self.executor.stuck}"
        if question.empty >= _EMPTY_REPLIES:
            return f"it answered with nothing {question.empty} times"
        if self._validator.announced:
            return "asked for quotes, it gave none that stands in the documents"
        return "it found nothing and had not searched" if self._validator.challenged else ""

    def _take_over(self, question: _Question, why: str) -> Iterator[Event]:
        """The reader goes on with the question; what the model began is no part of the answer."""
        self._guide()
        self.executor.start_question()
        self._validator.start_question()
        self.workspace.hops.clear()
        question.begun, question.empty = "", 0
        message = f"The built-in reader searches from here on, and the model only writes the answer: {why}."
        self._validator.remark(f"The reader searched in the model's place: {why}.")
        hint = "--drive guided begins so; --drive model leaves it to the model."
        yield from self.tell(Notice(about="drive", message=message, hint=hint))

    # -- the question -----------------------------------------------------------------------------------------------

    def _begin(self, text: str) -> Iterator[Event]:
        prepare(self.context.calibration.encoding)  # what follows counts many texts
        memory = self.workspace.memory
        before, seq = memory.here(), memory.next_seq
        self._hear()
        message = memory.add("user", "user_message", {"message": text})
        memory.operate("question", before, seq, memory.operations.hidden, message.id)
        memory.queue.question = message.id
        self.workspace.hops.clear()
        memory.set_working(memory.working.start_question(text))
        yield from self._commit([QuestionAsked(text=text)])
        starts = self._guided is not None or not self._spent.barred(self.workspace.settings, self.context.used())
        if starts and self.workspace.settings.read_ahead and self.workspace.sources():
            yield self._stamp(Waiting(what="archive", detail="read-ahead"))
            yield from self._read_ahead(text)

    def _read_ahead(self, text: str) -> Iterator[Event]:
        """The first search is done before the first model call, as a function call of the system's."""
        query = " ".join(text.split())[:_READ_AHEAD_CHARS]
        while count(query) > self.workspace.budget.page_tokens // 6:
            query = query[: len(query) * 3 // 4]
        arguments = json.dumps({"query": query}, ensure_ascii=False)
        self.workspace.step = self.workspace.memory.step + 1
        call = FunctionCall(f"ahead_{self.workspace.step}", "archival_memory_search", arguments)
        executed = self.executor.run(call, self.workspace)
        self.executor.start_question()
        self._remember("", [call])
        yield from self._commit(
            executed.events(self.workspace, self._remember_result(executed).tokens, origin="system")
        )

    def _cap(self, question: _Question) -> str:
        if self.stop.after_step.is_set():
            return "user"
        question.spent.seconds = time.monotonic() - question.started
        return question.spent.over(self.workspace.settings) or ("repeated" if self.executor.stuck else "")

    def _refit(self, question: _Question, overflow: ModelOverflow) -> Iterator[Event]:
        """The server refused the prompt as too long: lower the window for this run, so that the step is made again.

        Raises the overflow when nothing smaller would work.
        """
        before, sent = self.workspace.settings, self._sent
        if self._open_step is None or sent is None or question.refits >= _MOST_REFITS:
            raise overflow
        made = server_limits.refit(before, overflow, sent.used)
        self._record_failure(overflow)
        question.refits += 1
        question.spent.steps -= 1
        if made.factor is not None:
            self.context.calibration = self.context.calibration.at_least(made.factor)
        self.fit(made.settings)
        hint = f"To have it so from the start: --window {made.settings.window_tokens}."
        yield from self.tell(
            Notice(about="window", message=server_limits.told(before, made.settings, overflow), hint=hint)
        )

    def _repeat(self, question: _Question, broken: ModelBrokeOff) -> Iterator[Event]:
        """The reply broke off in its middle: the step is made again, once a question. Raises the error the second time."""
        if self._open_step is None or question.broken:
            raise broken
        question.broken = True
        self._record_failure(broken)
        yield from self.tell(Notice(about="reply", message=f"{broken.message} The step is made again, once."))

    def fit(self, settings: Settings) -> None:
        """From the next step on the agent works within other settings: functions, instructions, pages and eviction follow."""
        self.workspace.settings = settings
        if self._parts is not None:
            self.executor.functions, system, tools = self._parts.fit(settings)
            self.workspace.links = any(item.name == "archival_follow" for item in self.executor.functions)
            self.context.instruct(system, tools)
        self.context.resize()

    def _end(self, question: _Question, reason: str, begun: str = "") -> Iterator[Event]:
        """Stop at a cap: with an answer that was sent back, the answer that had `begun`, or else with what was found."""
        space, sent = self.workspace, question.spent.prompt_tokens > 0
        space.step = space.memory.step
        never = reason in ("tokens", "cost") and not sent
        detail = (
            budget.never(reason, space.settings, self.context.used())
            if never
            else budget.words(reason, space.settings, self.executor.stuck)
        )
        held = self._validator.release()
        if not held and reason != "user" and question.owed:
            held = self._ending.events(detail, begun)
        yield from self.tell(*held, Stopped(reason=reason, detail=detail))

    def _hear(self) -> None:
        """Put what waits in the inbox at the back of the queue."""
        for event in self.inbox.take():
            self.workspace.memory.add("user", event.kind, event.body, step=self.workspace.step or None)

    # -- one step ---------------------------------------------------------------------------------------------------

    def _step(self, question: _Question) -> Iterator[Event]:
        began = time.perf_counter()
        memory = self.workspace.memory
        step = self.workspace.step = memory.step + 1
        self._hear()
        settings = self.workspace.settings
        free = self._guided is not None  # the reader's steps cost nothing
        if not free and question.spent.near(settings, self.context.used(), self.workspace.budget.page_tokens):
            memory.add("user", "system_alert", {"message": budget.LAST_CALL}, step=step)
        pressure = yield from self.context.relieve()
        if not free and (reason := question.spent.barred(settings, self.context.used())):
            question.done = True
            yield from self._commit(pressure)
            yield from self._end(question, reason)
            return
        step = self.workspace.step = memory.step + 1
        model, name = (self._guided.reader, READER) if self._guided else self.model()
        prompt, request = self.context.record(step, name, self.options)
        self._sent = prompt
        memory.step = self._open_step = step
        started = StepStarted(limit=settings.steps, reason=f"step {question.spent.steps}")
        yield from self._commit([started, *pressure])
        yield self._stamp(self.context.event(prompt))
        yield self._stamp(Waiting(what="model", detail=name))
        asked = time.perf_counter()
        reply = Reply()
        try:
            for event in reply.follow(model, request, self.stop):
                yield self._stamp(event)
        finally:
            self.context.note_sent(step, reply.sent, request, reply.shape)
        answered = time.perf_counter()
        if reply.completion is None:
            question.done = True
            yield from self._interrupted(question, reply, (answered - asked, asked - began))
            return
        draft = self._draft(reply.completion)
        if not free:
            question.spent.add(prompt, reply.completion)
        events = [] if draft else self._take(reply.completion, question)
        own = (asked - began) + (time.perf_counter() - answered)
        events += self._finish(reply.completion, prompt, (answered - asked, own))
        finished = self.context.finished(
            prompt, reply.completion.usage, answered - asked, own, free=free,
            cacheable_share=round(shared_prefix_tokens(self._before, prompt) / max(1, prompt.counted), 4),
        )  # fmt: skip
        self._before = prompt
        ending = [Yielded()] if question.done else []
        yield from self._commit([*events, finished, *ending])
        if draft is not None:
            yield from self._write(question, draft, reply.completion)

    def _draft(self, completion: Completion) -> Draft | None:
        """The reader's answer, where the model is to write it: it is not delivered yet."""
        if self._guided is None or not completion.calls or completion.calls[0].name != "send_message":
            return None
        draft = Draft(str(json.loads(completion.calls[0].arguments)["message"]), completion.assessment)
        return draft if draft.can_be_written else None

    def _write(self, question: _Question, draft: Draft, completion: Completion) -> Iterator[Event]:
        """Have the model write the reader's answer, and deliver what comes of it."""
        assert self._guided is not None
        guided = self._guided
        outcome = yield from self._writer.write(draft, question.spent, guided.calibration, guided.options)
        if outcome.remark:
            self._validator.remark(outcome.remark)
        arguments = json.dumps({"message": outcome.text}, ensure_ascii=False)
        calls = tuple(replace(call, arguments=arguments) for call in completion.calls[:1])
        events = self._take(replace(completion, calls=calls), question)
        yield from self._commit([*events, *([Yielded()] if question.done else [])])

    def _take(self, completion: Completion, question: _Question) -> list[Event]:
        """Run what the model asked for and say what follows: another turn, or none."""
        if completion.calls and self._is_quoted(completion):
            completion = replace(completion, content=completion.ending.written, calls=())
        calls = with_ids(distinct(completion.calls), self.workspace.step)
        cut = calls[-1] if calls and completion.ending.cut and not _is_json(calls[-1].arguments) else None
        if cut is not None and cut.name == "send_message" and len(calls) == 1:
            return self._go_on(partial_message(cut.arguments), completion, question)
        if not calls:
            return self._take_text(completion, question)
        self._remember(completion.content, calls, completion.handback)
        events: list[Event] = []
        heartbeat, failed = False, False
        for call in calls:
            if call is cut:
                reason = f"This call was cut at the limit of {_limit(completion)} tokens: make it shorter."
                executed = self.executor.refuse(call, reason)
            else:
                executed = self.executor.run(call, self.workspace)
            delivered: list[Event] = []
            if executed.ok and call.name == "send_message":
                if question.begun:
                    whole = joined(question.begun, str(executed.arguments["message"]))
                    executed = replace(executed, arguments={**executed.arguments, "message": whole})
                self._filtered(completion)
                executed, delivered = self._validator.deliver(executed, completion.assessment)
                question.done = question.done or bool(delivered)
            message = self._remember_result(executed)
            events += [*executed.events(self.workspace, message.tokens), *delivered]
            heartbeat, failed = heartbeat or executed.heartbeat, failed or not executed.ok
        if not question.done:
            reason = heartbeat_after(failed=failed, requested=heartbeat, owed=question.owed)
            if reason:
                self.inbox.put("heartbeat", reason=reason)
                self._hear()
            question.done = not reason
        return events

    def _take_text(self, completion: Completion, question: _Question) -> list[Event]:
        """A reply without a call: small models forget send_message, so their text is the answer."""
        text = completion.content.strip()
        memory = self.workspace.memory
        if not text:
            question.empty += 1
            if question.empty >= _EMPTY_REPLIES and self.workspace.settings.drive != "auto":
                raise ModelError(
                    "The model answered with nothing, three times.",
                    "Ask again, or choose a model that calls functions: --model.",
                )
            memory.add(
                "user", "system_alert", {"message": "Your reply was empty. Call a function."}, step=self.workspace.step
            )
            return []
        if completion.ending.mixed and not self._validator.was_read(completion.ending.mixed):
            self._remember(completion.content, [])
            self.executor.wrote_call_as_text()
            memory.add("user", "system_alert", {"message": _TEXT_CALL}, step=self.workspace.step)
            return []
        if completion.ending.cut:
            return self._go_on(completion.content, completion, question)
        self._filtered(completion)
        self._remember(completion.content, [])
        complaint, events = self._validator.weigh(joined(question.begun, completion.content), completion.assessment)
        if complaint:
            memory.add("user", "system_alert", {"message": complaint}, step=self.workspace.step)
        question.done = not complaint
        return events

    def _go_on(self, text: str, completion: Completion, question: _Question) -> list[Event]:
        """An answer that was cut at the limit of its reply: the model is asked to go on, at last what there is is delivered."""
        memory, limit = self.workspace.memory, _limit(completion)
        runaway = completion.ending.runaway
        text = text[: self.workspace.settings.reserve * _CHARS_A_TOKEN] if runaway else text
        self._remember(text, [])
        question.begun = text if runaway else joined(question.begun, text)
        if question.cuts < _MOST_CUTS and text.strip():
            question.cuts += 1
            alert = (_SHORTER if runaway else _GO_ON).format(limit=limit)
            memory.add("user", "system_alert", {"message": alert}, step=self.workspace.step)
            return []
        question.done = True
        self._validator.remark(
            f"The answer is cut: replies reached their limit of {limit} tokens {question.cuts + 1} times. Give them more "
            "room: reserve_tokens."
        )
        return self._validator.deliver_cut(question.begun)

    def _filtered(self, completion: Completion) -> None:
        if completion.ending.filtered:
            refused = completion.ending.filtered == REFUSAL
            what = "The model refused to answer" if refused else "The server's filter cut this answer"
            self._validator.remark(f"{what} ({completion.ending.filtered[:60]}).")

    def _is_quoted(self, completion: Completion) -> bool:
        """Whether calls written as text stand in a document: then a page speaks through the model, and nothing is called."""
        written = completion.ending.written
        if not written:
            return False
        parts = [written, *(call.arguments for call in completion.calls if len(call.arguments) >= _TELLING_CHARS)]
        return any(self._validator.was_read(part) for part in parts)

    # -- memory and events --------------------------------------------------------------------------------------------

    def _remember(
        self, content: str, calls: list[FunctionCall], handback: Mapping[str, Any] | None = None
    ) -> StoredMessage:
        body: dict[str, Any] = {"content": neutralise(content), "calls": [_stored(call) for call in calls]}
        if handback:
            most = self.workspace.settings.reserve * _CHARS_A_TOKEN
            body["handback"] = {
                key: value[-most:] if isinstance(value, str) else value for key, value in handback.items()
            }
        return self.workspace.memory.add("assistant", "assistant", body, step=self.workspace.step)

    def _remember_result(self, executed: Executed) -> StoredMessage:
        return self.workspace.memory.add("tool", "function_result", executed.body(), step=self.workspace.step)

    def _finish(self, completion: Completion, prompt: Prompt, times: tuple[float, float]) -> list[Event]:
        """Record the reply and learn from its usage; what there is to tell of it."""
        memory = self.workspace.memory
        usage, notices = completion.usage, list[Event]()
        if usage is not None:
            counted = prompt.counted - self.context.handed_back_tokens()
            if cut := self._truncation.see(counted, usage):
                notices.append(self._truncated(cut))
            self.context.calibration = self.context.calibration.learn(prompt.counted, usage.prompt_tokens)
        reply: dict[str, Any] = {
            "content": completion.content, "finish_reason": completion.finish_reason,
            "calls": [asdict(call) for call in completion.calls],
        }  # fmt: skip
        if completion.assessment is not None and completion.assessment.scorer:
            # A replay makes the call again, and other weights may make another one.
            reply["scorer"] = completion.assessment.scorer
        self._open_step = None
        memory.finish_step(memory.step, "done", reply=reply, usage=asdict(usage) if usage else {}, times=times)
        return notices

    def _truncated(self, cut: server_limits.Truncation) -> Notice:
        """The server cuts prompts: what is told, and prompts as short as what it reads where that is known."""
        said, settings = cut.message, self.workspace.settings
        if cut.window_tokens is not None and cut.window_tokens < settings.window_tokens:
            self.fit(replace(settings, window_tokens=cut.window_tokens, reserve_tokens=0))
            said += f" The window is {cut.window_tokens:,} tokens for the rest of this run, which it reads whole."
        return Notice(about="truncation", message=said, hint=server_limits.TRUNCATED_HINT)

    def _interrupted(self, question: _Question, reply: Reply, times: tuple[float, float]) -> Iterator[Event]:
        memory = self.workspace.memory
        partial = reply.answer or reply.content
        if partial.strip():
            memory.add(
                "assistant", "assistant", {"content": partial, "calls": [], "interrupted": True}, step=memory.step
            )
        self._open_step = None
        memory.finish_step(memory.step, "interrupted", reply={"content": partial}, usage={}, times=times)
        if self.stop.late.is_set() and not self.stop.after_step.is_set():
            yield from self._end(question, "time", partial)
            return
        detail = "Cancelled at once; what had come is kept as interrupted."
        yield from self._commit([*self._validator.release(), Stopped(reason="user", detail=detail)])

    def _fail(self, error: ModelError) -> Iterator[Event]:
        self._record_failure(error)
        yield from self.tell(*self._validator.release(), *_failure(error))

    def _record_failure(self, error: ModelError) -> None:
        """Close the record of the step that is open, if one is: it failed."""
        if self._open_step is not None:
            reply = {"error": error.one_line()}
            self.workspace.memory.finish_step(self._open_step, "failed", reply=reply, usage={}, times=(0.0, 0.0))
            self._open_step = None

    def tell(self, *events: Event) -> Iterator[Event]:
        """Make durable what was done, then tell it."""
        yield from self._commit(list(events))

    def _commit(self, events: list[Event]) -> Iterator[Event]:
        """Make durable what the events say, and only then tell them."""
        memory = self.workspace.memory
        stamped = [self._stamp(event) for event in events]
        memory.journal((event.step, event.name, journal.dump(event)) for event in stamped if event.durable)
        memory.commit()
        yield from stamped

    def _stamp(self, event: Event) -> Event:
        step = self.workspace.step or None
        return replace(event, agent=self.workspace.memory.agent.name, step=step, seq=next(self._sequence))


def _failure(error: WorkbenchError) -> tuple[Event, Event]:
    """What is told of an error that ends a question."""
    kind = type(error).__name__
    return Failed(message=error.message, hint=error.hint, kind=kind), Stopped(reason="error", detail=error.message)


def joined(begun: str, rest: str) -> str:
    """A text that was cut and what the model wrote when it was asked to go on; what it said twice stands once."""
    if not begun or rest.lstrip().startswith(begun.strip()[:40]):
        return rest if len(rest) >= len(begun) else begun
    for length in range(min(len(begun), len(rest), 400), 11, -1):
        if begun.endswith(rest[:length]):
            return begun + rest[length:]
    space = " " if begun[-1:].isalnum() and rest[:1].isalnum() else ""
    return f"{begun}{space}{rest}"


def _stored(call: FunctionCall) -> dict[str, Any]:
    stored: dict[str, Any] = {
        "id": call.id,
        "name": call.name,
        "arguments": neutralise(valid_arguments(call.arguments)),
    }
    return {**stored, "extra": dict(call.extra)} if call.extra else stored


def _is_json(arguments: str) -> bool:
    try:
        json.loads(arguments)
    except ValueError:
        return False
    return True


def _limit(completion: Completion) -> str:
    """The limit on the reply's length, as the server was told it."""
    keys = ("max_tokens", "max_completion_tokens", "max_output_tokens")
    limit = next((completion.body[key] for key in keys if key in completion.body), None)
    return f"{limit:,}" if isinstance(limit, int) else "its"
