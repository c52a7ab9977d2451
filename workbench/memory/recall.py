"""Recall storage (MemGPT §2.1): every message of the current branch, searchable by words, by what it is about, and by date."""

from __future__ import annotations

import bisect
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
    from workbench.memory.related_words import WordVectors

_ITEM_CHARS = 600
_PAUSE = timedelta(hours=4)
_LEAST_SHARE = 0.3
"""What a message must score, of the best one's score, to be a result."""

_CALLED = {"user": ("i", "me", "my", "mine", "we", "our", "us"), "you": ("you", "your", "yours")}
_CONVERSATIONS = 4
"""Agents whose conversation stays in memory once it was searched by what it is about."""

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


@dataclass(frozen=True)
class _Conversation:
    """What was said on a branch, oldest first, with its index; `branch` ends with the last message of it."""

    branch: Sequence[int]
    items: dict[int, RecallItem]
    index: ConversationIndex


class RecallStorage:
    """Searches what was said; calls, results and alerts are left out.

    `likeness` compares messages with a query by meaning, `word_vectors` single words; without them the words alone count.
    """

    def __init__(
        self, messages: Messages, likeness: Likeness | None = None, word_vectors: WordVectors | None = None
    ) -> None:
        self._messages, self._likeness, self._word_vectors = messages, likeness, word_vectors
        self._conversations: dict[int, _Conversation] = {}
        """By the agent's number, the one searched last at the end."""

    def clear(self) -> None:
        """Keep no words of messages in memory."""
        self._conversations = {}

    def items(
        self, agent: int, branch: Sequence[int], words: Sequence[str] = (), *, after: int = 0
    ) -> list[RecallItem]:
        """What was said on a branch, newest first; only messages that hold all `words`, and have ids above `after`."""
        on_branch = set(branch)
        matches = []
        for row in self._messages.said(agent, words, after):
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
        conversation = self._conversation(agent, branch)
        ranked = conversation.index.rank(question, self._likeness, _CALLED).turns
        least = ranked[0][1] * _LEAST_SHARE if ranked else 0.0
        return [conversation.items[key] for key, score in ranked if score >= least]

    def _conversation(self, agent: int, branch: Sequence[int]) -> _Conversation:
        """What was said on a branch, with its index; of a branch that has grown only what is new is read."""
        from workbench.memory.conversation_index import ConversationIndex

        known = self._conversations.get(agent)
        if known is None or known.branch != branch[: len(known.branch)]:
            index = ConversationIndex(word_vectors=self._word_vectors)
            known = _Conversation([], {}, index)
        read = len(known.branch)
        after = known.branch[-1] if read else 0
        more = {item.message: item for item in reversed(self.items(agent, branch[read:], after=after))}
        if more:
            # Up to the newest found and no further: what comes behind it may not be stored yet.
            upto = bisect.bisect_right(branch, max(more))
            index = known.index.with_more(_turns(more.values(), known))
            known = _Conversation(branch[:upto], {**known.items, **more}, index)
        others = [pair for pair in self._conversations.items() if pair[0] != agent]
        self._conversations = {**dict(others[1 - _CONVERSATIONS :]), agent: known}
        return known

    def between(self, agent: int, branch: Sequence[int], start: datetime, end: datetime) -> list[RecallItem]:
        """Messages from `start` up to but not including `end`, oldest first."""
        return [item for item in reversed(self.items(agent, branch)) if start <= item.created < end]


def _turns(items: Iterable[RecallItem], known: _Conversation) -> list[Turn]:
    """Messages that follow a conversation, in their order, as turns; a pause of some hours begins another session."""
    from workbench.memory.conversation_index import Turn

    turns: list[Turn] = []
    last = next(reversed(known.items.values()), None)
    session, before = (known.index.sessions[-1], last.created) if last else (0, None)
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
