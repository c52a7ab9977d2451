"""Adds up the tokens and cost of an agent, and keeps the limits of the next question."""

from __future__ import annotations

from dataclasses import replace

from workbench.api.agents import CAPS, Spent
from workbench.core.errors import UsageError
from workbench.core.settings import Settings
from workbench.services.container import AppContext
from workbench.services.open_agents import CurrentAgent


class UsageService:
    """See UsageServiceProtocol. `settings` hold the limits that this display's questions have."""

    def __init__(self, app: AppContext, settings: Settings, current: CurrentAgent) -> None:
        self._app = app
        self._current = current
        self.settings = settings

    def spent(self) -> Spent:
        """What all steps used: what the server counted, or what was counted before sending where it said nothing."""
        agent = self._current.get().id
        steps, sent, written, seconds = self._app.recorder.steps.usage(agent)
        prices = self.settings.price_in, self.settings.price_out
        cost = (sent * prices[0] + written * prices[1]) / 1_000_000 if any(prices) else None
        return Spent(steps, sent, written, seconds, cost)

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
