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


@dataclass
class Reply:
    """What has come so far. `completion` is None when the stream was cancelled; `sent` and `shape` say what was sent, where that
    is not the request as it is."""

    completion: Completion | None = None
    sent: Mapping[str, Any] | None = None
    shape: Mapping[str, Any] = field(default_factory=dict)
    content: str = ""
    answer: str = ""
    _arguments: dict[int, str] = field(default_factory=dict)
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
        self._arguments[delta.index] = self._arguments.get(delta.index, "") + delta.arguments
        if self._names[delta.index] != "send_message":
            return ""
        text = partial_message(self._arguments[delta.index])
        if not text.startswith(self.answer):
            return ""
        piece, self.answer = text[len(self.answer) :], text
        return piece


def partial_message(arguments: str) -> str:
    """The value of "message" in JSON that may end anywhere."""
    start = _MESSAGE.search(arguments)
    if start is None:
        return ""
    body = arguments[start.end() :]
    closing = re.match(r'(?:[^"\\]|\\.)*', body, flags=re.DOTALL)
    whole = closing[0] if closing else ""
    whole = re.sub(r"\\u[0-9a-fA-F]{0,3}$", "", whole)
    try:
        text = str(json.loads(f'"{whole}"', strict=False))
    except ValueError:
        return ""
    # Half of a surrogate pair waits for its other half.
    return paired(text[:-1] if text and 0xD800 <= ord(text[-1]) <= 0xDBFF else text)
