"""The arithmetic of a question's limits: no cap is passed by a single token, and nothing that fits is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.agent.budget import Spent
from workbench.core.settings import Settings
from workbench.memory.main_context import Prompt
from workbench.models.base import Completion, Usage

SETTINGS = Settings(model="gpt-4o", price_in=2.0, price_out=8.0)
NO_PROMPT = Prompt((), (), (), 0, 0, True, frozenset(), ())


def reply(prompt_tokens: int, written: int) -> Completion:
    return Completion("", (), "stop", Usage(prompt_tokens, written))


steps = st.lists(st.tuples(st.integers(1, 7_000), st.integers(0, SETTINGS.reserve)), min_size=1, max_size=12)


@given(steps, st.integers(1, 60_000))
def test_no_cap_on_tokens_is_passed_and_nothing_that_fits_is_refused(course: list[tuple[int, int]], cap: int) -> None:
    settings, spent = replace(SETTINGS, question_tokens=cap), Spent()
    for prompt_tokens, written in course:
        before = spent.prompt_tokens + spent.completion_tokens
        refused = spent.barred(settings, prompt_tokens)
        assert refused == ("tokens" if before + prompt_tokens + settings.reserve > cap else "")
        if refused:
            continue
        spent.add(NO_PROMPT, reply(prompt_tokens, written))
        assert spent.prompt_tokens + spent.completion_tokens <= cap


@given(steps, st.integers(1, 300_000))
def test_no_cap_on_cost_is_passed_and_nothing_that_fits_is_refused(
    course: list[tuple[int, int]], millionths: int
) -> None:
    cap = millionths / 1_000_000
    settings, spent = replace(SETTINGS, question_cost=cap), Spent()
    for prompt_tokens, written in course:
        refused = spent.barred(settings, prompt_tokens)
        worst = 2 * (spent.prompt_tokens + prompt_tokens) + 8 * (spent.completion_tokens + settings.reserve)
        assert refused == ("cost" if worst / 1_000_000 > cap else "")
        if refused:
            continue
        spent.add(NO_PROMPT, reply(prompt_tokens, written))
        assert spent.cost(settings) <= cap


@given(st.integers(1_000, 6_000), st.integers(0, 2_000), st.integers(5_000, 60_000))
def test_the_model_is_told_once_and_at_a_step_that_fits(prompt: int, growth: int, cap: int) -> None:
    """A prompt that grows by no more than a page a step: nobody is stopped untold, unless the alert itself has no room."""
    settings, spent, told, full = replace(SETTINGS, steps=1_000, question_tokens=cap), Spent(), 0, False
    while not spent.barred(settings, tokens := min(prompt + spent.steps * growth, settings.usable_tokens)):
        full = bool(spent.barred(settings, tokens + 64))
        if spent.near(settings, tokens, page_tokens=growth):
            assert not full
            told += 1
        spent.steps += 1
        spent.add(NO_PROMPT, reply(tokens, 0))
    assert told == 1 or (told == 0 and (full or spent.steps == 0))


@pytest.mark.parametrize("name", ["question_tokens", "question_cost"])
def test_a_cap_of_0_is_none(name: str) -> None:
    spent = Spent(prompt_tokens=10**9, completion_tokens=10**9)
    assert spent.barred(replace(SETTINGS, **{name: 0}), 10**9) == ""
