"""What came of a question, collected from its events."""

from __future__ import annotations

import pytest

from workbench.api.events import AnswerDone, Citation, Failed, StepFinished, Stopped
from workbench.api.outcome import QuestionOutcome, with_sources
from workbench.core.errors import WorkError


def test_steps_are_added_up_and_the_answer_kept() -> None:
    steps = [StepFinished(used=10, completion_tokens=2, cached_tokens=4, cost=0.5), StepFinished(used=20, cost=0.25)]
    outcome = QuestionOutcome.of([*steps, AnswerDone(text="Yes.")])
    assert (outcome.steps, outcome.prompt_tokens, outcome.completion_tokens) == (2, 30, 2)
    assert (outcome.cached_tokens, outcome.cost) == (4, 0.75)
    assert outcome.required().text == "Yes."
    assert outcome.failure == ""


@pytest.mark.parametrize(
    ("events", "says"),
    [
        ([Failed(message="It broke.", hint="Mend it.")], "It broke. Mend it."),
        ([Stopped(reason="steps")], "steps Ask again, with a higher limit where one was reached."),
        ([Stopped(reason="time", detail="The time is over.")], "The time is over. Ask again"),
        ([], "The question ended without an answer."),
    ],
)
def test_without_an_answer_the_reason_is_told(events: list[Failed | Stopped], says: str) -> None:
    outcome = QuestionOutcome.of(events)
    with pytest.raises(WorkError):
        outcome.required()
    assert outcome.failure.startswith(says)


def test_sources_stand_below_the_text_but_not_what_is_not_verified() -> None:
    quotes = (
        Citation("a.md", 3, None, "One thing.", True, number=1),
        Citation("b.md", 1, None, "Another.", False, number=2),
    )
    assert with_sources(AnswerDone(text="So it is.", citations=quotes)) == "So it is.\n\n[1] a.md p.3: “One thing.”"
