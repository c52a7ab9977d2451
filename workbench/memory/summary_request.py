"""The request for a summary: the old one and evicted messages go in, a prompt without functions comes out, every time the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from workbench.events import Segment
from workbench.memory.main_context import Prompt, Summary
from workbench.memory.message import StoredMessage, to_json, wire_digest, wire_text
from workbench.tokens import Calibration, count, count_message

ENTRY_CHARS = 1_500
"""A message longer than this is cut in the middle before it is summarised."""

_FRAME_TOKENS = 96


def summary_prompt(
    system: str, old: Summary | None, evicted: Sequence[StoredMessage], limit_tokens: int, calibration: Calibration
) -> Prompt:
    """The prompt that asks a model for the new summary in at most `limit_tokens`."""
    name = calibration.encoding
    content = {
        "type": "summary_request", "limit_tokens": limit_tokens, "summary": old.text if old else "",
        "evicted": [entry(message) for message in evicted],
    }  # fmt: skip
    messages: tuple[Mapping[str, Any], ...] = (
        {"role": "system", "content": system},
        {"role": "user", "content": to_json(content)},
    )
    sizes = [count_message(message, name) for message in messages]
    segments = [
        Segment("system", sizes[0], system, "system", None, "how to summarise"),
        Segment("conversation", sizes[1], wire_text(messages[1]), "user", None, f"{len(evicted)} evicted messages"),
    ]
    used = calibration.predict(sum(sizes))
    if used != sum(sizes):
        segments.append(Segment("overhead", used - sum(sizes), "", "", None, "what the server adds"))
    digests = tuple(wire_digest(message) for message in messages)
    return Prompt(messages, (), tuple(segments), sum(sizes), used, calibration.exact, frozenset(), digests)


def entry(message: StoredMessage) -> str:
    """A message as it stands in the request."""
    text = wire_text(message.wire)
    if len(text) > ENTRY_CHARS:
        text = f"{text[: ENTRY_CHARS * 2 // 3]} […] {text[-ENTRY_CHARS // 3 :]}"
    return f"{message.kind}: {text}"


def chunks(
    system: str, evicted: Sequence[StoredMessage], limit_tokens: int, room_tokens: int, name: str
) -> list[list[StoredMessage]]:
    """The evicted messages in as many parts as requests are needed; each takes in the summary of the one before.

    A message that would not fit alone is left out: it stays in recall storage.
    """
    room = room_tokens - count(system, name) - limit_tokens * 2 - _FRAME_TOKENS
    parts: list[list[StoredMessage]] = []
    used = room + 1
    for message in evicted:
        size = count(to_json({"e": entry(message)}), name) + 4
        if size > room:
            continue
        if used + size > room:
            parts.append([])
            used = 0
        parts[-1].append(message)
        used += size
    return parts
