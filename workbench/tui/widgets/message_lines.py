"""Writes messages of the wire as lines for people, for `/dump` and for what a fold pages in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from workbench.api.events import AnswerDone, Event, FunctionCalled, FunctionReturned, QuestionAsked, StepStarted
from workbench.core.sanitize import one_line, sanitize
from workbench.tui.widgets import glyphs
from workbench.tui.widgets.step_lines import called

LIMIT_CHARS = 240


def wire_lines(messages: Iterable[Mapping[str, Any]], limit_chars: int = LIMIT_CHARS) -> list[tuple[str, str]]:
    """(text, style) lines, one or a few a message; nothing is left out but the ends of long texts."""
    lines: list[tuple[str, str]] = []
    for message in messages:
        role = str(message.get("role", ""))
        for call in message.get("tool_calls") or ():
            function = call.get("function", {})
            said = one_line(f"{function.get('name', '')}({function.get('arguments', '')})", limit_chars)
            lines.append((f"{glyphs.ARROW} {said}", "$accent"))
        if content := message.get("content"):
            lines.append(_content(role, str(content), limit_chars))
    return lines


def _content(role: str, content: str, limit_chars: int) -> tuple[str, str]:
    data = _parsed(content)
    if role == "user" and data.get("type") == "user_message":
        return f"{glyphs.BAR} {sanitize(str(data.get('message', '')))}", "bold"
    if role == "tool" and "status" in data:
        failed = data["status"] != "OK"
        return f"  {one_line(str(data.get('message', '')), limit_chars)}", "$text-error" if failed else ""
    if "type" in data:
        rest = {key: value for key, value in data.items() if key not in ("type", "time")}
        return f"{data['type']}: {one_line(json.dumps(rest, ensure_ascii=False), limit_chars)}", ""
    return f"{role}: {one_line(content, limit_chars)}", ""


def _parsed(content: str) -> dict[str, Any]:
    try:
        data = json.loads(content)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def messages_of(event: Event) -> int:
    """How many messages of the queue an event stands for: a step begins with one (the question or a heartbeat)."""
    return 1 if isinstance(event, StepStarted) else 2 if isinstance(event, FunctionCalled) else 0


def recalled(history: Iterable[Event], messages: int) -> list[tuple[str, str]]:
    """(text, style) lines for the oldest `messages` messages."""
    lines: list[tuple[str, str]] = []
    left = messages
    for event in history:
        if messages_of(event):
            if left <= 0:
                break
            left -= messages_of(event)
        match event:
            case QuestionAsked():
                lines += [("", ""), (f"{glyphs.BAR} {sanitize(event.text)}", "bold")]
            case FunctionCalled() if event.function != "send_message":
                line = called(event)
                lines.append((f"{line.glyph} {line.kind:<8}{line.text}", ""))
            case FunctionReturned() if not event.ok or event.function != "send_message":
                lines.append((f"    {one_line(event.summary, 300)}", "" if event.ok else "$text-error"))
            case AnswerDone():
                lines.append((sanitize(event.text), "$foreground"))
    return lines
