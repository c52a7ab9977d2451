"""The FIFO queue: messages come in at the back, whole groups of call and result leave at the front (MemGPT §2.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from workbench.memory.message import NOTICE_KINDS, StoredMessage


@dataclass
class FifoQueue:
    """The messages in main context, oldest first. `question` is the id of the current question, which is never evicted."""

    messages: list[StoredMessage] = field(default_factory=list)
    question: int | None = None

    @property
    def tokens(self) -> int:
        """Tokens of all messages with their framing."""
        return sum(message.tokens for message in self.messages)

    def append(self, message: StoredMessage) -> None:
        """Add a message at the back."""
        self.messages.append(message)

    def groups(self) -> list[list[StoredMessage]]:
        """Messages that must stay together: a call with its results; every other message alone."""
        return group(self.messages)

    def evict(self, target_tokens: int, keep_last: int = 1) -> list[StoredMessage]:
        """Take out the oldest groups until at most `target_tokens` remain; returns what left.

        The current question stays, and so do the last `keep_last` calls with all that came after them (results,
        heartbeats, alerts): the model has not seen that yet.
        """
        groups = self.groups()
        spoken = [index for index, members in enumerate(groups) if members[0].kind not in NOTICE_KINDS]
        unseen = spoken[-keep_last] if keep_last and len(spoken) >= keep_last else len(groups) - keep_last
        candidates = groups[: max(0, unseen)]
        total = self.tokens
        gone: list[StoredMessage] = []
        for members in candidates:
            if total <= target_tokens:
                break
            if any(message.id == self.question for message in members):
                continue
            gone.extend(members)
            total -= sum(message.tokens for message in members)
        leaving = {message.id for message in gone}
        self.messages = [message for message in self.messages if message.id not in leaving]
        return gone


def group(messages: Sequence[StoredMessage]) -> list[list[StoredMessage]]:
    """Split messages into groups that must not be torn apart."""
    groups: list[list[StoredMessage]] = []
    open_calls: set[str] = set()
    for message in messages:
        if message.kind == "function_result" and message.body["call"] in open_calls and groups:
            groups[-1].append(message)
            open_calls.discard(message.body["call"])
            continue
        groups.append([message])
        open_calls = {call["id"] for call in message.body.get("calls", ())} if message.kind == "assistant" else set()
    return groups
