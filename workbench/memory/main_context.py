"""Assembles main context: the exact prompt and its segments (MemGPT §2.1), in the wire order that prefix caches reward."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from workbench.api.events import Segment
from workbench.api.results import RenderedPage
from workbench.core.text_cache import text_cache
from workbench.core.tokens import Calibration, count, count_message
from workbench.memory.messages import PromptPart, to_json, wire_digest, wire_text


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
        content = {
            "type": "summary",
            "text": self.text,
            "evicted_messages": self.evicted_messages,
            "stubs": list(self.stubs),
        }
        return {"role": "user", "content": to_json({**content, "time": self.time})}

    @cached_property
    def digest(self) -> bytes:
        """A hash of what is sent of it."""
        return wire_digest(self.wire())


@dataclass(frozen=True)
class Prompt:
    """One request's messages and tools, and what each part of it takes. `used` is the sum of the segments' tokens.

    `digests` are the hashes of the messages, one each: those of the queue were made when the messages came.
    """

    messages: tuple[Mapping[str, Any], ...]
    tools: tuple[Mapping[str, Any], ...]
    segments: tuple[Segment, ...]
    counted: int
    used: int
    exact: bool
    in_context: frozenset[int]
    digests: tuple[bytes, ...]
    results: tuple[RenderedPage | None, ...] = ()
    """What each of `messages` shows of archival storage, as data; not part of what is sent."""

    def digest(self) -> str:
        """A hash of exactly what is sent, for the flight recorder."""
        whole = hashlib.sha256(b"".join(self.digests))
        functions = next((segment.text for segment in self.segments if segment.name == "functions"), "")
        whole.update(functions.encode("utf-8", "surrogatepass"))
        return whole.hexdigest()[:32]


def assemble(
    system: str,
    tools: Sequence[Mapping[str, Any]],
    tools_text: str,
    summary: Summary | None,
    queue: Sequence[PromptPart],
    state: Mapping[str, Any],
    calibration: Calibration,
) -> Prompt:
    """The prompt on the wire: system and functions, summary, queue, then one state message with the working context.

    The prefix stays stable from step to step; only the last message changes. Tokens are counted in the calibration's
    encoding, every message once in its life: `queue` is counted in it already. `tools_text` is the functions' text (see functions_text).
    """
    name = calibration.encoding
    head = {"role": "system", "content": system}
    messages: list[Mapping[str, Any]] = [head]
    digests = [wire_digest(head)]
    segments = [Segment("system", count_message(head, name), system, "system", None, "system instructions")]
    if tools:
        title = f"{len(tools)} functions"
        segments.append(Segment("functions", count(tools_text, name), tools_text, "", None, title))
    if summary:
        wire = summary.wire()
        title = f"summary of {summary.evicted_messages} evicted messages"
        segments.append(Segment("summary", count_message(wire, name), wire_text(wire), "user", None, title))
        messages.append(wire)
        digests.append(summary.digest)
    results: list[RenderedPage | None] = [None] * len(messages)
    counted = sum(segment.tokens for segment in segments)
    in_context: frozenset[int] = frozenset()
    if queue:
        wires, hashes, tokens, shown, pages, passages = zip(*queue, strict=True)
        messages.extend(wires)
        digests.extend(hashes)
        segments.extend(shown)
        results.extend(pages)
        counted += sum(tokens)
        in_context = frozenset(itertools.chain.from_iterable(passages))
    last = {"role": "user", "content": to_json({"type": "state", **state})}
    messages.append(last)
    digests.append(wire_digest(last))
    written = count_message(last, name)
    segments.append(Segment("working_context", written, wire_text(last), "user", None, "working context"))
    counted += written
    used = calibration.predict(counted)
    if used != counted:
        segments.append(Segment("overhead", used - counted, "", "", None, "what the server adds"))
    return Prompt(
        tuple(messages), tuple(tools), tuple(segments), counted, used, calibration.exact, in_context, tuple(digests),
        (*results, None),
    )  # fmt: skip


@text_cache(64)
def fixed_tokens(system: str, tools_text: str, name: str) -> int:
    """Tokens of the system message and the functions."""
    return count_message({"role": "system", "content": system}, name) + count(tools_text, name)


def state_tokens(state: Mapping[str, Any], name: str) -> int:
    """Tokens of the state message."""
    return count_message({"role": "user", "content": to_json({"type": "state", **state})}, name)
