"""The caps of a question: what it has used goes in; whether it must end, or should soon, comes out."""

from __future__ import annotations

from dataclasses import dataclass, field

from workbench.config import Settings

_NEAR = 0.8
"""Share of a cap at which the model is told to come to an end."""

LAST_CALL = "The limit for this question is nearly reached: answer now with send_message, with what you have found."


@dataclass
class Spent:
    """What a question has used so far: model calls, tokens in and out, and its price in the currency of the settings."""

    steps: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    told: bool = False
    _before: dict[str, float] = field(default_factory=dict)

    def add(self, prompt_tokens: int, completion_tokens: int) -> None:
        """Count one reply."""
        self.prompt_tokens += prompt_tokens
        self.completion_tokens += completion_tokens

    def cost(self, settings: Settings) -> float:
        """What the tokens cost, at the prices per million of the settings."""
        return (self.prompt_tokens * settings.price_in + self.completion_tokens * settings.price_out) / 1_000_000

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

    def near(self, settings: Settings) -> bool:
        """Whether the step that begins is the last, or another cap is nearly used up or would be by it. True once."""
        last = settings.steps > 1 and self.steps == settings.steps
        used = {name: share for name, share in self.shares(settings).items() if name != "steps"}
        # A step takes at least what the one before it took: the prompt only grows between evictions.
        after = max(share + share - self._before.get(name, 0.0) for name, share in used.items())
        self._before = used
        if self.told or not (last or max(used.values()) >= _NEAR or after >= 1):
            return False
        self.told = True
        return True


def words(reason: str, settings: Settings) -> str:
    """One sentence about a cap, for people."""
    return {
        "user": "You stopped it.",
        "steps": f"The limit of {settings.steps} steps for one question is reached; --steps raises it.",
        "tokens": f"The limit of {settings.question_tokens:,} tokens for one question is reached.",
        "time": f"The limit of {settings.minutes * 60:,.10g} seconds for one question is reached; --seconds raises it.",
        "cost": f"The limit of {settings.question_cost:g} for one question is reached, at the prices in the settings.",
        "repeated": "The model made the same call again and again.",
    }[reason]
