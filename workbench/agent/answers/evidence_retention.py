"""Decides which passages of a result stay whole in context once the answer has cited them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workbench.api.events import Citation
from workbench.memory.agent_memory import AgentMemory
from workbench.text.quotes import is_on_page


def kept_passages(memory: AgentMemory, citations: Sequence[Citation]) -> dict[int, tuple[int, ...]]:
    """Message id of every result of a call -> the passages in it that the answer cited. The newest showing of a passage is kept."""
    results = [
        message for message in memory.queue.messages if message.kind == "function_result" and message.kept is None
    ]
    standing = {passage for message in memory.queue.messages if message.kept for passage in message.kept}
    shown = [passage for message in results for passage in message.passages]
    texts = memory.texts(shown) if shown and citations else {}
    wanted = {passage for passage in shown if _is_cited(passage, texts, citations)} - standing
    kept: dict[int, tuple[int, ...]] = {}
    for message in reversed(results):
        kept[message.id] = tuple(passage for passage in message.passages if passage in wanted)
        wanted.difference_update(kept[message.id])
    return kept


def _is_cited(passage: int, texts: Mapping[int, str], citations: Sequence[Citation]) -> bool:
    # A citation names one passage of its page; the quote may stand in its neighbour.
    text = texts.get(passage, "")
    return any(passage == citation.passage or is_on_page(citation.quote, text) for citation in citations)
