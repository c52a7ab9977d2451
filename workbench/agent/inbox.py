"""The inbox: takes in events from any thread, and hands them to the agent between steps, by priority.

Nothing in it starts the model by itself: what waits is told with the next question, or in the next step of one that runs.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PRIORITIES = ("login", "system_alert", "heartbeat")
"""In this order they are told before the user's message. A kind is the `type` of the message on the wire."""

REASONS = {
    "requested": "requested",
    "failed": "the call failed",
    "unanswered": "no answer was sent yet",
    "timer": "timer",
}


@dataclass(frozen=True)
class Incoming:
    """One event: its kind and the fields of its message."""

    kind: str
    body: Mapping[str, Any]


class Inbox:
    """Events that wait to be told to the model. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Incoming] = []

    def put(self, kind: str, **body: Any) -> None:
        """Add an event; the very same one is not told twice. Raises ValueError for an unknown kind."""
        if kind not in PRIORITIES:
            raise ValueError(f"{kind} is none of {', '.join(PRIORITIES)}")
        event = Incoming(kind, body)
        with self._lock:
            if event not in self._waiting:
                self._waiting.append(event)

    def take(self) -> list[Incoming]:
        """All that waits, by priority and then in the order of arrival; the inbox is empty afterwards."""
        with self._lock:
            taken, self._waiting = self._waiting, []
        return sorted(taken, key=lambda event: PRIORITIES.index(event.kind))


def heartbeat_after(*, failed: bool, requested: bool, owed: bool) -> str:
    """Why the model gets another turn after its calls: the reason, or "" when it yields (MemGPT §2.4).

    A failed call goes before a requested heartbeat. `owed`: the user waits for an answer and none was sent; a model that
    forgot to ask for a turn gets one.
    """
    kind = "failed" if failed else "requested" if requested else "unanswered" if owed else ""
    return REASONS.get(kind, "")
