"""Names the segments of a prompt as people would: a call with its arguments, a result or a message with its first words.

The X-ray on the screen and the exported page name them alike; by their roles ten rows would all be called "assistant".
"""

from __future__ import annotations

import json
import re

from workbench.api.events import Segment
from workbench.core.sanitize import one_line


def segment_title(segment: Segment) -> str:
    """What a segment is, on one line: a call with its arguments, a result or a message with its first words."""
    words = message_words(segment.role, segment.text)
    if segment.message is None or not words:
        return one_line(segment.title or segment.name.replace("_", " "), 200)
    return one_line(words, 200)


def message_words(role: str, text: str) -> str:
    """The beginning of a message as people would name it; "" for what is no message of a conversation."""
    if role == "assistant":
        # What the model thought stands before its calls.
        calls = [line for line in text.split("\n") if re.match(r"[a-z_]+\(\{", line)]
        if not calls:
            return text
        name, _, rest = calls[0].partition("(")
        try:
            arguments = json.loads(rest.rstrip(")"))
        except ValueError:
            return calls[0]
        given = [str(value) for key, value in arguments.items() if key not in ("request_heartbeat", "inner_thoughts")]
        return f"{name.replace('archival_memory_', '').replace('core_memory_', 'memory ')} {' · '.join(given)}"
    try:
        data = json.loads(text)
    except ValueError:
        return text
    if not isinstance(data, dict):
        return text
    said = str(data.get("message", "") or data.get("reason", "") or data.get("text", ""))
    kind = str(data.get("type", ""))
    if role == "tool":
        return f"→ {said}"
    if kind == "user_message":
        return f"▎ {said}"
    return f"{kind.replace('_', ' ')} {said}".strip()
