"""Adds up the tokens and cost of an agent, and keeps the limits of the next question."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from workbench.api.agents import CAPS, Spent
from workbench.core.errors import UsageError
from workbench.core.settings import READER, Settings
from workbench.services.container import AppContext
from workbench.services.open_agents import CurrentAgent
from workbench.storage.steps import UsageRow

_LIMITS = (
    "steps", "minutes", "question_tokens", "question_cost", "day_tokens", "day_cost", "read_ahead", "verify",
)  # fmt: skip
"""Settings that hold for the question that is asked, not for the agent: each display has its own."""


class UsageService:
    """See UsageServiceProtocol. `settings` hold the limits that this display's questions have."""

    def __init__(self, app: AppContext, settings: Settings, current: CurrentAgent) -> None:
        self._app = app
        self._current = current
        self.settings = settings

    def spent(self) -> Spent:
        """What all steps used: what the server counted, or what was counted before sending where it said nothing."""
        used = self._app.recorder.steps.usage(self._current.get().id)
        today = self.today()
        return Spent(
            used.steps, used.sent_tokens, used.written_tokens, used.model_seconds, used.cost, used.cached_tokens,
            today.sent_tokens + today.written_tokens, today.cost,
        )  # fmt: skip

    def today(self) -> UsageRow:
        """What the questions of all agents to servers used since midnight, by this machine's clock."""
        now = self._app.clock()
        offset = datetime.now().astimezone().utcoffset() or timedelta()
        midnight = (now + offset).replace(hour=0, minute=0, second=0, microsecond=0) - offset
        return self._app.recorder.steps.usage_since(midnight, READER)

    def for_question(self, agent: Settings) -> Settings:
        """The limits of the next question of an agent with these settings, with the prices of its model.

        What is left of the day is a limit too. Raises UsageError where nothing is left, or where a cost is limited and no
        price is known.
        """
        mine = self.settings
        own = replace(
            agent, **{name: getattr(mine, name) for name in (*_LIMITS, "price_in", "price_cached", "price_out")}
        )
        own = self._app.prices.priced(own)
        if (own.question_cost or (own.day_cost and not own.uses_reader)) and not (own.price_in or own.price_out):
            raise UsageError(
                f"A limit of cost needs prices, and none is known for {own.model or 'this model'}.",
                f"Give --price-in and --price-out, or put it into {self._app.paths.prices_file}.",
            )
        if own.uses_reader or not (own.day_tokens or own.day_cost):
            return own
        today = self.today()
        used = today.sent_tokens + today.written_tokens
        if own.day_tokens:
            left = own.day_tokens - used
            if left <= 0:
                raise UsageError(
                    f"The limit of {own.day_tokens:,} tokens a day is reached.", "The setting day_tokens raises it."
                )
            own = replace(own, question_tokens=min(own.question_tokens or left, left))
        if own.day_cost:
            rest = own.day_cost - (today.cost or 0.0)
            if rest <= 0:
                raise UsageError(
                    f"The limit of {own.day_cost:.10g} a day is reached.", "The setting day_cost raises it."
                )
            own = replace(own, question_cost=min(own.question_cost or rest, rest))
        return own

    def limits(self) -> dict[str, float]:
        """The limits of the next question, by the names in CAPS."""
        settings = self.settings
        return {
            "steps": settings.steps, "seconds": settings.minutes * 60, "tokens": settings.question_tokens,
            "cost": settings.question_cost,
        }  # fmt: skip

    def limit(self, name: str, value: float) -> None:
        """Set a limit for the questions asked here from now on. Raises UsageError."""
        if name not in CAPS:
            raise UsageError(f"A question can be limited by {', '.join(CAPS)}.", "For example /budget tokens 20000.")
        if name == "seconds":
            self.settings = replace(self.settings, minutes=value / 60)
        elif name == "cost":
            self.settings = replace(self.settings, question_cost=value)
        elif name == "steps":
            self.settings = replace(self.settings, steps=int(value))
        else:
            self.settings = replace(self.settings, question_tokens=int(value))
