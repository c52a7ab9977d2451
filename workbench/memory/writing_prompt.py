"""Assembles the request for an answer from excerpts: the same every time for the same question, passages and texts.

In guided mode (see agent.guided) a model is asked for nothing else. A step stores its excerpts by reference, so the
request is made again from the record alone, as every other prompt is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from workbench.api.events import Segment
from workbench.api.results import TOMBSTONE
from workbench.core.sanitize import one_line
from workbench.core.tokens import Calibration, count_message
from workbench.memory.main_context import Prompt
from workbench.memory.messages import StoredMessage, wire_digest, wire_text
from workbench.text.result_text import indent
from workbench.text.template_tokens import neutralise

_NAME_CHARS = 90


@dataclass(frozen=True)
class Excerpt:
    """A passage that the model may quote, shown whole. `page` is the 1-based document page."""

    passage: int
    handle: str
    document: str
    page: int

    def dump(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Excerpt:
        """The inverse of `dump`."""
        return cls(int(data["passage"]), str(data["handle"]), str(data["document"]), int(data["page"]))

    def written(self, text: str) -> str:
        """The excerpt under its handle, every line indented so that no document can fake a line of ours."""
        return f"[{self.handle}] {one_line(self.document, _NAME_CHARS)}, page {self.page}\n{indent(text)}"


def writing_prompt(
    system: str,
    question: StoredMessage,
    excerpts: Sequence[Excerpt],
    texts: Mapping[int, str],
    calibration: Calibration,
) -> Prompt:
    """The prompt that asks a model to answer a question of the user's from these excerpts.

    Args:
        system: how to answer, and in which form.
        question: the message that asks; it is shown as it is sent, shortened where it no longer fits.
        excerpts: what may be quoted, the likeliest first.
        texts: the texts of their passages by id; one that was erased leaves a tombstone.
        calibration: of the model that is asked.
    """
    name = calibration.encoding
    shown = "\n\n".join(one.written(texts.get(one.passage, TOMBSTONE)) for one in excerpts)
    asked = str(json.loads(question.wire["content"]).get("message", ""))
    messages: tuple[Mapping[str, Any], ...] = (
        {"role": "system", "content": system},
        {"role": "user", "content": neutralise(f"Excerpts:\n\n{shown}\n\nQuestion: {asked}")},
    )
    sizes = [count_message(message, name) for message in messages]
    what = f"{len(excerpts)} excerpt{'s' * (len(excerpts) != 1)} and the question"
    segments = [
        Segment("system", sizes[0], system, "system", None, "how to write the answer"),
        Segment("paged", sizes[1], wire_text(messages[1]), "user", None, what),
    ]
    counted = sum(sizes)
    used = calibration.predict(counted)
    if used != counted:
        segments.append(Segment("overhead", used - counted, "", "", None, "what the server adds"))
    digests = tuple(wire_digest(message) for message in messages)
    in_context = frozenset(one.passage for one in excerpts)
    return Prompt(messages, (), tuple(segments), counted, used, calibration.exact, in_context, digests)
