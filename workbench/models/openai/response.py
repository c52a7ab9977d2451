"""Reads the chunks of one reply, in any server's dialect, into deltas and at last the whole reply."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from workbench.core.chat_turns import REASONING_KEYS, SIGNED_KEYS
from workbench.core.sanitize import paired
from workbench.models.base import REFUSAL, CallDelta, Completion, ReasoningDelta, ReplyEnd, TextDelta, Usage
from workbench.models.openai.content import Content, TextSplitter
from workbench.models.openai.errors import Refused, page_title, refusal_in, sanitize
from workbench.models.openai.increments import Increments
from workbench.models.openai.responses import ResponseEvents
from workbench.models.openai.sse import Broken, Chunk, Done, Event, Remark, WebPage
from workbench.models.openai.tool_calls import CallMerger

Delta = TextDelta | ReasoningDelta | CallDelta
_HIGH_HALVES = range(0xD800, 0xDC00)
_MOST_TOKENS = 1_000_000_000
_RUNAWAY_CHARS_A_TOKEN = 12
_RUNAWAY_CHARS = 2_000
"""A reply is cut once it is longer than so many characters for each token it was given, and some more: a token is four
characters of English and hardly ever more than eight, so a server that keeps to its limit never comes near."""
_CALL_CHARS = 64
_MOST_REMARKS = 8
_MOST_SIGNED_CHARS = 1 << 20
"""What a server wants back with its reply is kept up to here; signatures have some thousand characters."""

_ANY_API = frozenset({"type", "id", "object", "created", "model", "message", "event"})
"""Keys that pings and remarks have as well."""

_ENDS = {
    "whole": r"(stop|eos|eot)\b.*|(end|pause)(ed)?( (of )?(turn|text|sequence|message))?|tool calls?|tool use|function calls?|complete\w*"
    r"|done|finish(ed)?|success|normal|natural|final|model stop",
    "cut": r"(max )?length|(error )?limit|max (output |new |completion )?tokens?|"
    r"(token|model|context|output|length) (limit|length|window)\w*|model context window exceeded|.*truncat\w+|incomplete|budget\w*"
    r"|.*\blength\b.*",
    "filtered": r".*(filter|safety|blocklist|prohibited|recitation|spii|refus|guardrail|moderat|toxic|sensitive|policy|blocked|flagged"
    r"|language|violation|harmful|unsafe|\bpii\b|\brisk\b).*",
    "malformed": r".*(malformed|unexpected tool|invalid (tool|function)|(tool|function) call (error|invalid|pars)|missing thought"
    r"|too many tool calls).*",
    "failed": r".*(error|fail|abort|cancel|interrupt|insufficient|timeout|unload|disconnect|preempt|evict).*|load",
}
_KINDS_OF_END = {kind: re.compile(rf"(?:{pattern})") for kind, pattern in _ENDS.items()}


def kind_of_end(reason: str) -> str:
    """What a finish_reason means: whole, cut, filtered, malformed or failed; "" when there is none, "other" when unknown."""
    words = re.sub(r"[_\-\s]+", " ", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", reason)).strip().lower()
    if not words or words in ("null", "none", "unknown", "finish reason unspecified", "not finished", "in progress"):
        return ""
    return next((kind for kind, pattern in _KINDS_OF_END.items() if pattern.fullmatch(words)), "other")


class ReplyReader:
    """Reads the reply to one request. Tolerates nulls, empty choices, usage in any chunk, and calls in any form."""

    def __init__(
        self,
        plain: Mapping[str, Any],
        sent: Mapping[str, Any] | None = None,
        *,
        mute_reasoning: bool = False,
        mute_text: bool = False,
    ) -> None:
        """`plain` is the body of the request as a Chat Completions server would get it, `sent` what went out in its place.

        `mute_reasoning`, `mute_text`: these were shown already, by a try before this one.
        """
        functions = {str(tool["function"]["name"]) for tool in plain.get("tools") or ()}
        self._plain = plain
        self._body = plain if sent is None else sent
        self._events = ResponseEvents() if "input" in self._body else None
        self._mute_reasoning = mute_reasoning
        self._mute_text = mute_text
        self._merger = CallMerger(functions)
        self._splitter = TextSplitter(functions)
        self._content = Content("")
        self._ended = False
        self._raw: list[str] = []
        self._reasoning: list[str] = []
        self._reasoning_key = ""
        self._signed: dict[str, Any] = {}
        self._signed_chars = 0
        self._legacy: dict[str, str] = {}
        self._half: dict[str, str] = {}
        """By kind of text, half of a surrogate pair whose other half comes with the next piece."""
        self._increments = {kind: Increments() for kind in ("reasoning", "content", "refusal")}
        self._usage: Usage | None = None
        self._refused = False
        self._limit_chars = _RUNAWAY_CHARS + _RUNAWAY_CHARS_A_TOKEN * _room(self._body)
        self.received_chars = 0
        """How much has been said, thought and called so far."""
        self.finish = ""
        """The finish_reason, once it has come: only then is a stream surely whole."""
        self.closed = False
        """Whether a chunk said, with an empty finish_reason, that the reply is over, and [DONE] came as well."""
        self._blank_finish = False
        self.shown = False
        """Whether a delta has gone out, so that starting again would show it twice."""
        self.runaway = False
        """Whether the reply is many times longer than it may be; nothing more of it is read."""
        self.remarks: list[str] = []
        self.foreign: set[str] = set()
        """Keys of what came in place of chunks: another API's."""
        self.chunks = 0

    def feed(self, event: Event) -> Iterator[Delta]:
        """Take one event; the deltas it brings. Raises Refused for an error in the stream."""
        for meant in self._events.read(event) if self._events else (event,):
            yield from self._feed(meant)

    def _feed(self, event: Event) -> Iterator[Delta]:
        if isinstance(event, WebPage):
            raise Refused(200, page_title(event.text), page=True)
        if isinstance(event, Broken):
            raise Refused(200, _broken_text(event.text), "not_json")
        if isinstance(event, Remark):
            self.remarks = [*self.remarks[1 - _MOST_REMARKS :], sanitize(event.text)[:200]]
            return
        if isinstance(event, Done):
            self.closed = self._blank_finish
            return
        if not isinstance(event, Chunk) or (isinstance(event.value, str) and not event.whole):
            return
        if isinstance(event.value, list) and event.value and all(_has_choices(item) for item in event.value):
            # A stream that a gateway has collected into one list.
            for item in event.value:
                yield from self._feed(Chunk(item))
            return
        value = _unwrapped(event.value)
        choices = value.get("choices") if isinstance(value, Mapping) else None
        if isinstance(choices, Mapping):
            choices = list(choices.values())
        # Chunks may have any other key beside their choices, but an error is an error.
        suspect = {"error": value.get("error")} if choices and isinstance(value, Mapping) else value
        if refused := refusal_in(suspect, 200):
            raise refused
        if not isinstance(value, Mapping):
            return
        self.chunks += 1
        if choices is None and "usage" not in value:
            self.foreign.update(str(key)[:40] for key in list(value)[:8] if key not in _ANY_API)
        self._usage = _usage_of(value) or self._usage
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, Mapping) and choice.get("index") in (None, 0, "0"):
                for delta in self._choice(choice, event.whole):
                    self.shown = True
                    yield delta
        self.runaway = self.received_chars > self._limit_chars

    def _choice(self, choice: Mapping[str, Any], whole: bool) -> Iterator[Delta]:
        written = choice.get("delta") or choice.get("message")
        written = {"content": written} if isinstance(written, str) else written
        if isinstance(written, Mapping):
            yield from self._written(written)
        elif isinstance(choice.get("text"), str):
            yield from self._written({"content": choice["text"]})
        inside = written.get("finish_reason") if isinstance(written, Mapping) else None
        named = (choice.get(key) for key in ("finish_reason", "finishReason", "stop_reason"))
        reason = next((one for one in (*named, inside) if isinstance(one, str)), None)
        self._blank_finish = self._blank_finish or (isinstance(reason, str) and not reason.strip())
        # LiteLLM sends another chunk after the finish, without one: the first stays.
        said = reason if isinstance(reason, str) and reason.strip() else ""
        self.finish = said or self.finish or ("stop" if whole else "")

    def _written(self, written: Mapping[str, Any]) -> Iterator[Delta]:
        for key in REASONING_KEYS:
            if reasoning := self._whole("reasoning", _plain(written.get(key))):
                self._reasoning_key = self._reasoning_key or key
                yield from self._thought(self._increments["reasoning"].feed(reasoning))
                break
        for key in SIGNED_KEYS:
            value = written.get(key)
            self._signed_chars += len(str(value)) if value else 0
            if value and self._signed_chars <= _MOST_SIGNED_CHARS:
                held = self._signed.get(key)
                self._signed[key] = [*held, *value] if isinstance(held, list) and isinstance(value, list) else value
        for key in ("content", "refusal"):
            if text := self._whole(key, _plain(written.get(key))):
                self._refused = self._refused or key == "refusal"
                yield from self._said(self._increments[key].feed(text))
        parts = written.get("content")
        inside = [part for part in parts if _is_call(part)] if isinstance(parts, list) else []
        for delta in self._merger.feed(written.get("tool_calls") or inside):
            # A new call counts too, or calls without arguments would have no end.
            self.received_chars += len(delta.arguments) or _CALL_CHARS
            yield delta
        legacy = written.get("function_call")
        for key in ("name", "arguments") if isinstance(legacy, Mapping) else ():
            # llama.cpp sends each call twice, in the old form too, so this one counts only when it is alone.
            piece = str(legacy.get(key) or "") if isinstance(legacy, Mapping) else ""
            held = self._legacy.get(key, "")
            if not held or (key == "arguments" and len(held) <= self._limit_chars):
                self._legacy[key] = held + piece

    def _thought(self, reasoning: str) -> Iterator[Delta]:
        if reasoning:
            self._reasoning.append(reasoning)
            self.received_chars += len(reasoning)
            if not self._mute_reasoning:
                yield ReasoningDelta(reasoning)

    def _said(self, text: str) -> Iterator[Delta]:
        if text:
            self._raw.append(text)
            self.received_chars += len(text)
            yield from self._kept(self._splitter.feed(text))

    def _whole(self, kind: str, piece: str) -> str:
        """A piece of text without half a character at its end: some servers cut between the two halves of one."""
        text = self._half.pop(kind, "") + piece
        if text and ord(text[-1]) in _HIGH_HALVES:
            self._half[kind], text = text[-1], text[:-1]
        return paired(text)

    def _kept(self, deltas: list[TextDelta | ReasoningDelta]) -> Iterator[Delta]:
        for delta in deltas:
            if not (self._mute_text if isinstance(delta, TextDelta) else self._mute_reasoning):
                yield delta

    def end(self) -> Iterator[Delta]:
        """Nothing more comes: the deltas that were held back."""
        for delta in self._rest():
            self.shown = True
            yield delta

    def _rest(self) -> Iterator[Delta]:
        yield from self._thought(self._increments["reasoning"].finish())
        for key in ("content", "refusal"):
            yield from self._said(self._increments[key].finish())
        called = bool(self._merger.calls(""))
        held, self._content = self._splitter.finish(called=called)
        self._ended = True
        yield from self._kept(held)
        found = [{"name": name, "arguments": arguments} for name, arguments in self._content.calls]
        if self._legacy.get("name") and not found and not called:
            found = [self._legacy]
        yield from self._merger.feed([{"index": number, **call} for number, call in enumerate(found)])

    @property
    def hollow(self) -> bool:
        """Whether there is neither a word nor a call in it."""
        said = self._content.text if self._ended else "".join(self._raw)
        return not said.strip() and not self._merger.calls("")

    @property
    def kind(self) -> str:
        """What its finish_reason means, see `kind_of_end`."""
        if self.runaway:
            return "cut"
        return kind_of_end(self.finish) or ("whole" if self.closed else "")

    @property
    def whole_calls(self) -> bool:
        """Whether it has calls and the arguments of every one of them are complete."""
        calls = self._merger.calls("")
        return bool(calls) and all(is_object(call.arguments) for call in calls)

    def completion(self, shape: Mapping[str, Any] | None = None) -> Completion:
        """The whole reply, after `end`."""
        messages = self._plain["messages"]
        calls = self._merger.calls(json.dumps([len(messages), messages[-1:]], sort_keys=True, default=str))
        kind = self.kind
        finish = "tool_calls" if calls and kind in ("whole", "") else self.finish or ("stop" if self.closed else "")
        reasoning = "".join(self._reasoning) or self._content.reasoning
        cut = kind == "cut" and not (calls and self.whole_calls)
        ending = ReplyEnd(
            cut=cut, runaway=self.runaway, filtered=self.finish if kind == "filtered" else REFUSAL if self._refused else "",
            malformed=self.finish if kind == "malformed" else "", mixed="" if calls else self._content.mixed,
            written="".join(self._raw) if self._content.calls else "",
        )  # fmt: skip
        handback = {self._reasoning_key: "".join(self._reasoning)} if self._reasoning_key else {}
        return Completion(
            self._content.text, calls, "length" if self.runaway else finish, self._usage, reasoning, self._body,
            shape or {}, ending, {**handback, **self._signed},
        )  # fmt: skip


def _room(body: Mapping[str, Any]) -> int:
    limit = reply_limit(body)
    return limit if limit is not None else 4_096


def reply_limit(body: Mapping[str, Any]) -> int | None:
    """The limit on the reply's length in a request's body, in tokens."""
    keys = ("max_tokens", "max_completion_tokens", "max_output_tokens")
    return next((body[key] for key in keys if isinstance(body.get(key), int) and body[key]), None)


def is_object(text: str) -> bool:
    """Whether the arguments of a call are a JSON object."""
    try:
        return isinstance(json.loads(text or "{}"), dict)
    except ValueError:
        return False


def _unwrapped(value: Any) -> Any:
    """An answer as OpenAI has it: some gateways put it inside of another object, Ollama's own API has a bare message."""
    if not isinstance(value, Mapping) or "choices" in value:
        return value
    for key in ("data", "result", "response", "body", "output"):
        if isinstance(value.get(key), Mapping) and "choices" in value[key]:
            return {"usage": value.get("usage"), **value[key]}
    message = value.get("message")
    if isinstance(message, Mapping) and ("content" in message or "tool_calls" in message):
        reason = (
            value.get("finish_reason") or value.get("done_reason") or ("stop" if value.get("done") is True else None)
        )
        usage = {"prompt_tokens": value.get("prompt_eval_count"), "completion_tokens": value.get("eval_count")}
        return {
            "choices": [{"index": 0, "delta": message, "finish_reason": reason}],
            "usage": value.get("usage") or usage,
        }
    return value


def _has_choices(value: Any) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("choices"), list)


def _plain(content: Any) -> str:
    """Content as text: a string, or the text parts of a list; null is nothing."""
    if isinstance(content, Mapping):
        content = [content]
    if isinstance(content, list):
        return "".join(
            part if isinstance(part, str) else str(part.get("text") or "")
            for part in content
            if isinstance(part, (Mapping, str))
        )
    return content if isinstance(content, str) else ""


def whole_number(value: Any) -> int | None:
    """A count of tokens as any server writes it: a number, or a text that begins with one; None for anything else."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        match = re.match(r"\s*(\d[\d,_]{0,15})", value)
        value = int(match.group(1).replace(",", "").replace("_", "")) if match else None
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if not isinstance(value, (int, float)) or not 0 <= value <= _MOST_TOKENS:
        return None
    return int(value)


def _is_call(part: Any) -> bool:
    """Whether a part of a content that is a list is a function call (Anthropic's own form)."""
    return (
        isinstance(part, Mapping)
        and part.get("type") in ("tool_use", "tool_call", "function_call")
        and bool(part.get("name"))
    )


def _usage_of(value: Mapping[str, Any]) -> Usage | None:
    """The usage of a chunk, under its name or those that Gemini and Groq have for it."""
    groq = value.get("x_groq")
    beside = groq.get("usage") if isinstance(groq, Mapping) else None
    return _usage(value.get("usage")) or _usage(value.get("usageMetadata")) or _usage(beside)


def _usage(value: Any) -> Usage | None:
    """Usage where it is present and says something: some servers send zeros until the end, some send words."""
    if not isinstance(value, Mapping):
        return None

    def first(*keys: str) -> int | None:
        return next((number for key in keys if (number := whole_number(value.get(key))) is not None), None)

    written = (
        first("completion_tokens", "output_tokens", "completionTokens", "outputTokens", "candidatesTokenCount") or 0
    )
    prompt = first("prompt_tokens", "input_tokens", "promptTokens", "inputTokens", "promptTokenCount")
    if not prompt:
        total = first("total_tokens", "totalTokens", "totalTokenCount") or 0
        if total <= written or not written:
            return None
        prompt = total - written
    details = value.get("prompt_tokens_details") or value.get("input_tokens_details")
    cached = whole_number(details.get("cached_tokens")) if isinstance(details, Mapping) else None
    if cached is None:
        cached = first("prompt_cache_hit_tokens", "cache_read_input_tokens", "cached_tokens", "cachedContentTokenCount")
    if "prompt_tokens" not in value and "cache_read_input_tokens" in value:
        # Anthropic's own count leaves out what was read from its cache, or written to it.
        prompt += (first("cache_read_input_tokens") or 0) + (first("cache_creation_input_tokens") or 0)
    return Usage(prompt, written, min(cached or 0, prompt))


def _broken_text(text: str) -> str:
    """What a broken event says: transformers serve puts its error between quotes that it does not escape."""
    _, found, said = text.partition('"error": "')
    return sanitize(said.rstrip('"}\n ') if found else f"it is not JSON: {text}")
