"""Decides what to do after a refusal: what to change in the request, or how long to wait before it is sent again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from workbench.core.chat_turns import RESULTS, SIGNED_KEYS, USERS
from workbench.core.responses_request import OWN_KEYS
from workbench.core.sent_request import RESPONSES, as_sent
from workbench.core.written_functions import JSON_SCHEMA, TEXT
from workbench.models.openai.errors import Lost, Refused
from workbench.models.openai.refusal_kinds import Kind, normalised, room_number

NEEDED_KEYS = frozenset({"model", "messages", "tools", "stream", "max_tokens", "max_completion_tokens"})
"""Keys that are never dropped; a request always carries a bound on its reply, for some servers never stop."""

_MISTAKE = re.compile(r"validation error|invalid|template|alternate|must be|not support|unexpected", re.IGNORECASE)
_REFUSES = r"unsupported|unknown|unrecogni[sz]ed|unexpected|not (?:permitted|allowed|supported|valid)|extra (?:inputs|fields)|forbidden"

Body = dict[str, Any]


@dataclass(frozen=True)
class Repair:
    """A change of request bodies, learnt from a refusal and kept for the requests that follow.

    `drop` names a key to leave out, `rename` a pair of names, `put` keys to set, `shape` how to write the messages anew.
    """

    drop: str = ""
    rename: tuple[str, str] = ("", "")
    put: tuple[tuple[str, Any], ...] = ()
    shape: tuple[tuple[str, Any], ...] = field(default_factory=tuple)

    def apply(self, body: Mapping[str, Any]) -> Body:
        """The body with its keys changed, in their places; the messages stay as they are."""
        made = {key: value for key, value in body.items() if key != self.drop}
        if self.rename[0] in made:
            made = {self.rename[1] if key == self.rename[0] else key: value for key, value in made.items()}
        if self.put == (("stream", False),):
            made.pop("stream_options", None)
        for key, value in self.put:
            if key == "response_format":
                made.update({key: value} if key in made else {})
            elif key not in ("max_tokens", "max_completion_tokens"):
                made[key] = value
            elif key in made:
                made[key] = min(value, made[key])
        return made


@dataclass(frozen=True)
class Learnt:
    """What a server has been found to want: changes of the keys, and the shape of its requests (see core.sent_request)."""

    repairs: tuple[Repair, ...] = ()
    shape: Mapping[str, Any] = field(default_factory=dict)

    def plus(self, repair: Repair) -> Learnt:
        """The same and one more."""
        repairs = self.repairs if repair in self.repairs or not _changes_keys(repair) else (*self.repairs, repair)
        return Learnt(repairs, {**self.shape, **{key: dict(v) if key == "ids" else v for key, v in repair.shape}})

    def apply(self, body: Mapping[str, Any]) -> Body:
        """A request's body as this server wants it."""
        made = self.keys(body)
        return as_sent(made, self.shape) if self.shape else made

    def keys(self, body: Mapping[str, Any]) -> Body:
        """The body of a Chat Completions request with its keys changed."""
        made = dict(body)
        for repair in self.repairs:
            made = repair.apply(made)
        return made

    def without(self, key: str) -> Learnt:
        """The same, one key of the shape forgotten: it did not help."""
        return Learnt(self.repairs, {name: value for name, value in self.shape.items() if name != key})


def _changes_keys(repair: Repair) -> bool:
    return bool(repair.drop or repair.rename[0] or repair.put)


def repair_of(plain: Mapping[str, Any], learnt: Learnt, refused: Refused) -> Repair | None:
    """What to change after a refusal, or None when nothing is known that would help.

    `plain` is the request's body before anything learnt was applied. Nothing is proposed that was tried already.
    """
    now = learnt.apply(plain)
    if wire := _other_wire(learnt.shape, refused):
        return Repair(shape=(("wire", wire),))
    if learnt.shape.get("wire") == RESPONSES and (key := _own_key(refused)):
        return Repair(shape=(("left_out", f"{learnt.shape.get('left_out', '')} {key}".strip()),))
    if refused.overflow or refused.kind in (Kind.MONEY, Kind.REGION, Kind.MODERATION, Kind.RATE, Kind.MODEL):
        return None
    for repair in (
        *_candidates(learnt.keys(plain), learnt, refused),
        *_written_functions(plain, learnt.shape, refused),
    ):
        if learnt.plus(repair).apply(plain) != now:
            return repair
    return None


def _candidates(body: Mapping[str, Any], learnt: Learnt, refused: Refused) -> Iterator[Repair]:
    named = _named(refused)
    words = normalised(named)
    yield from (Repair(shape=(pair,)) for pair in _shapes(words, learnt.shape, refused))
    if refused.kind is Kind.STREAM and body.get("stream"):
        yield Repair(put=(("stream", False),))
    if refused.status not in (400, 422, 500, 501):
        return
    if (wanted := body.get("response_format")) and _FORMAT_WORDS.search(words) and "functions" not in learnt.shape:
        # A schema that is not taken may be as plain JSON, which the instructions ask for as well.
        if wanted.get("type") == "json_schema":
            yield Repair(put=(("response_format", {"type": "json_object"}),))
        yield Repair(drop="response_format")
    if refused.kind is Kind.ROOM:
        key = "max_completion_tokens" if "max_completion_tokens" in body else "max_tokens"
        if limit := room_number(refused.text, int(body.get(key) or 0)):
            yield Repair(put=((key, limit),))
    if refused.status in (500, 501):
        return
    for refused_key, accepted in (("max_tokens", "max_completion_tokens"), ("max_completion_tokens", "max_tokens")):
        if refused_key in body and accepted not in body and _is_renamed(refused, named, refused_key, accepted):
            yield Repair(rename=(refused_key, accepted))
    if _names("reasoning_effort", named) and "tool" in named and "tools" in body:
        yield Repair(put=(("reasoning_effort", "none"),))
    for key in body:
        if key not in NEEDED_KEYS and _names(key, named):
            yield Repair(drop=key)


def _other_wire(shape: Mapping[str, Any], refused: Refused) -> str:
    """The API to ask in place of the one that refused: the one it names, or the other one where there is nothing."""
    if "wire" in shape:
        return ""
    named = re.search(r"(?:v1)?/responses\b|\bresponses (?:api|endpoint)", refused.text.lower())
    nothing_there = refused.kind is Kind.ADDRESS and not refused.location and refused.status in (404, 405)
    return RESPONSES if (named and refused.status in range(400, 502)) or nothing_there else ""


def _own_key(refused: Refused) -> str:
    """The key of the Responses API's own that a refusal names."""
    if refused.status not in (400, 422):
        return ""
    named = _named(refused)
    if "encrypted content" in normalised(named):
        return "include"
    return next((key for key in OWN_KEYS if re.search(_REFUSES, normalised(named)) and _names(key, named)), "")


def _written_functions(plain: Mapping[str, Any], shape: Mapping[str, Any], refused: Refused) -> Iterator[Repair]:
    """Functions as text for a model that has none: held to their form by the server, or where it cannot, by instructions."""
    if not plain.get("tools"):
        return
    how = shape.get("functions")
    if refused.kind is Kind.TOOLS and not how:
        yield Repair(shape=(("functions", JSON_SCHEMA),))
    elif how == JSON_SCHEMA and refused.status in range(400, 502) and _FORMAT_WORDS.search(normalised(_named(refused))):
        yield Repair(shape=(("functions", TEXT),))


_FORMAT_WORDS = re.compile(
    r"response format|json ?schema|json object|structured|grammar|\bschema\b|text format|validation error|any ?of"
)


def _named(refused: Refused) -> str:
    return f"{refused.param} {refused.text}"


def _shapes(words: str, shape: Mapping[str, Any], refused: Refused) -> Iterator[tuple[str, Any]]:
    """Other shapes of the messages that a refusal may ask for, the likeliest first."""
    if re.search(r"call id|calls?\W+\d*\W*id\b|\bcall\b.{0,20}\bid\b|\btool call\b.{0,40}\b(length|character)", words):
        number = re.search(
            r"(?:length|max\w*|most|exactly|up to)\D{0,24}(\d{1,3})|(\d{1,3})[- ](?:letters|char|digit|long)", words
        )
        length = int(number[1] or number[2]) if number else 9
        if 5 <= length <= 64:
            yield "ids", (("length", length), ("exact", "max" not in words and "most" not in words))
    if "reasoning" not in shape and re.search(r"reasoning|thinking|thought", words):
        # The names of the keys, whatever the sentence makes of them.
        signed = re.search(r"signature|thought|reasoning details|thinking blocks|extra content", words)
        if re.search(_REFUSES, words):
            yield "extra" if signed else "reasoning", "none"
        elif re.search(r"missing|required|must|expected|need|pass|provide|not found|include", words):
            yield "reasoning", "every"
    if any(normalised(key) in words for key in SIGNED_KEYS) and re.search(_REFUSES, words):
        yield "extra", "none"
    if re.search(r"\bcontents?\b|\bmessage\b", words) and re.search(
        r"empty|blank|at least (one|1)|non-?empty|not be (null|none)", words
    ):
        yield "content", "omit" if "content" not in shape else "space"
    if refused.kind is not Kind.TURNS:
        return
    if re.search(r"single tool.?calls? at once|one tool.?call", words):
        yield "calls", "single"
    if re.search(r"\bsystem\b", words) and re.search(
        r"not support|unsupported|only user and assistant|does not support", words
    ):
        yield "system", "user"
    if "fold" not in shape:
        yield "fold", USERS
    if shape.get("fold") != RESULTS:
        yield "fold", RESULTS


def _is_renamed(refused: Refused, named: str, refused_key: str, accepted: str) -> bool:
    if not _names(refused_key, named):
        return False
    unknown = re.search(r"unsupported|unknown|unrecognized|unexpected|not permitted|extra", named, re.IGNORECASE)
    return _names(accepted, named) or (unknown is not None and refused.param in ("", refused_key))


def _names(key: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(key)}(?!\w)", text) is not None


class Patience:
    """How often and how long one request waits for a server that is busy; bounded in tries and in seconds."""

    def __init__(self, backoff_seconds: float = 0.5, longest_wait_seconds: float = 60.0) -> None:
        self._backoff_seconds = backoff_seconds
        self._rest_seconds = longest_wait_seconds
        self._tries = {"lost": 1, "failed": 1, "busy": 4, "loading": 1_000}
        self._tried = 0

    def wait_seconds(self, failure: Refused | Lost) -> float | None:
        """Seconds to wait before the next try; None: give up, more of the same would not help."""
        tries = self._kind_of_wait(failure)
        if tries is None or self._tries[tries] == 0:
            return None
        self._tries[tries] -= 1
        if tries == "lost":
            return 0.0
        asked = failure.retry_after_seconds if isinstance(failure, Refused) else None
        wait = asked if asked is not None else self._backoff_seconds * 2 ** min(self._tried, 4)
        self._tried += 1
        if wait > self._rest_seconds:
            return None
        # A Retry-After of nothing must not make a tight loop.
        wait = max(wait, min(self._backoff_seconds, 0.05))
        self._rest_seconds -= max(wait, self._backoff_seconds)
        return wait

    def _kind_of_wait(self, failure: Refused | Lost) -> str | None:
        if isinstance(failure, Lost):
            # A pooled connection dies unnoticed (after a 500, or after an empty stream): one new one is worth it.
            return None if failure.connecting or failure.timed_out or failure.sentence else "lost"
        if failure.kind in (Kind.LOADING, Kind.RATE, Kind.BUSY):
            return "loading" if failure.kind is Kind.LOADING else "busy"
        # Look-alikes answer 500 to a client's mistake too, so a second look is enough.
        said = f"{failure.code} {failure.text}"
        return "failed" if failure.kind is Kind.FAULT and not _MISTAKE.search(said) else None
