"""The limits of a question: whether what it has used ends it, or will soon."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.core import prices
from workbench.core.settings import Settings
from workbench.memory.main_context import Prompt
from workbench.models.base import Completion

_NEAR = 0.8
"""Share of a cap at which the model is told to come to an end."""

_ALERT_TOKENS = 64
"""More than LAST_CALL takes as a message."""

LAST_CALL = "The limit for this question is nearly reached: answer now with send_message, with what you have found."


@dataclass
class Spent:
    """What a question has used so far: model calls, tokens in and out, and its price in the currency of the settings."""

    steps: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    seconds: float = 0.0
    told: bool = False
    _before: int = 0
    _growth: int = 0
    _longest: int = 0

    def add(self, prompt: Prompt, reply: Completion | None) -> None:
        """Count one request and its reply: as the server did, or as it was counted here."""
        usage = reply.usage if reply else None
        self.prompt_tokens += usage.prompt_tokens if usage else prompt.used
        written = usage.completion_tokens if usage else 0
        self.completion_tokens += written
        self.cached_tokens += usage.cached_tokens if usage else 0
        self._longest = max(self._longest, written)

    def cost(self, settings: Settings) -> float:
        """What the tokens cost, at the prices per million of the settings."""
        return prices.cost(settings, self.prompt_tokens, self.completion_tokens, self.cached_tokens)

    def shares(self, settings: Settings) -> dict[str, float]:
        """How much of each cap is used, 1.0 and more being too much. A cap of 0 is none."""
        tokens = self.prompt_tokens + self.completion_tokens
        return {
            "steps": self.steps / settings.steps,
            "tokens": tokens / settings.question_tokens if settings.question_tokens else 0.0,
            "time": self.seconds / (settings.minutes * 60),
            "cost": self.cost(settings) / settings.question_cost if settings.question_cost else 0.0,
        }

    def over(self, settings: Settings) -> str:
        """The cap that is reached, or ""."""
        return next((name for name, share in self.shares(settings).items() if share >= 1), "")

    def barred(self, settings: Settings, prompt_tokens: int, written: int = 0) -> str:
        """The cap that a request would pass if its reply filled the reserve, or "". `written` comes before that reply."""
        sent, written = self.prompt_tokens + prompt_tokens, self.completion_tokens + written + settings.reserve
        cost = prices.cost(settings, sent, written, self.cached_tokens)
        if settings.question_tokens and sent + written > settings.question_tokens:
            return "tokens"
        return "cost" if settings.question_cost and cost > settings.question_cost else ""

    def near(self, settings: Settings, prompt_tokens: int, page_tokens: int = 0) -> bool:
        """Whether the step that begins is the last that the caps surely allow. True once.

        The prompt grows between evictions: the next one is taken to grow by a page of results (`page_tokens` at most), or
        as much as one has grown before.
        """
        self._growth = max(self._growth, page_tokens, prompt_tokens - self._before if self._before else 0)
        self._before = prompt_tokens
        last = settings.steps > 1 and self.steps == settings.steps
        used = {name: share for name, share in self.shares(settings).items() if name != "steps"}
        following = min(prompt_tokens + self._growth, settings.usable_tokens)
        both = prompt_tokens + following + 2 * _ALERT_TOKENS
        ends = last or max(used.values()) >= _NEAR or self.barred(settings, both, self._longest)
        if self.told or not ends or self.barred(settings, prompt_tokens + _ALERT_TOKENS):
            return False
        self.told = True
        return True


def words(reason: str, settings: Settings, stuck: str = "") -> str:
    """One sentence about a cap, for people, with the flag that they can type. `stuck`: what the model repeated."""
    return {
        "user": "You stopped it.",
        "steps": f"The limit of {settings.steps} steps for one question is reached; --steps raises it.",
        "tokens": f"The limit of {settings.question_tokens:,} tokens for one question{_today(settings.day_tokens)} leaves no room "
        "for another step; --tokens raises it.",
        "time": f"The limit of {settings.minutes * 60:,.10g} seconds for one question is reached; --seconds raises it.",
        "cost": f"The limit of {settings.question_cost:.10g} for one question{_today(settings.day_cost)} leaves no room for "
        "another step; --cost raises it.",
        "repeated": f"The model {stuck or 'made the same call again and again'}.",
    }[reason]


def _today(limit: float) -> str:
    return f" (or what is left of {limit:,.10g} a day)" if limit else ""


def never(reason: str, settings: Settings, prompt_tokens: int) -> str:
    """One sentence about a question whose first step alone would pass a cap on tokens or cost."""
    takes = f"{prompt_tokens:,} tokens and {settings.reserve:,} for the reply"
    if reason == "tokens":
        return (
            f"This question cannot start within {settings.question_tokens:,} tokens: its first step takes {takes}; "
            "--tokens raises the limit."
        )
    cost = (prompt_tokens * settings.price_in + settings.reserve * settings.price_out) / 1_000_000
    return (
        f"This question cannot start for {settings.question_cost:.10g}: its first step takes {takes}, which may cost "
        f"{cost:.3g}; --cost raises the limit."
    )
