"""A refused request goes in; the request to try instead, or how long to wait before trying again, comes out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workbench.core.chat_turns import RESULTS, USERS, merge_turns
from workbench.models.openai.errors import Lost, Refused

NEEDED_KEYS = frozenset({"model", "messages", "tools", "stream", "max_tokens", "max_completion_tokens"})
"""Keys that are never dropped; a request always carries a bound on its reply, for some servers never stop."""

_BUSY = {408, 425, 429, 502, 503, 504, 529}
_NO_QUOTA = re.compile(r"insufficient_quota|exceeded your current quota|insufficient (balance|credit)", re.IGNORECASE)
_MISTAKE = re.compile(r"validation error|invalid|template|alternate|must be|not support|unexpected", re.IGNORECASE)
_TURNS = re.compile(r"\balternat|two user messages|consecutive (user|messages|roles)", re.IGNORECASE)
_LOADING = re.compile(r"\bload(ing|ed)?\b|warming up", re.IGNORECASE)

Body = dict[str, Any]


@dataclass(frozen=True)
class Repair:
    """A change of request bodies, learnt from a refusal and kept for the requests that follow."""

    key: str
    """The key that is dropped, renamed or set."""

    rename_to: str = ""
    value: str = ""

    def apply(self, body: Mapping[str, Any]) -> Body:
        """The body with the change made; keys keep their places."""
        if self.key == "messages":
            return {**body, "messages": merge_turns(body["messages"], self.value)}
        if self.value:
            return {**body, self.key: self.value}
        names = {key: key for key in body if key != self.key}
        if self.rename_to:
            names = {key: self.rename_to if key == self.key else key for key in body}
        return {name: body[key] for key, name in names.items()}


def repairs(body: Mapping[str, Any], refused: Refused) -> list[Repair]:
    """What to change after a refusal: keys that it names (400, 422), or turns that its template wants to alternate."""
    if _TURNS.search(refused.text) and not refused.overflow:
        ways = (how for how in (USERS, RESULTS) if len(merge_turns(body["messages"], how)) < len(body["messages"]))
        return [Repair("messages", value=how) for how in ways][:1]
    if refused.status not in (400, 422) or refused.overflow:
        return []
    named = f"{refused.param} {refused.text}"
    for refused_key, accepted in (("max_tokens", "max_completion_tokens"), ("max_completion_tokens", "max_tokens")):
        if refused_key in body and accepted not in body and _is_renamed(refused, named, refused_key, accepted):
            return [Repair(refused_key, rename_to=accepted)]
    if (
        _names("reasoning_effort", named)
        and "tool" in named
        and body.get("reasoning_effort") != "none"
        and "tools" in body
    ):
        return [Repair("reasoning_effort", value="none")]
    return [Repair(key) for key in body if key not in NEEDED_KEYS and _names(key, named)]


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
        kind = self._kind(failure)
        if kind is None or self._tries[kind] == 0:
            return None
        self._tries[kind] -= 1
        if kind == "lost":
            return 0.0
        asked = failure.retry_after_seconds if isinstance(failure, Refused) else None
        wait = asked if asked is not None else self._backoff_seconds * 2 ** min(self._tried, 4)
        self._tried += 1
        if wait > self._rest_seconds:
            return None
        # A Retry-After of nothing must not make a tight loop.
        self._rest_seconds -= max(wait, self._backoff_seconds)
        return wait

    def _kind(self, failure: Refused | Lost) -> str | None:
        if isinstance(failure, Lost):
            # A pooled connection dies unnoticed (after a 500, or after an empty stream): one new one is worth it.
            return None if failure.connecting or failure.timed_out else "lost"
        said = f"{failure.code} {failure.text}"
        if failure.overflow or _NO_QUOTA.search(said):
            return None
        if failure.status == 503 and _LOADING.search(failure.text):
            return "loading"
        if failure.status in _BUSY:
            return "busy"
        # Look-alikes answer 500 to a client's mistake too, so a second look is enough.
        return "failed" if failure.status >= 500 and not _MISTAKE.search(said) else None
