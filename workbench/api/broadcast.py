"""Publishes what happens to an agent to every other display that shows it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator

from workbench.api.events import Event

_MOST_WAITING = 20_000
"""A display that does not listen any more is told no more than this."""


class Subscriber:
    """The ears of one display. `shows` says whether it shows an agent, by its id."""

    def __init__(self, shows: Callable[[int], bool]) -> None:
        self.shows = shows
        self.listening = False
        self._told: queue.SimpleQueue[Event | None] = queue.SimpleQueue()

    def events(self) -> Iterator[Event]:
        """What happens to the agent that is shown and was not asked for here, as it happens; ends with `close`. Blocks."""
        self.listening = True
        while (event := self._told.get()) is not None:
            yield event

    def hear(self, event: Event) -> None:
        """Keep an event for `events`."""
        if self.listening and self._told.qsize() < _MOST_WAITING:
            self._told.put(event)

    def close(self) -> None:
        """Nothing more is heard."""
        self.listening = False
        self._told.put(None)


class EventBroadcaster:
    """All displays of one process. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._all: set[Subscriber] = set()

    def join(self, shows: Callable[[int], bool]) -> Subscriber:
        """Another display looks on, until it leaves."""
        subscription = Subscriber(shows)
        with self._lock:
            self._all.add(subscription)
        return subscription

    def leave(self, subscription: Subscriber) -> None:
        """A display has closed."""
        with self._lock:
            self._all.discard(subscription)
        subscription.close()

    def watch(self, agent: int) -> bool:
        """Whether any display watches an agent."""
        return bool(self._of(agent))

    def tell(self, agent: int | None, event: Event, but: Subscriber | None = None) -> None:
        """Tell the displays of an agent, None for those of all agents; `but` is the one that did it, and knows."""
        for subscription in self._of(agent):
            if subscription is not but:
                subscription.hear(event)

    def _of(self, agent: int | None) -> list[Subscriber]:
        with self._lock:
            listening = [subscription for subscription in self._all if subscription.listening]
        return [subscription for subscription in listening if agent is None or subscription.shows(agent)]
