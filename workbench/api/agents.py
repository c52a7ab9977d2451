"""Views and protocols for an agent as a whole: what it spent and may spend, which functions it may call, its files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

CAPS = ("steps", "seconds", "tokens", "cost")
"""What a question may be bounded by; 0 is no bound, but steps and seconds always have one."""


@dataclass(frozen=True)
class Spent:
    """What an agent has used in all its steps, and what all agents have used since midnight.

    Costs are in the currency of the prices, at the prices of the time; None without prices. `cached_tokens` of the tokens
    sent were read from the provider's cache.
    """

    steps: int
    prompt_tokens: int
    completion_tokens: int
    model_seconds: float
    cost: float | None
    cached_tokens: int = 0
    today_tokens: int = 0
    today_cost: float | None = None


@dataclass(frozen=True)
class FunctionView:
    """A function of the model: `origin` is workbench or where the user's own is from; `on` and `offered` speak of the agent."""

    name: str
    description: str
    origin: str
    on: bool
    offered: bool


class UsageServiceProtocol(Protocol):
    """What the current agent costs."""

    def spent(self) -> Spent:
        """What all its steps used."""
        ...

    def limits(self) -> dict[str, float]:
        """The bounds of the next question, by the names in CAPS."""
        ...

    def limit(self, name: str, value: float) -> None:
        """Set a bound for the questions asked here from now on. Raises UsageError."""
        ...


class AgentServiceProtocol(Protocol):
    """All agents."""

    def presets(self) -> Sequence[str]:
        """The task guidances there are."""
        ...

    def preset(self, name: str, preset: str) -> None:
        """Change the task guidance of an agent, from its next step on. Raises UsageError."""
        ...

    def drive(self, name: str, drive: str) -> None:
        """Change who searches for an agent, from its next question on: model, guided or auto. Raises UsageError."""
        ...

    def functions(self, name: str) -> Sequence[FunctionView]:
        """What the model of an agent may call."""
        ...

    def export(self, name: str, file: Path) -> int:
        """Write an agent to a file, whole; its size in bytes. Raises UsageError."""
        ...
