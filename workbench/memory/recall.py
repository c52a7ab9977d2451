"""Recall storage (MemGPT §2.1): every message of the current branch, searchable by words and by date."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from workbench.memory.messages import StoredMessage, stamp
from workbench.storage.messages import MessageRepository

_ITEM_CHARS = 600
_UNSPACED = 0x2E80
"""From here on are scripts that put no spaces between words."""


@dataclass(frozen=True)
class RecallItem:
    """One message of a person or to a person."""

    message: int
    who: str
    text: str
    created: datetime

    @classmethod
    def of(cls, message: int, kind: str, body: Mapping[str, Any], created: datetime) -> RecallItem:
        """A stored message; its text is empty when nobody said it or was told it."""
        stored = StoredMessage(message, None, "", kind, body, {}, 0, created)
        text = stored.spoken or (str(body.get("content", "")) if not body.get("calls") else "")
        return cls(message, "user" if kind == "user_message" else "you", text, created)

    def line(self) -> str:
        """As the model reads it, on one line."""
        flat = " ".join(self.text.split())
        cut = flat if len(flat) <= _ITEM_CHARS else flat[: _ITEM_CHARS - 1] + "…"
        return f"{stamp(self.created)} {self.who}: {cut}"


class RecallStorage:
    """Searches what was said; calls, results and alerts are left out."""

    def __init__(self, messages: MessageRepository) -> None:
        self._messages = messages

    def items(self, agent: int, branch: Sequence[int], words: Sequence[str] = ()) -> list[RecallItem]:
        """What was said on a branch, newest first; only messages that hold all `words`."""
        on_branch = set(branch)
        matches = []
        for row in self._messages.said(agent, words):
            if row.id not in on_branch:
                continue
            item = RecallItem.of(row.id, row.kind, json.loads(row.body), row.created)
            if item.text and all(_holds(item.text.lower(), word.lower()) for word in words):
                matches.append(item)
        return matches

    def search(self, agent: int, branch: Sequence[int], query: str) -> list[RecallItem]:
        """Messages with all words of the query, else with the most of them; newest first among equals."""
        quoted = re.findall(r'"([^"]+)"', query)
        words = quoted or [word for word in re.findall(r"[^\W_]+(?:[-'][^\W_]+)*", query) if word]
        if not words:
            return []
        if exact := self.items(agent, branch, words):
            return exact
        longer = [word for word in words if len(word) > 3] or words
        scored = []
        for item in self.items(agent, branch):
            low = item.text.lower()
            if share := sum(_holds(low, word.lower()) for word in longer):
                scored.append((-share, -item.message, item))
        best = min((entry[0] for entry in scored), default=0)
        return [item for share, _, item in sorted(scored, key=lambda entry: entry[:2]) if share * 2 <= best]

    def between(self, agent: int, branch: Sequence[int], start: datetime, end: datetime) -> list[RecallItem]:
        """Messages from `start` up to but not including `end`, oldest first."""
        return [item for item in reversed(self.items(agent, branch)) if start <= item.created < end]


def _holds(text: str, word: str) -> bool:
    """Whether a word, a number or a phrase begins in the text where a word begins: "lamp" finds lamps, "5" not 50."""
    if ord(word[0]) >= _UNSPACED or not word[0].isalnum():
        return word in text
    ending = r"(?!\d)" if word[-1].isdigit() else ""
    return re.search(rf"(?<![^\W_]){re.escape(word)}{ending}", text) is not None
