"""Finds out how a model server behaves by asking its model a few small questions, and says what is done about each quirk.

What is sent here is never part of a question of the user's: a question sends only its own recorded steps. What the
refusals teach is kept, so that the first request of a question is already made as the server wants it.
"""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from workbench.core.errors import ModelError, ModelOverflow
from workbench.core.secrets import Secrets
from workbench.core.sent_request import RESPONSES
from workbench.core.server_profile import BAD, OK, QUIRK, UNKNOWN, Finding, ServerProfile
from workbench.core.tokens import count_prompt
from workbench.models.base import Completion, ModelRequest
from workbench.models.openai.client import OpenAIChat
from workbench.models.openai.discovery import Listing, shown_url
from workbench.models.openai.errors import Lost, Refused
from workbench.models.openai.refusal_kinds import Kind
from workbench.models.openai.response import is_object, kind_of_end
from workbench.models.openai.retry import Learnt, Repair
from workbench.models.openai.sse import Chunk, Done, Event, Head, Oddity, Remark

_WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Gives the weather of a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "description": "Name of the city."}},
            "required": ["city"],
        },
    },
}
_SYSTEM = "You are a helpful assistant."
_CALL = "What is the weather in Paris? Call get_weather to find out."
_AHEAD = {"id": "ahead_1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city": "Rome"}'}}
_STATE = '{"type": "state", "working_context": {}, "time": "2030-01-01 12:00"}'
_SCHEMA = {
    "type": "json_schema",
    "json_schema": {
        "name": "colour",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"colour": {"type": "string", "enum": ["red", "green", "blue"]}},
            "required": ["colour"],
            "additionalProperties": False,
        },
    },
}
_UNSTREAMED = Repair(put=(("stream", False),))
_SHORT_TOKENS, _CALL_TOKENS = 48, 256
_LIMIT_TOKENS, _LIMIT_CHARS = 16, 16 * 9
_FILLER = "The harbour log of that day says that the lamp at the pier was lit at dusk and put out at dawn. "
_CUT_SHARE = 0.75
"""A usage below this share of our count of a long prompt is a prompt that was cut, not another tokenizer."""


_HOLDS_ALL = Finding(
    "streaming", QUIRK, "each piece of a stream holds all the text before it", "What is new in it is taken."
)


@dataclass
class _Heard:
    """What came of one request: the raw events of its last try, the refusals before it, and how it ended."""

    events: list[Event] = field(default_factory=list)
    refusals: list[Refused] = field(default_factory=list)
    reply: Completion | None = None
    error: ModelError | None = None
    sent_tokens: int = 0
    secrets: Secrets = field(default_factory=Secrets)

    def observe(self, event: Event | Refused | Lost) -> None:
        if isinstance(event, (Refused, Lost)):
            self.events = []
            if isinstance(event, Refused):
                self.refusals.append(event)
        else:
            if isinstance(event, Head):
                self.events = []
            self.events.append(event)

    @property
    def failure(self) -> str:
        """Why there is no reply."""
        return self.error.one_line() if self.error else "it was stopped"

    @property
    def chunks(self) -> list[Mapping[str, Any]]:
        return [event.value for event in self.events if isinstance(event, Chunk) and isinstance(event.value, Mapping)]

    @property
    def deltas(self) -> list[Mapping[str, Any]]:
        return [
            delta
            for chunk in self.chunks
            for choice in (chunk.get("choices") or ())
            if isinstance(choice, Mapping)
            and isinstance(delta := choice.get("delta") or choice.get("message"), Mapping)
        ]

    @property
    def holds_all_before(self) -> bool:
        """Whether each piece of the text holds all that came before it."""
        pieces = [
            delta["content"] for delta in self.deltas if isinstance(delta.get("content"), str) and delta["content"]
        ]
        return len(pieces) > 1 and all(after.startswith(before) for before, after in itertools.pairwise(pieces))

    @property
    def raw_text(self) -> str:
        pieces = (str(delta["content"]) for delta in self.deltas if isinstance(delta.get("content"), str))
        return self.secrets.scrub("".join(pieces))


class Prober:
    """Asks one model of one server. `tell` hears what is being tried, for a person who waits."""

    def __init__(
        self,
        base_url: str,
        api_key: str,
        model: str,
        *,
        timeout_seconds: float = 120.0,
        tell: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._base_url, self._key, self._model = base_url, api_key, model
        self._secrets = Secrets.of_server(base_url, api_key)
        self._timeout_seconds = timeout_seconds
        self._tell = tell
        self._learnt = Learnt()
        self._findings: list[Finding] = []

    def profile(self, listing: Listing, window_tokens: int, *, measure: bool) -> ServerProfile:
        """How the server behaves. Never raises for what it does.

        Args:
            listing: what the server says of its models.
            window_tokens: the window that is wanted; a prompt that fills it is sent when `measure` is True.
        """
        declared = next((one.context_tokens for one in listing.models if one.name == self._model), None)
        base = ServerProfile(
            listing.name,
            shown_url(self._base_url),
            True,
            models=listing.models,
            model=self._model,
            declared_tokens=declared,
        )
        self._tell("a short reply")
        hello = self._ask("Write the word OK.", _SHORT_TOKENS)
        if hello.reply is None:
            self._add("reply", BAD, hello.failure, "Nothing can be asked of it until this is mended.")
            return self._done(base)
        self._add("reply", OK, "it answers")
        self._availability(hello)
        self._findings += _of_wire(hello.reply)
        self._findings += _of_stream(hello, self._model)
        self._usage(hello)
        self._whole()
        self._functions()
        self._history()
        self._structured()
        self._limit()
        measured, whole = self._window(window_tokens, declared) if measure else (None, None)
        return self._done(replace(base, measured_tokens=measured, whole_tokens=whole))

    def _done(self, profile: ServerProfile) -> ServerProfile:
        self._findings += _of_repairs(self._learnt)
        return replace(
            profile,
            findings=tuple(self._findings),
            repairs=tuple(dump(repair) for repair in self._learnt.repairs),
            shape=dict(self._learnt.shape),
        )

    def _add(self, aspect: str, state: str, found: str, does: str = "") -> None:
        self._findings.append(Finding(aspect, state, found, does))

    def _ask(
        self,
        said: str | Sequence[Mapping[str, Any]],
        max_tokens: int,
        tools: Sequence[Mapping[str, Any]] = (),
        response_format: Mapping[str, Any] | None = None,
        learnt: Learnt | None = None,
    ) -> _Heard:
        """One request; what it teaches holds for the next ones, unless it was made with a `learnt` of its own."""
        messages: list[Mapping[str, Any]] = [{"role": "system", "content": _SYSTEM}]
        messages += [{"role": "user", "content": said}] if isinstance(said, str) else said
        heard = _Heard(sent_tokens=count_prompt(messages, tools), secrets=self._secrets)
        model = OpenAIChat(
            self._model, self._base_url, self._key, self._timeout_seconds,
            learnt=learnt or self._learnt, observe=heard.observe,
        )  # fmt: skip
        request = ModelRequest(self._model, messages, tools, max_tokens, {"temperature": 0.2}, response_format)
        try:
            for delta in model.stream(request, threading.Event()):
                if isinstance(delta, Completion):
                    heard.reply = delta
        except ModelError as error:
            heard.error = error
        if learnt is None:
            self._learnt = model.learnt
        return heard

    def _availability(self, heard: _Heard) -> None:
        """What kept the server from answering at first."""
        passing = [one for one in heard.refusals if one.kind in (Kind.RATE, Kind.BUSY, Kind.LOADING, Kind.FAULT)]
        if passing:
            said = heard.secrets.scrub(" ".join(passing[0].text.split()))[:80] or "without a word"
            counted = "once" if len(passing) == 1 else f"{len(passing)} times"
            found = f"it refused {counted} before it answered ({passing[0].status}): {said}"
            self._add("availability", QUIRK, found, "A server that is busy or loads is asked again after a while.")

    def _usage(self, heard: _Heard) -> None:
        usage = heard.reply.usage if heard.reply else None
        raw = [chunk["usage"] for chunk in heard.chunks if chunk.get("usage")]
        if usage is None:
            what = f"it is not usable: {json.dumps(raw[-1])[:80]}" if raw else "it sends none"
            self._add("usage", QUIRK, what, "Counts stay estimates, shown with ~.")
            return
        if not all(isinstance(value, int) or value is None or isinstance(value, Mapping) for value in raw[-1].values()):
            self._add("usage", QUIRK, "its numbers are not all numbers", "They are read as far as they can be.")
            return
        ratio = usage.prompt_tokens / max(1, heard.sent_tokens)
        if ratio > 8 or ratio < 0.3:
            found = f"it says {usage.prompt_tokens:,} tokens for a prompt of about {heard.sent_tokens:,}"
            self._add("usage", QUIRK, found, "Such counts are not believed.")
        else:
            cached = ", cached tokens too" if any("cached" in json.dumps(one) for one in raw) else ""
            self._add("usage", OK, f"it counts tokens{cached}")

    def _whole(self) -> None:
        """The same reply in one piece: what is asked for when a stream says nothing."""
        self._tell("the same reply in one piece")
        heard = self._ask("Write the word OK.", _SHORT_TOKENS, learnt=self._learnt.plus(_UNSTREAMED))
        if heard.reply is None:
            does = "Replies are streamed; a stream that fails is not asked for again."
            self._add("whole replies", BAD, f"they fail: {heard.failure}", does)
        else:
            self._add("whole replies", OK, "it answers in one piece too")

    def _functions(self) -> None:
        self._tell("a function call")
        streamed = self._ask(_CALL, _CALL_TOKENS, [_WEATHER])
        how = self._learnt.shape.get("functions")
        if how:
            self._add("tools", BAD, f"it has no function calling: {_refused(streamed)}", _WRITTEN[str(how)])
            made = bool(streamed.reply and streamed.reply.calls)
            self._add(
                "written calls", OK if made else BAD,
                "the model calls functions in its text" if made else "the model does not keep to the form of a call",
                "" if made else "Guided mode, where the reader searches and the model only writes, is for it: --drive guided.",
            )  # fmt: skip
            return
        self._add(*_of_call("streaming tools", streamed))
        unstreamed = self._learnt.plus(_UNSTREAMED)
        whole = self._ask(_CALL, _CALL_TOKENS, [_WEATHER], learnt=unstreamed)
        self._add(*_of_call("tools", whole))
        if _called(whole) and not _called(streamed):
            self._learnt = unstreamed
        self._findings += _of_tool_deltas(streamed)

    def _history(self) -> None:
        """A conversation as ours are: a call of our own, its result, and the state message behind them."""
        self._tell("a conversation with calls")
        before = self._learnt
        said: list[Mapping[str, Any]] = [
            {"role": "user", "content": '{"type": "user_message", "message": "What is the weather in Rome?"}'},
            {"role": "assistant", "content": "", "tool_calls": [_AHEAD]},
            {"role": "tool", "tool_call_id": "ahead_1", "content": '{"status": "OK", "message": "sunny"}'},
            {"role": "user", "content": _STATE},
        ]
        heard = self._ask(said, _CALL_TOKENS, [_WEATHER])
        if heard.reply is None:
            self._add("history", BAD, heard.failure, "Choose another model or chat template.")
        elif self._learnt.shape == before.shape:
            self._add("history", OK, "it takes calls and results as they are")

    def _structured(self) -> None:
        self._tell("structured output")
        before = self._learnt
        heard = self._ask(
            'Which colour is grass? Answer with JSON: {"colour": …}', _CALL_TOKENS, response_format=_SCHEMA
        )
        sent = heard.reply.body if heard.reply else {}
        kept = "json_schema" in json.dumps(sent.get("response_format") or sent.get("text") or {})
        fallback = "The form is asked for in words, and every reply is checked."
        if heard.reply is None:
            self._learnt = before
            self._add("structured output", QUIRK, f"it fails: {heard.failure}", fallback)
        elif not kept:
            self._add("structured output", QUIRK, f"it takes no JSON schema: {_refused(heard)}", fallback)
        elif not _is_colour(heard.reply.content):
            self._add("structured output", QUIRK, "it takes a JSON schema and does not keep to it", fallback)
        else:
            self._add("structured output", OK, "replies keep to a JSON schema")

    def _limit(self) -> None:
        self._tell("a reply that is too long")
        heard = self._ask("Count from 1 to 400, with commas. Write nothing else.", _LIMIT_TOKENS)
        if heard.reply is None:
            return
        if heard.holds_all_before and _HOLDS_ALL not in self._findings:
            self._findings.append(_HOLDS_ALL)
        length = len(heard.reply.content) + len(heard.reply.reasoning)
        if length > _LIMIT_CHARS:
            found = f"it wrote {length:,} characters where {_LIMIT_TOKENS} tokens were allowed"
            self._add("reply limit", QUIRK, found, "A reply that is many times too long is cut here.")
        elif length > _LIMIT_TOKENS and not heard.reply.ending.cut:
            found = f"a reply that it cut ends with {heard.reply.finish_reason or 'nothing'!r}"
            self._add("reply limit", QUIRK, found, "A cut answer may look whole.")
        else:
            self._add("reply limit", OK, "it keeps to it, and says so")

    def _window(self, window_tokens: int, declared: int | None) -> tuple[int | None, int | None]:
        """The context as it turns out: (real context, longest prompt that was read whole), each None where it is not known."""
        room = max(256, window_tokens // 8)
        target = min(window_tokens, declared or window_tokens) - room
        self._tell(f"a prompt of {target:,} tokens, which may take a while")
        started = time.monotonic()
        heard = self._ask(_filler(target), _LIMIT_TOKENS)
        seconds = time.monotonic() - started
        if isinstance(heard.error, ModelOverflow):
            limit = heard.error.limit_tokens
            found = f"it refuses a prompt of about {heard.sent_tokens:,} tokens" + (
                f": it has {limit:,}" if limit else ""
            )
            self._add("context", BAD, found, "The window is lowered to that, and prompts are made to fit.")
            return limit, None
        if heard.reply is None:
            self._add("context", UNKNOWN, f"a long prompt failed: {heard.failure}", "Use a smaller window: --window.")
            return None, None
        usage = heard.reply.usage
        if usage is None:
            self._add(
                "context",
                UNKNOWN,
                "it took a long prompt and does not say how much of it was read",
                "Nothing can be checked.",
            )
            return None, None
        read = usage.prompt_tokens + (0 if usage.cached_tokens <= usage.prompt_tokens else usage.cached_tokens)
        if read < heard.sent_tokens * _CUT_SHARE:
            found = f"it reads only {read:,} tokens of a prompt of about {heard.sent_tokens:,}, without a word"
            self._add(
                "truncation", BAD, found, "The window is lowered to what it reads; give it more (num_ctx, --ctx-size)."
            )
            return max(read, 1), None
        speed = f", {read / seconds:,.0f} tokens a second" if seconds > 1 else ""
        self._add("context", OK, f"a prompt of {read:,} tokens is read whole{speed}")
        return None, read


def _filler(tokens: int) -> str:
    """A text that we count as so many tokens, with a question at its end."""
    a_line = max(1, count_prompt([{"role": "user", "content": _FILLER * 20}], ()) // 20)
    lines = max(1, (tokens - 40) // a_line)
    return (
        "".join(f"{number}. {_FILLER}" for number in range(1, lines * a_line // (a_line + 3) + 1))
        + "\nWrite the word OK."
    )


# What the raw replies show.


def _of_wire(reply: Completion) -> Iterator[Finding]:
    responses = reply.shape.get("wire") == RESPONSES
    if responses:
        yield Finding("API", QUIRK, "only the Responses API", "Requests are written for it.")
    else:
        yield Finding("API", OK, "Chat Completions")


def _of_stream(heard: _Heard, model: str) -> Iterator[Finding]:
    """What is odd about a stream."""
    head = next((event.content_type for event in heard.events if isinstance(event, Head)), "")
    chunks, reply = heard.chunks, heard.reply
    assert reply is not None
    if not reply.body.get("stream"):
        yield Finding(
            "streaming", QUIRK, f"it does not stream: {_refused(heard)}", "Replies are asked for in one piece."
        )
        return
    whole = any(isinstance(event, Chunk) and event.whole for event in heard.events)
    odd = list(_odd_stream(heard, chunks, reply, head, whole))
    if not odd:
        yield Finding("streaming", OK, "replies come in pieces")
    yield from odd
    names = {str(chunk["model"]) for chunk in chunks if chunk.get("model")}
    if names and model not in names:
        yield Finding("model name", QUIRK, f"it answers as {sorted(names)[0][:60]!r}", "The name asked for is kept.")


def _odd_stream(
    heard: _Heard, chunks: Sequence[Mapping[str, Any]], reply: Completion, head: str, whole: bool
) -> Iterator[Finding]:
    if whole:
        yield Finding("streaming", QUIRK, "it answers in one piece although a stream was asked for", "It is read so.")
    elif "event-stream" not in head:
        yield Finding("streaming", QUIRK, f"its stream is called {head or 'nothing'}", "It is read for what it is.")
    for oddity in dict.fromkeys(event.text for event in heard.events if isinstance(event, Oddity)):
        yield Finding("streaming", QUIRK, f"its stream {oddity}", "It is read all the same.")
    if heard.holds_all_before:
        yield _HOLDS_ALL
    if any(isinstance(delta.get("content"), (list, Mapping)) for delta in heard.deltas):
        yield Finding("streaming", QUIRK, "its text comes as parts in a list", "The parts are put together.")
    if late := [chunk["error"] for chunk in chunks if chunk.get("error")]:
        words = heard.secrets.scrub(json.dumps(late[0], ensure_ascii=False))[:80]
        yield Finding("streaming", QUIRK, f"an error behind a reply that is whole: {words}", "The reply counts.")
    if remarks := [event.text for event in heard.events if isinstance(event, Remark)]:
        yield Finding("streaming", QUIRK, f"words among its events: {remarks[0][:60]!r}", "They are left out.")
    responses = reply.shape.get("wire") == RESPONSES
    if not whole and not responses and not any(isinstance(event, Done) for event in heard.events):
        yield Finding("streaming", QUIRK, "its streams end without [DONE]", "The finish_reason ends them.")
    finishes = [
        c.get("finish_reason") for chunk in chunks for c in (chunk.get("choices") or ()) if isinstance(c, Mapping)
    ]
    said = [str(one) for one in finishes if one]
    if not said and not responses:
        yield Finding("finish reason", QUIRK, "its replies end without one", "[DONE] ends them.")
    elif said and (said[-1] not in ("stop", "length") and kind_of_end(said[-1]) != "cut"):
        yield Finding(
            "finish reason",
            QUIRK,
            f"it says {said[-1][:40]!r}",
            f"It is taken as {kind_of_end(said[-1]) or 'nothing'}.",
        )
    used_at = [at for at, chunk in enumerate(chunks) if chunk.get("usage")]
    if used_at and not whole and not responses and (chunks[used_at[-1]].get("choices") or len(used_at) > 1):
        yield Finding(
            "usage place", QUIRK, "its usage comes beside the choices", "It is taken from wherever it stands."
        )
    if reply.reasoning:
        keys = {key for delta in heard.deltas for key in delta if "reason" in key or "think" in key}
        where = f"under {sorted(keys)[0]}" if keys else "inside of its text"
        does = "It is shown as thinking and handed back." if keys else "It is kept out of the answer."
        yield Finding("reasoning", OK if keys else QUIRK, f"it sends its reasoning {where}", does)
    marks = len(heard.raw_text.strip()) - len(reply.content.strip()) - len(reply.reasoning.strip())
    if marks > 0 and "<" in heard.raw_text and not responses:
        yield Finding(
            "template marks", QUIRK, f"they stand in its text: {heard.raw_text.strip()[-40:]!r}", "They are taken off."
        )


def _called(heard: _Heard) -> bool:
    return bool(
        heard.reply and any(call.name == "get_weather" and is_object(call.arguments) for call in heard.reply.calls)
    )


def _of_call(aspect: str, heard: _Heard) -> tuple[str, str, str, str]:
    """What came of the request for a call."""
    if heard.reply is None:
        return aspect, BAD, heard.failure, "Another way to call is tried."
    if heard.reply.ending.written and heard.reply.calls:
        written = " ".join(heard.reply.ending.written.split())[:60]
        return aspect, QUIRK, f"calls come as text: {written!r}", "They are read and carried out."
    if _called(heard):
        raw = [str((entry.get("function") or {}).get("name")) for d in heard.deltas for entry in (d.get("tool_calls") or ())
               if isinstance(entry, Mapping) and isinstance(entry.get("function"), Mapping)]  # fmt: skip
        odd = next((name for name in raw if name not in ("None", "", "get_weather")), "")
        if odd:
            return aspect, QUIRK, f"it writes the name as {odd[:60]!r}", "The function that is meant is called."
        if (times := len(heard.reply.calls)) > 1:
            return (
                aspect,
                QUIRK,
                f"it makes {times} calls where one was asked for",
                "The same call is carried out once.",
            )
        finish = heard.reply.finish_reason
        return aspect, OK, f"calls work ({finish})", ""
    if heard.reply.calls:
        return (
            aspect,
            BAD,
            f"the call is malformed: {heard.reply.calls[0].arguments[:60]!r}",
            "The model is told what is wrong.",
        )
    said = " ".join(heard.reply.content.split())[:60]
    return (
        aspect,
        BAD,
        f"the model did not call the function; it wrote {said!r}",
        ("Its text is taken as the answer; --drive guided lets the reader search and the model only write."),
    )


def _of_tool_deltas(heard: _Heard) -> Iterator[Finding]:
    """What is odd about the pieces of a streamed call."""
    entries = [
        entry for delta in heard.deltas for entry in (delta.get("tool_calls") or ()) if isinstance(entry, Mapping)
    ]
    if not entries:
        if any(delta.get("function_call") for delta in heard.deltas):
            yield Finding("tool pieces", QUIRK, "calls come in the old form, as function_call", "They are carried out.")
        return
    functions = [entry["function"] for entry in entries if isinstance(entry.get("function"), Mapping)]
    named = [str((entry.get("index"), entry.get("id"))) for entry in entries if _names(entry)]
    if len(named) > len(set(named)):
        yield Finding("tool pieces", QUIRK, "name and id come with every piece", "They are taken once.")
    if any(isinstance(one.get("arguments"), Mapping) for one in functions):
        yield Finding("tool pieces", QUIRK, "arguments come as an object, not as text", "They are taken as they are.")
    if not any(entry.get("id") for entry in entries):
        yield Finding("tool pieces", QUIRK, "calls have no id", "They are given one.")
    elif any(len(str(entry.get("id") or "")) > 40 for entry in entries):
        yield Finding("tool pieces", QUIRK, "ids are longer than 40 characters", "They are replaced by shorter ones.")
    if any("index" not in entry for entry in entries):
        yield Finding("tool pieces", QUIRK, "calls have no index", "Their order tells them apart.")
    if any(delta.get("function_call") for delta in heard.deltas):
        yield Finding("tool pieces", QUIRK, "each call comes a second time in the old form", "It is carried out once.")


def _names(entry: Mapping[str, Any]) -> bool:
    function = entry.get("function")
    return isinstance(function, Mapping) and bool(function.get("name"))


_WRITTEN = {
    "json_schema": "Functions are described in the instructions, and a JSON schema holds replies to the form of a call.",
    "text": "Functions are described in the instructions, and calls are read out of the text.",
}
_SHAPES: Mapping[str, tuple[str, str]] = {
    "fold": ("it wants strict turns", "Messages of one side that follow each other become one."),
    "system": ("it knows no system role", "The instructions go into the first message of the user's."),
    "calls": ("it takes one call at a time", "Calls of one reply are written one after the other."),
    "ids": ("it wants call ids of its own form", "Ids are rewritten."),
    "reasoning": (
        "it is particular about reasoning in the history",
        "It is left out, or put in everywhere, as it wants.",
    ),
    "extra": ("it refuses signed details in the history", "They are left out."),
    "content": ("it refuses empty content beside a call", "It is left out, or is a blank."),
}


def _of_repairs(learnt: Learnt) -> Iterator[Finding]:
    """What refusals have taught."""
    for key in learnt.shape:
        if key in _SHAPES:
            yield Finding("history", QUIRK, *_SHAPES[key])
    for repair in learnt.repairs:
        if repair.drop:
            yield Finding("parameters", QUIRK, f"it refuses {repair.drop}", "It is left out.")
        elif repair.rename[0]:
            old, new = repair.rename
            yield Finding("parameters", QUIRK, f"it wants {new} in place of {old}", "It is renamed.")
        for key, value in repair.put:
            if key in ("max_tokens", "max_completion_tokens"):
                yield Finding(
                    "parameters",
                    QUIRK,
                    f"replies have at most {value:,} tokens",
                    "The reply's room is lowered to that.",
                )
            elif key == "reasoning_effort":
                yield Finding("parameters", QUIRK, "functions only without reasoning", f"{key} is set to {value}.")


def _refused(heard: _Heard) -> str:
    return " ".join(heard.refusals[-1].text.split())[:120] if heard.refusals else "it does not say why"


def _is_colour(text: str) -> bool:
    try:
        value = json.loads(text)
    except ValueError:
        return False
    return isinstance(value, Mapping) and value.get("colour") in ("red", "green", "blue")


# What was learnt, as it is kept.


def dump(repair: Repair) -> dict[str, Any]:
    """A repair as JSON."""
    made = asdict(repair)
    return {key: value for key, value in made.items() if value and value != ("", "")}


def load(profile: ServerProfile) -> Learnt:
    """What a profile says about how requests are made. What cannot be read is left out."""
    repairs = []
    for value in profile.repairs:
        try:
            repairs.append(
                Repair(
                    drop=str(value.get("drop", "")),
                    rename=(str(value["rename"][0]), str(value["rename"][1])) if value.get("rename") else ("", ""),
                    put=tuple((str(key), item) for key, item in value.get("put", ())),
                )
            )
        except (KeyError, IndexError, TypeError, ValueError):
            continue
    return Learnt(tuple(repairs), dict(profile.shape))
