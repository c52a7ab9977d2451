"""Fits an agent to what its model's server really takes: the window after a refusal, and prompts that are cut in silence.

A server's context is what it was started with, which no API tells reliably; what it says when a prompt is too long does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from workbench.core.errors import ModelOverflow
from workbench.core.settings import SMALLEST_WINDOW_TOKENS, Settings
from workbench.models.base import Usage

_SHRINK = 0.7
"""How much of what was sent is sent next, where the server does not say what it takes."""

_CUT_SHARE = 0.6
"""A usage below this share of our own count, cached tokens included, is no difference between tokenizers."""

_CUT_TIMES = 2
"""One such usage may be a slip of a gateway; so many in a row are not."""


@dataclass(frozen=True)
class Refit:
    """A smaller window for the rest of the run. `factor` is how many of the server's tokens one of ours is, where it told."""

    settings: Settings
    factor: float | None = None


def refit(settings: Settings, overflow: ModelOverflow, sent_tokens: int) -> Refit:
    """The settings with a window that the server takes, after it refused a prompt of `sent_tokens` as we predicted it.

    Raises the overflow, with a hint that fits, when no window that works is that small.
    """
    window, factor = settings.window_tokens, None
    limit = overflow.limit_tokens
    if limit is None and overflow.over_tokens is not None:
        limit = sent_tokens + settings.reserve - overflow.over_tokens
    if limit is not None and limit < window:
        smaller = limit
    elif overflow.requested_tokens and overflow.requested_tokens > sent_tokens * 1.02:
        # The window is right, and its tokens are smaller than ours.
        smaller, factor = window, overflow.requested_tokens / max(1, sent_tokens)
    else:
        smaller = int(_SHRINK * min(window, sent_tokens + settings.reserve))
    if limit is not None and limit < SMALLEST_WINDOW_TOKENS:
        hint = f"Start the server with a context of at least {SMALLEST_WINDOW_TOKENS:,} tokens, better 8,192 or more."
        raise ModelOverflow(overflow.message, hint, limit_tokens=limit)
    smaller = max(SMALLEST_WINDOW_TOKENS, smaller)
    if smaller >= window and factor is None:
        raise overflow
    return Refit(
        replace(settings, window_tokens=smaller, reserve_tokens=min(settings.reserve_tokens, smaller // 4)), factor
    )


def told(before: Settings, now: Settings, overflow: ModelOverflow) -> str:
    """One sentence about a window that was lowered."""
    if now.window_tokens == before.window_tokens:
        return "The server counts more tokens than was thought; prompts are made shorter from now on."
    said = f"it takes {overflow.limit_tokens:,} tokens" if overflow.limit_tokens else "it does not say what it takes"
    return (
        f"The server refused the prompt as too long ({said}): the window is {now.window_tokens:,} tokens instead of "
        f"{before.window_tokens:,} for this run, and the step is made again."
    )


@dataclass(frozen=True)
class Truncation:
    """A server that cuts prompts: the sentence about it and, where it always reads the same, the window it really has."""

    message: str
    window_tokens: int | None = None


class TruncationWatch:
    """Notices a server that reads less than it was sent (Ollama cuts prompts at num_ctx without a word)."""

    def __init__(self) -> None:
        self._reads: list[tuple[int, int]] = []
        self._told = False

    def see(self, counted_tokens: int, usage: Usage) -> Truncation | None:
        """What is to be told, once, when the server has read far less than was sent, several times in a row."""
        if usage.prompt_tokens + usage.cached_tokens >= counted_tokens * _CUT_SHARE:
            self._reads = []
            return None
        self._reads = [*self._reads, (counted_tokens, usage.prompt_tokens)][-_CUT_TIMES:]
        if self._told or len(self._reads) < _CUT_TIMES:
            return None
        self._told = True
        read = usage.prompt_tokens
        message = (
            f"The server says that it read only {read:,} tokens of a prompt of about {counted_tokens:,}: it cuts prompts "
            "silently, so the model did not see all that is shown here."
        )
        return Truncation(message, self._real_window())

    def _real_window(self) -> int | None:
        """The window whose usable part is what the server reads: only where that is the same whatever was sent."""
        (sent_before, read_before), (sent, read) = self._reads[0], self._reads[-1]
        same = abs(read - read_before) <= max(2, read // 50) and abs(sent - sent_before) > sent // 50
        window = read * 8 // 7
        return window if same and window >= SMALLEST_WINDOW_TOKENS else None


TRUNCATED_HINT = (
    "Give the server a larger context (num_ctx, --ctx-size), or set the window to what it has: --window TOKENS."
)
