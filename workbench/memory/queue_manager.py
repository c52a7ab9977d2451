"""The queue manager: sizes go in, and it says when to warn, what to evict and what the summary becomes (MemGPT §2.2)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from workbench.config import Settings
from workbench.memory.fifo_queue import FifoQueue
from workbench.memory.main_context import Summary
from workbench.memory.message import StoredMessage
from workbench.memory.result_page import ResultPage
from workbench.tokens import count

STUBS = 20
"""Most stubs of evicted passages that a summary keeps."""


@dataclass(frozen=True)
class Pressure:
    """The limits of one window, in tokens: a warning at `warn`, eviction beyond `flush`, down to `evict_to` of the queue's capacity."""

    window: int
    usable: int
    warn: int
    flush: int
    evict_to_share: float

    @classmethod
    def of(cls, settings: Settings) -> Pressure:
        """The limits that the settings give."""
        usable = settings.usable_tokens
        return cls(
            settings.window_tokens,
            usable,
            int(usable * settings.warn_share),
            int(usable * settings.flush_share),
            settings.evict_to_share,
        )

    @property
    def summary_tokens(self) -> int:
        """The bound of the recursive summary with its stubs."""
        return max(96, min(1_024, self.window // 16))


def evict(queue: FifoQueue, used_tokens: int, pressure: Pressure) -> list[StoredMessage]:
    """Make room in one batch: the queue shrinks to its share of what is not fixed. Empty when nothing may leave."""
    fixed = used_tokens - queue.tokens
    capacity = max(0, pressure.usable - fixed - pressure.summary_tokens)
    gone = queue.evict(int(capacity * pressure.evict_to_share))
    if not gone and used_tokens > pressure.flush:
        # The newest group alone is too much: everything else goes.
        gone = queue.evict(0)
    return gone


def condense(old: Summary | None, evicted: Sequence[StoredMessage], pressure: Pressure, new_id: int, time: str) -> Summary:
    """The new recursive summary from the old one and what was evicted, one short statement a line, within its bound.

    The oldest statements make room first; passages leave a stub with their handle.
    """
    limit = pressure.summary_tokens
    lines = [*(old.text.splitlines() if old else []), *(line for message in evicted if (line := _statement(message)))]
    stubs = _stubs(old, evicted)
    number = (old.evicted_messages if old else 0) + len(evicted)

    def size() -> int:
        return count(json.dumps(["\n".join(lines), stubs], ensure_ascii=False)) + 40

    while size() > limit and (len(lines) > 1 or stubs):
        if len(stubs) * 2 > len(lines):
            stubs.pop(0)
        else:
            lines.pop(0)
    if lines and size() > limit:
        lines = [lines[-1][: limit * 2]]
    return Summary(new_id, "\n".join(lines), tuple(stubs), number, time)


def _statement(message: StoredMessage) -> str:
    if message.kind == "user_message":
        return f"user asked: {_short(message.spoken, 160)}"
    if message.kind == "assistant" and message.spoken:
        return f"you answered: {_short(message.spoken, 200)}"
    if page := message.body.get("archive"):
        loaded = ResultPage.load(page)
        seen = ", ".join(dict.fromkeys(hit.document for hit in loaded.hits))
        return f"{loaded.function} {_short(loaded.query, 80)!r} page {loaded.number}: {_short(seen, 100) or 'nothing'}"
    return ""


def _stubs(old: Summary | None, evicted: Sequence[StoredMessage]) -> list[str]:
    stubs = dict.fromkeys(old.stubs if old else ())
    for message in evicted:
        for hit in ResultPage.load(message.body["archive"]).hits if message.body.get("archive") else ():
            stubs.pop(stub := f"{hit.handle} {_short(hit.document, 48)} p.{hit.page}", None)
            stubs[stub] = None
    return list(stubs)[-STUBS:]


def _short(text: str, limit: int) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[: limit - 1].rsplit(" ", 1)[0] + "…"
