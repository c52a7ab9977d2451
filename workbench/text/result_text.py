"""Writes a passage's text as results show it to the model, and counts the tokens that it takes there.

Storage counts them once when a passage is stored and retrieval fills pages by them, so both use this one definition.
"""

from __future__ import annotations

import json


def indent(text: str, cut_chars: int | None = None) -> str:
    """A passage's text, every line indented by two spaces, so that no document can fake a line of ours.

    Args:
        text: the passage, or the part of it that is shown.
        cut_chars: show only so many characters and a mark for the rest; None shows all.
    """
    if cut_chars is not None and cut_chars < len(text):
        text = text[:cut_chars].rstrip() + " […]"
    return "\n".join("  " + line.strip() for line in text.splitlines() if line.strip())


def text_tokens(text: str) -> int:
    """Tokens of a text inside a result, escaped as it is sent."""
    from workbench.core.tokens import count  # a display writes results and counts none: 10 ms of its start

    return count(json.dumps(text, ensure_ascii=False))


def rendered_tokens(text: str) -> int:
    """Tokens that a passage's text takes inside a result, indented and escaped as it is sent."""
    return text_tokens(indent(text))
