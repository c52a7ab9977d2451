"""What all events have in common: the agent, the step and the order they belong to, and their form on the wire."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, kw_only=True)
class Event:
    """Base of all events."""

    durable: ClassVar[bool] = False

    agent: str = ""
    step: int | None = None
    seq: int = 0

    @property
    def name(self) -> str:
        """The event's name on the wire: the class name in snake case."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()

    def as_dict(self) -> dict[str, Any]:
        """A JSON-ready mapping with "event" and "step" first."""
        fields = asdict(self)
        return {"event": self.name, "step": fields.pop("step"), **fields}
