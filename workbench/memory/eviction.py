"""Eviction policies: groups of messages go in, the order in which they may leave comes out. FIFO is the paper's."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from workbench.errors import ConfigError
from workbench.memory.message import StoredMessage, wire_text
from workbench.memory.recall_page import recalled

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
