"""Condenses the old summary and the evicted messages into a new summary of bounded size, without a model."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from workbench.api.events import Segment
from workbench.api.results import ResultPage
from workbench.core.tokens import Calibration, count, count_message
from workbench.memory.main_context import Prompt, Summary
from workbench.memory.messages import StoredMessage, to_json, wire_digest, wire_text

# The request for a summary: a prompt without functions, the same every time for the same old summary and messages.

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


STUBS = 20
"""Most stubs of evicted passages that a summary keeps."""

_QUESTION_CHARS, _ANSWER_CHARS = 160, 200
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z\"“#])")


def condense(
    old: Summary | None, evicted: Sequence[StoredMessage], limit_tokens: int, new_id: int, time: str
) -> Summary:
    """The new recursive summary, one short self-contained statement a line, none twice.

    Where room is short the newest statements stay as they are; of older ones the sentences with numbers and names stay, and
    those that have no number go first.
    """
    said = [*(old.text.splitlines() if old else []), *(line for message in evicted if (line := statement(message)))]
    lines = list(dict.fromkeys(reversed(said)))[::-1]
    return bounded(lines, old, evicted, limit_tokens, new_id, time, fit=_most_telling)


def _most_telling(lines: list[str], room_tokens: int) -> list[str]:
    """The newest lines as they are; of older ones, where room is short, what says most."""
    if (over := _size(lines) - room_tokens) <= 0:
        return lines
    newest = len(_newest(lines, room_tokens // 2))
    kept: list[str | None] = list(lines)
    older = range(len(lines) - newest)
    for place in older:
        if over > 0:
            brief = _brief(lines[place])
            over -= _size([lines[place]]) - _size([brief])
            kept[place] = brief
    for place in [*(at for at in older if not _DIGIT.search(lines[at])), *older]:
        line = kept[place]
        if over > 0 and line is not None:
            over -= _size([line])
            kept[place] = None
    return [line for line in kept if line is not None]


def from_text(
    text: str, old: Summary | None, evicted: Sequence[StoredMessage], limit_tokens: int, new_id: int, time: str
) -> Summary:
    """The new summary from what a model wrote; what is beyond the bound goes, the oldest first."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) == 1:
        lines = _SENTENCE_END.split(lines[0])
    return bounded(lines, old, evicted, limit_tokens, new_id, time)


def bounded(
    lines: list[str], old: Summary | None, evicted: Sequence[StoredMessage], limit_tokens: int, new_id: int, time: str,
    *, fit: Callable[[list[str], int], list[str]] | None = None,
) -> Summary:  # fmt: skip
    """A summary of these lines and the stubs of evicted passages that takes at most `limit_tokens` on the wire.

    `fit` makes the lines fit a number of tokens; without it the oldest go.
    """
    stubs = _stubs(old, evicted)
    number = (old.evicted_messages if old else 0) + len(evicted)
    blank = Summary(new_id, "", (), number, time)
    room = limit_tokens - count_message(blank.wire())
    lines, stubs = (fit or _newest)(lines, room - min(room // 2, _size(stubs))), _newest(stubs, room // 2)

    def made() -> Summary:
        return Summary(new_id, "\n".join(lines), tuple(stubs), number, time)

    # Sums of lines are an estimate; the last word has an exact count.
    while count_message(made().wire()) > limit_tokens and (lines or stubs):
        if len(lines) == 1 and not stubs and len(lines[0]) > 20:
            lines = [lines[0][: len(lines[0]) * 3 // 4]]
        elif lines and len(lines) >= len(stubs):
            lines.pop(0)
        else:
            stubs.pop(0)
    return made()


def statement(message: StoredMessage) -> str:
    """What a message comes down to, in one line; empty for what need not be remembered."""
    if message.kind == "user_message":
        asked = "asked" if message.spoken.rstrip()[-1:] in ("?", "？") else "said"
        return f"user {asked}: {telling(message.spoken, _QUESTION_CHARS)}"
    if message.kind == "assistant" and message.spoken:
        return f"you answered: {telling(message.spoken, _ANSWER_CHARS)}"
    if message.kind == "assistant" and not message.body.get("calls") and (said := str(message.body.get("content", ""))):
        return f"you answered: {telling(said, _ANSWER_CHARS)}"
    if page := message.body.get("archive"):
        loaded = ResultPage.load(page)
        seen = ", ".join(dict.fromkeys(hit.document for hit in loaded.hits))
        return f"{loaded.function} {short(loaded.query, 80)!r} page {loaded.number}: {short(seen, 100) or 'nothing'}"
    return ""


def short(text: str, limit_chars: int) -> str:
    """A text on one line, cut at a word."""
    flat = " ".join(text.split())
    return flat if len(flat) <= limit_chars else flat[: limit_chars - 1].rsplit(" ", 1)[0] + "…"


def telling(text: str, limit_chars: int, *, facts_first: bool = False) -> str:
    """A text on one line; of one that is too long the sentences that say most, in their order, with … for what is left out.

    A question says most, then a sentence with a number, then one with a name, then the first. With `facts_first` a number says
    more than a question, and where there is one only sentences with numbers stay.
    """
    flat = " ".join(text.split())
    if len(flat) <= limit_chars and not (facts_first and _DIGIT.search(flat)):
        return flat
    parts = [part for part in _PARTS.split(flat) if part.strip(" …")]
    worth = [_says(part) for part in parts]
    if facts_first:
        worth = [_FACT if told == _NUMBER else told for told in worth]
    room, chosen = limit_chars, set[int]()
    for place in sorted(range(len(parts)), key=lambda at: (-worth[at], at)):
        if len(parts[place]) + 3 <= room and not (facts_first and chosen and worth[place] < max(worth)):
            room -= len(parts[place]) + 3
            chosen.add(place)
    if not chosen:
        return short(flat, limit_chars)
    return _GAPS.sub("… ", " ".join(part if at in chosen else "…" for at, part in enumerate(parts))).strip()


def _brief(line: str) -> str:
    """An older statement: who said it, and what it says of facts."""
    label, colon, said = line.partition(": ")
    if not colon or label not in _LABELS:
        label, said = "", line
    return f"{label}: {text}" if (text := telling(said, _BRIEF_CHARS, facts_first=True)) and label else text


def _says(part: str) -> int:
    """How much a sentence says."""
    if part[-1:] in ("?", "？"):
        return _QUESTION
    return _NUMBER if _DIGIT.search(part) else int(_NAME.search(part) is not None)


_NUMBER, _QUESTION, _FACT = 2, 3, 4
_LABELS = ("user asked", "user said", "you answered")
_GAPS = re.compile(r"(?:…\s*)+")
_PARTS = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])")
_DIGIT = re.compile(r"\d")
_NAME = re.compile(r"\w\s+[^\W\d_a-z][a-z]+")
_BRIEF_CHARS = 90
"""How long an older statement may be where room is short."""


def _stubs(old: Summary | None, evicted: Iterable[StoredMessage]) -> list[str]:
    stubs = dict.fromkeys(old.stubs if old else ())
    for message in evicted:
        if page := message.body.get("archive"):
            for hit in ResultPage.load(page).hits:
                if hit.passage in message.passages:
                    stubs.pop(stub := f"{hit.handle} {short(hit.document, 48)} p.{hit.page}", None)
                    stubs[stub] = None
    return list(stubs)[-STUBS:]


def _newest(lines: list[str], room_tokens: int) -> list[str]:
    """As many lines from the end as there is room for."""
    total, start = 0, len(lines)
    while start and (total := total + _size([lines[start - 1]])) <= room_tokens:
        start -= 1
    # One line that is too long alone is cut by who asks.
    return lines[min(start, len(lines) - 1) :] if lines else []


def _size(lines: Sequence[str]) -> int:
    return sum(count(json.dumps(line, ensure_ascii=False)) + 2 for line in lines)
