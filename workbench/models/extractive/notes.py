"""Writes findings as lines of the task block, within the room they have."""

from __future__ import annotations

from workbench.models.extractive.evidence import Unit
from workbench.models.extractive.prompt_parser import Note, View

TASK_CHARS = 1_900
"""What the task block is filled to at an 8k window; it shrinks with the window."""


def room(view: View) -> int:
    """How many characters the task block may hold."""
    return min(TASK_CHARS, view.window_tokens // 4)


def note_line(found: Unit | Note) -> str:
    """A finding as one line, which `view.parse_notes` reads again."""
    quote = found.text if isinstance(found, Unit) else found.quote
    return f'[{found.handle}] {found.document} p.{found.document_page}: "{quote}"'
