"""The chunks of one reply go in, in any server's dialect; deltas come out, and at the end the whole reply."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from workbench.core.sanitize import paired
from workbench.models.base import CallDelta, Completion, ReasoningDelta, TextDelta, Usage
from workbench.models.openai.content import TextSplitter
from workbench.models.openai.errors import Refused, refusal_in, sanitize
from workbench.models.openai.sse import Broken, Chunk, Event
from workbench.models.openai.tool_calls import CallMerger

Delta = TextDelta | ReasoningDelta | CallDelta
_HIGH_HALVES = range(0xD800, 0xDC00)
_FINISH_OF_CALLS = {"stop", "function_call", "end_turn", "tool_use"}


class ReplyReader:
    """Reads the reply to one request. Tolerates nulls, empty choices, usage in any chunk, and calls in any form."""

    def __init__(self, body: Mapping[str, Any], *, mute_reasoning: bool = False) -> None:
        """`mute_reasoning`: the reasoning was shown already, by a try before this one."""
        self._body = body
        self._mute_reasoning = mute_reasoning
        self._merger = CallMerger()
        self._splitter = TextSplitter({str(tool["function"]["name"]) for tool in body.get("tools") or ()})
        self._content: list[str] = []
        self._reasoning: list[str] = []
        self._legacy: dict[str, str] = {}
        self._half: dict[str, str] = {}
        """By kind of text, half of a surrogate pair whose other half comes with the next piece."""
        self._usage: Usage | None = None
        self.finish = ""
        """The finish_reason, once it has come: only then is a stream whole."""
        self.shown = False
        """Whether a delta has gone out, so that starting again would show it twice."""
        self.chunks = 0

    def feed(self, event: Event) -> Iterator[Delta]:
        """Take one event; the deltas it brings. Raises Refused for an error in the stream."""
        if isinstance(event, Broken):
            raise Refused(200, _broken_text(event.text), "not_json")
        if not isinstance(event, Chunk) or (isinstance(event.value, str) and not event.whole):
            return
        choices = event.value.get("choices") if isinstance(event.value, Mapping) else None
        # Chunks may have any other key beside their choices, but an error is an error.
        suspect = {"error": event.value.get("error")} if choices and isinstance(event.value, Mapping) else event.value
        if refused := refusal_in(suspect, 200):
            raise refused
        if not isinstance(event.value, Mapping):
            return
        self.chunks += 1
        self._usage = _usage(event.value.get("usage")) or self._usage
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, Mapping) and not choice.get("index"):
                for delta in self._choice(choice, event.whole):
                    self.shown = True
                    yield delta

    def _choice(self, choice: Mapping[str, Any], whole: bool) -> Iterator[Delta]:
        written = choice.get("delta") or choice.get("message")
        if isinstance(written, Mapping):
            yield from self._written(written)
        # LiteLLM sends another chunk after the finish, without one: the first stays.
        self.finish = str(choice.get("finish_reason") or self.finish or ("stop" if whole else ""))

    def _written(self, written: Mapping[str, Any]) -> Iterator[Delta]:
        if reasoning := self._whole("reasoning", _plain(written.get("reasoning_content") or written.get("reasoning"))):
            yield from self._kept([ReasoningDelta(reasoning)])
        for key in ("content", "refusal"):
            if text := self._whole(key, _plain(written.get(key))):
                yield from self._kept(self._splitter.feed(text))
        yield from self._merger.feed(written.get("tool_calls"))
        legacy = written.get("function_call")
        for key in ("name", "arguments") if isinstance(legacy, Mapping) else ():
            # llama.cpp sends each call twice, in the old form too, so this one counts only when it is alone.
            piece = str(legacy.get(key) or "") if isinstance(legacy, Mapping) else ""
            self._legacy[key] = self._legacy.get(key) or piece if key == "name" else self._legacy.get(key, "") + piece

    def _whole(self, kind: str, piece: str) -> str:
        """A piece of text without half a character at its end: some servers cut between the two halves of one."""
        text = self._half.pop(kind, "") + piece
        if text and ord(text[-1]) in _HIGH_HALVES:
            self._half[kind], text = text[-1], text[:-1]
        return paired(text)

    def _kept(self, deltas: list[TextDelta | ReasoningDelta]) -> Iterator[Delta]:
        for delta in deltas:
            (self._content if isinstance(delta, TextDelta) else self._reasoning).append(delta.text)
            if isinstance(delta, TextDelta) or not self._mute_reasoning:
                yield delta

    def end(self) -> Iterator[Delta]:
        """Nothing more comes: the deltas that were held back."""
        called = bool(self._merger.calls(""))
        held, written = self._splitter.finish(called=called)
        yield from self._kept(held)
        found = [{"name": name, "arguments": arguments} for name, arguments in written]
        if self._legacy.get("name") and not found and not called:
            found = [self._legacy]
        yield from self._merger.feed([{"index": number, **call} for number, call in enumerate(found)])

    @property
    def hollow(self) -> bool:
        """Whether there is neither a word nor a call in it."""
        return not "".join(self._content).strip() and not self._merger.calls("")

    def completion(self) -> Completion:
        """The whole reply, after `end`."""
        messages = self._body["messages"]
        calls = self._merger.calls(json.dumps([len(messages), messages[-1:]], sort_keys=True, default=str))
        finish = "tool_calls" if calls and self.finish in _FINISH_OF_CALLS else self.finish
        content, reasoning = "".join(self._content), "".join(self._reasoning)
        return Completion(content, calls, finish, self._usage, reasoning, self._body)


def _plain(content: Any) -> str:
    """Content as text: a string, or the text parts of a list; null is nothing."""
    if isinstance(content, list):
        return "".join(str(part.get("text") or "") for part in content if isinstance(part, Mapping))
    return content if isinstance(content, str) else ""


def _usage(value: Any) -> Usage | None:
    """Usage where it is present and says something: some servers send zeros until the end."""
    if not isinstance(value, Mapping) or not isinstance(value.get("prompt_tokens"), int) or not value["prompt_tokens"]:
        return None
    details = value.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, Mapping) else value.get("prompt_cache_hit_tokens")
    return Usage(value["prompt_tokens"], int(value.get("completion_tokens") or 0), int(cached or 0))


def _broken_text(text: str) -> str:
    """What a broken event says: transformers serve puts its error between quotes that it does not escape."""
    _, found, said = text.partition('"error": "')
    return sanitize(said.rstrip('"}\n ') if found else f"it is not JSON: {text}")
