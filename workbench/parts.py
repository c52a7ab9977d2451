"""The parts that events are made of: segments of a prompt, hits of a search with how they came about, citations. Pure data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Segment:
    """One contiguous part of a prompt, in wire order.

    `name` is what the gauge stacks: system | functions | summary | conversation | paged | working_context | overhead.
    `tokens` counts the text and its framing; the segments of a prompt add up to its `used`. `text` is exactly what was sent.
    """

    name: str
    tokens: int
    text: str = ""
    role: str = ""
    message: int | None = None
    title: str = ""


@dataclass(frozen=True)
class Explanation:
    """How a hit's score came about: score = fused + lift + links. Ranks count from 1, 0 where a list did not have it.

    `fused` weighs `similarity` (the cosine of meanings) with `keyword_score` (BM25) as a share of `keyword_best`; without
    vectors it is that share alone. `lift` is added for an exact match, `links` for passages that belong together by name,
    the strongest of them being `linked_from`. `rerank` is the cross-encoder's score, `rerank_from` the rank before it.
    """

    mode: str = "meaning"
    vector_rank: int = 0
    similarity: float = 0.0
    keyword_rank: int = 0
    keyword_score: float = 0.0
    keyword_best: float = 0.0
    fused: float = 0.0
    lift: float = 0.0
    links: float = 0.0
    linked_from: int = 0
    rerank: float | None = None
    rerank_from: int = 0

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready; a part that played no role is null."""
        near = {"rank": self.vector_rank, "similarity": round(self.similarity, 6)}
        words = {"rank": self.keyword_rank, "score": round(self.keyword_score, 4), "best": round(self.keyword_best, 4)}
        links = {"bonus": round(self.links, 6), "from": self.linked_from or None}
        return {
            "mode": self.mode,
            "vector": near if self.vector_rank or self.similarity else None,
            "keyword": words if self.keyword_rank else None,
            "fused": round(self.fused, 6),
            "lift": self.lift,
            "links": links if self.links else None,
            "rerank": None if self.rerank is None else {"score": round(self.rerank, 6), "was": self.rerank_from},
        }

    def lines(self) -> list[str]:
        """The same for people, a line a part."""
        if self.mode == "exact":
            return ["exact match of the text asked for: most occurrences first"]
        if self.mode == "linked":
            return [f"linked by name: strength {self.fused:.3f}"]
        found = []
        if self.vector_rank or self.similarity:
            found.append(f"meaning   {self.similarity:.3f} similar, {_place(self.vector_rank)}")
        if self.keyword_rank:
            found.append(f"words     {self.keyword_score:.2f} of {self.keyword_best:.2f}, {_place(self.keyword_rank)}")
        found.append(f"fused     {self.fused:.3f}")
        if self.lift:
            found.append(f"exact     +{self.lift:.2f} for the phrase or identifier in the question")
        if self.links:
            found.append(f"links     +{self.links:.3f}: passage {self.linked_from} belongs to it by name")
        if self.rerank is not None:
            found.append(f"reranked  {self.rerank:.3f} by the cross-encoder, was number {self.rerank_from}")
        return found


def _place(rank: int) -> str:
    return f"number {rank}" if rank else "not among the best"


@dataclass(frozen=True)
class Hit:
    """One passage in a page of results. `page` is 1-based; `score` is comparable within one search only.

    `linked` is how many passages belong to it by name, where that was counted; `via` the name that led here; `span` the
    characters of the text that the page shows, None for all.
    """

    passage: int
    handle: str
    document: str
    page: int
    label: str | None
    heading: str
    text: str
    score: float
    in_context: bool = False
    source: str = ""
    linked: int = 0
    via: str = ""
    why: Explanation | None = None
    span: tuple[int, int] | None = None

    @property
    def shown(self) -> str:
        """What a page shows of the text: all of it, or the characters of `span`."""
        return self.text[self.span[0] : self.span[1]] if self.span else self.text


@dataclass(frozen=True)
class Citation:
    """A quote as it was checked against the page it cites. `verified` False is never shown as a citation."""

    document: str
    page: int
    label: str | None
    quote: str
    verified: bool
    handle: str = ""
    passage: int | None = None
    state: str = "verified"
    number: int = 0
    heading: str = ""
    """The headings over the quote, outermost first, "A > B"."""

    @property
    def where(self) -> str:
        """Where it stands, as people write it: "report.pdf, Annex B, p. iv (PDF page 6)"."""
        heading = self.heading.rpartition(" > ")[2]
        over = f", {heading}," if heading else ""
        if not self.label or self.label == str(self.page):
            return f"{self.document}{over} p.{self.page}"
        if self.document.lower().endswith(".pdf"):
            return f"{self.document}{over or ','} p. {self.label} (PDF page {self.page})"
        return f"{self.document}{over or ','} {self.label} (page {self.page})"


@dataclass(frozen=True, kw_only=True)
class FileFailed:
    """A file that was not loaded: why, and what to do."""

    path: str
    reason: str
    remedy: str


def standing(state: str, unquoted: Sequence[int], false_quotes: int) -> str:
    """How far an answer rests on quotes, in a sentence for people; "" where there was nothing to check."""
    which = f"line{'s' * (len(unquoted) != 1)} {', '.join(map(str, unquoted))}"
    lacking = f" Not quoted: {which}." if unquoted else ""
    if state == "grounded":
        return "Grounded: what it claims rests on quotes that were found on their pages."
    if state == "partly":
        wrong = f" {false_quotes} quote{'s' * (false_quotes != 1)} could not be found." if false_quotes else ""
        return f"Partly grounded.{lacking}{wrong}"
    return f"Not grounded.{lacking}" if unquoted or false_quotes else ""


def sweep_forecast(forecast: int, pages: int, tokens: int) -> str:
    """What a sweep will cost, in one line for people."""
    about = f"about {forecast:,} of {pages:,} pages will be read, {tokens:,} tokens"
    return f"sweep: {about}; a model is sent the findings alone"


def sweep_coverage(read: int, pages: int, found: int, quiet: int) -> str:
    """How far a sweep is, in one line for people."""
    nothing = f", the last {quiet:,} gave nothing" if quiet else ""
    return f"sweep: read {read:,} of {pages:,} pages, {found:,} found{nothing}"
