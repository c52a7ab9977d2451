"""Collects what came of a question from its events: the answer, or why there is none, and what its steps used together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from workbench.api.citation_marks import cited
from workbench.api.events import AnswerDone, Event, Failed, StepFinished, Stopped
from workbench.core.errors import WorkError


@dataclass
class QuestionOutcome:
    """What came of a question so far. Tokens and cost are those of all its steps; cost in the currency of the prices."""

    answer: AnswerDone | None = None
    stopped: Stopped | None = None
    failed: Failed | None = None
    steps: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    cost: float = 0.0

    @classmethod
    def of(cls, events: Iterable[Event]) -> QuestionOutcome:
        """The outcome of a question whose events are run through here."""
        outcome = cls()
        for event in events:
            outcome.take(event)
        return outcome

    def take(self, event: Event) -> None:
        """Note an event of the question."""
        if isinstance(event, AnswerDone):
            self.answer = event
        elif isinstance(event, Stopped):
            self.stopped = event
        elif isinstance(event, Failed):
            self.failed = event
        elif isinstance(event, StepFinished):
            self.steps += 1
            self.prompt_tokens += event.used
            self.completion_tokens += event.completion_tokens
            self.cached_tokens += event.cached_tokens
            self.cost += event.cost

    @property
    def last(self) -> AnswerDone | Failed | Stopped | None:
        """The answer, else what ended the question without one."""
        return self.answer or self.failed or self.stopped

    @property
    def failure(self) -> str:
        """Why there is no answer, in one sentence with what to do; "" where there is one."""
        try:
            self.required()
        except WorkError as error:
            return error.one_line()
        return ""

    def required(self) -> AnswerDone:
        """The answer. Raises WorkError with the reason, and what to do, where there is none."""
        if self.answer is not None:
            return self.answer
        if self.failed is not None:
            raise WorkError(self.failed.message, self.failed.hint)
        stopped = self.stopped
        detail = (stopped.detail or stopped.reason) if stopped is not None else "The question ended without an answer."
        raise WorkError(detail, "Ask again, with a higher limit where one was reached.")


def with_sources(answer: AnswerDone) -> str:
    """The text of an answer with its quotes and where they stand below it, for readers who see nothing but text."""
    lines = [f"[{quote.number}] {quote.where}: “{quote.quote}”" for quote in cited(answer.quotes)]
    return "\n\n".join(part for part in (answer.text, "\n".join(lines)) if part)
