"""Writes messages of the wire as lines for people, for `/dump` and for what a fold pages in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from workbench.core.sanitize import one_line, sanitize
from workbench.tui.widgets import glyphs

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
