"""Fits a page of results into a budget of tokens: where pages start, and what is cut when a hit is larger than a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from workbench.api.results import Hit, ResultPage, one_name
from workbench.core.errors import UsageError
from workbench.core.text_cache import text_cache
from workbench.text.result_text import text_tokens

_ENVELOPE_TOKENS = 72
"""What the message around a result's text takes: roles, marks, the call's id, status and time."""
_LEAST_CHARS = 24


def paginate(sizes: Sequence[int], budget_tokens: int, hits: int) -> list[int]:
    """Where pages start, for results of these sizes: at most `hits` and `budget_tokens` a page, at least one result."""
    starts: list[int] = []
    room, used = 0, 0
    for index, size in enumerate(sizes):
        if not starts or room == 0 or used + size > budget_tokens:
            starts.append(index)
            room, used = hits, 0
        room -= 1
        used += size
    return starts


def text_room(page_tokens: int) -> int:
    """What the text of a result may take when the whole message may take `page_tokens`."""
    return page_tokens - _ENVELOPE_TOKENS


def hits_room(page: ResultPage, page_tokens: int) -> int:
    """What is left for the hits beside the line of totals and the next call. Raises UsageError when it is too little."""
    widest = replace(page, number=10**5, pages=10**6, total=10**6, hits=())
    room = text_room(page_tokens) - text_tokens(f"{widest.first_line()}\n{widest.last_line()}\n{page.after}")
    if room < text_room(page_tokens) // 2:
        raise UsageError(f"The {page.key} is too long: it would fill the page that answers it.", "Make it shorter.")
    return room


def hit_tokens(hit: Hit, shown_tokens: int) -> int:
    """What a hit takes on a page: its header and its text of `shown_tokens`."""
    return shown_tokens + text_tokens(hit.header()) + 2


@text_cache(8_192)
def usual_tokens(document: str, page: int, heading: str, linked: int, via: str, note: str) -> int:
    """The same without its text, for a hit whose handle, label and score are of the usual width; counted once, however
    often one from the same place is found."""
    hit = Hit(0, "#aa99", document, page, "label", heading, score=0.0, linked=linked, via=via, note=note)
    return hit_tokens(hit, 0)


def fit_page(page: ResultPage, texts: Mapping[int, str], page_tokens: int) -> ResultPage:
    """The page, its longest texts cut until it fits, names only when nothing else is left to cut. Totals stay true."""
    limit = text_room(page_tokens)
    hits = list(page.hits)
    while (size := text_tokens(replace(page, hits=tuple(hits)).render(texts))) > limit:
        lengths = [len(hit.rendered(texts.get(hit.passage, ""))) for hit in hits]
        if not hits:
            break
        at = max(range(len(hits)), key=lengths.__getitem__)
        if lengths[at] > _LEAST_CHARS:
            fraction = max(
                0.3, min(0.95, 1 - (size - limit) / text_tokens(hits[at].rendered(texts.get(hits[at].passage, ""))))
            )
            hits[at] = replace(hits[at], cut_chars=max(8, int(_shown_chars(hits[at], texts) * fraction) - 1))
        elif (shorter := _shorter(hits)) is not None:
            hits[shorter[0]] = shorter[1]
        else:
            break
    return replace(page, hits=tuple(hits))


def _shown_chars(hit: Hit, texts: Mapping[int, str]) -> int:
    start, end = hit.span or (0, len(texts.get(hit.passage, "")))
    return min(end - start, hit.cut_chars if hit.cut_chars is not None else end - start)


def _shorter(hits: Sequence[Hit]) -> tuple[int, Hit] | None:
    """A hit with a shorter header in place of the one with the longest: note first, heading, label, then document."""
    at = max(range(len(hits)), key=lambda index: len(hits[index].header()))
    hit = hits[at]
    for name in ("note", "heading", "label", "document"):
        value = one_name(getattr(hit, name) or "")
        if len(value) > (4 if name == "document" else 0):
            changed: dict[str, Any] = {name: value[: len(value) // 2]}
            return at, replace(hit, **changed)
    return None
