"""Main context: its parts go in, the exact prompt and its segments come out (MemGPT §2.1; wire order for prefix caches)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.events import Segment
from workbench.memory.message import StoredMessage, to_json
from workbench.tokens import Calibration, count, count_message, functions_text


@dataclass(frozen=True)
class Summary:
    """The recursive summary: the first entry of the queue. `stubs` name evicted passages by handle, so they can be paged back."""

    id: int
    text: str
    stubs: tuple[str, ...]
    evicted_messages: int
    time: str

    def wire(self) -> dict[str, Any]:
        """As it is sent: a user message whose JSON has type summary."""
        content = {"type": "summary", "text": self.text, "evicted_messages": self.evicted_messages, "stubs": list(self.stubs)}
        return {"role": "user", "content": to_json({**content, "time": self.time})}


@dataclass(frozen=True)
class Prompt:
    """One request's messages and tools, and what each part of it takes. `used` is the sum of the segments' tokens."""

    messages: tuple[Mapping[str, Any], ...]
    tools: tuple[Mapping[str, Any], ...]
    segments: tuple[Segment, ...]
    counted: int
    used: int
    exact: bool
    in_context: frozenset[int]

    def digest(self) -> str:
        """A hash of exactly what is sent, for the flight recorder."""
        data = json.dumps([list(self.messages), list(self.tools)], ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(data.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def assemble(
    system: str,
    tools: Sequence[Mapping[str, Any]],
    summary: Summary | None,
    queue: Sequence[StoredMessage],
    state: Mapping[str, Any],
    calibration: Calibration,
) -> Prompt:
    """The prompt on the wire: system and functions, summary, queue, then one state message with the working context.

    The prefix stays stable from step to step; only the last message changes. Tokens are counted in the calibration's encoding.
    """
    name = calibration.encoding
    messages: list[Mapping[str, Any]] = []
    segments: list[Segment] = []

    def add(segment: str, message: Mapping[str, Any], tokens: int, title: str, source: StoredMessage | None = None) -> None:
        messages.append(message)
        text = _text(message)
        segments.append(Segment(segment, tokens, text, str(message["role"]), source.id if source else None, title))

    head = {"role": "system", "content": system}
    add("system", head, count_message(head, name), "system instructions")
    if tools:
        text = functions_text(tools)
        segments.append(Segment("functions", count(text, name), text, "", None, f"{len(tools)} functions"))
    if summary:
        wire = summary.wire()
        add("summary", wire, count_message(wire, name), f"summary of {summary.evicted_messages} evicted messages")
    in_context: set[int] = set()
    for item in queue:
        tokens = item.tokens if name == "o200k_base" else count_message(item.wire, name)
        add("paged" if item.passages else "conversation", item.wire, tokens, item.kind, item)
        in_context.update(item.passages)
    last = {"role": "user", "content": to_json({"type": "state", **state})}
    add("working_context", last, count_message(last, name), "working context")
    counted = sum(segment.tokens for segment in segments)
    used = calibration.predict(counted)
    if used != counted:
        segments.append(Segment("overhead", used - counted, "", "", None, "what the server adds"))
    return Prompt(tuple(messages), tuple(tools), tuple(segments), counted, used, calibration.exact, frozenset(in_context))


def _text(message: Mapping[str, Any]) -> str:
    calls = message.get("tool_calls")
    content = str(message.get("content") or "")
    if not calls:
        return content
    return "\n".join(filter(None, [content, *(f"{call['function']['name']}({call['function']['arguments']})" for call in calls)]))
