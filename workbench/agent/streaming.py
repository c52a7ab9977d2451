"""Follows a streamed reply: thoughts and pieces of the answer as they come, at last the completion."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from workbench.agent.stop import Stop
from workbench.api.events import AnswerDelta, Event, Thinking
from workbench.core.sanitize import paired
from workbench.models.base import CallDelta, ChatModel, Completion, ModelRequest, ReasoningDelta, Sending, TextDelta

_MESSAGE = re.compile(r'"message"\s*:\s*"')
_WHOLE = re.compile(r'(?:[^"\\]|\\(?:[^u]|u[0-9a-fA-F]{4}))*', re.DOTALL)
"""What can be decoded of a string in JSON that may end in the middle of an escape."""


@dataclass
class Reply:
    """What has come so far. `completion` is None when the stream was cancelled; `sent` and `shape` say what was sent, where that
    is not the request as it is."""

    completion: Completion | None = None
    sent: Mapping[str, Any] | None = None
    shape: Mapping[str, Any] = field(default_factory=dict)
    content: str = ""
    answer: str = ""
    _messages: dict[int, PartialMessage] = field(default_factory=dict)
    _names: dict[int, str] = field(default_factory=dict)

    def follow(self, model: ChatModel, request: ModelRequest, stop: Stop) -> Iterator[Event]:
        """Send the request and yield events as its reply streams. Raises ModelError."""
        for delta in model.stream(request, stop.now):
            if isinstance(delta, Completion):
                self.completion = delta
                if delta.body:
                    self.sent, self.shape = delta.body, delta.shape
            elif isinstance(delta, Sending):
                self.sent, self.shape = delta.body, delta.shape
            elif isinstance(delta, TextDelta):
                self.content += delta.text
                yield Thinking(text=delta.text)
            elif isinstance(delta, ReasoningDelta):
                yield Thinking(text=delta.text)
            elif piece := self._answer_piece(delta):
                yield AnswerDelta(text=piece)

    def _answer_piece(self, delta: CallDelta) -> str:
        """What a piece of send_message's arguments adds to the answer."""
        self._names[delta.index] = self._names.get(delta.index) or delta.name
        message = self._messages.setdefault(delta.index, PartialMessage())
        message.feed(delta.arguments)
        if self._names[delta.index] != "send_message" or not message.text.startswith(self.answer):
            return ""
        piece, self.answer = message.text[len(self.answer) :], message.text
        return piece


class PartialMessage:
    """The value of "message" in JSON that comes in pieces and may end anywhere; a piece is decoded once, however long the text."""

    def __init__(self) -> None:
        self.text = ""
        self._rest = ""
        self._half = ""
        self._begun = self._ended = False

    def feed(self, arguments: str) -> None:
        """Take the next piece of the JSON."""
        if self._ended:
            return
        self._rest += arguments
        if not self._begun:
            if (start := _MESSAGE.search(self._rest)) is None:
                return
            self._begun, self._rest = True, self._rest[start.end() :]
        whole = _WHOLE.match(self._rest)
        end = whole.end() if whole is not None else 0
        self._ended = self._rest[end : end + 1] == '"'
        try:
            text = self._half + str(json.loads(f'"{self._rest[:end]}"', strict=False))
        except ValueError:
            self._ended = True
            return
        # Half of a surrogate pair waits for its other half.
        self._half = text[-1:] if "\ud800" <= text[-1:] <= "\udbff" and not self._ended else ""
        self.text += paired(text.removesuffix(self._half))
        self._rest = self._rest[end:]


def partial_message(arguments: str) -> str:
    """The value of "message" in JSON that may end anywhere."""
    message = PartialMessage()
    message.feed(arguments)
    return message.text
