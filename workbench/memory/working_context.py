"""The working context (MemGPT §2.1): named blocks of limited text, changed only by function calls and by the user."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from workbench.core.errors import UsageError
from workbench.core.tokens import count

BLOCKS = ("persona", "human", "task")
PERSONAL = ("persona", "human")
"""Blocks that outlive a question and say who the agent and the user are: what stands there steers every later answer."""

_LIMIT_CHARS = 2_000
_PARTS = {"persona": 0.25, "human": 0.25, "task": 0.5}
_CHARS_PER_TOKEN = 4
_HANDLE = re.compile(r"#[a-z]{1,3}\d{1,3}\b")
_QUERY_CHARS = 48

PlaceOf = Callable[[str], tuple[str, int] | None]
"""Looks up the document and the page (1-based) of a handle that was shown."""


@dataclass(frozen=True)
class Led:
    """Documents that a model had read when it wrote a line: their content hashes, and the path of the likeliest."""

    hashes: tuple[str, ...] = ()
    path: str = ""


NOBODY = Led()


class BlockError(UsageError):
    """An edit cannot be made; the message tells the model the numbers and what to do."""


@dataclass(frozen=True)
class Line:
    """One line and where it came from: `origin` is model, user, system (kept by the workbench) or hop.

    `document` and `page` (1-based) are those of the passage whose handle it names first. A pinned line is the user's to change.
    A line of persona or human that the model wrote while it had read documents has the content hashes of these in `led_by`,
    their first path in `document`, and what it took the place of in `replaced`: forgetting them puts that back.
    """

    text: str
    origin: str = "model"
    step: int | None = None
    pinned: bool = False
    document: str = ""
    page: int | None = None
    led_by: tuple[str, ...] = ()
    replaced: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Block:
    """A named block; its text is its lines joined, and never longer than `limit_chars`."""

    name: str
    limit_chars: int
    lines: tuple[Line, ...] = ()

    @property
    def text(self) -> str:
        """The block as the model sees it."""
        return "\n".join(line.text for line in self.lines)


@dataclass(frozen=True)
class WorkingContext:
    """All blocks at one moment. `limit_tokens` bounds them together."""

    blocks: Mapping[str, Block]
    limit_tokens: int

    @classmethod
    def fresh(cls, limit_tokens: int, persona: str, human: str) -> WorkingContext:
        """The blocks of a new agent, together at most `limit_tokens`. Texts that do not fit are cut at a word."""
        context = cls({name: Block(name, limit_chars(name, limit_tokens)) for name in BLOCKS}, limit_tokens)
        for name, text in (("persona", persona), ("human", human)):
            context = context.with_lines(name, _lines(_cut(text, context.blocks[name].limit_chars), "user", None))
        return context

    def with_lines(self, name: str, lines: tuple[Line, ...]) -> WorkingContext:
        """The same context with one block's lines replaced. Raises BlockError when it would not fit."""
        block = replace(self.block(name), lines=lines)
        if len(block.text) > block.limit_chars:
            raise BlockError(
                f"Block {name} holds at most {block.limit_chars:,} characters; this edit would make it {len(block.text):,}.",
                "Replace or delete lines that are no longer needed (core_memory_replace), then try again.",
            )
        changed = WorkingContext({**self.blocks, name: block}, self.limit_tokens)
        before, after = self.tokens, changed.tokens
        if after > self.limit_tokens and after > before:
            raise BlockError(
                f"The working context holds at most {self.limit_tokens:,} tokens; this edit would make it {after:,}.",
                "Shorten what is there (core_memory_replace), then try again.",
            )
        return changed

    def block(self, name: str) -> Block:
        """A block by name. Raises BlockError, naming the blocks there are."""
        if name not in self.blocks:
            raise BlockError(f"There is no block {name!r}.", f"Blocks: {', '.join(self.blocks)}.")
        return self.blocks[name]

    @property
    def tokens(self) -> int:
        """Tokens of the blocks as they are sent."""
        return count(json.dumps(self.texts(), ensure_ascii=False))

    def texts(self) -> dict[str, str]:
        """Block name to text, as it is sent."""
        return {name: block.text for name, block in self.blocks.items()}

    def append(
        self,
        name: str,
        content: str,
        *,
        origin: str = "model",
        step: int | None = None,
        place_of: PlaceOf | None = None,
        led: Led = NOBODY,
    ) -> WorkingContext:
        """Add lines at the end of a block. A line that is already there is refused. `place_of` looks up handles."""
        block = self.block(name)
        new = _led(_lines(content, origin, step, place_of), led)
        if not new:
            raise BlockError("There is nothing to append: content is empty.", "Give the text to remember.")
        present = {line.text for line in block.lines}
        fresh = tuple({line.text: line for line in new if line.text not in present}.values())
        if not fresh:
            raise BlockError(f"Block {name} holds that already.", "Nothing was changed; go on.")
        return self.with_lines(name, (*block.lines, *fresh))

    def replace(
        self, name: str, old: str, new: str, *, origin: str = "model", step: int | None = None,
        place_of: PlaceOf | None = None, led: Led = NOBODY,
    ) -> WorkingContext:  # fmt: skip
        """Replace the exact text `old` by `new`; an empty `new` deletes it. Lines kept by the workbench stay.

        Lines that the user has pinned are changed by the user alone, and stay pinned.
        """
        block = self.block(name)
        if not old:
            raise BlockError("old_content is empty.", "Give the exact text to replace.")
        if old not in block.text:
            raise BlockError(
                f"Block {name} does not hold {old[:80]!r}.", "old_content must be an exact part of the block."
            )
        start = _whole_line(block, old)
        start = block.text.index(old) if start is None else start
        touched = [line for line in block.lines if _overlaps(block, line, start, start + len(old))]
        if any(line.origin == "system" for line in touched):
            raise BlockError("That line is kept by the workbench.", "Edit your own lines only.")
        pinned = any(line.pinned for line in touched)
        if pinned and origin != "user":
            raise BlockError("The user has pinned that line.", "Leave it, and append what you have to add.")
        kept = {line.text: line for line in block.lines}
        text = block.text[:start] + new + block.text[start + len(old) :]
        lines = tuple(
            kept.get(line.text) or replace(line, pinned=pinned) for line in _lines(text, origin, step, place_of)
        )
        if led.hashes:
            lines = _with_replaced(lines, kept, touched, led)
        texts = [line.text for line in lines]
        if doubled := [part for part in texts if texts.count(part) > 1]:
            raise BlockError(
                f"Block {name} would hold a line twice: {doubled[0][:80]!r}.", "Delete one of them instead."
            )
        return self.with_lines(name, lines)

    def pin(self, name: str, text: str, pinned: bool) -> WorkingContext:
        """Pin the one line that is, or else holds, `text`, or let it go. Raises BlockError when that is no line, or several."""
        block = self.block(name)
        matching = [line for line in block.lines if line.text == text.strip()] or [
            line for line in block.lines if text.strip() and text.strip() in line.text
        ]
        if len(matching) != 1:
            raise BlockError(
                f"Block {name} has {len(matching)} lines that hold {text[:80]!r}.",
                "Give the text of one line of the block.",
            )
        lines = tuple(replace(line, pinned=pinned) if line is matching[0] else line for line in block.lines)
        return self.with_lines(name, lines)

    def hops(self) -> dict[str, str]:
        """The parts of the question that the task block keeps, and their states."""
        lines = [line.text.removeprefix("hop: ") for line in self.block("task").lines if line.origin == "hop"]
        matches = [re.fullmatch(r"(.*) - (open|answered|not found)( \(.*\))?", text) for text in lines]
        return {match[1]: match[2] for match in matches if match}

    def start_question(self, question: str, step: int | None = None) -> WorkingContext:
        """The task block begins anew with this question; lines that are pinned stay."""
        block = self.block("task")
        room = block.limit_chars // 4
        line = Line(f"question: {_cut(' '.join(question.split()), room)}", "system", step)
        pinned = tuple(item for item in block.lines if item.pinned)
        return self.with_lines("task", (line, *pinned))

    def note_search(self, query: str, page: str, step: int | None = None) -> WorkingContext:
        """The list of searches made for the question survives here, bounded: queries are cut, then the oldest make room."""
        block, searched = self.block("task"), f'"{_cut(query, _QUERY_CHARS)}" {page}'
        prefix = "searched: "
        old = next((line.text[len(prefix) :] for line in block.lines if line.text.startswith(prefix)), "")
        entries = [entry for entry in old.split("; ") if entry and entry != searched] + [searched]
        limit = block.limit_chars // 4
        while len("; ".join(entries)) > limit and len(entries) > 1:
            entries.pop(0)
        line = Line(prefix + _cut("; ".join(entries), limit), "system", step)
        others = tuple(item for item in block.lines if not item.text.startswith(prefix))
        at = sum(1 for item in others if item.text.startswith("question: "))
        try:
            return self.with_lines("task", (*others[:at], line, *others[at:]))
        except BlockError:
            # The model's own findings matter more than our list.
            return self

    def dump(self) -> dict[str, Any]:
        """JSON-ready, one entry a block."""
        return {name: [_dumped(line) for line in block.lines] for name, block in self.blocks.items()}

    @classmethod
    def load(cls, data: Mapping[str, Any], limit_tokens: int) -> WorkingContext:
        """The inverse of `dump`."""
        blocks = {
            name: Block(name, limit_chars(name, limit_tokens), tuple(_loaded(line) for line in lines))
            for name, lines in data.items()
        }
        return cls(blocks, limit_tokens)


def limit_chars(name: str, limit_tokens: int) -> int:
    """How many characters a block may hold in a window of this size."""
    return min(_LIMIT_CHARS, int(limit_tokens * _CHARS_PER_TOKEN * _PARTS.get(name, 0.25)))


def _dumped(line: Line) -> list[Any]:
    values = [line.text, line.origin, line.step, line.pinned]
    if line.led_by:
        return [*values, line.document, line.page, list(line.led_by), list(line.replaced)]
    return [*values, line.document, line.page] if line.document else values


def _loaded(values: Sequence[Any]) -> Line:
    line = Line(*values[:6])
    return replace(line, led_by=tuple(values[6]), replaced=tuple(values[7])) if len(values) > 6 else line


def _led(lines: Iterable[Line], led: Led) -> tuple[Line, ...]:
    if not led.hashes:
        return tuple(lines)
    return tuple(replace(line, led_by=led.hashes, document=line.document or led.path) for line in lines)


def _with_replaced(
    lines: Sequence[Line], kept: Mapping[str, Line], touched: Sequence[Line], led: Led
) -> tuple[Line, ...]:
    """The lines with those that are new marked as led, the first of them with what they took the place of."""
    before = tuple(_dumped(line) for line in touched)
    found = []
    for line in lines:
        if line.text in kept:
            found.append(line)
            continue
        found.append(replace(_led([line], led)[0], replaced=before))
        before = ()
    return tuple(found)


def _lines(text: str, origin: str, step: int | None, place_of: PlaceOf | None = None) -> tuple[Line, ...]:
    lines = []
    for part in text.splitlines():
        if part.strip():
            handle = _HANDLE.search(part) if place_of else None
            document, page = (place_of(handle[0]) if place_of and handle else None) or ("", None)
            lines.append(Line(part.rstrip(), origin, step, False, document, page))
    return tuple(lines)


def _cut(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    head = text[: max(1, limit - 1)]
    return (head.rsplit(" ", 1)[0] if " " in head[limit // 2 :] else head) + "…"


def _whole_line(block: Block, text: str) -> int | None:
    """Where a line that is exactly this text starts; the same words inside another line are not meant then."""
    at = 0
    for line in block.lines:
        if line.text == text:
            return at
        at += len(line.text) + 1
    return None


def _overlaps(block: Block, line: Line, start: int, end: int) -> bool:
    at = 0
    for item in block.lines:
        if item is line:
            return at < end and start < at + len(item.text)
        at += len(item.text) + 1
    return False
