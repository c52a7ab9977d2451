"""Results of a search: one type for a hit, one for a page of hits, and the only place that writes them as the model reads them.

Ranking hands out passage numbers with scores (`retrieval.ranking.result.Ranking`). From there to the screen a passage that was found
is a `Hit`: the pager makes it, a `ResultPage` carries it into the message that is stored and into the `PageRead` that displays are
told of, and a `RenderedPage` gives it to the embedded reader.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from workbench.text.result_text import indent
from workbench.text.template_tokens import as_written, neutralise

RENDERER = 2
"""Version of the text below. Old steps keep the version they were rendered with: 1 left control tokens as they were."""

_NAME_CHARS = 90
_QUERY_CHARS = 100
_NOTE_MARK = "The user's note on the next document: "
TOMBSTONE = "[erased]"
"""Stands where something was that a user has forgotten."""


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
        parts = []
        if self.vector_rank or self.similarity:
            parts.append(f"meaning   {self.similarity:.3f} like the query, {_place(self.vector_rank)}")
        if self.keyword_rank:
            parts.append(
                f"words     {self.keyword_score:.2f} where the best has {self.keyword_best:.2f}, {_place(self.keyword_rank)}"
            )
        parts.append(f"together  {self.fused:.3f}")
        if self.lift:
            parts.append(f"exact     +{self.lift:.2f} for the phrase or identifier in the question")
        if self.links:
            parts.append(f"links     +{self.links:.3f}: passage {self.linked_from} belongs to it by name")
        if self.lift or self.links:
            parts.append(f"score     {self.fused + self.lift + self.links:.3f}")
        if self.rerank is not None:
            parts.append(f"reranked  {self.rerank:.3f} by the cross-encoder, was number {self.rerank_from}")
        return parts


def _place(rank: int) -> str:
    return f"number {rank}" if rank else "not among the best"


@dataclass(frozen=True)
class Hit:
    """One passage in a page of results.

    Attributes:
        passage: its number in the archive; 0 where only the text of a request is known.
        handle: what the model calls it, "#a12"; two readers may have other handles for one passage.
        document: path inside its source.
        page: page of the document, from 1.
        label: what the document itself calls that page, None where it does not say.
        heading: the headings over it, outermost first, "A > B".
        text: the passage's text; "" in messages and in the journal, which refer to the archive. In a `RenderedPage` it is what
            the page shows, and nothing else.
        score: comparable within one search only; None where nothing was scored.
        in_context: whether the passage is in the context of the agent that sees the page.
        source: the name of its source.
        linked: how many passages belong to it by name, where that was counted.
        via: the name that led here.
        why: how the score came about; for people, so no message holds it.
        span: the characters of the text that the page shows, None for all.
        cut_chars: how many characters of those a page with too little room shows; None shows all.
        note: the user's own note on its document, as it was then.
    """

    passage: int
    handle: str
    document: str
    page: int
    label: str | None = None
    heading: str = ""
    text: str = ""
    score: float | None = None
    in_context: bool = False
    source: str = ""
    linked: int = 0
    via: str = ""
    why: Explanation | None = None
    span: tuple[int, int] | None = None
    cut_chars: int | None = None
    note: str = ""

    @property
    def shown(self) -> str:
        """What a page shows of the text: all of it, or the characters of `span`."""
        return self.part(self.text)

    def part(self, text: str) -> str:
        """The characters of `span` of the passage's text."""
        return text[self.span[0] : self.span[1]] if self.span else text

    def rendered(self, text: str) -> str:
        """What a page for the model shows of the passage, every line indented so that no document can fake a line of ours."""
        return indent(self.part(text), self.cut_chars)

    def header(self) -> str:
        """The line above its text: handle, document, page, heading, score, links; and a note of the user's above that.

        Only such lines start at the left margin.
        """
        note = f"{_NOTE_MARK}{self.note}\n" if self.note else ""
        label = f" (label {one_name(self.label)})" if self.label and self.label != str(self.page) else ""
        heading = f" | {one_name(self.heading)}" if self.heading else ""
        score = f" | score {self.score:.3f}" if self.score is not None else ""
        via = f" | by {one_name(self.via)}" if self.via else ""
        linked = f" | {self.linked} linked passage{'s' * (self.linked != 1)}" if self.linked else ""
        place = f"{one_name(self.document)} | document_page {self.page}{label}"
        return f"{note}{self.handle} | {place}{heading}{score}{via}{linked}"

    def as_read(self, text: str) -> Hit:
        """The same as data for a reader that takes no text apart: names and lines as the page shows them, and nothing beside."""
        lines = self.rendered(text).split("\n")
        return Hit(
            self.passage, self.handle, as_written(one_name(self.document)), self.page, self.label,
            as_written(one_name(self.heading)), as_written("\n".join(line[2:] for line in lines)), self.score,
        )  # fmt: skip

    def dump(self) -> dict[str, Any]:
        """As messages keep it: by reference, without what has its default."""
        data: dict[str, Any] = {name: getattr(self, name) for name in _KEPT_ALWAYS}
        return {**data, **{name: value for name, default in _KEPT if (value := getattr(self, name)) != default}}

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Hit:
        """The inverse of `dump`."""
        return cls(**{**data, "span": tuple(data["span"]) if data.get("span") else None})


_KEPT_ALWAYS = ("passage", "handle", "document", "page", "label", "heading", "score")
_KEPT = (("cut_chars", None), ("span", None), ("linked", 0), ("via", ""), ("note", ""))


@dataclass(frozen=True)
class RenderedPage:
    """What one message of a prompt shows of a page of results: its very text, and the hits that stand in that text.

    A shape of its own beside `ResultPage` because a page is stored whole, while a prompt may show less of it: texts cut to fit,
    a receipt with the passages that an answer cited, an erased passage. The embedded reader is given this, so that it reads
    nothing that a language model would not have been sent; where a prompt says something else than `text`, it does not hold.

    `total` results were found, on the pages 0 to `last_page`; None where no page of results is shown (nothing was found, or the
    question is answered and the message is a receipt).
    """

    text: str
    hits: tuple[Hit, ...]
    total: int = 0
    last_page: int | None = None


@dataclass(frozen=True)
class ResultPage:
    """A page of results by reference: `number` counts from 0, `pages` is how many there are, `total` is true.

    Paging from 0 to pages - 1 gives exactly `total` hits, none twice. `searched` is the number of passages searched;
    `exact` says that the query was an identifier or a quoted phrase. `key` is the name of the query's parameter, `extra`
    the other arguments as they stand in the next call. `note` ends the line of totals; `after` stands on the last page.
    Without `totals` the text says what MemGPT's own said: the page passes for all there is, and no next call is named.
    """

    function: str
    query: str
    number: int
    pages: int
    total: int
    searched: int
    exact: bool
    hits: tuple[Hit, ...] = ()
    first: int = 0
    extra: str = ""
    renderer: int = RENDERER
    key: str = "query"
    note: str = ""
    after: str = ""
    totals: bool = True

    @property
    def told_total(self) -> int:
        """How many results the text says there are."""
        return self.total if self.totals else len(self.hits)

    @property
    def told_last(self) -> int:
        """Which page the text says is the last, from 0."""
        return self.pages - 1 if self.totals else 0

    def dump(self) -> dict[str, Any]:
        """JSON-ready; texts stay in the archive, and what has its default is left out."""
        values = ((name, getattr(self, name), default) for name, default in _PAGE_DEFAULTS)
        data = {name: value for name, value, default in values if value != default or name == "renderer"}
        return {**data, "hits": [hit.dump() for hit in self.hits]}

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> ResultPage:
        """The inverse of `dump`."""
        return cls(**{**data, "hits": tuple(map(Hit.load, data["hits"]))})

    def rendered(self, texts: Mapping[int, str], kept: Sequence[int] | None = None) -> RenderedPage:
        """The page as a prompt shows it, as text and as data: whole, or with `kept` as its receipt with those passages.

        `texts` maps passage ids; one that was erased leaves a tombstone.
        """
        text = self.render(texts) if kept is None else self.receipt(texts, kept)
        hits = [hit for hit in self.hits if kept is None or hit.passage in kept]
        last = self.told_last if kept is None and hits else None
        shown = tuple(hit.as_read(texts.get(hit.passage, TOMBSTONE)) for hit in hits)
        return RenderedPage(text, shown, self.told_total if last is not None else 0, last)

    def render(self, texts: Mapping[int, str]) -> str:
        """The page as the model reads it."""
        return self._harmless(self._written(texts))

    def receipt(self, texts: Mapping[int, str], kept: Sequence[int]) -> str:
        """The page once its question is answered: what it was, how to see it again, and the passages `kept`, under their handles."""
        query = self.query if len(self.query) <= _QUERY_CHARS else self.query[: _QUERY_CHARS - 1] + "…"
        hits = [hit for hit in self.hits if hit.passage in kept]
        cited = f"{len(hits)} cited, below" if hits else "none cited"
        first = f"Receipt: {len(self.hits)} of {self.total} results, {cited}. Again: {self._call(query, self.number)}"
        return self._harmless("\n".join([first, *_lines(hits, texts)]))

    def _harmless(self, text: str) -> str:
        """Without control tokens of chat templates; as it was in pages of the first renderer."""
        return neutralise(text) if self.renderer > 1 else text

    def _written(self, texts: Mapping[int, str]) -> str:
        if not self.total:
            return f"No results found{self.note}.{self.after and ' ' + self.after}"
        if not self.hits:
            return (
                f"There is no page {self.number}: {self.total} results end at page {self.pages - 1}. No more results."
            )
        lines = [self.first_line(), *_lines(self.hits, texts)]
        return "\n".join([*lines, self.last_line()] if self.totals else lines)

    def first_line(self) -> str:
        """The line of totals."""
        if not self.totals:
            return f"Showing {len(self.hits)} of {len(self.hits)} results (page {self.number}/0):"
        best = "" if self.exact or self.total >= self.searched else f", the best of {self.searched:,} passages"
        return (
            f"Showing {len(self.hits)} of {self.total} results (page {self.number}/{self.pages - 1}){best}{self.note}"
        )

    def last_line(self) -> str:
        """The exact call for the next page, or that there is none."""
        if self.number + 1 < self.pages:
            return f"Next: {self.next_call()}"
        return f"No more results.{self.after and ' ' + self.after}"

    def next_call(self) -> str:
        """The exact call that gives the next page."""
        return self._call(self.query, self.number + 1)

    def _call(self, query: str, number: int) -> str:
        return f"{self.function}({self.key}={json.dumps(query, ensure_ascii=False)}, {self.extra}page={number})"


_PAGE_DEFAULTS = [(field.name, field.default) for field in fields(ResultPage)]


def _lines(hits: Sequence[Hit], texts: Mapping[int, str]) -> list[str]:
    return [line for hit in hits for line in (hit.header(), hit.rendered(texts.get(hit.passage, TOMBSTONE)))]


def one_name(text: str, limit_chars: int = _NAME_CHARS) -> str:
    """A name as a header shows it: on one line, with nothing that passes for the header's own marks, and cut."""
    flat = " ".join(text.replace("|", "/").split())
    return flat if len(flat) <= limit_chars else flat[: limit_chars - 1] + "…"
