"""Counts tokens exactly and offline, and says whether a count can be trusted for a given model.

A prompt is counted as if it were rendered `<|start|>role<|message|>content<|end|>` for each message: the separators are
special tokens that merge with nothing, so the count of a prompt is the sum of the counts of its messages, and a message
is counted once in its life. The embedded reader is defined over exactly this rendering, so its counts are exact; what a
server adds beyond it is learnt from the server's own `usage` (see Calibration).
"""

from __future__ import annotations

import binascii
import functools
import gzip
import importlib.util
import io
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.core.activity import doing
from workbench.core.errors import WorkError
from workbench.core.malloc import return_freed
from workbench.core.text_cache import text_cache

if TYPE_CHECKING:
    import tiktoken

FRAME_TOKENS = 3
"""Start, message and end marks around every message."""

CALL_FRAME_TOKENS = 2
"""Marks around a function call inside a message."""

_O200K_SPLIT = "|".join(
    [
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        r"\p{N}{1,3}",
        r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
        r"\s*[\r\n]+",
        r"\s+(?!\S)",
        r"\s+",
    ]
)
_CL100K_SPLIT = r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
_SPLITS = {"o200k_base": _O200K_SPLIT, "cl100k_base": _CL100K_SPLIT}

_CL100K_MODELS = ("gpt-4-", "gpt-3.5", "text-embedding-3", "text-embedding-ada")
_O200K_MODELS = ("gpt-4o", "gpt-4.1", "gpt-4.5", "gpt-5", "gpt-6", "o1", "o3", "o4", "chatgpt-4o", "codex")


USUAL = "o200k_base"
"""The encoding of most models, and of those whose tokenizer is not known."""

_apart: Callable[[str, str], int] | None = None


def count_with(counter: Callable[[str, str], int] | None) -> None:
    """Have texts counted by `counter(name, text)` instead of in this process; None ends that (see token_process)."""
    global _apart
    _apart = counter


def prepare(name: str) -> None:
    """Many texts are about to be counted: have the tables of an encoding ready. Raises WorkError."""
    if _apart is None:
        encoding(name)


def encoding(name: str) -> tiktoken.Encoding:
    """The tiktoken encoding `name`, built from rank files that came with a package: nothing is downloaded.

    It takes 44 MB, which `release_idle` gives back. Raises WorkError when the rank files are not installed.
    """
    _LAST_USE[name] = time.monotonic()
    _LET_GO.pop(name, None)
    return _built(name)


def release_idle(seconds: float = 10.0) -> bool:
    """Let go of the encodings when nothing was counted for so long; says whether there was one.

    Counts that are cached stay. A few texts that are not among them are counted each by itself, then the encoding is built
    anew, in half a second: worth it while a long load runs, whose passages are counted in the process that reads them.
    """
    if not _LAST_USE or time.monotonic() - max(_LAST_USE.values(), default=0.0) < seconds:
        return False
    _LET_GO.update(dict.fromkeys(_LAST_USE, _FEW))
    _LAST_USE.clear()
    _built.cache_clear()
    return_freed()
    return True


_LAST_USE: dict[str, float] = {}
"""When each encoding that is built was last asked for, by the monotonic clock."""

_FEW = 4
"""So many texts are counted without an encoding that was let go: the prompt's state, before and after a load ends."""

_LET_GO: dict[str, int] = {}
"""How many texts each encoding that was let go is still left out for."""


@functools.cache
def _built(name: str) -> tiktoken.Encoding:
    with doing("loading the tokenizer"):
        ranks = dict(_ranks(name))
        made = _encoding(name, ranks)
        del ranks
        return_freed()
    return made


def _built_for(name: str, text: str) -> tiktoken.Encoding:
    """An encoding of the tokens alone that stand in `text`: it encodes this text as the whole one does.

    It looks up pieces of what it encodes and nothing else. The whole one takes 66 MB for the moment in which it is built.
    """
    data = text.encode()
    return _encoding(name, {token: rank for token, rank in _ranks(name) if len(token) == 1 or token in data})


def _encoding(name: str, ranks: dict[bytes, int]) -> tiktoken.Encoding:
    import tiktoken

    made = tiktoken.Encoding(name=name, pat_str=_SPLITS[name], mergeable_ranks=ranks, special_tokens={})
    # It keeps the table a second time for nothing but pickling: 30 MB of the whole one.
    made._mergeable_ranks = {}
    return made


_BLOCK_BYTES = 1 << 16


def _ranks(name: str) -> Iterator[tuple[bytes, int]]:
    """Each token with its rank. Raises WorkError when the rank files are not installed."""
    spec = importlib.util.find_spec("bpe_openai")
    folder = Path(spec.origin).parent / "data" if spec and spec.origin else None
    file = folder / f"{name}.tiktoken.gz" if folder else None
    if file is None or name not in _SPLITS or not file.is_file():
        raise WorkError(
            f"The token ranks of {name} are not installed.", "Reinstall memgpt-workbench (package bpe-openai)."
        )
    # A block of lines at a time: all of them as a list would take 16 MB at the moment when most is in memory.
    lines = io.BytesIO(gzip.decompress(file.read_bytes()))
    while block := lines.readlines(_BLOCK_BYTES):
        words = b"".join(block).split()
        yield from zip(map(binascii.a2b_base64, words[::2]), map(int, words[1::2]), strict=True)


@text_cache(16_384)
def _count_cached(name: str, text: str) -> int:
    if _apart is not None:
        return _apart(name, text)
    if left := _LET_GO.get(name, 0):
        # It takes two thirds of the time in which the whole one is built, and a tenth of its memory.
        _LET_GO[name] = left - 1
        return len(_built_for(name, text).encode_ordinary(text))
    return len(encoding(name).encode_ordinary(text))


def count(text: str, name: str = "o200k_base") -> int:
    """How many tokens `text` is. Cached by text, so nothing is counted twice while it is in use."""
    if not text:
        return 0
    if len(text) > 20_000:
        return count_once(text, name)
    return _count_cached(name, text)


def count_once(text: str, name: str = "o200k_base") -> int:
    """The same, not cached: for passages of a load, which would stay in memory by the thousand and are not counted again."""
    return count_here(text, name) if _apart is None else _apart(name, text)


def count_here(text: str, name: str = USUAL) -> int:
    """The same, in this process."""
    return len(encoding(name).encode_ordinary(text))


def encoding_for(model: str) -> tuple[str, bool]:
    """The encoding of a model and whether it is known to be the model's own."""
    bare = model.rsplit("/", 1)[-1].lower()
    if bare in ("reader", "extractive-reader"):
        return "o200k_base", True
    if bare.startswith(_O200K_MODELS):
        return "o200k_base", True
    if bare == "gpt-4" or bare.startswith(_CL100K_MODELS):
        return "cl100k_base", True
    return "o200k_base", False


def count_message(message: Mapping[str, Any], name: str = "o200k_base") -> int:
    """Tokens of one wire message with its framing, and with the reasoning that goes back to its server."""
    total = FRAME_TOKENS + count(str(message["role"]), name) + count(str(message.get("content") or ""), name)
    if identifier := message.get("tool_call_id"):
        total += count(str(identifier), name)
    for call in message.get("tool_calls") or ():
        function = call["function"]
        total += CALL_FRAME_TOKENS + count(str(call["id"]), name)
        total += count(str(function["name"]), name) + count(str(function["arguments"]), name)
        total += _count_extra(call, _CALL_KEYS, name)
    return total + _count_extra(message, _MESSAGE_KEYS, name)


_MESSAGE_KEYS = frozenset({"role", "content", "tool_call_id", "tool_calls"})
_CALL_KEYS = frozenset({"id", "type", "function"})


def _count_extra(entry: Mapping[str, Any], known: frozenset[str], name: str) -> int:
    if len(entry) <= len(known) and not set(entry) - known:
        return 0
    extra = (value for key, value in entry.items() if key not in known)
    return sum(
        count(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), name) for value in extra
    )


def functions_text(tools: Sequence[Mapping[str, Any]]) -> str:
    """The functions as they are counted: their JSON without spaces."""
    return json.dumps(list(tools), ensure_ascii=False, separators=(",", ":")) if tools else ""


def count_prompt(
    messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]], name: str = "o200k_base"
) -> int:
    """Tokens of a whole prompt: the sum of its parts."""
    return sum(count_message(message, name) for message in messages) + count(functions_text(tools), name)


@dataclass(frozen=True)
class Calibration:
    """What a server's `usage` has taught: `offset` tokens beyond our count, or a `factor` where the tokenizer is unknown.

    `confirmed` is True once a prediction was met to the token; only then is a count called exact.
    """

    encoding: str
    known: bool
    offset: int = 0
    factor: float = 1.0
    confirmed: bool = False
    observations: int = 0

    @classmethod
    def for_model(cls, model: str, *, embedded: bool = False) -> Calibration:
        """Where a model starts: the embedded reader is exact by definition, an unknown tokenizer is taken to need more."""
        name, known = encoding_for("reader" if embedded else model)
        return cls(name, known, factor=1.0 if known or embedded else _UNKNOWN_FACTOR, confirmed=embedded)

    @property
    def exact(self) -> bool:
        """Whether predictions may be shown without "~"."""
        return self.known and self.confirmed

    def predict(self, counted_tokens: int) -> int:
        """What the server will count for a prompt that we count as `counted_tokens`."""
        return max(0, round(counted_tokens * self.factor) + self.offset)

    def learn(self, counted_tokens: int, usage_tokens: int) -> Calibration:
        """The calibration after the server said that the prompt had `usage_tokens`; it moves slowly and within bounds.

        A usage beyond the bounds is not about this prompt (gateways add up a session, or leave out what was cached): it
        teaches nothing.
        """
        if usage_tokens <= 0 or counted_tokens <= 0:
            return self
        met = self.predict(counted_tokens) == usage_tokens
        ratio, seen = usage_tokens / counted_tokens, self.observations + 1
        if not _LOWEST_RATIO <= ratio <= _HIGHEST_FACTOR:
            return replace(self, confirmed=False, observations=seen)
        if self.known and abs(usage_tokens - counted_tokens) * 2 <= counted_tokens:
            return Calibration(self.encoding, True, usage_tokens - counted_tokens, 1.0, met, seen)
        if self.known:
            return replace(self, confirmed=False, observations=seen)
        # A server that truncates or caches may report too little: below our own count nothing is believed.
        target = max(1.0, ratio)
        if self.observations == 0:
            factor = target
        elif target > self.factor:
            factor = min(target, self.factor * _STEP_UP)
        else:
            factor = self.factor + (target - self.factor) * _STEP_DOWN
        return Calibration(self.encoding, False, 0, round(min(factor, _HIGHEST_FACTOR), 4), False, seen)

    def at_least(self, factor: float) -> Calibration:
        """The calibration after a server refused a prompt as longer by `factor` than was predicted."""
        raised = round(min(_HIGHEST_FACTOR, max(1.0, self.factor * factor)), 4)
        return Calibration(self.encoding, False, 0, raised, False, self.observations + 1)


_UNKNOWN_FACTOR = 1.2
"""The first prompt of a model with another tokenizer was under-counted by 15-17 % (Qwen2.5 behind llama-server)."""
_HIGHEST_FACTOR = 2.0
_LOWEST_RATIO = 0.5
_STEP_UP = 1.25
_STEP_DOWN = 0.25
