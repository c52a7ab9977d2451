"""What a fold pages back in: the first messages of a conversation, from its durable events, as lines."""

from __future__ import annotations

from collections.abc import Iterable

from workbench.api.events import AnswerDone, Event, FunctionCalled, FunctionReturned, QuestionAsked, StepStarted
from workbench.core.sanitize import one_line, sanitize
from workbench.tui.widgets import glyphs
from workbench.tui.widgets.step_lines import called


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
