"""Resolves the passages and past messages that stored messages refer to."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from workbench.memory.recall import RecallItem
from workbench.storage.home import Messages


class References:
    """Looks them up in the archive, by `passages`, and in the log of messages."""

    def __init__(self, messages: Messages, passages: Callable[[Sequence[int]], Mapping[int, str]]) -> None:
        self._messages = messages
        self._passages = passages

    def __call__(self, passages: Sequence[int], /) -> Mapping[int, str]:
        """Texts of passages by id."""
        return self._passages(passages)

    def said(self, messages: Sequence[int], /) -> Mapping[int, str]:
        """Messages by id, each on one line as recall shows it."""
        rows = self._messages.said_by_id(messages)
        return {row.id: RecallItem.of(row.id, row.kind, json.loads(row.body), row.created).line() for row in rows}


@dataclass(frozen=True)
class Fetched:
    """The same from what was looked up before."""

    passages: Mapping[int, str]
    lines: Mapping[int, str] = field(default_factory=dict)

    def __call__(self, passages: Sequence[int], /) -> Mapping[int, str]:
        """Texts of passages by id."""
        return self.passages

    def said(self, messages: Sequence[int], /) -> Mapping[int, str]:
        """Messages by id, each on one line as recall shows it."""
        return self.lines
