"""The queue manager (MemGPT §2.2): decides when to warn of memory pressure and what leaves the queue."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from workbench.core.errors import ConfigError
from workbench.core.settings import Settings
from workbench.core.tokens import Calibration
from workbench.memory.fifo_queue import FifoQueue
from workbench.memory.messages import StoredMessage, wire_text
from workbench.memory.recall_page import recalled

# Eviction policies: the order in which groups of messages may leave. FIFO is the paper's.

Groups = Sequence[Sequence[StoredMessage]]

_HANDLE = re.compile(r"#[a-z]{1,3}\d{1,3}\b")


class EvictionPolicy(Protocol):
    """Which groups leave first. It sees the queue and the working context only, so a replay decides the same."""

    def order(self, groups: Groups, notes: str) -> Sequence[int]:
        """Positions of groups, the first to leave first. `notes` is the text of the working context."""
        ...


class Fifo:
    """The oldest first (MemGPT §2.2)."""

    def order(self, groups: Groups, notes: str) -> Sequence[int]:
        """As they came."""
        return range(len(groups))


class LeastRecentlyUsed:
    """Those not used for the longest time first.

    Use is: the model writes the handle of a passage, or a search of recall shows a message again.
    """

    def order(self, groups: Groups, notes: str) -> Sequence[int]:
        """By last use; a group that was never used again counts from when it came."""
        used = list(range(len(groups)))
        holders: dict[str, list[int]] = {}
        for position, members in enumerate(groups):
            for name in {name for message in members for name in _mentions(message)}:
                for holder in holders.get(name, ()):
                    used[holder] = position
            for message in members:
                for name in _names(message):
                    holders.setdefault(name, []).append(position)
        return sorted(range(len(groups)), key=lambda position: (used[position], position))


class Pinned:
    """FIFO, but results with a passage that the working context names by its handle leave last."""

    def order(self, groups: Groups, notes: str) -> Sequence[int]:
        """Pinned groups behind all others."""
        named = set(_HANDLE.findall(notes))
        pinned = [any(named.intersection(_names(message)) for message in members) for members in groups]
        return sorted(range(len(groups)), key=lambda position: (pinned[position], position))


POLICIES: dict[str, EvictionPolicy] = {"fifo": Fifo(), "lru": LeastRecentlyUsed(), "pinned": Pinned()}


def policy(name: str) -> EvictionPolicy:
    """A policy by name. Raises ConfigError, naming those there are."""
    if name not in POLICIES:
        raise ConfigError(f"There is no eviction policy {name!r}.", f"Policies: {', '.join(POLICIES)}.")
    return POLICIES[name]


def _names(message: StoredMessage) -> set[str]:
    """What a later message can use of this one: handles of its passages, and itself if it says something."""
    page = message.body.get("archive")
    if page:
        return {str(hit["handle"]) for hit in page["hits"] if hit["passage"] in message.passages}
    if message.spoken:
        return {f"message {message.id}"}
    return set()


def _mentions(message: StoredMessage) -> set[str]:
    """What this message uses of earlier ones."""
    if message.kind == "assistant":
        return set(_HANDLE.findall(wire_text(message.wire)))
    return {f"message {number}" for number in recalled(message.body)}


_SMALLEST_SUMMARY_TOKENS = 96
_LARGEST_SUMMARY_TOKENS = 1_024
ALERT = "Memory pressure"
"""How the alert about memory pressure begins."""


@dataclass(frozen=True)
class Pressure:
    """The limits of one window, in tokens: a warning at `warn`, eviction beyond `flush`, down to `evict_to` of the queue's capacity."""

    window: int
    usable: int
    warn: int
    flush: int
    evict_to_share: float
    summary_share: float

    @classmethod
    def of(cls, settings: Settings) -> Pressure:
        """The limits that the settings give."""
        usable = settings.usable_tokens
        return cls(
            settings.window_tokens, usable, int(usable * settings.warn_share), int(usable * settings.flush_share),
            settings.evict_to_share, settings.summary_share,
        )  # fmt: skip

    @property
    def summary_tokens(self) -> int:
        """The bound of the recursive summary with its stubs, as it is sent."""
        return max(_SMALLEST_SUMMARY_TOKENS, min(_LARGEST_SUMMARY_TOKENS, int(self.window * self.summary_share)))


def warned(queue: FifoQueue) -> bool:
    """Whether the model was told of the pressure since messages were evicted last."""
    return any(is_alert(message) for message in queue.alerts)


def is_alert(message: StoredMessage) -> bool:
    """Whether a message is the alert about memory pressure."""
    return message.kind == "system_alert" and str(message.body.get("message", "")).startswith(ALERT)


def leaving(
    queue: FifoQueue,
    fixed_tokens: int,
    pressure: Pressure,
    policy: EvictionPolicy,
    notes: str,
    calibration: Calibration,
) -> list[StoredMessage]:
    """What leaves in one batch, so that the queue takes at most its share of what is not fixed. Empty when nothing may leave.

    `fixed_tokens` is what everything but queue and summary takes, in the calibration's encoding. What the model has not
    seen yet stays, unless it would not fit anyhow; an alert that has been seen goes with the batch.
    """
    limit = counted_limit(calibration, pressure.flush)
    room = max(0, limit - fixed_tokens - pressure.summary_tokens)
    take = partial(queue.leaving, order=lambda groups: policy.order(groups, notes), name=calibration.encoding)
    unseen = _unseen(queue.groups())
    gone = take(int(room * pressure.evict_to_share), unseen)
    alerts = [message for message in queue.alerts if is_alert(message)]
    chosen = {message.id for message in (*gone, *alerts)}
    left = sum(m.part(calibration.encoding).tokens for m in queue.messages if m.id not in chosen)
    if left > room:
        # The newest alone is too much: it goes as well; the model can ask for it again by its handles.
        chosen.update(message.id for message in take(0, 0))
    return [message for message in queue.messages if message.id in chosen]


def counted_limit(calibration: Calibration, tokens: int) -> int:
    """The largest count of ours that the server counts as at most `tokens`."""
    counted = max(0, int((tokens - calibration.offset) / calibration.factor) + 1)
    while counted and calibration.predict(counted) > tokens:
        counted -= 1
    return counted


def _unseen(groups: Sequence[Sequence[StoredMessage]]) -> int:
    """How many groups at the back the model has not seen: everything from its last call on."""
    for number, members in enumerate(reversed(groups), 1):
        if members[0].kind in ("assistant", "user_message"):
            return number
    return len(groups)
