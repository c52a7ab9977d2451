"""The queue manager: sizes go in, and it says when to warn and what has to leave the queue (MemGPT §2.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from workbench.config import Settings
from workbench.memory.eviction import EvictionPolicy
from workbench.memory.fifo_queue import FifoQueue
from workbench.memory.main_context import tokens_in
from workbench.memory.message import StoredMessage
from workbench.tokens import Calibration

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
    left = sum(tokens_in(m, calibration.encoding) for m in queue.messages if m.id not in chosen)
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
