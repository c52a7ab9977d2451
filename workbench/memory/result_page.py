"""A page of results: a ranking goes in with a budget of tokens, and exactly what the model reads comes out, with true totals."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from workbench.tokens import count

RENDERER = 1
"""Version of the text below. Old steps keep the version they were rendered with."""

_NAME_CHARS = 90
_FRAME_TOKENS = 90
"""The envelope, the line of totals and the line with the next call."""


@dataclass(frozen=True)
class PageHit:
    """One hit by reference. `page` is the 1-based document page; `cut_chars` is set when the text had to be cut to fit."""

    passage: int
    handle: str
    document: str
    page: int
    label: str | None
    heading: str
    score: float
    cut_chars: int | None = None


@dataclass(frozen=True)
class ResultPage:
    """A page of results by reference: `number` counts from 0, `pages` is how many there are, `total` is true.

    Paging from 0 to pages - 1 gives exactly `total` hits, none twice. `searched` is the number of passages searched;
    `exact` says that the query was an identifier or a quoted phrase.
    """

    function: str
    query: str
    number: int
    pages: int
    total: int
    searched: int
    exact: bool
    hits: tuple[PageHit, ...] = ()
    first: int = 0
    extra: str = ""
    renderer: int = RENDERER

    def dump(self) -> dict[str, Any]:
        """JSON-ready; texts stay in the archive."""
        return asdict(self)

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> ResultPage:
        """The inverse of `dump`."""
        return cls(**{**data, "hits": tuple(PageHit(**hit) for hit in data["hits"])})

    def render(self, texts: Mapping[int, str]) -> str:
        """The page as the model reads it. `texts` maps passage ids; one that was erased leaves a tombstone."""
        if not self.total:
            return "No results found."
        if not self.hits:
            return f"There is no page {self.number}: {self.total} results end at page {self.pages - 1}. No more results."
        best = "" if self.exact or self.total >= self.searched else f", the best of {self.searched:,} passages"
        lines = [f"Showing {len(self.hits)} of {self.total} results (page {self.number}/{self.pages - 1}){best}"]
        for hit in self.hits:
            lines.append(header(hit))
            lines.append(indent(texts.get(hit.passage, "[erased]"), hit.cut_chars))
        if self.number + 1 < self.pages:
            lines.append(f"Next: {self.next_call()}")
        else:
            lines.append("No more results.")
        return "\n".join(lines)

    def next_call(self) -> str:
        """The exact call that gives the next page."""
        arguments = f"query={json.dumps(self.query, ensure_ascii=False)}, {self.extra}page={self.number + 1}"
        return f"{self.function}({arguments})"


def header(hit: PageHit) -> str:
    """The line above a hit's text: handle, document, page, heading, score. Only such lines start at the left margin."""
    label = f" (label {_name(hit.label)})" if hit.label and hit.label != str(hit.page) else ""
    heading = f" | {_name(hit.heading)}" if hit.heading else ""
    return f"{hit.handle} | {_name(hit.document)} | document_page {hit.page}{label}{heading} | score {hit.score:.3f}"


def indent(text: str, cut_chars: int | None = None) -> str:
    """A passage's text, every line indented by two spaces, so that no document can fake a line of ours."""
    if cut_chars is not None and cut_chars < len(text):
        text = text[:cut_chars].rstrip() + " […]"
    return "\n".join("  " + line.strip() for line in text.splitlines() if line.strip())


def rendered_tokens(text: str) -> int:
    """Tokens that a passage's text takes inside a result, escaped as it is sent."""
    return count(json.dumps(indent(text), ensure_ascii=False))


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


def fit_hit(hit: PageHit, text: str, budget_tokens: int) -> PageHit:
    """The hit, its text cut when it alone would overflow a page."""
    size = rendered_tokens(text)
    cut = len(text)
    while size > budget_tokens and cut > 40:
        cut = max(40, int(cut * min(0.9, budget_tokens / size)))
        size = rendered_tokens(text[:cut])
    return hit if cut == len(text) else replace(hit, cut_chars=cut)


def hits_budget(page_tokens: int) -> int:
    """What the hits of a page may take when the whole message may take `page_tokens`."""
    return max(64, page_tokens - _FRAME_TOKENS)


def _name(text: str) -> str:
    flat = " ".join(text.replace("|", "/").split())
    return flat if len(flat) <= _NAME_CHARS else flat[: _NAME_CHARS - 1] + "…"
