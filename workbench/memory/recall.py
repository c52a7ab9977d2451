"""Recall storage (MemGPT §2.1): every message of the current branch, searchable by words, by what it is about, and by date."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from workbench.memory.messages import StoredMessage, stamp
from workbench.storage.home import Messages

if TYPE_CHECKING:
    from workbench.memory.conversation_index import ConversationIndex, Likeness, Turn

_ITEM_CHARS = 600
_PAUSE = timedelta(hours=4)
_LEAST_SHARE = 0.3
"""What a message must score, of the best one's score, to be a result."""

_CALLED = {"user": ("i", "me", "my", "mine", "we", "our", "us"), "you": ("you", "your", "yours")}
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
    """Searches what was said; calls, results and alerts are left out.

    `likeness` compares messages with a query by meaning; without it words alone count.
    """

    def __init__(self, messages: Messages, likeness: Likeness | None = None) -> None:
        self._messages, self._likeness = messages, likeness
        self._indexed: tuple[tuple[int, ...], ConversationIndex] | None = None

    def clear(self) -> None:
        """Keep no words of messages in memory."""
        self._indexed = None

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
        """Messages with all words of the query, newest first; where there are none, those that it is about, best first."""
        quoted = re.findall(r'"([^"]+)"', query)
        words = quoted or [word for word in re.findall(r"[^\W_]+(?:[-'][^\W_]+)*", query) if word]
        if not words:
            return []
        if exact := self.items(agent, branch, words):
            return exact
        return self.about(agent, branch, query)

    def about(self, agent: int, branch: Sequence[int], question: str) -> list[RecallItem]:
        """The messages that a question is about, by their words, those of their neighbours, and their meaning; best first."""
        items = {item.message: item for item in reversed(self.items(agent, branch))}
        ids = tuple(items)
        if self._indexed is None or self._indexed[0] != ids:
            from workbench.memory.conversation_index import ConversationIndex

            self._indexed = ids, ConversationIndex(_turns(items.values()))
        ranked = self._indexed[1].rank(question, self._likeness, _CALLED).turns
        least = ranked[0][1] * _LEAST_SHARE if ranked else 0.0
        return [items[key] for key, score in ranked if score >= least]

    def between(self, agent: int, branch: Sequence[int], start: datetime, end: datetime) -> list[RecallItem]:
        """Messages from `start` up to but not including `end`, oldest first."""
        return [item for item in reversed(self.items(agent, branch)) if start <= item.created < end]


def _turns(items: Iterable[RecallItem]) -> list[Turn]:
    """Messages in their order as turns; a pause of some hours begins another session."""
    from workbench.memory.conversation_index import Turn

    turns: list[Turn] = []
    session, before = 0, None
    for item in items:
        if before is not None and item.created - before > _PAUSE:
            session += 1
        turns.append(Turn(item.message, session, item.who, item.text, item.created.date()))
        before = item.created
    return turns


def _holds(text: str, word: str) -> bool:
    """Whether a word, a number or a phrase begins in the text where a word begins: "lamp" finds lamps, "5" not 50."""
    if ord(word[0]) >= _UNSPACED or not word[0].isalnum():
        return word in text
    ending = r"(?!\d)" if word[-1].isdigit() else ""
    return re.search(rf"(?<![^\W_]){re.escape(word)}{ending}", text) is not None
