"""The FIFO queue (MemGPT §2.1): messages enter at the back; whole groups of call and result leave at the front."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from workbench.memory.messages import O200K, PromptPart, StoredMessage

Order = Callable[[Sequence[Sequence[StoredMessage]]], Sequence[int]]
"""Which groups leave first: their positions, in that order."""


class FifoQueue:
    """The messages in main context, oldest first. `question` is the id of the current question, which is never evicted.

    Sizes and ranges are kept up as messages come and go: nothing is counted twice.
    """

    def __init__(self) -> None:
        self.question: int | None = None
        self._messages: list[StoredMessage] = []
        self._totals: dict[str, int] = {}
        self._parts: dict[str, list[PromptPart]] = {}
        self._ranges: list[list[int]] = []
        self.alerts: list[StoredMessage] = []
        """The alerts of the system among the messages."""
        self.results: list[StoredMessage] = []
        """The messages that show something of archival storage."""

    @property
    def messages(self) -> Sequence[StoredMessage]:
        """What is in the queue. Assign to it to put other messages there."""
        return self._messages

    @messages.setter
    def messages(self, messages: Iterable[StoredMessage]) -> None:
        groups = list(messages)
        self._messages, self._totals, self._ranges, self.alerts, self.results = [], {}, [], [], []
        self._parts = {}
        for message in groups:
            self.append(message)

    @property
    def tokens(self) -> int:
        """Tokens of all messages with their framing, in o200k_base."""
        return self.tokens_in(O200K)

    def tokens_in(self, name: str) -> int:
        """Tokens of all messages in an encoding."""
        if name not in self._totals:
            self._totals[name] = sum(message.part(name).tokens for message in self._messages)
        return self._totals[name]

    def parts(self, name: str) -> Sequence[PromptPart]:
        """What the messages put into a prompt, counted in an encoding: kept, because of thousands a step changes a few."""
        if name not in self._parts:
            self._parts[name] = [message.part(name) for message in self._messages]
        return self._parts[name]

    def append(self, message: StoredMessage) -> None:
        """Add a message at the back."""
        if self._messages and message.parent == self._messages[-1].id:
            self._ranges[-1][1] = message.id
        else:
            self._ranges.append([message.id, message.id])
        self._messages.append(message)
        if message.kind == "system_alert":
            self.alerts.append(message)
        if message.body.get("archive"):
            self.results.append(message)
        for name in self._totals:
            self._totals[name] += message.part(name).tokens
        for name, parts in self._parts.items():
            parts.append(message.part(name))

    def ranges(self) -> list[list[int]]:
        """The queue by reference: ranges of message ids along the branch. Few, however long the queue is."""
        return self._ranges

    def groups(self) -> list[list[StoredMessage]]:
        """Messages that must stay together: a call with its results; every other message alone."""
        return group(self._messages)

    def leaving(
        self, target_tokens: int, keep_last: int = 1, order: Order | None = None, name: str = O200K
    ) -> list[StoredMessage]:
        """The groups that have to leave until at most `target_tokens` remain, as their messages, oldest first.

        `order` says which go first (default: the oldest). The current question stays, and so do the last `keep_last`
        groups: the model has not seen them yet.
        """
        groups = self.groups()
        candidates = groups[: max(0, len(groups) - keep_last)]
        total = self.tokens_in(name)
        gone: set[int] = set()
        for position in order(candidates) if order else range(len(candidates)):
            if total <= target_tokens:
                break
            members = candidates[position]
            if any(message.id == self.question for message in members):
                continue
            gone.update(message.id for message in members)
            total -= sum(message.part(name).tokens for message in members)
        return [message for message in self._messages if message.id in gone]

    def remove(self, gone: Iterable[StoredMessage]) -> None:
        """Take messages out of the queue."""
        leaving = {message.id for message in gone}
        self.messages = [message for message in self._messages if message.id not in leaving]

    def swap(self, changed: Iterable[StoredMessage]) -> None:
        """Put messages in the place of those with the same ids, which have the same parents and kinds."""
        new = {message.id: message for message in changed}
        pairs = [(message, new[message.id]) for message in self._messages if message.id in new]
        for name in self._totals:
            self._totals[name] += sum(after.part(name).tokens - before.part(name).tokens for before, after in pairs)
        self._parts = {}
        self._messages, self.alerts, self.results = (
            [new.get(message.id, message) for message in messages]
            for messages in (self._messages, self.alerts, self.results)
        )


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
