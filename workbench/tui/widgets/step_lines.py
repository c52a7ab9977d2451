"""Says in one line for people what each call, result, edit and eviction was."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.core.sanitize import one_line, sanitize
from workbench.tui.widgets import glyphs
from workbench.tui.widgets.cells import number, page_place, plural

if TYPE_CHECKING:
    from workbench.api.events import (
        Evicted,
        FunctionCalled,
        FunctionReturned,
        HopChanged,
        MemoryEdited,
        PagedOut,
        PageRead,
        PressureWarning,
    )

_KINDS = {
    "archival_memory_search": (glyphs.SEARCH, "archive"),
    "archival_follow": (glyphs.SEARCH, "follow"),
    "archival_sweep": (glyphs.SEARCH, "sweep"),
    "archival_memory_insert": (glyphs.EDIT, "archive"),
    "conversation_search": (glyphs.SEARCH, "recall"),
    "conversation_search_date": (glyphs.SEARCH, "recall"),
    "core_memory_append": (glyphs.EDIT, "memory"),
    "core_memory_replace": (glyphs.EDIT, "memory"),
    "task_update": (glyphs.EDIT, "task"),
    "pause_heartbeats": (glyphs.READY, "pause"),
    "send_message": (glyphs.ARROW, "answer"),
}


@dataclass
class StepLine:
    """One line of what the agent did. `page` and `result` have columns of their own, `detail` opens below."""

    glyph: str
    kind: str
    text: str
    call: str = ""
    page: str = ""
    result: str = ""
    tokens: int | None = None
    ok: bool | None = None
    detail: str = ""
    opened: bool = False
    hidden: bool = False
    hits: int = 0


def called(event: FunctionCalled) -> StepLine:
    """The line of a call as it starts. An answer has none unless it fails: it is shown as the answer."""
    glyph, kind = _KINDS.get(event.function, (glyphs.ARROW, one_line(event.function, 24)))
    arguments = event.arguments
    detail = "\n".join(f"{key}: {sanitize(str(value))}" for key, value in arguments.items())
    return StepLine(
        glyph,
        kind,
        _sentence(event.function, arguments),
        event.call,
        detail=f"{event.function}({', '.join(arguments)})\n{detail}".strip(),
        result="read ahead" if event.origin == "system" and event.function == "archival_memory_search" else "",
        hidden=event.function == "send_message",
    )


def _sentence(function: str, arguments: Mapping[str, Any]) -> str:
    def said(key: str, limit: int = 300) -> str:
        return one_line(str(arguments.get(key, "")), limit)

    match function:
        case "archival_memory_search" | "archival_sweep" | "conversation_search":
            return f'"{said("query")}"'
        case "archival_follow":
            return said("passage", 20)
        case "conversation_search_date":
            return f"{said('start_date')} to {said('end_date')}"
        case "core_memory_append":
            return f"{said('name', 20)} += {said('content')}"
        case "core_memory_replace":
            new = said("new_content")
            return f"{said('name', 20)}: {said('old_content', 60)} {glyphs.ARROW} {new or '(removed)'}"
        case "archival_memory_insert":
            return f"+= {said('content')}"
        case "task_update":
            return f"{said('hop')}: {said('status', 20)}"
        case "pause_heartbeats":
            return f"heartbeats for {said('minutes', 8)} minutes"
        case "send_message":
            return said("message")
        case _:
            return ", ".join(f"{one_line(str(key), 40)}={one_line(str(value), 60)}" for key, value in arguments.items())


_READ_AS = re.compile(r'"\w+" stands nowhere and is read as "\w+"')


def paged(line: StepLine, event: PageRead, again: int = 0) -> None:
    """The call's page of results is here; `again` of its hits had been in context before and were evicted."""
    line.page = f"p.{number(event.page)}/{number(max(event.pages, 1))}"
    line.hits = len(event.hits)
    shown = plural(len(event.hits), "hit") if event.hits else "no hits"
    line.result = f"{shown} read ahead" if event.origin not in ("model", "user") else shown
    line.result = " · ".join((line.result, *(one_line(words, 90) for words in _READ_AS.findall(event.note))))
    where = [f"{one_line(hit.document, 60)} {page_place(hit.page, hit.label)}" for hit in event.hits]
    line.detail += (
        f"\n{number(event.first)}–{number(event.last)} of {number(event.total)}: " + " · ".join(where) if where else ""
    )
    if again:
        line.detail += f"\n{plural(again, 'passage')} had been in context before and left it: page faults"


def edited(line: StepLine, event: MemoryEdited) -> None:
    """The call changed a block: say which, and how full it is."""
    line.detail += (
        f"\n{one_line(event.block, 40)} now holds {number(event.chars)} of {number(event.limit_chars)} characters"
    )


def returned(line: StepLine, event: FunctionReturned) -> None:
    """The call's result is here. A failure opens by itself: nobody should have to look for it."""
    line.ok, line.tokens = event.ok, event.tokens or None
    if event.ok:
        if event.summary and not line.page:
            line.detail += f"\n{sanitize(event.summary)}"
        return
    line.glyph, line.hidden, line.opened = glyphs.FAILED, False, True
    line.result = "failed"
    line.detail = f"{sanitize(event.summary)}\n{line.detail}".strip()


def evicted(event: Evicted) -> StepLine:
    """Messages left for recall storage."""
    return StepLine(
        glyphs.UP, "evict", f"{number(event.messages)} oldest {glyphs.ARROW} recall", tokens=-event.tokens, ok=True
    )


def receipts(event: PagedOut) -> StepLine:
    """Results were shrunk to receipts after the answer."""
    return StepLine(glyphs.UP, "page out", event.words, tokens=-event.tokens, ok=True)


def summarised(line: StepLine, text: str) -> None:
    """The eviction ended with a new summary."""
    line.text += ", summary rewritten"
    line.detail = sanitize(text)


def pressure(event: PressureWarning) -> StepLine:
    """The model was told that its window is filling."""
    share = event.used / event.usable if event.usable else 0
    text = f"context {share:.0%} full, the model was told"
    return StepLine("!", "pressure", text, ok=True, detail=f"{number(event.used)} of {number(event.usable)} tokens")


def hop(event: HopChanged) -> StepLine:
    """A hop of the task ledger changed."""
    where = f"{one_line(event.document, 60)} p.{event.document_page}" if event.document else ""
    return StepLine(
        glyphs.EDIT, "task", f"{one_line(event.hop, 200)}: {one_line(event.status, 20)}", detail=where, ok=True
    )
