"""Guided mode: the extractive reader searches, follows, pages and takes notes; the model only writes the answer.

Small models answer a question from a few excerpts, but lose their way when they have to search themselves: a model of 1.5
billion parameters had none of six questions right when it searched, and six of eight when the reader had searched for it.
The reader's steps are the very steps that it makes alone, and what the model writes stands in front of the reader's quotes only
where one of these bears it out (see answers.written_answer), so guided mode answers no question worse than the reader does.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from workbench.agent import prompts
from workbench.agent.answers.citations import says_not_found, says_not_sure
from workbench.agent.answers.delivery import AnswerValidator
from workbench.agent.answers.written_answer import SCHEMA, WrittenAnswer, bears_out, is_only_quote, parse
from workbench.agent.budget import Spent
from workbench.agent.context import MainContext
from workbench.agent.stop import Stop
from workbench.api.events import Citation, Event, StepStarted, Waiting
from workbench.core.errors import ModelBrokeOff, ModelError, ModelOverflow, ModelUnreachable
from workbench.core.tokens import Calibration, count
from workbench.memory.agent_memory import StepRecord
from workbench.memory.messages import StoredMessage
from workbench.memory.writing_prompt import Excerpt, writing_prompt
from workbench.models.base import Assessment, ChatModel, Completion, ModelRequest, Sending, TextDelta
from workbench.models.extractive.sentences import sentences
from workbench.text.quotes import fold

_FRAME_TOKENS = 32
"""What the messages take around instructions, excerpts and question."""

_OF_THE_LINE = (ModelUnreachable, ModelOverflow, ModelBrokeOff)
"""Errors that have nothing to do with the form that is asked for."""

_LONGEST_REPLY_CHARS = 3_000
"""A reply that says more than this is broken off: three short fields never take so much."""


@dataclass(frozen=True)
class Draft:
    """The reader's own answer, which is given unless the model writes one that a quote bears out."""

    message: str
    assessment: Assessment | None

    @property
    def can_be_written(self) -> bool:
        """Whether one quote can hold its answer.

        Where the reader finds nothing, or is not sure, a small model invents; and a list or a comparison rests on many quotes.
        """
        scored = self.assessment is not None and self.assessment.confidence is not None and not self.assessment.form
        return scored and not says_not_found(self.message) and not says_not_sure(self.message)


@dataclass(frozen=True)
class Outcome:
    """The text that is given as the answer, and a sentence for people about who wrote it. `written`: the model did."""

    text: str
    remark: str
    written: bool = False


@dataclass
class _Reply:
    """One reply to a writing request. `error` is set where there was none."""

    text: str = ""
    done: Completion | None = None
    error: ModelError | None = None
    reason: str = ""
    """Why there is none, where that is no error."""
    sent: Mapping[str, Any] = field(default_factory=dict)
    shape: Mapping[str, Any] = field(default_factory=dict)


class AnswerWriter:
    """Asks the model to write the answer that the reader has found.

    Every request is a step of its own in the flight recorder, rebuilt exactly by its excerpts, and counts towards the caps of
    the question: one that would pass them is not made. `commit` makes events durable and gives them back as told.
    """

    def __init__(
        self, context: MainContext, model: Callable[[], tuple[ChatModel, str]], stop: Stop, validator: AnswerValidator,
        commit: Callable[[list[Event]], Iterator[Event]],
    ) -> None:  # fmt: skip
        self._context = context
        self._model = model
        self._stop = stop
        self._validator = validator
        self._commit = commit
        self._system = prompts.writing_instructions()
        self._takes_form = True
        """Whether the server takes a form for its reply; False once it has refused one."""

    def write(
        self, draft: Draft, spent: Spent, calibration: Calibration, options: Mapping[str, Any]
    ) -> Generator[Event, None, Outcome]:
        """The answer to give; ModelError is no exception here but a reason for the reader's own.

        Args:
            draft: the reader's answer.
            spent: what the question has used; the requests made here are added.
            calibration: of the model that is asked.
            options: what its requests say beside messages; its temperature is set to 0.
        """
        own = self._validator.quotes(draft.message)
        question = self._question()
        if question is None or not own.citations:
            return Outcome(draft.message, "")
        excerpts = self._excerpts(own.citations, question, calibration)
        reply = yield from self._ask(question, excerpts, own.citations, spent, calibration, options)
        if isinstance(reply.error, ModelBrokeOff):
            reply = yield from self._ask(question, excerpts, own.citations, spent, calibration, options)
        if self._takes_form and reply.error and not isinstance(reply.error, _OF_THE_LINE):
            # Some servers refuse response_format in words that name no key, and some fail over the grammar.
            self._takes_form = False
            reply = yield from self._ask(question, excerpts, own.citations, spent, calibration, options)
            self._takes_form = reply.error is not None
        return self._judged(reply, draft, own.citations, question.spoken)

    # -- what is shown to the model -----------------------------------------------------------------------------------

    def _question(self) -> StoredMessage | None:
        queue = self._context.workspace.memory.queue
        return next((message for message in queue.messages if message.id == queue.question), None)

    def _excerpts(self, cited: Sequence[Citation], question: StoredMessage, calibration: Calibration) -> list[Excerpt]:
        """The passages that the reader quotes, as far as there is room for them: a small model reads 35 tokens a second."""
        found = {one.passage: Excerpt(one.passage, one.handle, one.document, one.page) for one in cited if one.passage}
        texts = self._context.workspace.memory.texts(list(found))
        frame = count(self._system) + question.tokens + _FRAME_TOKENS
        kept: list[Excerpt] = []
        for one in found.values():
            frame += count(one.written(texts.get(one.passage, "")))
            if calibration.predict(frame) <= self._context.pressure.usable:
                kept.append(one)
        return kept

    # -- the request ----------------------------------------------------------------------------------------------------

    def _ask(
        self, question: StoredMessage, excerpts: Sequence[Excerpt], cited: Sequence[Citation], spent: Spent,
        calibration: Calibration, options: Mapping[str, Any],
    ) -> Generator[Event, None, _Reply]:  # fmt: skip
        context, memory = self._context, self._context.workspace.memory
        settings = context.workspace.settings
        texts = memory.texts([one.passage for one in excerpts])
        prompt = writing_prompt(self._system, question, excerpts, texts, calibration)
        if not excerpts or prompt.used > context.pressure.usable:
            return _Reply(reason="the window has no room for excerpts beside the question")
        if self._stop.asked():
            return _Reply(reason="you stopped it before the model wrote one")
        if spent.steps >= settings.steps or spent.barred(settings, prompt.used):
            return _Reply(reason="a limit of the question leaves no room for the model to write")
        try:
            model, name = self._model()
        except ModelError as error:
            return _Reply(error=error)
        cold = {key: 0.0 if key == "temperature" else value for key, value in options.items()}
        form = _form(excerpts, cited) if self._takes_form else None
        request = ModelRequest(name, prompt.messages, (), settings.reserve, cold, response_format=form)
        step = context.workspace.step = memory.step + 1
        state = {"writing": [one.dump() for one in excerpts]}
        record = context.request_record(request.body(), calibration=calibration)
        memory.start_step(
            StepRecord(
                step, question.id, state, record, self._system, "", prompt.digest(), prompt.counted, prompt.used, prompt.exact,
                memory.ranges_of([question]), working=False,
            )
        )  # fmt: skip
        memory.step = step
        spent.steps += 1
        started = StepStarted(limit=settings.steps, reason="writing")
        yield from self._commit([started, context.event(prompt), Waiting(what="model", detail=name)])
        asked = time.perf_counter()
        reply = self._follow(model, request)
        seconds = time.perf_counter() - asked
        context.note_sent(step, reply.sent, request, reply.shape, calibration)
        usage = reply.done.usage if reply.done else None
        if reply.error is not None:
            failed = {"error": reply.error.one_line()}
            memory.finish_step(step, "failed", reply=failed, usage={}, times=(seconds, 0.0))
        else:
            finish = reply.done.finish_reason if reply.done else "cut"
            said = {"content": reply.text, "finish_reason": finish, "calls": []}
            status = "interrupted" if self._stop.now.is_set() else "done"
            memory.finish_step(step, status, reply=said, usage=asdict(usage) if usage else {}, times=(seconds, 0.0))
            spent.add(prompt, reply.done)
        yield from self._commit([context.finished(prompt, usage, seconds)])
        return reply

    def _follow(self, model: ChatModel, request: ModelRequest) -> _Reply:
        reply = _Reply()
        try:
            with closing(model.stream(request, self._stop.now)) as deltas:  # type: ignore[type-var]
                for delta in deltas:
                    if isinstance(delta, TextDelta):
                        reply.text += delta.text
                        if len(reply.text) > _LONGEST_REPLY_CHARS:
                            break
                    elif isinstance(delta, (Sending, Completion)):
                        reply.sent, reply.shape = delta.body or reply.sent, delta.shape
                        reply.done = delta if isinstance(delta, Completion) else None
        except ModelError as error:
            reply.error = error
        if reply.done is not None:
            reply.text = reply.done.content
        elif self._stop.now.is_set():
            reply.reason = "the model was stopped before it had written one"  # by the user, or the time was up
        return reply

    # -- what becomes of the reply --------------------------------------------------------------------------------------

    def _judged(self, reply: _Reply, draft: Draft, own: Sequence[Citation], question: str) -> Outcome:
        written = parse(reply.text)
        found = self._validator.quotes(written.cited).citations if written and not written.empty else ()
        quoted = next((one for one in found if one.verified), None)
        if reply.error is not None:
            why = reply.error.one_line().rstrip(".")
        elif reply.reason:
            why = reply.reason
        elif written is None:
            why = "the model did not reply in the form that was asked for"
        elif written.empty:
            why = "the model found no answer in the excerpts"
        elif quoted is None:
            why = "what the model quoted stands on no page that was read"
        elif not any(_shares(one.quote, written.quote) for one in own):
            why = "the model quoted another sentence than the reader"
        elif (proof := _proof(written, own, question)) is None:
            why = "no quote of the reader's, or more than one, holds what the model answered"
        else:
            text = _composed(written, proof, own, draft)
            return Outcome(text, "The model wrote the answer from what the reader found.", True)
        return Outcome(draft.message, f"The answer is the reader's own: {why}.")


def _proof(written: WrittenAnswer, own: Sequence[Citation], question: str) -> Citation | None:
    """The quote of the reader's that bears the answer out: the one that the model chose, else another, for it may name the wrong one.

    None when quotes of several passages hold the answer: then it is what leads from one to the next, and not what was asked
    for ("Sabbath Reef" was the answer of Qwen2.5-Coder 1.5B to who was stranded where a barge had grounded).
    """
    chosen_first = sorted(own, key=lambda one: not _shares(one.quote, written.quote))
    holding = [one for one in chosen_first if bears_out(replace(written, quote=one.quote), question)]
    return holding[0] if len({one.passage for one in holding}) == 1 else None


def _form(excerpts: Sequence[Excerpt], cited: Sequence[Citation]) -> dict[str, Any]:
    """The form of the reply as servers are told it: no handle can be named but those of the excerpts, no quote but the reader's.

    Small models copy badly: of a sentence that they found, Qwen2.5-Coder 1.5B wrote half in words of its own.
    """
    handles = [one.handle for one in excerpts]
    quotes = dict.fromkeys(part for one in cited for part in (" ".join(one.quote.split()), *sentences(one.quote)))
    chosen = {"quote": {"type": "string", "enum": [*quotes, ""]}, "handle": {"type": "string", "enum": [*handles, ""]}}
    schema = {**SCHEMA, "properties": {**SCHEMA["properties"], **chosen}}
    return {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": schema}}


def _shares(one: str, other: str) -> bool:
    """Whether one of two quotes is a part of the other."""
    return fold(one) in fold(other) or fold(other) in fold(one)


def _composed(written: WrittenAnswer, proof: Citation, own: Sequence[Citation], draft: Draft) -> str:
    """The model's answer, the quote that bears it out, and what else the reader quotes and explains: nothing of it is missing."""
    quotes = [f'"{one.quote}" [{one.handle}]' for one in (proof, *(one for one in own if one is not proof))]
    explained = [draft.assessment.remark] if draft.assessment and draft.assessment.remark else []
    answer = [] if is_only_quote(replace(written, quote=proof.quote)) else [written.answer]
    return "\n".join([*answer, *quotes, *explained])
