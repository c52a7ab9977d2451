"""A reply's content goes in piece by piece; text, reasoning and the function calls written as text come out apart."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import Any

from workbench.models.base import ReasoningDelta, TextDelta

_OPEN, _CLOSE = "<tool_call>", "</tool_call>"
_THINK, _THOUGHT = "<think>", "</think>"
_NAME = re.compile(r'"name"\s*:\s*"([^"]+)"')
_ARGUMENTS = re.compile(r'"(?:arguments|parameters)"\s*:\s*(.*)', re.DOTALL)

WrittenCall = tuple[str, str]
"""A call found in text: its name and its arguments, which may be malformed."""


class TextSplitter:
    """Splits content into text, reasoning and calls.

    A call counts only when nothing but calls follows it to the end of the reply and when its name is one of
    `functions`: a document quoted in the middle of an answer cannot call anything. What might become a call is held
    back until the end, and is text after all when it does not.
    """

    def __init__(self, functions: Collection[str]) -> None:
        self._functions = functions
        self._pending = ""
        self._state = "start"
        self._thought = False

    def feed(self, piece: str) -> list[TextDelta | ReasoningDelta]:
        """Take a piece of content; what can be shown of it now."""
        self._pending += piece
        if self._state == "start":
            self._begin()
        if self._state == "thinking":
            return self._think()
        return self._text() if self._state == "text" else []

    def finish(self, *, called: bool = False) -> tuple[list[TextDelta | ReasoningDelta], list[WrittenCall]]:
        """What was held back, as text or as calls; only as text when the reply has `called` properly as well."""
        rest, self._pending = self._pending, ""
        if self._state == "thinking":
            return ([ReasoningDelta(rest)] if rest else []), []
        if not called and (found := written_calls(rest, self._functions)):
            return [], found
        return ([TextDelta(rest)] if rest.strip() or self._state == "text" else []), []

    def _begin(self) -> None:
        if self._thought:
            self._pending = self._pending.lstrip("\n")
        start = self._pending.lstrip()
        if start.startswith(_THINK):
            self._state, self._pending = "thinking", start.removeprefix(_THINK)
        elif start and not _THINK.startswith(start):
            # A reply that is one JSON object may be a call without tags (Llama 3 behind some servers).
            self._state = "held" if self._functions and start.startswith("{") else "text"

    def _think(self) -> list[TextDelta | ReasoningDelta]:
        thought, end, rest = self._pending.partition(_THOUGHT)
        if end:
            self._state, self._pending, self._thought = "start", "", True
            shown = [ReasoningDelta(thought)] if thought else []
            return [*shown, *self.feed(rest)]
        keep = _overlap(self._pending, _THOUGHT)
        shown, self._pending = [ReasoningDelta(self._pending[:keep])] if keep else [], self._pending[keep:]
        return list(shown)

    def _text(self) -> list[TextDelta | ReasoningDelta]:
        keep = self._pending.find(_OPEN) if self._functions else len(self._pending)
        if keep >= 0 and self._functions:
            self._state = "held"
        elif self._functions:
            keep = _overlap(self._pending, _OPEN)
        shown, self._pending = self._pending[:keep], self._pending[keep:]
        return [TextDelta(shown)] if shown else []


def _overlap(text: str, mark: str) -> int:
    """Where the longest ending of `text` starts that may be the beginning of `mark`."""
    for length in range(min(len(text), len(mark) - 1), 0, -1):
        if text.endswith(mark[:length]):
            return len(text) - length
    return len(text)


def written_calls(text: str, functions: Collection[str]) -> list[WrittenCall]:
    """The calls that `text` consists of, in tags or as one JSON object; empty when it is anything else as well."""
    if not functions:
        return []
    if text.lstrip().startswith(_OPEN):
        inner, *after = zip(*[(part.partition(_CLOSE)[0], part.partition(_CLOSE)[2]) for part in text.split(_OPEN)[1:]])
        if any(rest.strip() for rest in after[0]):
            return []
        found = [_call(part, functions) for part in inner]
    else:
        found = [_call(text, functions, strict=True)]
    return [call for call in found if call] if all(found) else []


def _call(text: str, functions: Collection[str], *, strict: bool = False) -> WrittenCall | None:
    try:
        value: Any = json.loads(text)
    except ValueError:
        return None if strict else _malformed(text, functions)
    if not isinstance(value, dict) or value.get("name") not in functions:
        return None
    arguments = value.get("arguments", value.get("parameters"))
    if strict and not isinstance(arguments, dict):
        return None
    return str(value["name"]), arguments if isinstance(arguments, str) else json.dumps(
        arguments or {}, ensure_ascii=False
    )


def _malformed(text: str, functions: Collection[str]) -> WrittenCall | None:
    """A call whose JSON is broken: its name is known, so the model can be told what is wrong with its arguments."""
    name, arguments = _NAME.search(text), _ARGUMENTS.search(text)
    if name is None or name.group(1) not in functions:
        return None
    return name.group(1), arguments.group(1).strip().removesuffix("}").strip() if arguments else ""
