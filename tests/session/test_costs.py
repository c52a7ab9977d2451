"""Money: each step tells what it cost, the day has a limit over all agents, and prices of the time are kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.model_replies import Reply
from tests.support.model_server import ModelServer
from workbench.api.events import StepFinished
from workbench.core.errors import UsageError

USAGE = {"prompt_tokens": 2_000, "completion_tokens": 100, "prompt_tokens_details": {"cached_tokens": 1_000}}
PRICES = {"price_in": 10.0, "price_cached": 1.0, "price_out": 20.0}
A_STEP = (1_000 * 10 + 1_000 * 1 + 100 * 20) / 1e6


def answer(body: Any) -> Reply:
    return Reply(calls=[("send_message", {"message": "FINAL Alda kept the light."})], usage=USAGE)


def test_a_step_tells_its_cost_and_the_day_adds_up_over_agents(make_session: Any, papers: Path) -> None:
    with ModelServer(answer) as server:
        session = make_session(
            base_url=server.url, model="gpt-4o", verify=False, repair=False, read_ahead=False, **PRICES
        )
        events = list(session.submit("Who kept the light?"))
        (finished,) = [event for event in events if isinstance(event, StepFinished)]
        assert finished.cached_tokens == 1_000
        assert finished.cost == pytest.approx(A_STEP)
        spent = session.usage_service.spent()
        assert (spent.cached_tokens, spent.today_tokens) == (1_000, 2_100)
        assert spent.cost == pytest.approx(A_STEP)
        session.open_agent("another")
        list(session.submit("Who kept the light?"))
        spent = session.usage_service.spent()
        assert spent.cost == pytest.approx(A_STEP)
        assert spent.today_cost == pytest.approx(2 * A_STEP)


def test_the_limit_of_the_day_ends_questions_of_all_agents(make_session: Any, papers: Path) -> None:
    with ModelServer(answer) as server:
        session = make_session(
            base_url=server.url, model="gpt-4o", verify=False, repair=False, read_ahead=False, day_cost=0.06, **PRICES
        )
        list(session.submit("Who kept the light?"))
        ends = []
        for _ in range(9):
            try:
                events = list(session.submit("Who kept the light?"))
                ends += [event.reason for event in events if event.name == "stopped"]
            except UsageError as error:
                ends.append(error.message)
        assert ends, "the day had no limit"
        assert {one if one == "cost" else "day" for one in ends if one == "cost" or "a day is reached" in one}
        assert len(server.requests) < 5
        assert session.usage_service.spent().today_cost <= 0.06
        assert not session.busy, "the agent is free for what comes next"


def test_a_limit_of_cost_without_any_price_is_refused_with_the_way_to_give_one(make_session: Any, papers: Path) -> None:
    with ModelServer(answer) as server:
        session = make_session(base_url=server.url, model="some-model", question_cost=1.0)
        with pytest.raises(UsageError, match="needs prices") as caught:
            session.submit("Who kept the light?")
        assert "prices.toml" in caught.value.hint
        assert not session.busy
